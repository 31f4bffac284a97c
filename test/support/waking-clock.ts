/** Between two looks at the clock no more than this passes, in ms. */
const STEP_MS = 20;

/**
 * Ms for which this process was awake. A machine with much other work lets a process stand still for a second; whoever
 * watches for missing answers by this clock does not take that for a silence of the peer, which stood still too. To be
 * looked at often: what lies between two looks counts as at most 20 ms.
 */
export class WakingClock {
  #ms = 0;
  #lookedAtMs = performance.now();

  readonly nowMs = (): number => {
    const realMs = performance.now();
    this.#ms += Math.min(realMs - this.#lookedAtMs, STEP_MS);
    this.#lookedAtMs = realMs;
    return this.#ms;
  };
}
