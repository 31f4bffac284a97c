/** What a browser counted about one or more received streams since they began. */
export interface Counted {
  packetsReceived: number;
  packetsLost: number;
  jitterMs: number;
  roundTripMs: number;
}

/** How a call sounds over some stretch of time. */
export interface Quality {
  lossPercent: number;
  jitterMs: number;
  roundTripMs: number;
  /** Mean opinion score, 1 to 4.5. */
  mos: number;
  grade: "good" | "fair" | "poor";
}

/**
 * Opinion score of G.711 from loss, jitter and delay: the E-model (ITU-T G.107) with the delay a jitter buffer adds
 * taken as twice the jitter and 20 ms of packetising.
 */
export const opinionScore = (lossPercent: number, jitterMs: number, roundTripMs: number): number => {
  const delay = roundTripMs / 2 + 2 * jitterMs + 20;
  const delayLoss = 0.024 * delay + 0.11 * Math.max(0, delay - 177.3);
  const packetLoss = (95 * lossPercent) / (lossPercent + 25.1);
  const rating = Math.min(100, Math.max(0, 93.2 - delayLoss - packetLoss));
  return Math.max(1, 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating));
};

/** A score in a word. */
export const gradeOf = (mos: number): Quality["grade"] => (mos >= 4 ? "good" : mos >= 3.6 ? "fair" : "poor");

/** Windows in a row that must be poor before the user is told. */
const POOR_WINDOWS = 3;

/** Judges the network window by window, from counters that only rise. */
export class QualityWatch {
  #last: Counted | null = null;
  #poor = 0;

  /**
   * @returns the quality since the last call and whether to tell the user now; null for the first count and after a
   * reset of the counters
   */
  add(now: Counted): { quality: Quality; warn: boolean } | null {
    const last = this.#last;
    this.#last = now;
    if (!last || now.packetsReceived < last.packetsReceived) return null;
    const received = now.packetsReceived - last.packetsReceived;
    const lost = Math.max(0, now.packetsLost - last.packetsLost);
    const lossPercent = received + lost === 0 ? 100 : (100 * lost) / (received + lost);
    const mos = opinionScore(lossPercent, now.jitterMs, now.roundTripMs);
    const grade = gradeOf(mos);
    this.#poor = grade === "poor" ? this.#poor + 1 : 0;
    return {
      quality: { lossPercent, jitterMs: now.jitterMs, roundTripMs: now.roundTripMs, mos, grade },
      warn: this.#poor === POOR_WINDOWS,
    };
  }

  /** Forgets the past: another call, or a new connection. */
  reset(): void {
    this.#last = null;
    this.#poor = 0;
  }
}
