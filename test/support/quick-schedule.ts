import type { Schedule } from "../../src/core/clock.ts";

/** Pauses are shorter than this and ring at once; timeouts are longer and ring by hand. */
const PAUSE_BELOW_MS = 15_000;

/** Timers for code that pauses between tries and gives up after long times: nobody waits for either. */
export class QuickSchedule {
  /** Pauses that were made, in ms, in their order. */
  readonly pauses: number[] = [];
  #held: { delayMs: number; run: () => void }[] = [];

  readonly schedule: Schedule = (run, delayMs) => {
    const timer = { delayMs, run };
    if (delayMs < PAUSE_BELOW_MS) {
      this.pauses.push(delayMs);
      const real = setTimeout(run, 0);
      return () => clearTimeout(real);
    }
    this.#held.push(timer);
    return () => {
      this.#held = this.#held.filter((each) => each !== timer);
    };
  };

  /** Delays of the timeouts that are running, in ms. */
  get held(): number[] {
    return this.#held.map((timer) => timer.delayMs);
  }

  /** Lets every timeout of this length ring; says how many there were. */
  ring(delayMs: number): number {
    const due = this.#held.filter((timer) => timer.delayMs === delayMs);
    this.#held = this.#held.filter((timer) => timer.delayMs !== delayMs);
    for (const timer of due) timer.run();
    return due.length;
  }
}
