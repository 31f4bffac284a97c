/** A turn the service should answer by itself is answered on our request after this long, in ms. */
const OWED_MS = 2500;
/** The agent was cut, but the service heard nobody: it is told to go on after this long, in ms. */
const CUT_MS = 2500;

/** How a turn of the callee comes to its answer. */
export type TurnFate = "held" | "ask" | "service-answers" | "after-response";

/**
 * Whose turn it is to speak, and what the agent owes: it keeps silent until its opening is over and while a supervisor
 * speaks in its place, and leaves nobody waiting at other times. Pure; times are the engine's ms.
 */
export class Floor {
  /** The opening is over. */
  mayAnswer = false;
  /** A supervisor speaks in the agent's place. */
  held = false;
  #openingCut = false;
  /** A turn ended before the agent may answer. */
  #heldTurn = false;
  /** A turn ended while a cancelled response was not yet over, so the service cannot answer it by itself. */
  #answerAfter = false;
  #owedSinceMs = -1;
  #cutSinceMs = -1;

  /** The service is to answer turns by itself. */
  get answers(): boolean {
    return this.mayAnswer && !this.held;
  }

  /** The service owes an answer. */
  get isOwed(): boolean {
    return this.#owedSinceMs >= 0;
  }

  /** The opening is over; true when the speech that cut it has to be answered on request, as it ended before now. */
  openingOver(calleeSpeaks: boolean): boolean {
    this.mayAnswer = true;
    const ask = this.#openingCut && this.#heldTurn && !calleeSpeaks && !this.held;
    this.#heldTurn = false;
    return ask;
  }

  /** The agent was cut. */
  cut(nowMs: number, calleeSpeaks: boolean): void {
    if (!this.mayAnswer) this.#openingCut = true;
    if (!calleeSpeaks && !this.held) this.#cutSinceMs = nowMs;
  }

  /** The callee begins to speak. */
  calleeSpeaks(): void {
    this.#cutSinceMs = -1;
  }

  /** The callee's turn is over. `running`: a response is being made, which keeps the service from starting another. */
  turnEnded(the: { nowMs: number; serviceAnswers: boolean; running: boolean }): TurnFate {
    this.#cutSinceMs = -1;
    if (this.held) return "held";
    if (!this.mayAnswer) {
      this.#heldTurn = true;
      return "held";
    }
    if (!the.serviceAnswers) return "ask";
    if (the.running) return "after-response";
    this.#owedSinceMs = the.nowMs;
    return "service-answers";
  }

  /** The turn that ended is answered once the running response is over. */
  answerAfter(): void {
    this.#answerAfter = true;
  }

  /** A response begins. */
  answering(): void {
    this.#owedSinceMs = this.#cutSinceMs = -1;
    this.#answerAfter = false;
  }

  /** A response is over; true when the turn that waited for it is to be answered now. */
  responseOver(): boolean {
    const ask = this.#answerAfter;
    this.#answerAfter = false;
    return ask;
  }

  /** Somebody has waited too long; told once. */
  isLate(nowMs: number): boolean {
    const owed = this.#owedSinceMs >= 0 && nowMs - this.#owedSinceMs > OWED_MS;
    const cut = this.#cutSinceMs >= 0 && nowMs - this.#cutSinceMs > CUT_MS;
    if (!owed && !cut) return false;
    this.#owedSinceMs = this.#cutSinceMs = -1;
    return this.mayAnswer;
  }

  /** The session is gone; true when it owed an answer, which the next one gives. */
  breakOff(): boolean {
    const owed = this.#owedSinceMs >= 0 || this.#answerAfter;
    this.answering();
    return owed;
  }

  /** A supervisor takes over: nothing is owed any more. */
  hold(): void {
    this.held = true;
    this.#heldTurn = false;
    this.answering();
  }

  /** The agent has its turn again. Somebody has spoken in this call, so the opening is over as well. */
  release(): void {
    this.held = false;
    this.mayAnswer = true;
  }
}
