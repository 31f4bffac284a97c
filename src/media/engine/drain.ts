/** Quiet after the last speech before a drain is done: the far end's own buffer plays on for about this long, in ms. */
const TAIL_MS = 200;
/** How long a drain waits for speech that was announced but has not begun, in ms. */
const START_MS = 5000;

/** Waits until all that was said has been heard: see the `drain` command. Time is handed in. */
export class Drain {
  readonly isFirm: boolean;
  readonly #deadlineMs: number;
  readonly #awaited: number;
  /** Speech is still to begin; given up at this time. */
  #startByMs: number;
  #quietSinceMs = -1;

  /**
   * @param maxMs it is over after this long, whatever is being said
   * @param awaited number of the utterance that is about to begin, counted from 1; 0 where none is
   * @param isFirm nobody can talk it away
   */
  constructor(nowMs: number, maxMs: number, awaited: number, isFirm: boolean) {
    this.isFirm = isFirm;
    this.#deadlineMs = nowMs + maxMs;
    this.#awaited = awaited;
    this.#startByMs = awaited > 0 ? nowMs + START_MS : nowMs;
  }

  /**
   * Whether it is over now.
   * @param speaking something is being played, or waits to be
   * @param begun utterances begun so far
   */
  isOver(nowMs: number, speaking: boolean, begun: number): boolean {
    if (nowMs >= this.#deadlineMs) return true;
    if (speaking) {
      this.#quietSinceMs = -1;
      // What was being said before is not what is awaited, and the voice makes that only after it.
      this.#startByMs = begun >= this.#awaited ? nowMs : nowMs + START_MS;
      return false;
    }
    if (nowMs < this.#startByMs) return false;
    if (this.#quietSinceMs < 0) this.#quietSinceMs = nowMs;
    return nowMs - this.#quietSinceMs >= TAIL_MS;
  }
}
