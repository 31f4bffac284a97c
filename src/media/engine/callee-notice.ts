import type { NoticeTone } from "../../core/supervision.ts";
import { FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS } from "../audio/frame.ts";
import { encodeUlaw, ulawDecode } from "../audio/g711.ts";
import { Tone } from "../audio/tone.ts";

/**
 * The tone that tells a callee of somebody else on the line: 1400 Hz, the frequency of the recorder warning tone
 * (Federal Standard 1037C), which people know from recorded lines and no keypad sends; 400 ms, about as long.
 */
export const NOTICE_HZ = 1400;
export const NOTICE_MS = 400;
/** Its peak in 16 bit units: 12 dB under the level at which agents speak (−18 dBov): it is heard and covers no word. */
export const NOTICE_PEAK = 1460;
/** It swells and fades, so that nothing clicks, in ms. */
const EDGE_MS = 20;
/** Whoever comes so soon after a tone began is told of by that one, in ms. */
const ONCE_MS = 1000;
const FULL = 32767;

/** The samples of the tone. */
export const noticeTone = (): Int16Array => {
  const samples = new Int16Array(NOTICE_MS * SAMPLES_PER_MS);
  new Tone(NOTICE_HZ, NOTICE_PEAK, 0, RATE_HZ).fillPcm(samples, 0, samples.length);
  const edge = EDGE_MS * SAMPLES_PER_MS;
  for (let i = 0; i < edge; i++) {
    const gain = i / edge;
    samples[i] = Math.round(samples[i]! * gain);
    samples[samples.length - 1 - i] = Math.round(samples[samples.length - 1 - i]! * gain);
  }
  return samples;
};

/**
 * Tells one callee that somebody else is on the line: a tone over whatever they are sent, from the first frame on in
 * which that person hears them, or can be heard. Only the callee hears it.
 */
export class CalleeNotice {
  readonly #when: Exclude<NoticeTone, "off">;
  readonly #tone: Int16Array;
  readonly #tell: (why: "listens" | "speaks") => void;
  readonly #mixed = new Uint8Array(FRAME_SAMPLES);
  #at: number;
  #beganMs = Number.NEGATIVE_INFINITY;

  /**
   * @param tone a whole number of frames; shared by calls
   * @param tell a tone begins
   */
  constructor(when: Exclude<NoticeTone, "off">, tone: Int16Array, tell: (why: "listens" | "speaks") => void) {
    this.#when = when;
    this.#tone = tone;
    this.#tell = tell;
    this.#at = tone.length;
  }

  /** The next frame to the callee holds some of the tone. */
  get sounds(): boolean {
    return this.#at < this.#tone.length;
  }

  /** It is the first that does. */
  get begins(): boolean {
    return this.#at === 0;
  }

  /** The callee is heard by somebody, whom they do not hear. */
  listens(nowMs: number): void {
    if (this.#when === "listen") this.#begin("listens", nowMs);
  }

  /** Somebody who was not heard before can be heard. */
  speaks(nowMs: number): void {
    this.#begin("speaks", nowMs);
  }

  #begin(why: "listens" | "speaks", nowMs: number): void {
    if (nowMs - this.#beganMs < ONCE_MS) return;
    this.#beganMs = nowMs;
    this.#at = 0;
    this.#tell(why);
  }

  /** The frame with the next 20 ms of the tone over it, valid until the next; only while it `sounds`. */
  over(frame: Uint8Array): Uint8Array {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sum = ulawDecode[frame[i]!]! + this.#tone[this.#at + i]!;
      this.#mixed[i] = encodeUlaw(Math.max(-FULL, Math.min(FULL, sum)));
    }
    this.#at += FRAME_SAMPLES;
    return this.#mixed;
  }
}
