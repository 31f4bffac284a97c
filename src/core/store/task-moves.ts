import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { DEFAULT_MAX_ATTEMPTS, type TaskStatus, taskMayBecome } from "../task.ts";
import type { Append, Ledger } from "./ledger.ts";
import { type NewTask, TASK_COLUMNS, type Task, type TaskRow, taskOf } from "./task-record.ts";

/** Where a task goes. */
export interface TaskMove {
  to: TaskStatus;
  /** Epoch ms. */
  nextActionAt: number | null;
  reason?: string;
  /** The question to the owner it waits for on hold. */
  questionId?: string | null;
}

/** What other verbs do to tasks, inside their transactions. */
export interface TaskMoves {
  one(tenantId: string, taskId: string): Task | null;
  /** Makes a task. */
  insert(append: Append, tenantId: string, task: NewTask): Task;
  /** The one way a task that no call runs for changes its status; ends its lease. */
  move(append: Append, task: Task, move: TaskMove): Task;
}

/** Making and moving the tasks of a database. */
export const taskMovesOf = ({ db, clock }: Ledger): TaskMoves => {
  const one = db.query<TaskRow, { tenantId: string; taskId: string }>(
    `SELECT ${TASK_COLUMNS} FROM tasks WHERE tenant_id = $tenantId AND id = $taskId`,
  );
  const insert = db.query<TaskRow, Record<string, string | number | null>>(
    `INSERT INTO tasks (tenant_id, id, campaign_id, agent_id, phone, callee_name, organization, agent_name, action,
       context, language, status, priority, max_attempts, next_action_at, deadline_at, timezone, source, hours,
       idempotency_key, created_at, updated_at)
     VALUES ($tenantId, $id, $campaignId, $agentId, $phone, $calleeName, $organization, $agentName, $action,
       $context,
       COALESCE($language, (SELECT language FROM agents
                            WHERE tenant_id = $tenantId AND ($agentId IS NULL OR id = $agentId)
                            ORDER BY created_at, id LIMIT 1), 'en'),
       $status, $priority, $maxAttempts, $nextActionAt, $deadlineAt, $timezone, $source, $hours, $idempotencyKey, $now,
       $now)
     RETURNING ${TASK_COLUMNS}`,
  );
  const move = db.query<
    TaskRow,
    {
      tenantId: string;
      taskId: string;
      to: TaskStatus;
      nextActionAt: number | null;
      questionId: string | null;
      now: number;
    }
  >(
    `UPDATE tasks SET status = $to, next_action_at = $nextActionAt, lease_until = NULL, question_id = $questionId,
       analysis_failures = 0, updated_at = $now
     WHERE tenant_id = $tenantId AND id = $taskId RETURNING ${TASK_COLUMNS}`,
  );

  return {
    one(tenantId, taskId) {
      const row = one.get({ tenantId, taskId });
      return row && taskOf(row);
    },
    insert(append, tenantId, task) {
      const now = clock.now();
      const row = insert.get({
        tenantId,
        id: newId("tsk", now),
        campaignId: task.campaignId ?? null,
        agentId: task.agentId ?? null,
        phone: task.phone,
        calleeName: task.calleeName ?? "",
        organization: task.organization ?? "",
        agentName: task.agentName ?? "",
        action: task.action,
        context: task.context ?? "",
        language: task.language ?? null,
        status: task.status ?? "pending",
        priority: task.priority ?? 0,
        maxAttempts: task.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
        nextActionAt: task.nextActionAt ?? now,
        deadlineAt: task.deadlineAt ?? null,
        timezone: task.timezone ?? null,
        source: task.source ? JSON.stringify(task.source) : null,
        hours: task.hours ? JSON.stringify(task.hours) : null,
        idempotencyKey: task.idempotencyKey ?? null,
        now,
      });
      assert(row !== null, "an inserted task comes back");
      append(tenantId, { type: "task.created", taskId: row.id, status: row.status });
      return taskOf(row);
    },
    move(append, { tenantId, id: taskId, status: from }, { to, nextActionAt, reason, questionId = null }) {
      assert(taskMayBecome(from, to), `a task may go from ${from} to ${to}`);
      const row = move.get({ tenantId, taskId, to, nextActionAt, questionId, now: clock.now() });
      assert(row !== null, "a task that was read is there");
      append(tenantId, { type: "task.changed", taskId, from, to, ...(reason !== undefined && { reason }) });
      return taskOf(row);
    },
  };
};
