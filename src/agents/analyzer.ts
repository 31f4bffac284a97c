import type { Bus } from "../core/bus.ts";
import type { ProcessHours } from "../core/callee-hours.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import type { ClaimedTask } from "../core/store/task-record.ts";
import type { NewVerdict } from "../core/store/verdict-record.ts";
import {
  calleeSpoke,
  type Judging,
  plainDndWords,
  verdictOfAnswer,
  verdictOfDisposition,
  verdictWithoutModel,
} from "./attempt-verdict.ts";
import { analystCase, type FinishedAttempt, loadAttempt } from "./finished-attempt.ts";
import { accountFor } from "./model-account.ts";
import type { Model } from "./models/model.ts";
import { VendorError, type VendorFailure } from "./models/vendor-error.ts";
import { ANALYST_SYSTEM, analystMessage, verdictAnswer } from "./prompts/analyst.ts";
import type { RetryDelays } from "./retry-policy.ts";
import { createWorkLoop, type WorkLoop } from "./work-loop.ts";

/** Attempts judged at the same time; more would run into the model's rate limit. */
const PARALLEL = 4;
/** How long a claim holds: the model's tries and repairs have to fit in, or somebody else judges. */
const LEASE_MS = 5 * 60_000;
/** Before the lease ends the model is stopped, so that a late answer never meets another judge's. */
const MODEL_MS = LEASE_MS - 30_000;
/** Longest time for one try of the model, in ms. */
const TRY_MS = 60_000;
/** Looks at least this often, so that a missed wake-up costs no more, in ms. */
const POLL_MS = 1000;

/** After a failure the model is asked again after this long, twice as long each time, up to an hour; ms. */
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 60 * 60_000;
/** Longest wait a vendor may ask for, in ms. */
const MOST_PATIENCE_MS = 24 * 60 * 60_000;

/** Failures that lie in what is asked, so that asking again for ever would never help. */
const ABOUT_THE_CALL = new Set<VendorFailure>(["declined", "invalid-answer", "cut-off", "request-refused"]);
/** Failures after which a person is asked instead, when the last one was about the call itself. */
const TRIES_BEFORE_A_PERSON = 5;

/** What the analyst needs from its surroundings. */
export interface AnalystDeps {
  store: Store;
  bus: Bus;
  /** Null where none is configured: conversations then wait for a person. */
  model: Model | null;
  hours: ProcessHours;
  delays: RetryDelays;
  clock: Clock;
  schedule: Schedule;
  log: Log;
}

/**
 * Judges attempts that are over: claims them with a lease and a fencing token, asks the model about conversations, lets
 * the disposition speak where nobody did, and stores what follows. A wish not to be called enters the list at once, also
 * while no model answers. A model's failure leaves the task where it is, with the time of the next try.
 */
export const createAnalyst = (deps: AnalystDeps): WorkLoop => {
  const { store, bus, clock, log } = deps;
  const running = new Map<Promise<void>, AbortController>();
  let unsubscribe: (() => void) | null = null;

  const look = async (): Promise<void> => {
    for (const { id: tenantId } of await store.tenants.all()) {
      const limit = PARALLEL - running.size;
      if (limit <= 0) return;
      const now = clock.now();
      for (const task of await store.tasks.claimAnalysis(tenantId, { now, leaseMs: LEASE_MS, limit })) begin(task);
    }
  };

  const begin = (task: ClaimedTask): void => {
    const stopping = new AbortController();
    const work = judge(task, stopping.signal)
      .catch((thrown) => log.error({ taskId: task.id, problem: messageOf(thrown) }, "an attempt could not be judged"))
      .then(() => {
        running.delete(work);
        loop.kick();
      });
    running.set(work, stopping);
    inBackground(log, "analyst", work);
  };

  const judge = async (task: ClaimedTask, stopped: AbortSignal): Promise<void> => {
    const { tenantId, id: taskId, phone } = task;
    const attempt = await loadAttempt(store, task, deps.hours);
    if (attempt === null) return;
    // Before anything that may fail: nobody else may dial this number from now on.
    const words = plainDndWords(attempt);
    if (words !== null) {
      await store.dnd.add(tenantId, { phone, reason: `Said in a call: “${words.slice(0, 200)}”`, source: "callee" });
    }
    const verdict = await verdictOn(attempt, stopped);
    if (verdict === null || stopped.aborted) return;
    const applied = await store.tasks.applyVerdict(tenantId, taskId, task.leaseToken, verdict);
    if (applied.ok) {
      log.info({ taskId, to: applied.task.status, judgedBy: verdict.judgedBy }, "an attempt was judged");
    } else log.warn({ taskId, reason: applied.reason }, "a verdict could not be stored");
  };

  const judging = (): Judging => ({ nowMs: clock.now(), delays: deps.delays });

  /** Null: there is none yet, and when to try again is stored. */
  const verdictOn = async (attempt: FinishedAttempt, stopped: AbortSignal): Promise<NewVerdict | null> => {
    if (!calleeSpoke(attempt)) return verdictOfDisposition(attempt, judging());
    if (deps.model === null) return verdictWithoutModel(attempt, "no text model is set up to read the conversation");
    try {
      const answer = await ask(deps.model, attempt, stopped);
      return verdictOfAnswer(attempt, answer, judging());
    } catch (thrown) {
      if (stopped.aborted) return null;
      return failed(attempt, thrown);
    }
  };

  const ask = async (model: Model, attempt: FinishedAttempt, stopped: AbortSignal) => {
    const { tenantId, id: subjectId } = attempt.task;
    const tooLong = new AbortController();
    const cancel = deps.schedule(() => tooLong.abort(), MODEL_MS);
    try {
      return await accountFor({ store, clock, log }, { tenantId, subjectId }, () =>
        model.complete({
          purpose: "analyst",
          system: ANALYST_SYSTEM,
          messages: [{ role: "user", text: analystMessage(analystCase(attempt)) }],
          schema: verdictAnswer({ endedAt: attempt.call.endedAt ?? clock.now(), zones: attempt.callee.zones }),
          signal: AbortSignal.any([stopped, tooLong.signal]),
          timeoutMs: TRY_MS,
        }),
      );
    } finally {
      cancel();
    }
  };

  const failed = async ({ task, ...rest }: FinishedAttempt, thrown: unknown): Promise<NewVerdict | null> => {
    const vendor = thrown instanceof VendorError ? thrown : null;
    const failures = task.analysisFailures + 1;
    log.warn({ taskId: task.id, failures, problem: messageOf(thrown) }, "the analyst gave no verdict");
    if (vendor !== null && ABOUT_THE_CALL.has(vendor.failure) && failures >= TRIES_BEFORE_A_PERSON) {
      return verdictWithoutModel({ task, ...rest }, "the text model could not judge the conversation");
    }
    const usual = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(task.analysisFailures, 20));
    const waitMs = Math.max(usual, Math.min(vendor?.retryAfterMs ?? 0, MOST_PATIENCE_MS));
    await store.tasks.analysisFailed(task.tenantId, task.id, task.leaseToken, { retryAt: clock.now() + waitMs });
    return null;
  };

  const loop = createWorkLoop({ name: "analyst", look, pollMs: POLL_MS, schedule: deps.schedule, log });
  return {
    start: () => {
      unsubscribe ??= bus.subscribe((event) => {
        if (event.type === "task.changed" && event.to === "pending_analysis") loop.kick();
      });
      loop.start();
    },
    kick: loop.kick,
    stop: async () => {
      unsubscribe?.();
      unsubscribe = null;
      await loop.stop();
      for (const stopping of running.values()) stopping.abort();
      await Promise.all(running.keys());
    },
  };
};
