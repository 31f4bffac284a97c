import { FRAME_MS } from "../../src/media/audio/frame.ts";
import { Distribution } from "./distribution.ts";

const START_PACKETS = 4096;
/** Share of packets that came sooner than those which show where the deadlines lie. */
const BEST = 0.02;

/** How a stream of packets kept its schedule over a window. */
export interface Schedule {
  /** How long after its deadline each packet came, in ms. */
  errorsMs: Distribution;
  /** How much slower (positive) than real time the stream is. */
  driftPpm: number;
}

/** When the packets of one stream came and in which 20 ms slot each belongs. */
export class PacketLog {
  #atMs = new Float64Array(START_PACKETS);
  #slots = new Float64Array(START_PACKETS);
  #count = 0;

  push(atMs: number, slot: number): void {
    if (this.#count === this.#atMs.length) {
      this.#atMs = doubled(this.#atMs);
      this.#slots = doubled(this.#slots);
    }
    this.#atMs[this.#count] = atMs;
    this.#slots[this.#count++] = slot;
  }

  /**
   * Judges the packets of a window against deadlines 20 ms apart for ever. Where they lie follows from the packets that
   * came soonest, in all of the window and, for the drift, in its first and last quarter.
   */
  schedule(fromMs: number, toMs: number): Schedule {
    const errorsMs = new Distribution();
    const offsets: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      const at = this.#atMs[i]!;
      if (at >= fromMs && at < toMs) offsets.push(at - this.#slots[i]! * FRAME_MS);
    }
    const base = soonest(offsets);
    for (const offset of offsets) errorsMs.push(Math.max(0, offset - base));
    const quarter = Math.floor(offsets.length / 4);
    const moved = soonest(offsets.slice(-quarter)) - soonest(offsets.slice(0, quarter));
    return { errorsMs, driftPpm: (moved / ((toMs - fromMs) * 0.75)) * 1e6 };
  }
}

const soonest = (offsets: readonly number[]): number =>
  offsets.toSorted((a, b) => a - b)[Math.floor(BEST * offsets.length)] ?? 0;

const doubled = (from: Float64Array): Float64Array<ArrayBuffer> => {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
};
