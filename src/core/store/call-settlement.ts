import { BROWSER_CARRIER, type CallStatus, callIsOver, endStatus } from "../call.ts";
import { assert } from "../errors.ts";
import { timelineOf } from "./call-events.ts";
import {
  CALL_SELECT,
  type Call,
  type CallEnd,
  type CallRow,
  callOf,
  LIVE_STATUSES,
  latencyOf,
  type SettledCall,
} from "./call-record.ts";
import type { Append, Ledger } from "./ledger.ts";
import { TASK_COLUMNS, type Task, type TaskRow, taskOf } from "./task-record.ts";

/** Ends a call and hands its task to be judged, inside a transaction; a task of a try-out is done with it. */
export type Settle = (
  append: Append,
  tenantId: string,
  callId: string,
  end: CallEnd,
) => { ok: true; call: Call; task: Task } | { ok: false; reason: "unknown-call" | "already-over" };

/** The one way a call ends. */
export const settlementOf = (ledger: Ledger): Settle => {
  const { db } = ledger;
  const addLine = timelineOf(ledger);
  const one = db.query<CallRow, { tenantId: string; callId: string }>(
    `${CALL_SELECT} WHERE c.tenant_id = $tenantId AND c.id = $callId`,
  );
  const end = db.query<
    null,
    {
      tenantId: string;
      callId: string;
      status: CallStatus;
      disposition: string;
      cause: string;
      detail: string | null;
      endedAt: number;
      durationMs: number;
      stats: string | null;
      latency: string | null;
    }
  >(
    `UPDATE calls SET status = $status, disposition = $disposition, hangup_cause = $cause, detail = $detail,
       ended_at = $endedAt, duration_ms = $durationMs, stats = COALESCE($stats, stats), latency = COALESCE($latency, latency)
     WHERE tenant_id = $tenantId AND id = $callId`,
  );
  const handOver = db.query<TaskRow, { tenantId: string; taskId: string; at: number }>(
    `UPDATE tasks SET status = 'pending_analysis', next_action_at = NULL, lease_until = NULL, updated_at = $at
     WHERE tenant_id = $tenantId AND id = $taskId AND status = 'in-progress' RETURNING ${TASK_COLUMNS}`,
  );

  const finish = db.query<TaskRow, { tenantId: string; taskId: string }>(
    `UPDATE tasks SET status = 'completed' WHERE tenant_id = $tenantId AND id = $taskId RETURNING ${TASK_COLUMNS}`,
  );

  return (append, tenantId, callId, { cause, disposition, at, endedAt = at, stats, detail }) => {
    const before = one.get({ tenantId, callId });
    if (before === null) return { ok: false, reason: "unknown-call" };
    if (callIsOver(before.status)) return { ok: false, reason: "already-over" };
    const status = endStatus(before.status, cause);
    const durationMs = before.answeredAt === null ? 0 : Math.max(0, endedAt - before.answeredAt);
    const latency = stats === undefined ? null : latencyOf(stats.turnLatenciesMs);
    end.run({
      tenantId,
      callId,
      status,
      disposition,
      cause,
      detail: detail ?? null,
      endedAt,
      durationMs,
      stats: stats === undefined ? null : JSON.stringify(stats),
      latency: latency === null ? null : JSON.stringify(latency),
    });
    let task = handOver.get({ tenantId, taskId: before.taskId, at });
    assert(task !== null, "the task of a live call is in progress");
    addLine(tenantId, callId, endedAt, "ended", cause);
    const { taskId } = before;
    append(tenantId, { type: "call.ended", callId, taskId, status, cause, disposition, durationMs }, at);
    append(
      tenantId,
      { type: "task.changed", taskId, from: "in-progress", to: "pending_analysis", reason: disposition },
      at,
    );
    if (before.carrier === BROWSER_CARRIER) {
      task = finish.get({ tenantId, taskId }) ?? task;
      const done = { from: "pending_analysis", to: "completed", reason: "tried out" } as const;
      append(tenantId, { type: "task.changed", taskId, ...done }, at);
    }
    const row = one.get({ tenantId, callId });
    assert(row !== null, "a call that was read is there");
    return { ok: true, call: callOf(row), task: taskOf(task) };
  };
};

/** Settles what a dead process left: see `Store.settleDead`. */
export const deadSettlementOf = (
  ledger: Ledger,
  settle: Settle,
): ((tenantId: string, at: number, recordedMs: ReadonlyMap<string, number>) => SettledCall[]) => {
  const live = ledger.db.query<{ callId: string; was: CallStatus; answeredAt: number | null }, { tenantId: string }>(
    `SELECT id AS callId, status AS was, answered_at AS answeredAt FROM calls
     WHERE tenant_id = $tenantId AND status IN ${LIVE_STATUSES}
     ORDER BY id`,
  );
  const endLeases = ledger.db.query<null, { tenantId: string }>(
    "UPDATE tasks SET lease_until = NULL WHERE tenant_id = $tenantId AND lease_until IS NOT NULL",
  );
  return (tenantId, at, recordedMs) =>
    ledger.commit((append) => {
      endLeases.run({ tenantId });
      return live.all({ tenantId }).map(({ callId, was, answeredAt }) => {
        const heardMs = recordedMs.get(callId);
        const endedAt = answeredAt === null || heardMs === undefined ? at : Math.min(at, answeredAt + heardMs);
        const end = { cause: "process-restarted", disposition: "failed", at, endedAt } as const;
        const settled = settle(append, tenantId, callId, end);
        assert(settled.ok, "a live call can be settled");
        const { taskId, carrier, status } = settled.call;
        return { callId, taskId, carrier, was, status };
      });
    });
};
