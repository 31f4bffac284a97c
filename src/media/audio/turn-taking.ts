import { FRAME_MS } from "./frame.ts";

/** Settings of the barge-in rule. */
export interface BargeInSettings {
  /** Voiced time that takes the turn from the agent. Less lets a cough do it, more talks over the callee. */
  confirmMs: number;
  /** The voiced time must lie within this stretch; longer than `confirmMs` by the gaps inside words. */
  windowMs: number;
  /** Voiced time that interrupts the opening: callees say "hello?" into it, and it must say who calls. */
  openingConfirmMs: number;
  openingWindowMs: number;
}

/** A word interrupts the agent; only somebody who goes on speaking interrupts the opening. */
export const BARGE_IN_DEFAULTS: BargeInSettings = {
  confirmMs: 120,
  windowMs: 300,
  openingConfirmMs: 800,
  openingWindowMs: 1600,
};

/** Voiced frames remembered: 2.56 s; the oldest is forgotten first. */
const CAPACITY_FRAMES = 128;

/**
 * Decides that the callee talks over the agent. Frames count only while the agent speaks, so words that end as the
 * agent begins do not stop it. Time is handed in; 20 ms of voice for each voiced frame.
 */
export class BargeIn {
  /** Barge-ins confirmed. */
  confirmed = 0;

  readonly #settings: BargeInSettings;
  readonly #voicedAtMs = new Float64Array(CAPACITY_FRAMES);
  #head = 0;
  #count = 0;

  constructor(settings: BargeInSettings = BARGE_IN_DEFAULTS) {
    this.#settings = settings;
  }

  /**
   * Takes one frame of the callee.
   * @param voiced the frame by itself, `Vad.frameVoiced`: hang-over would count silence as speech
   * @param agentSpeaking speech of the agent is being played
   * @param opening it is the opening
   * @returns true once, when the barge-in is confirmed; counting then begins anew
   */
  push(voiced: boolean, agentSpeaking: boolean, opening: boolean, nowMs: number): boolean {
    if (!agentSpeaking) {
      this.#count = 0;
      return false;
    }
    if (!voiced) return false;
    this.#voicedAtMs[this.#head] = nowMs;
    this.#head = (this.#head + 1) % CAPACITY_FRAMES;
    if (this.#count < CAPACITY_FRAMES) this.#count++;

    const since = nowMs - (opening ? this.#settings.openingWindowMs : this.#settings.windowMs);
    while (this.#count > 0 && this.#oldestMs() <= since) this.#count--;
    if (this.#count * FRAME_MS < (opening ? this.#settings.openingConfirmMs : this.#settings.confirmMs)) return false;
    this.#count = 0;
    this.confirmed++;
    return true;
  }

  /** Forgets the voiced frames so far. */
  reset(): void {
    this.#count = 0;
  }

  #oldestMs(): number {
    return this.#voicedAtMs[(this.#head - this.#count + CAPACITY_FRAMES) % CAPACITY_FRAMES]!;
  }
}
