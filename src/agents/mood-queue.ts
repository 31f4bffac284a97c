import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Turn } from "../media/engine/protocol.ts";
import { VendorError, type VendorFailure } from "./models/vendor-error.ts";

/** Requests at once, all calls together. */
const AT_ONCE = 4;
/** A call is asked about this often at most, in ms, and not before it has lasted as long: first words tell little. */
const EVERY_MS = 15_000;
/** An answer that takes longer is about words that nobody remembers, in ms. */
const TIMEOUT_MS = 10_000;
/** Lines told, and the longest of one, in characters; of a longer one the end is told. */
const LINES = 8;
const MAX_LINE = 600;
/** After a failure that is not about one call nobody is asked for this long, twice as long each time; ms. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
/** Longest pause a vendor may ask for, in ms. */
const MOST_PATIENCE_MS = 60 * 60_000;
/** A call about which the model fails is left alone for this long, twice as long each time; ms. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 5 * 60_000;

/** Failures that lie in what was said on the call: others can be asked about. */
const ABOUT_THE_CALL = new Set<VendorFailure>(["declined", "invalid-answer", "cut-off", "request-refused"]);
/** Failures that somebody has to mend: soon is too soon. */
const LASTING = new Set<VendorFailure>(["key-missing", "key-refused", "quota-used-up", "not-found"]);

/** Something that was said for the callee to hear, or by them. */
export interface HeardLine {
  key: string;
  speaker: Turn["speaker"];
  text: string;
}

/** One question about a call: its last lines. `signal` ends when the answer is of no use any more. */
export interface MoodAsk {
  tenantId: string;
  callId: string;
  lines: readonly HeardLine[];
  signal: AbortSignal;
}

/** What the queue works with. */
export interface MoodQueueDeps {
  /** Asks the model and keeps what it says. Throws a `VendorError` when the model fails. */
  ask: (ask: MoodAsk, timeoutMs: number) => Promise<void>;
  clock: Clock;
  schedule: Schedule;
  log: Log;
}

interface Watched {
  readonly tenantId: string;
  readonly lines: HeardLine[];
  /** The callee said something that no request told. */
  hasNews: boolean;
  /** Epoch ms; before it the call is not asked about. */
  nextAt: number;
  /** When it was asked about last, else when it began; epoch ms. */
  askedAt: number;
  /** Failures in a row that were about this call. */
  failures: number;
  stop: (() => void) | null;
}

/**
 * Decides when a model is asked about which live call: only when the callee said something new, seldom for each call, few
 * at once. A free place goes to the tenant with the fewest requests under way, then to the call that waited longest. Calls
 * that wait keep their last lines and lose older ones. A call that ends ends its request. After a failure of the model one
 * request finds out whether it is back.
 */
export class MoodQueue {
  readonly #deps: MoodQueueDeps;
  readonly #calls = new Map<string, Watched>();
  #running = 0;
  /** Failures in a row that were not about one call. */
  #failures = 0;
  #pausedUntil = 0;
  #problem: string | null = null;
  #cancelWake: (() => void) | null = null;

  constructor(deps: MoodQueueDeps) {
    this.#deps = deps;
  }

  /** Why the model is not asked now, in words safe to show; null while it answers. */
  trouble(): string | null {
    return this.#problem;
  }

  /** A call was answered. */
  began(tenantId: string, callId: string): void {
    const now = this.#deps.clock.now();
    const watched = {
      tenantId,
      lines: [],
      hasNews: false,
      nextAt: now + EVERY_MS,
      askedAt: now,
      failures: 0,
      stop: null,
    };
    this.#calls.set(callId, watched);
  }

  /** Something was said; the same key again replaces it (a corrected transcript). Whispers are none of the callee's. */
  said(callId: string, { key, speaker, text, whispered }: Pick<Turn, "key" | "speaker" | "text" | "whispered">): void {
    const watched = this.#calls.get(callId);
    if (watched === undefined || whispered || text.trim() === "") return;
    const line = { key, speaker, text: text.length > MAX_LINE ? `…${text.slice(1 - MAX_LINE)}` : text };
    const { lines } = watched;
    const known = lines.findIndex((one) => one.key === key);
    if (lines[known]?.text === line.text) return;
    if (known >= 0) lines[known] = line;
    else lines.push(line);
    if (lines.length > LINES) lines.shift();
    if (speaker !== "callee") return;
    watched.hasNews = true;
    this.#goOn();
  }

  /** The call is over: what is asked about it is of no use. */
  ended(callId: string): void {
    const watched = this.#calls.get(callId);
    this.#calls.delete(callId);
    watched?.stop?.();
  }

  /** Stops asking; what is under way is given up. */
  close(): void {
    for (const callId of [...this.#calls.keys()]) this.ended(callId);
    this.#cancelWake?.();
    this.#cancelWake = null;
  }

  /** Asks as much as may be asked now, and wakes up when more may. */
  #goOn(): void {
    const { clock, schedule } = this.#deps;
    const now = clock.now();
    this.#cancelWake?.();
    this.#cancelWake = null;
    const places = this.#failures > 0 ? 1 : AT_ONCE;
    while (this.#running < places && now >= this.#pausedUntil) {
      const next = this.#next(now);
      if (next === null) break;
      this.#begin(...next, now);
    }
    // A place that gets free goes on by itself.
    if (this.#running >= places) return;
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const { hasNews, stop, nextAt } of this.#calls.values()) {
      if (hasNews && stop === null) wakeAt = Math.min(wakeAt, Math.max(nextAt, this.#pausedUntil));
    }
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.#cancelWake = schedule(() => {
      this.#cancelWake = null;
      this.#goOn();
    }, wakeAt - now);
  }

  #next(now: number): [callId: string, watched: Watched] | null {
    const underWay = new Map<string, number>();
    for (const { tenantId, stop } of this.#calls.values()) {
      if (stop !== null) underWay.set(tenantId, (underWay.get(tenantId) ?? 0) + 1);
    }
    const load = ({ tenantId }: Watched): number => underWay.get(tenantId) ?? 0;
    let best: [string, Watched] | null = null;
    for (const [callId, watched] of this.#calls) {
      if (!watched.hasNews || watched.stop !== null || watched.nextAt > now) continue;
      const order = best === null ? -1 : load(watched) - load(best[1]) || watched.askedAt - best[1].askedAt;
      if (order < 0) best = [callId, watched];
    }
    return best;
  }

  #begin(callId: string, watched: Watched, now: number): void {
    const { ask, schedule, log } = this.#deps;
    const { tenantId, lines } = watched;
    watched.hasNews = false;
    watched.askedAt = now;
    watched.nextAt = now + EVERY_MS;
    this.#running++;
    const after = this.#failures;
    const giveUp = new AbortController();
    const stopped = new Promise<never>((_, reject) => {
      giveUp.signal.addEventListener("abort", () => reject(giveUp.signal.reason), { once: true });
    });
    const timeUp = new VendorError("The text model", { failure: "timed-out" });
    const cancelTimeout = schedule(() => giveUp.abort(timeUp), TIMEOUT_MS);
    watched.stop = () => giveUp.abort(new VendorError("The text model", { failure: "stopped" }));
    const asked = ask({ tenantId, callId, lines: [...lines], signal: giveUp.signal }, TIMEOUT_MS);
    // Who does not heed the signal must not keep the place.
    const work = Promise.race([asked, stopped])
      .then(
        () => this.#answered(watched, after),
        (thrown) => this.#failed(callId, watched, after, giveUp.signal.aborted ? giveUp.signal.reason : thrown),
      )
      .finally(() => {
        cancelTimeout();
        watched.stop = null;
        this.#running--;
        this.#goOn();
      });
    inBackground(log, "read a mood", work);
  }

  #answered(watched: Watched, after: number): void {
    watched.failures = 0;
    // An answer to what was asked before the failure says nothing about now.
    if (after !== this.#failures) return;
    this.#failures = 0;
    this.#pausedUntil = 0;
    this.#problem = null;
  }

  #failed(callId: string, watched: Watched, after: number, thrown: unknown): void {
    const { clock, log } = this.#deps;
    const vendor = thrown instanceof VendorError ? thrown : null;
    if (vendor?.failure === "stopped") return;
    const now = clock.now();
    const isOurs = vendor === null;
    if (isOurs || ABOUT_THE_CALL.has(vendor.failure)) {
      const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(watched.failures, 20));
      watched.failures++;
      watched.nextAt = now + restMs;
      const says = { callId, problem: messageOf(thrown), restMs };
      if (isOurs) log.error(says, "a mood could not be kept");
      else log.warn(says, "the mood of a call could not be read");
      return;
    }
    // The words are still unread, and the next try may be the one that finds the model back.
    watched.hasNews = true;
    const asked = Math.min(vendor.retryAfterMs ?? 0, MOST_PATIENCE_MS);
    // Requests that were under way together fail together: that is one failure.
    if (after === this.#failures) this.#failures++;
    const usual = LASTING.has(vendor.failure)
      ? LONGEST_PAUSE_MS
      : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 20));
    const pausedUntil = Math.max(this.#pausedUntil, now + Math.max(usual, asked));
    if (this.#problem === null || pausedUntil > this.#pausedUntil) {
      log.warn({ problem: vendor.message, pauseMs: pausedUntil - now }, "no moods are read for now");
    }
    this.#pausedUntil = pausedUntil;
    this.#problem = vendor.message;
  }
}
