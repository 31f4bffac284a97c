import { FRAME_MS, FRAME_SAMPLES } from "../audio/frame.ts";

/**
 * The last seconds of one party's µ-law frames, so that speech which a session did not get, or took with it when it
 * broke, reaches the next one. Older frames are overwritten. Times are ms since the first frame.
 */
export class RecentFrames {
  /** Frames taken so far. */
  frames = 0;
  readonly #ring: Uint8Array;
  readonly #capacity: number;

  /** @param keptMs how much is kept, rounded up to whole frames */
  constructor(keptMs: number) {
    this.#capacity = Math.ceil(keptMs / FRAME_MS);
    this.#ring = new Uint8Array(this.#capacity * FRAME_SAMPLES);
  }

  /** Length of the stream so far. */
  get ms(): number {
    return this.frames * FRAME_MS;
  }

  /** The oldest frame that is still kept, counted from 0. */
  get oldest(): number {
    return Math.max(0, this.frames - this.#capacity);
  }

  /** Copies one frame in. */
  push(frame: Uint8Array): void {
    this.#ring.set(frame, (this.frames % this.#capacity) * FRAME_SAMPLES);
    this.frames++;
  }

  /** One frame that is still kept; the bytes hold until it is overwritten. */
  frame(number: number): Uint8Array {
    const at = (number % this.#capacity) * FRAME_SAMPLES;
    return this.#ring.subarray(at, at + FRAME_SAMPLES);
  }

  /** Gives all frames from a time on, as far back as they are kept; returns the time of the first. */
  replay(fromMs: number, take: (frame: Uint8Array) => void): number {
    const first = Math.max(this.oldest, Math.min(this.frames, Math.floor(fromMs / FRAME_MS)));
    for (let frame = first; frame < this.frames; frame++) take(this.frame(frame));
    return first * FRAME_MS;
  }
}
