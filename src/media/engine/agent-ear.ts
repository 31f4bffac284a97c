import { FRAME_MS, FRAME_SAMPLES } from "../audio/frame.ts";
import { decodeUlaw, encodeUlawFrame } from "../audio/g711.ts";
import { Limiter, mixInto } from "../audio/mixer.ts";

/** Frames of the supervisor kept for callee's frames that come in bursts; when full, the oldest is dropped. */
const WAITING_FRAMES = 8;
/** Frames of the past whose voices are known: two minutes. */
const KNOWN_FRAMES = 6000;
/** Who was voiced in a frame. */
const CALLEE = 1;
const SUPERVISOR = 2;
/** Voice of the callee that makes a turn the callee's, in frames: shorter is breath or the line's echo. */
const CALLEE_FRAMES = 5;

/**
 * What the agent hears while a supervisor is on the line: the callee, with the supervisor's voice over it. The callee's
 * frames set the pace, as they arrive. It remembers who spoke when, as the agent cannot tell the two apart.
 */
export class AgentEar {
  /** Frames of the supervisor that the agent did not hear because the callee's came too slowly. */
  droppedFrames = 0;
  readonly #waiting = new Uint8Array(WAITING_FRAMES * FRAME_SAMPLES);
  readonly #sounds = new Uint8Array(WAITING_FRAMES);
  readonly #voiced = new Uint8Array(WAITING_FRAMES);
  #first = 0;
  #count = 0;
  readonly #who = new Uint8Array(KNOWN_FRAMES);
  readonly #from: number;
  #next: number;
  readonly #limiter = new Limiter();
  readonly #sums = new Int32Array(FRAME_SAMPLES);
  readonly #pcm = new Int16Array(FRAME_SAMPLES);
  readonly #mixed = new Uint8Array(FRAME_SAMPLES);

  /** @param next number of the frame that the agent hears next, counted from 0 at the answer */
  constructor(next: number) {
    this.#from = this.#next = next;
  }

  /** The supervisor's frame of this tick, to be heard with the callee's next one; null is silence. */
  speak(frame: Uint8Array | null, voiced: boolean): void {
    if (this.#count === WAITING_FRAMES) {
      this.#first = (this.#first + 1) % WAITING_FRAMES;
      this.#count--;
      this.droppedFrames++;
    }
    const slot = (this.#first + this.#count++) % WAITING_FRAMES;
    this.#sounds[slot] = frame === null ? 0 : 1;
    this.#voiced[slot] = voiced ? SUPERVISOR : 0;
    if (frame !== null) this.#waiting.set(frame, slot * FRAME_SAMPLES);
  }

  /** The supervisor is heard no more: nothing of what waits is. */
  hush(): void {
    this.#count = 0;
  }

  /** What the agent hears with this frame of the callee: the frame itself, or a buffer valid until the next call. */
  hear(callee: Uint8Array): Uint8Array {
    const at = this.#next % KNOWN_FRAMES;
    this.#who[at] = 0;
    if (this.#count === 0) return callee;
    const slot = this.#first;
    this.#first = (slot + 1) % WAITING_FRAMES;
    this.#count--;
    this.#who[at] = this.#voiced[slot]!;
    if (this.#sounds[slot] === 0) return callee;
    decodeUlaw(callee, 0, this.#pcm, 0, FRAME_SAMPLES);
    mixInto(this.#sums, this.#pcm, 0, FRAME_SAMPLES);
    decodeUlaw(this.#waiting, slot * FRAME_SAMPLES, this.#pcm, 0, FRAME_SAMPLES);
    mixInto(this.#sums, this.#pcm, 0, FRAME_SAMPLES);
    this.#limiter.drain(this.#sums, this.#pcm, 0, FRAME_SAMPLES);
    encodeUlawFrame(this.#pcm, 0, this.#mixed, 0, FRAME_SAMPLES);
    return this.#mixed;
  }

  /** Whether the callee's frame heard just now was voiced; after each `hear`. */
  heard(calleeVoiced: boolean): void {
    if (calleeVoiced) this.#who[this.#next % KNOWN_FRAMES]! |= CALLEE;
    this.#next++;
  }

  /** Whether only the supervisor spoke in this stretch of what the agent heard; false where it is not known. */
  isSupervisorAlone(startMs: number, endMs: number): boolean {
    const from = Math.floor(startMs / FRAME_MS);
    const to = Math.min(Math.ceil(endMs / FRAME_MS), this.#next);
    if (from < this.#from || from < this.#next - KNOWN_FRAMES) return false;
    let callee = 0;
    let supervisor = 0;
    for (let i = from; i < to; i++) {
      const who = this.#who[i % KNOWN_FRAMES]!;
      if (who & CALLEE) callee++;
      if (who & SUPERVISOR) supervisor++;
    }
    return supervisor > 0 && callee < CALLEE_FRAMES;
  }
}
