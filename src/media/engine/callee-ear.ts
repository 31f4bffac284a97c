import { Ducker } from "../audio/ducker.ts";
import { FRAME_SAMPLES, ULAW_SILENCE } from "../audio/frame.ts";
import { decodeUlaw, encodeUlawFrame } from "../audio/g711.ts";
import { Limiter, mixInto } from "../audio/mixer.ts";

/**
 * What the callee is sent while a supervisor may be heard: the supervisor's voice over the agent's, which is turned down
 * while the supervisor speaks. Whoever is alone passes bit by bit.
 */
export class CalleeEar {
  /** The last frame held sound; and it was the first to do so after silence. */
  sounds = false;
  begins = false;
  readonly #ducker = new Ducker();
  readonly #limiter = new Limiter();
  readonly #sums = new Int32Array(FRAME_SAMPLES);
  readonly #pcm = new Int16Array(FRAME_SAMPLES);
  readonly #mixed = new Uint8Array(FRAME_SAMPLES);
  readonly #silence = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);

  /** Nothing is turned down: the agent's frames pass as they are. */
  get isPlain(): boolean {
    return this.#ducker.gain === 1 && this.#limiter.gain === 1;
  }

  /**
   * Joins one frame of each; null is silence. The result is one of them or a buffer that is only valid until the next
   * call.
   * @param duck the supervisor is speaking
   */
  join(under: Uint8Array | null, speaker: Uint8Array | null, duck: boolean): Uint8Array {
    const sounds = under !== null || speaker !== null;
    this.begins = sounds && !this.sounds;
    this.sounds = sounds;
    if (this.isPlain && !duck) {
      if (speaker === null) return under ?? this.#silence;
      if (under === null) return speaker;
    }
    if (under === null) this.#ducker.pass(duck);
    else this.#ducker.mixInto(this.#sums, under, duck);
    if (under === null && this.#limiter.gain === 1) return speaker ?? this.#silence;
    if (speaker !== null) {
      decodeUlaw(speaker, 0, this.#pcm, 0, FRAME_SAMPLES);
      mixInto(this.#sums, this.#pcm, 0, FRAME_SAMPLES);
    }
    this.#limiter.drain(this.#sums, this.#pcm, 0, FRAME_SAMPLES);
    encodeUlawFrame(this.#pcm, 0, this.#mixed, 0, FRAME_SAMPLES);
    return this.#mixed;
  }
}
