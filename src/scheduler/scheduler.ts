import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Store } from "../core/store/open.ts";
import type { ClaimedTask } from "../core/store/task-record.ts";
import type { Tenant } from "../core/store/tenants.ts";
import type { GateAnswer } from "./dial-gate.ts";
import { Pacing } from "./pacing.ts";

/** How long a claim holds; only the time from claiming to the created call has to fit in. */
const LEASE_MS = 30_000;
/** Looks at least this often, so that a missed wake-up costs no more, in ms. */
const POLL_MS = 1000;

/** What the scheduler needs from its surroundings. */
export interface SchedulerDeps {
  store: Store;
  clock: Clock;
  schedule: Schedule;
  log: Log;
  metrics: Metrics;
  limits: { concurrent: number; perSecond: number };
  gate: (tenantId: string, task: ClaimedTask, now: number) => Promise<GateAnswer>;
  /** Which carrier and voice the call is made with. */
  route: { carrier: string; voice: string; from: string | null };
  /** Whether the carrier could take a call now. */
  canDial: () => boolean;
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

/**
 * Takes due tasks, tenant by tenant and one at a time so that none waits behind another's batch, and dials those that
 * pass the gate, within the limits of concurrency and rate. A task is claimed with a lease and a fencing token: two
 * schedulers on one store never dial it twice. A refusal is stored with its reason.
 */
export const createScheduler = (deps: SchedulerDeps): Scheduler => {
  const { store, clock, log, metrics, limits } = deps;
  const pacing = new Pacing(limits.perSecond, clock.now());
  let stopped = true;
  let looking = false;
  let lookAgain = false;
  let cancelTimer: (() => void) | null = null;

  const look = async (): Promise<void> => {
    const tenants = (await store.tenants.all()).filter((tenant) => tenant.status === "active");
    const waiting = new Set(tenants);
    while (waiting.size > 0 && !stopped) {
      for (const tenant of waiting) {
        if (!(await dialNext(tenant, tenants))) waiting.delete(tenant);
      }
    }
  };

  /** Handles the tenant's most pressing task; false when there is none or no room for it. */
  const dialNext = async (tenant: Tenant, tenants: Tenant[]): Promise<boolean> => {
    const now = clock.now();
    if (stopped || !deps.canDial() || !(await hasRoom(tenant, tenants)) || !pacing.take(now)) return false;
    const [task] = await store.tasks.claimDue(tenant.id, { now, leaseMs: LEASE_MS, limit: 1 });
    if (!task) {
      pacing.giveBack();
      return false;
    }
    try {
      if (!(await dial(tenant.id, task, now))) pacing.giveBack();
    } catch (thrown) {
      log.error({ taskId: task.id, problem: messageOf(thrown) }, "a task could not be dialed; it is tried again");
      pacing.giveBack();
    }
    return true;
  };

  const hasRoom = async (tenant: Tenant, tenants: Tenant[]): Promise<boolean> => {
    let all = 0;
    for (const { id } of tenants) all += await store.calls.liveCount(id);
    if (all >= limits.concurrent) return false;
    return tenant.maxConcurrentCalls === null || (await store.calls.liveCount(tenant.id)) < tenant.maxConcurrentCalls;
  };

  const dial = async (tenantId: string, task: ClaimedTask, now: number): Promise<boolean> => {
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
      carrier: deps.route.carrier,
      voice: deps.route.voice,
      to: task.phone,
      from: deps.route.from,
      at: now,
    });
    if (!created.ok) {
      log.warn({ taskId: task.id, reason: created.reason }, "a claimed task could not become a call");
      return false;
    }
    const attempt = deps.startAttempt(tenantId, created.call.id).finally(kick);
    inBackground(log, "attempt", attempt);
    return true;
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
      .catch((thrown) => log.error({ problem: messageOf(thrown) }, "the scheduler could not look for due tasks"))
      .finally(() => {
        looking = false;
        if (stopped) return;
        const waitMs = lookAgain ? 0 : Math.min(POLL_MS, Math.max(20, pacing.waitMs() || POLL_MS));
        lookAgain = false;
        cancelTimer = deps.schedule(kick, waitMs);
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
