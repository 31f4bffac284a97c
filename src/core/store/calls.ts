import { type CallStatus, callIsOver, callMayBecome } from "../call.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { timelineOf } from "./call-events.ts";
import {
  CALL_SELECT,
  type Call,
  type CallMoved,
  type CallRow,
  type Calls,
  type CallUsage,
  callOf,
  LIVE_STATUSES,
  type LiveCount,
  latencyOf,
} from "./call-record.ts";
import type { Settle } from "./call-settlement.ts";
import type { Ledger } from "./ledger.ts";

// Bindings are type aliases: an interface could gain fields that SQLite cannot take, so it is not accepted.
type Named = { tenantId: string; callId: string };

/** The calls of a database. */
export const callsOf = (ledger: Ledger, settle: Settle): Calls => {
  const { db, clock } = ledger;
  const addLine = timelineOf(ledger);
  const one = db.query<CallRow, Named>(`${CALL_SELECT} WHERE c.tenant_id = $tenantId AND c.id = $callId`);
  const claimOf = db.query<
    {
      status: string;
      attempts: number;
      maxAttempts: number;
      nextActionAt: number | null;
      token: number;
      held: number;
      campaignRests: number;
    },
    { tenantId: string; taskId: string; at: number }
  >(
    `SELECT t.status, t.attempts, t.max_attempts AS maxAttempts, t.next_action_at AS nextActionAt,
       t.lease_token AS token, t.lease_until IS NOT NULL AS held,
       c.id IS NOT NULL AND (c.status <> 'active' OR COALESCE(c.undo_until, 0) > $at) AS campaignRests
     FROM tasks t LEFT JOIN campaigns c ON c.tenant_id = t.tenant_id AND c.id = t.campaign_id
     WHERE t.tenant_id = $tenantId AND t.id = $taskId`,
  );
  const startTask = db.query<null, { tenantId: string; taskId: string; token: number; at: number }>(
    `UPDATE tasks SET status = 'in-progress', attempts = attempts + 1, lease_until = NULL, last_refusal = NULL,
       updated_at = $at
     WHERE tenant_id = $tenantId AND id = $taskId AND lease_token = $token AND status = 'pending'`,
  );
  const insert = db.query<
    null,
    Named & { taskId: string; carrier: string; voice: string; to: string; from: string | null; at: number }
  >(
    `INSERT INTO calls (tenant_id, id, task_id, attempt, carrier, voice, to_phone, from_phone, status, created_at)
     SELECT $tenantId, $callId, $taskId, attempts, $carrier, $voice, $to, $from, 'pending_initiation', $at
     FROM tasks WHERE tenant_id = $tenantId AND id = $taskId`,
  );
  const setStatus = db.query<null, Named & { status: CallStatus; dialingAt: number | null; answeredAt: number | null }>(
    `UPDATE calls SET status = $status, dialing_at = COALESCE($dialingAt, dialing_at),
       answered_at = COALESCE($answeredAt, answered_at)
     WHERE tenant_id = $tenantId AND id = $callId`,
  );
  const setRang = db.query<null, Named & { at: number }>(
    "UPDATE calls SET rang_at = $at WHERE tenant_id = $tenantId AND id = $callId",
  );
  const setUsage = db.query<null, Named & { usage: string; costUsd: number }>(
    "UPDATE calls SET usage = $usage, cost_usd = $costUsd WHERE tenant_id = $tenantId AND id = $callId",
  );
  const setFigures = db.query<null, Named & { stats: string | null; latency: string | null }>(
    `UPDATE calls SET stats = COALESCE($stats, stats), latency = COALESCE($latency, latency)
     WHERE tenant_id = $tenantId AND id = $callId`,
  );
  const live = db.query<CallRow, { tenantId: string }>(
    `${CALL_SELECT} WHERE c.tenant_id = $tenantId AND c.status IN ${LIVE_STATUSES} ORDER BY c.id`,
  );
  const liveCount = db.query<{ count: number }, { tenantId: string }>(
    `SELECT COUNT(*) AS count FROM calls WHERE tenant_id = $tenantId AND status IN ${LIVE_STATUSES}`,
  );
  const liveCounts = db.query<LiveCount, []>(
    `SELECT tenant_id AS tenantId, carrier, from_phone AS "from", COUNT(*) AS count FROM calls
     WHERE status IN ${LIVE_STATUSES} GROUP BY tenant_id, carrier, from_phone`,
  );
  const attemptsSince = db.query<{ count: number }, { tenantId: string; phone: string; since: number }>(
    `SELECT COUNT(*) AS count FROM calls
     WHERE tenant_id = $tenantId AND to_phone = $phone AND created_at >= $since`,
  );

  const read = (tenantId: string, callId: string): Call => {
    const row = one.get({ tenantId, callId });
    assert(row !== null, "a call that was written is there");
    return callOf(row);
  };

  const advance = (
    tenantId: string,
    callId: string,
    to: "initiating" | "dialing" | "in-progress",
    at: number,
  ): CallMoved =>
    ledger.commit((append) => {
      const row = one.get({ tenantId, callId });
      if (row === null) return { ok: false, reason: "unknown-call" };
      if (callIsOver(row.status)) return { ok: false, reason: "already-over" };
      if (!callMayBecome(row.status, to)) return { ok: false, reason: "out-of-order" };
      const name = to === "in-progress" ? "answered" : to;
      setStatus.run({
        tenantId,
        callId,
        status: to,
        dialingAt: to === "dialing" ? at : null,
        answeredAt: to === "in-progress" ? at : null,
      });
      addLine(tenantId, callId, at, name, "");
      append(tenantId, { type: `call.${name}`, callId }, at);
      return { ok: true, call: read(tenantId, callId) };
    });

  /** Writes to a call in whatever status it is. */
  const note = (tenantId: string, callId: string, write: (row: CallRow) => void): CallMoved =>
    ledger.commit(() => {
      const row = one.get({ tenantId, callId });
      if (row === null) return { ok: false, reason: "unknown-call" };
      write(row);
      return { ok: true, call: read(tenantId, callId) };
    });

  return {
    async create(tenantId, { taskId, leaseToken, carrier, voice, to, from = null, at }) {
      return ledger.commit((append) => {
        const task = claimOf.get({ tenantId, taskId, at });
        if (task === null || task.token !== leaseToken) return { ok: false, reason: "stale-lease" };
        if (task.status !== "pending") return { ok: false, reason: "task-not-due" };
        if (task.held === 0) return { ok: false, reason: "stale-lease" };
        if (task.nextActionAt === null || task.nextActionAt > at) return { ok: false, reason: "task-not-due" };
        if (task.campaignRests === 1) return { ok: false, reason: "campaign-rests" };
        if (task.attempts >= task.maxAttempts) return { ok: false, reason: "too-many-attempts" };
        const callId = newId("call", at);
        startTask.run({ tenantId, taskId, token: leaseToken, at });
        insert.run({ tenantId, callId, taskId, carrier, voice, to, from, at });
        addLine(tenantId, callId, at, "created", "");
        append(tenantId, { type: "task.changed", taskId, from: "pending", to: "in-progress" }, at);
        append(tenantId, { type: "call.created", callId, taskId, carrier, voice }, at);
        return { ok: true, call: read(tenantId, callId) };
      });
    },

    async initiating(tenantId, callId, at = clock.now()) {
      return advance(tenantId, callId, "initiating", at);
    },
    async dialing(tenantId, callId, at = clock.now()) {
      return advance(tenantId, callId, "dialing", at);
    },
    async answer(tenantId, callId, at = clock.now()) {
      return advance(tenantId, callId, "in-progress", at);
    },

    async ringing(tenantId, callId, at = clock.now()) {
      return ledger.commit((append): CallMoved => {
        const row = one.get({ tenantId, callId });
        if (row === null) return { ok: false, reason: "unknown-call" };
        if (callIsOver(row.status)) return { ok: false, reason: "already-over" };
        if (row.status !== "dialing" || row.rangAt !== null) return { ok: false, reason: "out-of-order" };
        setRang.run({ tenantId, callId, at });
        addLine(tenantId, callId, at, "ringing", "");
        append(tenantId, { type: "call.ringing", callId }, at);
        return { ok: true, call: read(tenantId, callId) };
      });
    },

    async settle(tenantId, callId, end) {
      return ledger.commit((append) => settle(append, tenantId, callId, end));
    },

    async addUsage(tenantId, callId, usage) {
      return note(tenantId, callId, (row) => {
        const entries = addedUsage(JSON.parse(row.usage), usage);
        setUsage.run({ tenantId, callId, usage: JSON.stringify(entries), costUsd: row.costUsd + usage.costUsd });
      });
    },
    async setLatency(tenantId, callId, latency) {
      return note(tenantId, callId, () => {
        setFigures.run({ tenantId, callId, stats: null, latency: JSON.stringify(latency) });
      });
    },
    async setStats(tenantId, callId, stats) {
      return note(tenantId, callId, () => {
        const latency = latencyOf(stats.turnLatenciesMs);
        setFigures.run({
          tenantId,
          callId,
          stats: JSON.stringify(stats),
          latency: latency === null ? null : JSON.stringify(latency),
        });
      });
    },

    async get(tenantId, callId) {
      const row = one.get({ tenantId, callId });
      return row && callOf(row);
    },
    async list(tenantId, { live, taskId, limit }) {
      // db.query keeps each of the few statements this can be.
      const conditions = [
        live === undefined ? "" : `AND c.status ${live ? "IN" : "NOT IN"} ${LIVE_STATUSES}`,
        taskId === undefined ? "" : "AND c.task_id = $taskId",
      ];
      const list = db.query<CallRow, Record<string, string | number>>(
        `${CALL_SELECT} WHERE c.tenant_id = $tenantId ${conditions.join(" ")} ORDER BY c.id DESC LIMIT $limit`,
      );
      return list.all({ tenantId, limit, ...(taskId !== undefined && { taskId }) }).map(callOf);
    },
    async live(tenantId) {
      return live.all({ tenantId }).map(callOf);
    },
    async liveCount(tenantId) {
      return liveCount.get({ tenantId })?.count ?? 0;
    },
    async liveCounts() {
      return liveCounts.all();
    },
    async attemptsSince(tenantId, phone, sinceMs) {
      return attemptsSince.get({ tenantId, phone, since: sinceMs })?.count ?? 0;
    },
  };
};

/** Usage with one more session: counters of the same provider and model add up. */
const addedUsage = (entries: readonly CallUsage[], more: CallUsage): CallUsage[] => {
  const { provider, model } = more;
  const isSame = (entry: CallUsage) => entry.provider === provider && entry.model === model;
  const same = entries.find(isSame);
  if (same === undefined) return [...entries, more];
  const counters = { ...same.counters };
  for (const [name, count] of Object.entries(more.counters)) counters[name] = (counters[name] ?? 0) + count;
  const sum: CallUsage = { provider, model, counters, costUsd: same.costUsd + more.costUsd };
  return entries.map((entry) => (isSame(entry) ? sum : entry));
};
