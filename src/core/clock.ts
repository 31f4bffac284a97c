/** The time, handed to everything that asks for it, so that tests can move it. */
export interface Clock {
  /** Now, in epoch ms. */
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until it is moved; starts at `startAt` epoch ms. */
export class ManualClock implements Clock {
  #now: number;
  constructor(startAt = 1_700_000_000_000) {
    this.#now = startAt;
  }
  now(): number {
    return this.#now;
  }
  /** Moves time on by `ms`. */
  advance(ms: number): void {
    this.#now += ms;
  }
}

/** Runs something after so many ms, unless the function it returns is called first. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** The machine's timers. */
export const systemSchedule: Schedule = (run, delayMs) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
