import { levelDbov, meanSquareOf } from "./level.ts";

/** Settings of the voice detector; frames are 20 ms. */
export interface VadSettings {
  /** A frame is voiced if it is this much louder than the noise floor. Less takes breath and traffic for speech. */
  snrDb: number;
  /** … and at least this loud, however quiet the line. */
  minimumDbov: number;
  /** Speech begins with this many voiced frames … */
  onsetFrames: number;
  /** … among this many, at most 32. Clicks are shorter, the gaps inside words fit in. */
  onsetWindowFrames: number;
  /** Speech goes on for this many unvoiced frames: the closures of plosives and short pauses between words. */
  hangoverFrames: number;
}

/** Works on telephone lines from quiet rooms to cars. Onset is found 60 ms in, the end is told 200 ms after it. */
export const VAD_DEFAULTS: VadSettings = {
  snrDb: 10,
  minimumDbov: -50,
  onsetFrames: 3,
  onsetWindowFrames: 5,
  hangoverFrames: 10,
};

/** The floor never leaves this range: below is digital silence, above a steady sound that loud is worth hearing. */
const FLOOR_MIN = meanSquareOf(-75);
const FLOOR_MAX = meanSquareOf(-35);
const FLOOR_START = meanSquareOf(-60);
/** Frames quieter than this are gaps filled by a gateway or by ourselves and say nothing about the room. */
const DIGITAL_SILENCE = meanSquareOf(-78);
/** Share of the way the floor falls to a quieter frame. */
const FALL = 0.25;
/** The floor follows the quietest frame of the last one to two of these stretches: 1 s, in which speech has a gap. */
const STRETCH_FRAMES = 50;
/** Fastest rise of the floor each frame: 12 dB a second, so that one long vowel does not count as noise. */
const RISE = 10 ** (12 / 50 / 10);

/**
 * Tells speech from noise by energy over an adaptive noise floor. Holds no audio; give it every frame of a stream.
 * Steady noise is learned in one to three seconds, depending on how loud it is.
 */
export class Vad {
  /** The last frame by itself, without onset and hang-over. */
  frameVoiced = false;
  /** Speech now: what `push` returned last. */
  voiced = false;
  /** Frames taken, and how many of them were voiced by themselves. */
  frames = 0;
  voicedFrames = 0;

  readonly #snr: number;
  readonly #minimum: number;
  readonly #onset: number;
  readonly #window: number;
  readonly #hangover: number;
  #floor = FLOOR_START;
  #quietestBefore = Number.POSITIVE_INFINITY;
  #quietest = Number.POSITIVE_INFINITY;
  #stretch = 0;
  /** One bit a frame, newest lowest. */
  #recent = 0;
  #hold = 0;

  constructor(settings: VadSettings = VAD_DEFAULTS) {
    this.#snr = 10 ** (settings.snrDb / 10);
    this.#minimum = meanSquareOf(settings.minimumDbov);
    this.#onset = settings.onsetFrames;
    this.#window = settings.onsetWindowFrames >= 32 ? -1 : (1 << settings.onsetWindowFrames) - 1;
    this.#hangover = settings.hangoverFrames;
  }

  /** Level the detector takes for the room's noise, in dBov. */
  get floorDbov(): number {
    return levelDbov(this.#floor);
  }

  /** Takes the mean square of the next frame (`ulawEnergy`); returns whether this is speech. */
  push(meanSquare: number): boolean {
    this.frameVoiced = meanSquare >= this.#minimum && meanSquare >= this.#floor * this.#snr;
    this.frames++;
    if (this.frameVoiced) this.voicedFrames++;
    if (meanSquare >= DIGITAL_SILENCE) this.#learn(meanSquare);

    this.#recent = ((this.#recent << 1) | (this.frameVoiced ? 1 : 0)) & this.#window;
    if (this.voiced) {
      this.#hold = this.frameVoiced ? this.#hangover : this.#hold - 1;
      if (this.#hold < 0) this.voiced = false;
    } else if (this.frameVoiced && ones(this.#recent) >= this.#onset) {
      this.voiced = true;
      this.#hold = this.#hangover;
    }
    return this.voiced;
  }

  /** A new stream begins: forgets speech and noise. */
  reset(): void {
    this.frameVoiced = this.voiced = false;
    this.#floor = FLOOR_START;
    this.#quietestBefore = this.#quietest = Number.POSITIVE_INFINITY;
    this.#stretch = 0;
    this.#recent = this.#hold = 0;
  }

  #learn(meanSquare: number): void {
    if (++this.#stretch > STRETCH_FRAMES) {
      this.#quietestBefore = this.#quietest;
      this.#quietest = meanSquare;
      this.#stretch = 1;
    } else if (meanSquare < this.#quietest) {
      this.#quietest = meanSquare;
    }
    const floor = this.#floor;
    const quietest = Math.min(this.#quietest, this.#quietestBefore);
    const next = quietest < floor ? floor + (quietest - floor) * FALL : Math.min(quietest, floor * RISE);
    this.#floor = Math.max(FLOOR_MIN, Math.min(FLOOR_MAX, next));
  }
}

function ones(bits: number): number {
  let left = bits;
  let count = 0;
  for (; left !== 0; count++) left &= left - 1;
  return count;
}
