import { type TaskStatus, taskIsOver, taskMayBecome } from "../task.ts";
import { AFTER_ALL_IDS, type Ledger } from "./ledger.ts";
import type { TaskMoves } from "./task-moves.ts";
import { TASK_COLUMNS, type TaskRow, type Tasks, taskOf } from "./task-record.ts";

/** The tasks of a database. */
export const tasksOf = (
  ledger: Ledger,
  moves: TaskMoves,
): Omit<Tasks, "claimDue" | "nextDueAt" | "claimAnalysis" | "analysisFailed" | "applyVerdict"> => {
  const { db, clock } = ledger;
  const byKey = db.query<TaskRow, { tenantId: string; key: string }>(
    `SELECT ${TASK_COLUMNS} FROM tasks WHERE tenant_id = $tenantId AND idempotency_key = $key`,
  );
  const counts = db.query<{ status: TaskStatus; count: number }, { tenantId: string }>(
    "SELECT status, COUNT(*) AS count FROM tasks WHERE tenant_id = $tenantId AND phone <> '' GROUP BY status",
  );
  // Both end the lease; a token that is not the newest, or whose lease was ended, changes nothing.
  const giveBack = db.query<
    TaskRow,
    { tenantId: string; taskId: string; token: number; nextActionAt: number | null; reason: string | null; now: number }
  >(
    `UPDATE tasks SET lease_until = NULL, next_action_at = $nextActionAt,
       last_refusal = COALESCE($reason, last_refusal), updated_at = $now
     WHERE tenant_id = $tenantId AND id = $taskId AND lease_token = $token AND lease_until IS NOT NULL
       AND status = 'pending'
     RETURNING ${TASK_COLUMNS}`,
  );
  const campaignIsOver = db.query<{ id: string }, { tenantId: string; campaignId: string }>(
    `SELECT id FROM campaigns
     WHERE tenant_id = $tenantId AND id = $campaignId AND status IN ('completed', 'ended')`,
  );

  return {
    async create(tenantId, task) {
      return ledger.commit((append) => {
        const key = task.idempotencyKey ?? null;
        const known = key === null ? null : byKey.get({ tenantId, key });
        if (known !== null) return { task: taskOf(known), created: false };
        return { task: moves.insert(append, tenantId, task), created: true };
      });
    },

    async get(tenantId, taskId) {
      return moves.one(tenantId, taskId);
    },

    async byKey(tenantId, key) {
      const row = byKey.get({ tenantId, key });
      return row && taskOf(row);
    },

    async list(tenantId, { status, campaignId, limit, before = AFTER_ALL_IDS }) {
      // db.query keeps each of the four statements this can be.
      const byStatus = status === undefined ? "" : "AND status = $status";
      const byCampaign = campaignId === undefined ? "" : "AND campaign_id = $campaignId";
      const list = db.query<TaskRow, Record<string, string | number>>(
        `SELECT ${TASK_COLUMNS} FROM tasks
         WHERE tenant_id = $tenantId AND phone <> '' AND id < $before ${byStatus} ${byCampaign} ORDER BY id DESC LIMIT $limit`,
      );
      const rows = list.all({
        tenantId,
        before,
        limit,
        ...(status !== undefined && { status }),
        ...(campaignId !== undefined && { campaignId }),
      });
      return rows.map(taskOf);
    },

    async countByStatus(tenantId) {
      return Object.fromEntries(counts.all({ tenantId }).map(({ status, count }) => [status, count]));
    },

    async release(tenantId, taskId, token, { nextActionAt, reason }) {
      return ledger.commit(() => {
        const row = giveBack.get({
          tenantId,
          taskId,
          token,
          nextActionAt,
          reason: reason ?? null,
          now: clock.now(),
        });
        return row === null ? { ok: false, reason: "stale-lease" } : { ok: true, task: taskOf(row) };
      });
    },

    async refuse(tenantId, taskId, token, { reason, nextActionAt, status }) {
      return ledger.commit((append) => {
        const row = giveBack.get({ tenantId, taskId, token, nextActionAt, reason, now: clock.now() });
        if (row === null) return { ok: false, reason: "stale-lease" };
        append(tenantId, { type: "task.refused", taskId, reason, nextActionAt });
        const task = taskOf(row);
        return {
          ok: true,
          task: status === "pending" ? task : moves.move(append, task, { to: status, nextActionAt, reason }),
        };
      });
    },

    async cancel(tenantId, taskId) {
      return ledger.commit((append) => {
        const task = moves.one(tenantId, taskId);
        if (task === null) return { ok: false, reason: "unknown-task" };
        if (taskIsOver(task.status)) return { ok: false, reason: "already-over" };
        if (!taskMayBecome(task.status, "cancelled")) return { ok: false, reason: "in-progress" };
        return { ok: true, task: moves.move(append, task, { to: "cancelled", nextActionAt: null }) };
      });
    },

    async judge(tenantId, taskId, { to, reason, nextActionAt }) {
      return ledger.commit((append) => {
        const task = moves.one(tenantId, taskId);
        if (task === null) return { ok: false, reason: "unknown-task" };
        if (!taskMayBecome(task.status, to)) return { ok: false, reason: "not-allowed" };
        const { campaignId } = task;
        const isRevived = to === "pending" || to === "on_hold";
        if (isRevived && campaignId !== null && campaignIsOver.get({ tenantId, campaignId }) !== null) {
          return { ok: false, reason: "not-allowed" };
        }
        if (to === "pending" && task.attempts >= task.maxAttempts) return { ok: false, reason: "too-many-attempts" };
        const dueAt = to === "pending" ? (nextActionAt ?? clock.now()) : (nextActionAt ?? null);
        return { ok: true, task: moves.move(append, task, { to, nextActionAt: dueAt, reason }) };
      });
    },
  };
};
