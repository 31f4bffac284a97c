import { FRAME_MS, FRAME_SAMPLES } from "../audio/frame.ts";
import { ulawEnergy } from "../audio/level.ts";
import { Vad, type VadSettings } from "../audio/vad.ts";

/**
 * Quiet that ends a stretch of speech by itself, in frames: 2 s. Who listens on an open microphone says so sooner; a talk
 * button is let go, and until then a pause to think does not tear a sentence apart.
 */
const END_FRAMES = 2000 / FRAME_MS;
/** Sound before its onset and after its end that belongs to a stretch, in frames: soft first and last letters. */
const BEFORE_FRAMES = 300 / FRAME_MS;
const AFTER_FRAMES = 200 / FRAME_MS;
/** A stretch that its speaker ended takes this much more at most, in ms: a button is faster than sound on its way. */
export const STRAGGLERS_MS = 400;
/** Longest stretch, in frames: 20 s. Who never pauses is written down in pieces, so that words come while they count. */
const LONGEST_FRAMES = 20_000 / FRAME_MS;
/** A headset is close to the mouth and its browser removes noise, but some people really whisper. */
const CLOSE_SPEECH: VadSettings = {
  snrDb: 8,
  minimumDbov: -55,
  onsetFrames: 3,
  onsetWindowFrames: 5,
  hangoverFrames: 10,
};

/**
 * Cuts one person's microphone into stretches of speech, by energy: from a little before the first sound to a little
 * after the last. Frames count from 0; `from` and `to` are those of the newest stretch, `to` not included.
 */
export class SpeechStretches {
  /** Somebody speaks: a stretch has begun and has not ended. */
  isOpen = false;
  from = 0;
  to = 0;
  /** How long somebody spoke in it, without what was added at both ends. */
  spokenFrames = 0;
  /** Its speaker ended it, its last sounds are still to come. */
  isEnding = false;
  readonly #vad = new Vad(CLOSE_SPEECH);
  #frames = 0;
  #voicedAt = 0;
  #onsetAt = 0;
  #endingAt = 0;

  /** Takes the next 160-byte µ-law frame; true when a stretch ended with it. */
  push(frame: Uint8Array): boolean {
    const speech = this.#vad.push(ulawEnergy(frame, 0, FRAME_SAMPLES));
    this.#frames++;
    if (this.#vad.frameVoiced) this.#voicedAt = this.#frames;
    if (!this.isOpen) {
      if (!speech) return false;
      this.isOpen = true;
      this.#onsetAt = this.#frames - CLOSE_SPEECH.onsetFrames;
      this.from = Math.max(this.to, this.#onsetAt - BEFORE_FRAMES);
      return false;
    }
    const quiet = this.#frames - this.#voicedAt;
    if (this.isEnding && (quiet >= AFTER_FRAMES || (this.#frames - this.#endingAt) * FRAME_MS >= STRAGGLERS_MS)) {
      return this.#close(Math.min(this.#frames, this.#voicedAt + AFTER_FRAMES));
    }
    if (quiet >= END_FRAMES) return this.#close(this.#voicedAt + AFTER_FRAMES);
    return this.#frames - this.from >= LONGEST_FRAMES && this.#close(this.#frames);
  }

  /** The speaker says that this is the end; true when a stretch ended with it. It may take a little more: `isEnding`. */
  end(): boolean {
    if (!this.isOpen) return false;
    if (this.#frames - this.#voicedAt >= AFTER_FRAMES) return this.finish();
    if (!this.isEnding) this.#endingAt = this.#frames;
    this.isEnding = true;
    return false;
  }

  /** Nothing more comes; true when a stretch ended with it. */
  finish(): boolean {
    return this.isOpen && this.#close(Math.min(this.#frames, this.#voicedAt + AFTER_FRAMES));
  }

  #close(to: number): boolean {
    this.isOpen = this.isEnding = false;
    this.to = to;
    this.spokenFrames = this.#voicedAt - this.#onsetAt;
    return true;
  }
}
