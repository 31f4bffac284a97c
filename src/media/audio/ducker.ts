import { FRAME_SAMPLES } from "./frame.ts";
import { ulawDecode } from "./g711.ts";

/** Gain of what is ducked: −12 dB, still heard and no longer in the way. */
export const DUCKED_GAIN = 10 ** (-12 / 20);
/** Frames over which the gain falls, and rises again: fast enough not to cover a first word, slow enough not to pump. */
const FALL_FRAMES = 2;
const RISE_FRAMES = 12;
const FALL = (1 - DUCKED_GAIN) / FALL_FRAMES;
const RISE = (1 - DUCKED_GAIN) / RISE_FRAMES;

/** Turns one party down while another speaks. The gain moves sample by sample, so that nothing clicks. */
export class Ducker {
  #gain = 1;

  /** Gain at the end of the last frame, `DUCKED_GAIN`..1. */
  get gain(): number {
    return this.#gain;
  }

  /** Adds one µ-law frame, turned down on the way to what `duck` asks for, to the sums in `acc`. */
  mixInto(acc: Int32Array, frame: Uint8Array, duck: boolean): void {
    const from = this.#gain;
    this.pass(duck);
    const step = (this.#gain - from) / FRAME_SAMPLES;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      acc[i] = acc[i]! + Math.round(ulawDecode[frame[i]!]! * (from + step * (i + 1)));
    }
  }

  /** A frame without sound: only the gain moves. */
  pass(duck: boolean): void {
    this.#gain = duck ? Math.max(DUCKED_GAIN, this.#gain - FALL) : Math.min(1, this.#gain + RISE);
  }
}
