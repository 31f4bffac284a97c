import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { LiveCount } from "../core/store/call-record.ts";
import type { Store } from "../core/store/open.ts";
import type { ClaimedTask } from "../core/store/task-record.ts";
import type { Tenant } from "../core/store/tenants.ts";
import type { GateAnswer } from "./dial-gate.ts";
import { Pacing } from "./pacing.ts";
import { chooseTrunk, type Trunk } from "./trunks.ts";

/** How long a claim holds; only the time from claiming to the created call has to fit in. */
const LEASE_MS = 30_000;
/** Looks at least this often, so that a missed wake-up costs no more, in ms. */
const POLL_MS = 1000;
/** Never looks more often than this by itself, in ms. */
const LEAST_WAIT_MS = 20;

const sumOf = (live: readonly LiveCount[]): number => live.reduce((sum, { count }) => sum + count, 0);

/** What the scheduler needs from its surroundings. */
export interface SchedulerDeps {
  store: Store;
  clock: Clock;
  schedule: Schedule;
  log: Log;
  metrics: Metrics;
  limits: { concurrent: number; perSecond: number };
  gate: (tenantId: string, task: ClaimedTask, now: number) => Promise<GateAnswer>;
  /** The ways out, the preferred first. */
  trunks: readonly Trunk[];
  /** Runs the attempt of a created call to its end. */
  startAttempt: (tenantId: string, callId: string) => Promise<void>;
}

/** Dials what is due. */
export interface Scheduler {
  start(): void;
  /** Looks now: something became due, or a place became free. */
  kick(): void;
  /** Dials nothing more; attempts under way go on. */
  stop(): void;
}

/** What became of one look at a tenant's tasks: a call, a task that is not called now, none due, or no room to call. */
type Looked = "dialed" | "not-now" | "nothing-due" | "no-room";

/**
 * Takes due tasks one at a time and dials those that pass the gate, within the limits of concurrency and rate. The next
 * place goes to the tenant with the fewest calls under way, of equals to the one that waited longest for a call, so that
 * no batch holds another tenant back. A task is claimed with a lease and a fencing token: two schedulers on one store
 * never dial it twice. A refusal is stored with its reason.
 */
export const createScheduler = (deps: SchedulerDeps): Scheduler => {
  const { store, clock, log, metrics, limits } = deps;
  const pacing = new Pacing(limits.perSecond, clock.now());
  /** When each tenant last dialed, counted in dials. */
  const turns = new Map<string, number>();
  let dials = 0;
  let stopped = true;
  let looking = false;
  let lookAgain = false;
  let cancelTimer: (() => void) | null = null;

  const look = async (): Promise<void> => {
    const waiting = (await store.tenants.all()).filter((tenant) => tenant.status === "active");
    while (waiting.length > 0 && !stopped) {
      const live = await store.calls.liveCounts();
      const next = nextTenant(waiting, live);
      if (next === null) return;
      const looked = await dialNext(next, live);
      if (looked === "no-room") return;
      if (looked === "nothing-due") waiting.splice(waiting.indexOf(next), 1);
    }
  };

  const nextTenant = (waiting: readonly Tenant[], live: readonly LiveCount[]): Tenant | null => {
    let best: Tenant | null = null;
    let bestCalls = 0;
    for (const tenant of waiting) {
      const calls = sumOf(live.filter(({ tenantId }) => tenantId === tenant.id));
      if (tenant.maxConcurrentCalls !== null && calls >= tenant.maxConcurrentCalls) continue;
      const isNext =
        best === null ||
        calls < bestCalls ||
        (calls === bestCalls && (turns.get(tenant.id) ?? 0) < (turns.get(best.id) ?? 0));
      if (!isNext) continue;
      best = tenant;
      bestCalls = calls;
    }
    return best;
  };

  /** Handles the tenant's most pressing task. */
  const dialNext = async ({ id: tenantId }: Tenant, live: readonly LiveCount[]): Promise<Looked> => {
    const now = clock.now();
    const trunk = sumOf(live) < limits.concurrent ? chooseTrunk(deps.trunks, live) : null;
    if (trunk === null || !pacing.take(now)) return "no-room";
    let dialed = false;
    try {
      const [task] = await store.tasks.claimDue(tenantId, { now, leaseMs: LEASE_MS, limit: 1 });
      if (!task) return "nothing-due";
      try {
        dialed = await dial(tenantId, task, trunk, now);
      } catch (thrown) {
        log.error({ taskId: task.id, problem: messageOf(thrown) }, "a task could not be dialed; it is tried again");
      }
    } finally {
      if (!dialed) pacing.giveBack();
    }
    if (!dialed) return "not-now";
    dials += 1;
    turns.set(tenantId, dials);
    return "dialed";
  };

  const dial = async (tenantId: string, task: ClaimedTask, trunk: Trunk, now: number): Promise<boolean> => {
    const answer = await deps.gate(tenantId, task, now);
    if (!answer.ok) {
      metrics.dialRefusals.inc({ reason: answer.reason });
      log.info({ taskId: task.id, reason: answer.reason }, "the dial gate refused a task");
      await store.tasks.refuse(tenantId, task.id, task.leaseToken, answer);
      return false;
    }
    const created = await store.calls.create(tenantId, {
      taskId: task.id,
      leaseToken: task.leaseToken,
      carrier: trunk.carrier,
      voice: trunk.voice,
      to: task.phone,
      from: trunk.from,
      at: now,
    });
    if (!created.ok) {
      log.warn({ taskId: task.id, reason: created.reason }, "a claimed task could not become a call");
      if (created.reason === "campaign-rests") {
        await store.tasks.release(tenantId, task.id, task.leaseToken, { nextActionAt: task.nextActionAt ?? now });
      }
      return false;
    }
    const attempt = deps.startAttempt(tenantId, created.call.id).finally(kick);
    inBackground(log, "attempt", attempt);
    return true;
  };

  /** Ms until something can be dialed that cannot now, as far as time decides it. */
  const waitMs = async (): Promise<number> => {
    const paced = pacing.waitMs();
    if (paced > 0) return Math.min(POLL_MS, Math.max(LEAST_WAIT_MS, paced));
    const now = clock.now();
    let wait = POLL_MS;
    for (const tenant of await store.tenants.all()) {
      const dueAt = tenant.status === "active" ? await store.tasks.nextDueAt(tenant.id) : null;
      // What is due and was not dialed waits for room: a call that ends looks again by itself.
      if (dueAt !== null && dueAt > now) wait = Math.min(wait, dueAt - now);
    }
    return Math.max(LEAST_WAIT_MS, wait);
  };

  const kick = (): void => {
    if (stopped) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    looking = true;
    cancelTimer?.();
    const pass = look()
      .then(waitMs)
      .catch((thrown) => {
        log.error({ problem: messageOf(thrown) }, "the scheduler could not look for due tasks");
        return POLL_MS;
      })
      .then((wait) => {
        looking = false;
        if (stopped) return;
        cancelTimer = deps.schedule(kick, lookAgain ? 0 : wait);
        lookAgain = false;
      });
    inBackground(log, "scheduler", pass);
  };

  return {
    start: () => {
      stopped = false;
      kick();
    },
    kick,
    stop: () => {
      stopped = true;
      cancelTimer?.();
    },
  };
};
