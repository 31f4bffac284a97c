import type { Schedule } from "../../core/clock.ts";

/** Why a wait ended. */
export type Awoken = "rung" | "late" | "gone";

/**
 * Lets many rings wake one waiter once. What rang is not kept, so nothing can pile up: the waiter looks for itself what
 * is new.
 */
export class Doorbell {
  readonly #schedule: Schedule;
  #rung = false;
  #gone = false;
  #wake: (() => void) | null = null;
  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }
  /** The waiter is not needed any more; every wait ends at once from now on. */
  end(): void {
    this.#gone = true;
    this.#wake?.();
  }
  get gone(): boolean {
    return this.#gone;
  }
  /** Waits for a ring, at most so long. A ring from before the wait counts. */
  async wait(ms: number): Promise<Awoken> {
    if (!this.#rung && !this.#gone) await this.#sleep(ms, () => this.#rung || this.#gone);
    if (this.#gone) return "gone";
    const rung = this.#rung;
    this.#rung = false;
    return rung ? "rung" : "late";
  }
  /** Waits the whole time, whatever rings; only the end cuts it short. */
  rest(ms: number): Promise<void> {
    return this.#gone ? Promise.resolve() : this.#sleep(ms, () => this.#gone);
  }
  #sleep(ms: number, over: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wake = null;
        resolve();
      };
      const cancel = this.#schedule(wake, ms);
      this.#wake = () => {
        if (over()) wake();
      };
    });
  }
}
