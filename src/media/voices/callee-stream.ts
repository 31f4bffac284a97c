import { FRAME_MS, FRAME_SAMPLES } from "../audio/frame.ts";

/** The last of the callee's audio that is kept, in frames: 5 s. Older frames are overwritten; late speech helps nobody. */
const CAPACITY = 250;

/**
 * The callee's last seconds, so that speech which a session did not get, or took with it when it broke, reaches the next
 * one. Times are ms since the first frame.
 */
export class CalleeStream {
  readonly #ring = new Uint8Array(CAPACITY * FRAME_SAMPLES);
  #frames = 0;

  /** Length of the stream so far. */
  get ms(): number {
    return this.#frames * FRAME_MS;
  }

  /** Copies one frame in. */
  push(frame: Uint8Array): void {
    this.#ring.set(frame, (this.#frames % CAPACITY) * FRAME_SAMPLES);
    this.#frames++;
  }

  /** Gives all frames from a time on, as far back as they are kept; returns the time of the first. */
  replay(fromMs: number, take: (frame: Uint8Array) => void): number {
    const first = Math.max(0, this.#frames - CAPACITY, Math.min(this.#frames, Math.floor(fromMs / FRAME_MS)));
    for (let frame = first; frame < this.#frames; frame++) {
      const at = (frame % CAPACITY) * FRAME_SAMPLES;
      take(this.#ring.subarray(at, at + FRAME_SAMPLES));
    }
    return first * FRAME_MS;
  }
}
