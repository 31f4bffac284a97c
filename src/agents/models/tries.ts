import type { Clock, Schedule } from "../../core/clock.ts";
import { AssertionError } from "../../core/errors.ts";
import { type Failed, isPassing, VendorError } from "./vendor-error.ts";

/** Time and chance, handed in. */
export interface TryDeps {
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** 0 to 1; spreads the pauses of many askers. */
  readonly random: () => number;
}

/** How often and how long to ask. */
export interface TryRules {
  /** As people know it; begins the message of an error. */
  readonly vendor: string;
  /** All tries, the first one counted. */
  readonly tries: number;
  /** Longest time for one try, in ms. */
  readonly timeoutMs: number;
  /** Longest silence within one try after its first sign of life, in ms. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** What a client's error means. */
  explain(thrown: unknown, nowMs: number): Failed;
}

/** One try under way. */
export interface Try {
  /** Ends when the caller stops or the time is up. */
  readonly signal: AbortSignal;
  /** Something came: the answer is on its way. */
  alive(): void;
}

/** Pause before the second try, in ms; doubled for each one after it. */
const FIRST_PAUSE_MS = 500;
/** No pause of our own is longer. */
const MAX_PAUSE_MS = 8000;
/** A vendor that wants to be left alone for longer is not waited for: the caller plans the next try. */
const MAX_ASKED_PAUSE_MS = 30_000;

/** An error of our own code that passed through a client. */
class Mistake extends Error {}

/** Marks what our own code throws while a client is at work, so that it is not taken for the vendor's failure. */
export const ownWork = <T>(work: () => T): T => {
  try {
    return work();
  } catch (thrown) {
    throw new Mistake("our own code threw", { cause: thrown });
  }
};

/**
 * Asks until an answer comes, with growing pauses after failures that pass by themselves, or as long a pause as the
 * vendor asks for. Throws a `VendorError`; `stopped` as soon as the signal is, whatever the client does then.
 */
export const withTries = async <T>(rules: TryRules, deps: TryDeps, attempt: (one: Try) => Promise<T>): Promise<T> => {
  for (let number = 1; ; number++) {
    const outcome = await tryOnce(rules, deps, attempt);
    if (outcome.ok) return outcome.value;
    const { failed, cause } = outcome;
    const pauseMs = failed.retryAfterMs ?? ownPauseMs(number, deps.random());
    if (!isPassing(failed.failure) || number >= rules.tries || pauseMs > MAX_ASKED_PAUSE_MS) {
      throw new VendorError(rules.vendor, failed, { cause });
    }
    await pause(pauseMs, rules, deps);
  }
};

const ownPauseMs = (failures: number, chance: number): number =>
  Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.5 + chance / 2);

type Outcome<T> = { ok: true; value: T } | { ok: false; failed: Failed; cause: unknown };

const tryOnce = async <T>(rules: TryRules, deps: TryDeps, attempt: (one: Try) => Promise<T>): Promise<Outcome<T>> => {
  const { signal } = rules;
  if (signal?.aborted) return { ok: false, failed: { failure: "stopped" }, cause: signal.reason };
  const end = new AbortController();
  let isLate = false;
  const timeUp = (): void => {
    isLate = true;
    end.abort();
  };
  const stop = (): void => end.abort(signal?.reason);
  const cancelTimeout = deps.schedule(timeUp, rules.timeoutMs);
  let cancelSilence = (): void => {};
  signal?.addEventListener("abort", stop, { once: true });
  // A client that does not heed its signal must not keep the caller waiting.
  const ended = new Promise<never>((_, reject) => {
    end.signal.addEventListener("abort", () => reject(end.signal.reason), { once: true });
  });
  const alive = (): void => {
    if (rules.silenceMs === undefined || end.signal.aborted) return;
    cancelSilence();
    cancelSilence = deps.schedule(timeUp, rules.silenceMs);
  };
  try {
    const work = attempt({ signal: end.signal, alive });
    return { ok: true, value: await Promise.race([work, ended]) };
  } catch (thrown) {
    if (signal?.aborted) return { ok: false, failed: { failure: "stopped" }, cause: signal.reason };
    if (isLate) return { ok: false, failed: { failure: "timed-out" }, cause: thrown };
    if (thrown instanceof Mistake) throw thrown.cause;
    if (thrown instanceof AssertionError || thrown instanceof ReferenceError) throw thrown;
    return { ok: false, failed: rules.explain(thrown, deps.clock.now()), cause: thrown };
  } finally {
    cancelTimeout();
    cancelSilence();
    signal?.removeEventListener("abort", stop);
    // What the try left open, such as the rest of a stream nobody reads on, is closed.
    end.abort();
  }
};

const pause = (ms: number, { vendor, signal }: TryRules, { schedule }: TryDeps): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(new VendorError(vendor, { failure: "stopped" }, { cause: signal?.reason }));
    };
    const cancel = schedule(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
