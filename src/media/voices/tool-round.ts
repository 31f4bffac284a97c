/**
 * The tools one answer called, until the last outcome is there: several calls lead to one response. Also knows which
 * outcomes the service has not confirmed yet, so that a response it starts meanwhile is not taken for one about them.
 */
export class ToolRound {
  readonly #open = new Set<string>();
  readonly #unseen = new Set<string>();
  #respond = false;

  /** Calls without an outcome. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The service has all outcomes that were sent. */
  get isSeen(): boolean {
    return this.#unseen.size === 0;
  }

  called(callId: string): void {
    this.#open.add(callId);
  }

  /** An outcome; true when it was the last and one of them wants to be spoken about. */
  outcome(callId: string, respond: boolean): boolean {
    this.#open.delete(callId);
    this.#respond ||= respond;
    if (this.#open.size > 0 || !this.#respond) return false;
    this.#respond = false;
    return true;
  }

  /** An outcome went out as this item. */
  sent(itemId: string): void {
    this.#unseen.add(itemId);
  }

  /** The service has this item. */
  seen(itemId: string): void {
    this.#unseen.delete(itemId);
  }

  /** Another session gets the outcomes with the conversation. */
  moved(): void {
    this.#unseen.clear();
  }
}
