import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { DEFAULT_MAX_ATTEMPTS, type TaskStatus, taskIsOver, taskMayBecome } from "../task.ts";
import { AFTER_ALL_IDS, type Append, type Ledger } from "./ledger.ts";
import { type ClaimedTask, TASK_COLUMNS, type Task, type Tasks } from "./task-record.ts";

/** The tasks of a database. */
export const tasksOf = (ledger: Ledger): Tasks => {
  const { db, clock } = ledger;
  const one = db.query<Task, { tenantId: string; taskId: string }>(
    `SELECT ${TASK_COLUMNS} FROM tasks WHERE tenant_id = $tenantId AND id = $taskId`,
  );
  const byKey = db.query<Task, { tenantId: string; key: string }>(
    `SELECT ${TASK_COLUMNS} FROM tasks WHERE tenant_id = $tenantId AND idempotency_key = $key`,
  );
  const insert = db.query<Task, Omit<Task, "attempts" | "lastRefusal" | "createdAt" | "updatedAt"> & { now: number }>(
    `INSERT INTO tasks (tenant_id, id, campaign_id, agent_id, phone, callee_name, organization, agent_name, action,
       context, language, status, priority, max_attempts, next_action_at, deadline_at, timezone, idempotency_key,
       created_at, updated_at)
     VALUES ($tenantId, $id, $campaignId, $agentId, $phone, $calleeName, $organization, $agentName, $action,
       $context, $language, $status, $priority, $maxAttempts, $nextActionAt, $deadlineAt, $timezone, $idempotencyKey,
       $now, $now)
     RETURNING ${TASK_COLUMNS}`,
  );
  const counts = db.query<{ status: TaskStatus; count: number }, { tenantId: string }>(
    "SELECT status, COUNT(*) AS count FROM tasks WHERE tenant_id = $tenantId GROUP BY status",
  );
  const claimDue = db.query<ClaimedTask, { tenantId: string; now: number; until: number; limit: number }>(
    `UPDATE tasks SET lease_until = $until, lease_token = lease_token + 1
     WHERE tenant_id = $tenantId AND id IN (
       SELECT id FROM tasks
       WHERE tenant_id = $tenantId AND status = 'pending' AND next_action_at <= $now
         AND (lease_until IS NULL OR lease_until <= $now)
       ORDER BY priority DESC, next_action_at, id LIMIT $limit)
     RETURNING ${TASK_COLUMNS}, lease_token AS leaseToken, lease_until AS leaseUntil`,
  );
  const nextDue = db.query<{ at: number | null }, { tenantId: string }>(
    `SELECT MIN(MAX(next_action_at, COALESCE(lease_until, next_action_at))) AS at FROM tasks
     WHERE tenant_id = $tenantId AND status = 'pending' AND next_action_at IS NOT NULL`,
  );
  // Both end the lease; a token that is not the newest, or whose lease was ended, changes nothing.
  const giveBack = db.query<
    Task,
    { tenantId: string; taskId: string; token: number; nextActionAt: number | null; reason: string | null; now: number }
  >(
    `UPDATE tasks SET lease_until = NULL, next_action_at = $nextActionAt,
       last_refusal = COALESCE($reason, last_refusal), updated_at = $now
     WHERE tenant_id = $tenantId AND id = $taskId AND lease_token = $token AND lease_until IS NOT NULL
       AND status = 'pending'
     RETURNING ${TASK_COLUMNS}`,
  );
  const move = db.query<
    Task,
    { tenantId: string; taskId: string; to: TaskStatus; nextActionAt: number | null; now: number }
  >(
    `UPDATE tasks SET status = $to, next_action_at = $nextActionAt, lease_until = NULL, updated_at = $now
     WHERE tenant_id = $tenantId AND id = $taskId RETURNING ${TASK_COLUMNS}`,
  );

  const moveTo = (
    append: Append,
    task: Task,
    to: TaskStatus,
    nextActionAt: number | null,
    reason: string | undefined,
  ): Task => {
    assert(taskMayBecome(task.status, to), `a task may go from ${task.status} to ${to}`);
    const now = clock.now();
    const moved = move.get({ tenantId: task.tenantId, taskId: task.id, to, nextActionAt, now });
    assert(moved !== null, "a task that was read is there");
    const because = reason === undefined ? {} : { reason };
    append(task.tenantId, { type: "task.changed", taskId: task.id, from: task.status, to, ...because });
    return moved;
  };

  return {
    async create(tenantId, task) {
      return ledger.commit((append) => {
        const key = task.idempotencyKey ?? null;
        const known = key === null ? null : byKey.get({ tenantId, key });
        if (known !== null) return { task: known, created: false };
        const now = clock.now();
        const created = insert.get({
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
          language: task.language ?? "en",
          status: task.status ?? "pending",
          priority: task.priority ?? 0,
          maxAttempts: task.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
          nextActionAt: task.nextActionAt ?? now,
          deadlineAt: task.deadlineAt ?? null,
          timezone: task.timezone ?? null,
          idempotencyKey: key,
          now,
        });
        assert(created !== null, "an inserted task comes back");
        append(tenantId, { type: "task.created", taskId: created.id, status: created.status });
        return { task: created, created: true };
      });
    },

    async get(tenantId, taskId) {
      return one.get({ tenantId, taskId });
    },

    async list(tenantId, { status, campaignId, limit, before = AFTER_ALL_IDS }) {
      // db.query keeps each of the four statements this can be.
      const byStatus = status === undefined ? "" : "AND status = $status";
      const byCampaign = campaignId === undefined ? "" : "AND campaign_id = $campaignId";
      const list = db.query<Task, Record<string, string | number>>(
        `SELECT ${TASK_COLUMNS} FROM tasks
         WHERE tenant_id = $tenantId AND id < $before ${byStatus} ${byCampaign} ORDER BY id DESC LIMIT $limit`,
      );
      return list.all({
        tenantId,
        before,
        limit,
        ...(status !== undefined && { status }),
        ...(campaignId !== undefined && { campaignId }),
      });
    },

    async countByStatus(tenantId) {
      return Object.fromEntries(counts.all({ tenantId }).map(({ status, count }) => [status, count]));
    },

    async claimDue(tenantId, { now, leaseMs, limit }) {
      const claimed = ledger.commit(() => claimDue.all({ tenantId, now, until: now + leaseMs, limit }));
      // RETURNING promises no order.
      return claimed.sort(
        (a, b) => b.priority - a.priority || (a.nextActionAt ?? 0) - (b.nextActionAt ?? 0) || (a.id < b.id ? -1 : 1),
      );
    },

    async nextDueAt(tenantId) {
      return nextDue.get({ tenantId })?.at ?? null;
    },

    async release(tenantId, taskId, token, { nextActionAt, reason }) {
      return ledger.commit(() => {
        const task = giveBack.get({
          tenantId,
          taskId,
          token,
          nextActionAt,
          reason: reason ?? null,
          now: clock.now(),
        });
        return task === null ? { ok: false, reason: "stale-lease" } : { ok: true, task };
      });
    },

    async refuse(tenantId, taskId, token, { reason, nextActionAt, status }) {
      return ledger.commit((append) => {
        const task = giveBack.get({ tenantId, taskId, token, nextActionAt, reason, now: clock.now() });
        if (task === null) return { ok: false, reason: "stale-lease" };
        append(tenantId, { type: "task.refused", taskId, reason, nextActionAt });
        return { ok: true, task: status === "pending" ? task : moveTo(append, task, status, nextActionAt, reason) };
      });
    },

    async cancel(tenantId, taskId) {
      return ledger.commit((append) => {
        const task = one.get({ tenantId, taskId });
        if (task === null) return { ok: false, reason: "unknown-task" };
        if (taskIsOver(task.status)) return { ok: false, reason: "already-over" };
        if (!taskMayBecome(task.status, "cancelled")) return { ok: false, reason: "in-progress" };
        return { ok: true, task: moveTo(append, task, "cancelled", null, undefined) };
      });
    },

    async judge(tenantId, taskId, { to, reason, nextActionAt }) {
      return ledger.commit((append) => {
        const task = one.get({ tenantId, taskId });
        if (task === null) return { ok: false, reason: "unknown-task" };
        if (!taskMayBecome(task.status, to)) return { ok: false, reason: "not-allowed" };
        if (to === "pending" && task.attempts >= task.maxAttempts) return { ok: false, reason: "too-many-attempts" };
        const dueAt = to === "pending" ? (nextActionAt ?? clock.now()) : (nextActionAt ?? null);
        return { ok: true, task: moveTo(append, task, to, dueAt, reason) };
      });
    },
  };
};
