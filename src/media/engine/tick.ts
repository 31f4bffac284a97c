/** Most ticks run back to back to catch up; a longer stall is skipped, as late speech is worth less than lag. */
const MAX_CATCH_UP = 3;

/** What a ticker calls: the deadline this tick was due at, and how many ticks before it were skipped after a stall. */
export type OnTick = (deadlineMs: number, skipped: number) => void;

/**
 * A drift-free clock beat: every tick aims at an absolute deadline, so that lateness never adds up (a plain interval
 * runs 5,000 ppm slow). After a stall of up to three periods the missed ticks run at once; after a longer one they are
 * skipped and their number is told. A throwing `onTick` does not stop the beat; the error goes to `onError`.
 */
export const startTicker = (options: {
  periodMs: number;
  nowMs: () => number;
  /** Ms of `nowMs` in one ms of the machine. Default 1. */
  speed?: number;
  onTick: OnTick;
  onError: (thrown: unknown) => void;
}): { stop(): void } => {
  const { periodMs, nowMs, speed = 1, onTick, onError } = options;
  let deadline = nowMs() + periodMs;
  let timer: ReturnType<typeof setTimeout>;
  const beat = (): void => {
    const missed = Math.floor((nowMs() - deadline) / periodMs);
    let skipped = 0;
    if (missed > MAX_CATCH_UP) {
      skipped = missed;
      deadline += missed * periodMs;
    }
    // Bounded: ticks that take longer than their period must not keep the thread from its sockets.
    for (let run = 0; run <= MAX_CATCH_UP && deadline <= nowMs(); run++) {
      try {
        onTick(deadline, skipped);
      } catch (thrown) {
        onError(thrown);
      }
      skipped = 0;
      deadline += periodMs;
    }
    timer = setTimeout(beat, Math.max(0, deadline - nowMs()) / speed);
  };
  timer = setTimeout(beat, periodMs / speed);
  return { stop: () => clearTimeout(timer) };
};
