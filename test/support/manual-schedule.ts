import type { Schedule } from "../../src/core/clock.ts";

/** Timers that ring only when time is moved by hand, in the order they are due. */
export class ManualSchedule {
  #nowMs = 0;
  #order = 0;
  #waiting: { atMs: number; order: number; run: () => void }[] = [];

  readonly schedule: Schedule = (run, delayMs) => {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#waiting.push(timer);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== timer);
    };
  };

  /** Ms since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that have not rung. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Moves time on; timers set by timers ring too when they are due within it. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#waiting
        .filter((each) => each.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (!next) break;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }
}
