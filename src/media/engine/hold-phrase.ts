import { FRAME_SAMPLES, ULAW_SILENCE } from "../audio/frame.ts";
import type { SpokenLine } from "./protocol.ts";

/** A sentence for the callee while nobody else speaks with them: gives its frames one by one. */
export class HoldPhrase {
  readonly text: string;
  readonly startMs: number;
  readonly #audio: Uint8Array;
  #at = 0;

  /** @param startMs when it begins, in ms since the answer */
  constructor(line: SpokenLine, startMs: number) {
    this.text = line.text;
    this.startMs = startMs;
    this.#audio = line.audio;
  }

  /** Part of it that was heard, 0..1. */
  get heard(): number {
    return this.#audio.length === 0 ? 1 : Math.min(1, this.#at / this.#audio.length);
  }

  /** Writes the next frame to `target`; false when it is over. */
  read(target: Uint8Array): boolean {
    const left = this.#audio.length - this.#at;
    if (left <= 0) return false;
    for (let i = 0; i < FRAME_SAMPLES; i++) target[i] = this.#audio[this.#at + i] ?? ULAW_SILENCE;
    this.#at += FRAME_SAMPLES;
    return true;
  }
}
