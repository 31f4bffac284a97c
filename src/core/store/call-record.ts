import { type CallStatus, type Disposition, type HangupCause, LIVE_CALL_STATUSES } from "../call.ts";
import type { Task } from "./task-record.ts";

/** What one session of a voice consumed, in the provider's own counters, with its price at the time. */
export interface CallUsage {
  provider: string;
  model: string;
  counters: Record<string, number>;
  costUsd: number;
}

/** What was measured over one call; see the engine's protocol for each figure. */
export interface CallFigures {
  lateFrames: number;
  framesSent: number;
  packetsReceived: number;
  packetsLost: number;
  packetsLate: number;
  packetsReordered: number;
  packetsDuplicate: number;
  framesConcealed: number;
  jitterMs: number;
  maxQueueMs: number;
  droppedSpeechMs: number;
  bargeIns: number;
  turnLatenciesMs: number[];
  firstWordMs: number | null;
}

/** How fast the agent answered, over the turns of one call. */
export interface CallLatency {
  turns: number;
  p50Ms: number;
  p95Ms: number;
}

/** A call as stored, with the words of its task. Instants are epoch ms. */
export interface Call {
  id: string;
  tenantId: string;
  taskId: string;
  /** 1 for the first try at the task. */
  attempt: number;
  carrier: string;
  voice: string;
  /** E.164, with `+`; empty for a call with a browser. */
  to: string;
  from: string | null;
  status: CallStatus;
  disposition: Disposition | null;
  hangupCause: HangupCause | null;
  /** One safe sentence about the end, where there is more to say than the cause. */
  detail: string | null;
  createdAt: number;
  dialingAt: number | null;
  rangAt: number | null;
  answeredAt: number | null;
  endedAt: number | null;
  /** From answer to end; 0 when nobody answered, null while it runs. */
  durationMs: number | null;
  costUsd: number;
  /** One entry for each provider and model. */
  usage: CallUsage[];
  stats: CallFigures | null;
  latency: CallLatency | null;
  calleeName: string;
  organization: string;
  agentName: string;
  action: string;
  /** BCP 47, such as `en`. */
  language: string;
}

/** What a call is created from. */
export interface NewCall {
  taskId: string;
  /** The token of the claim that allows this call. */
  leaseToken: number;
  carrier: string;
  voice: string;
  /** E.164, with `+`. */
  to: string;
  from?: string | null;
  /** Epoch ms. */
  at: number;
}

/** What is known when a call is over. */
export interface CallEnd {
  cause: HangupCause;
  disposition: Disposition;
  /** Epoch ms. */
  at: number;
  /** When the connection was gone, where that is not when it is settled; epoch ms. */
  endedAt?: number;
  stats?: CallFigures;
  detail?: string;
}

/** Why a call would not move: it is not there, it has ended, or its status does not lead there. */
export type CallRefusal = "unknown-call" | "already-over" | "out-of-order";

/** Outcome of moving a call. */
export type CallMoved = { ok: true; call: Call } | { ok: false; reason: CallRefusal };

/** A call that a dead process had left open. */
export interface SettledCall {
  callId: string;
  taskId: string;
  carrier: string;
  /** Where it was, and where it is now. */
  was: CallStatus;
  status: CallStatus;
}

/** How many calls of a tenant leave through one carrier with one number of ours. */
export interface LiveCount {
  tenantId: string;
  carrier: string;
  from: string | null;
  count: number;
}

/** Verbs and questions on calls. The first argument is always the tenant. `at` is epoch ms, now unless given. */
export interface Calls {
  /**
   * Turns a claimed task into a call: checks the fencing token and the cap, counts the attempt, moves the task to
   * `in-progress` and ends its lease, all in one transaction. `campaign-rests`: it was paused since the claim.
   */
  create(
    tenantId: string,
    call: NewCall,
  ): Promise<
    | { ok: true; call: Call }
    | { ok: false; reason: "stale-lease" | "task-not-due" | "campaign-rests" | "too-many-attempts" }
  >;
  /** `pending_initiation` → `initiating`. */
  initiating(tenantId: string, callId: string, at?: number): Promise<CallMoved>;
  /** `initiating` → `dialing`; to be stored before the carrier is asked, whose events follow. */
  dialing(tenantId: string, callId: string, at?: number): Promise<CallMoved>;
  /** The phone rings: noted once, while `dialing`; again is `out-of-order`. */
  ringing(tenantId: string, callId: string, at?: number): Promise<CallMoved>;
  /** `dialing` → `in-progress`. */
  answer(tenantId: string, callId: string, at?: number): Promise<CallMoved>;
  /** Ends the call and moves its task to `pending_analysis`, one of a try-out to `completed`. A second time changes nothing. */
  settle(
    tenantId: string,
    callId: string,
    end: CallEnd,
  ): Promise<{ ok: true; call: Call; task: Task } | { ok: false; reason: "unknown-call" | "already-over" }>;
  /** Adds what a voice session consumed, also after the end. */
  addUsage(tenantId: string, callId: string, usage: CallUsage): Promise<CallMoved>;
  /** Stores the latency so far, also after the end. `settle` and `setStats` work it out from the figures themselves. */
  setLatency(tenantId: string, callId: string, latency: CallLatency): Promise<CallMoved>;
  /** Stores the figures of a call that were not there when it was settled. */
  setStats(tenantId: string, callId: string, stats: CallFigures): Promise<CallMoved>;
  get(tenantId: string, callId: string): Promise<Call | null>;
  /** The newest, newest first. `live` true: not over; false: over. */
  list(tenantId: string, filter: { live?: boolean; taskId?: string; limit: number }): Promise<Call[]>;
  /** All calls that are not over, oldest first. */
  live(tenantId: string): Promise<Call[]>;
  liveCount(tenantId: string): Promise<number>;
  /** Calls of all tenants that are not over, counted by tenant and way out. */
  liveCounts(): Promise<LiveCount[]>;
  /** Calls to this number since then, whatever came of them. */
  attemptsSince(tenantId: string, phone: string, sinceMs: number): Promise<number>;
}

/** The statuses of calls that are not over, as SQL takes them behind `IN`. */
export const LIVE_STATUSES = `(${LIVE_CALL_STATUSES.map((status) => `'${status}'`).join(", ")})`;

/** A row of `CALL_SELECT`. */
export interface CallRow extends Omit<Call, "usage" | "stats" | "latency"> {
  usage: string;
  stats: string | null;
  latency: string | null;
}

/** The beginning of every statement that gives calls: `c` is the call, `t` its task. */
export const CALL_SELECT = `SELECT c.id, c.tenant_id AS tenantId, c.task_id AS taskId, c.attempt, c.carrier, c.voice,
    c.to_phone AS "to", c.from_phone AS "from", c.status, c.disposition, c.hangup_cause AS hangupCause, c.detail,
    c.created_at AS createdAt, c.dialing_at AS dialingAt, c.rang_at AS rangAt, c.answered_at AS answeredAt,
    c.ended_at AS endedAt, c.duration_ms AS durationMs, c.cost_usd AS costUsd, c.usage, c.stats, c.latency,
    t.callee_name AS calleeName, t.organization, t.agent_name AS agentName, t.action,
    t.language
  FROM calls c JOIN tasks t ON t.tenant_id = c.tenant_id AND t.id = c.task_id`;

/** A call from its row. Only the store writes these rows, so the JSON in them is what it says it is. */
export const callOf = (row: CallRow): Call => ({
  ...row,
  usage: JSON.parse(row.usage),
  stats: row.stats === null ? null : JSON.parse(row.stats),
  latency: row.latency === null ? null : JSON.parse(row.latency),
});

/** The value below or at which `share` of the sorted values lie (nearest rank). */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** The latency of a call from its turns; null when the agent never answered a turn. */
export const latencyOf = (turnLatenciesMs: readonly number[]): CallLatency | null => {
  if (turnLatenciesMs.length === 0) return null;
  const sorted = [...turnLatenciesMs].sort((a, b) => a - b);
  return {
    turns: sorted.length,
    p50Ms: Math.round(percentile(sorted, 0.5)),
    p95Ms: Math.round(percentile(sorted, 0.95)),
  };
};
