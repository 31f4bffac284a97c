/** Utterances whose words are awaited at once; the oldest of more are given up, as nobody waits that long. */
const CAPACITY = 20;

/** One stretch of a supervisor's speech, from its first frame until its words are final. */
export interface OwedUtterance {
  /** Stable within one transcriber. */
  key: string;
  /** First frame, and the one after the last; −1 while it is being said. */
  from: number;
  to: number;
  /** Frames before this one went to the running session. */
  sentTo: number;
  /** The running session was told of its end, by an event of this name; empty before. */
  commitId: string;
  endedAtMs: number;
  /** Its name in the running session; empty until it is told. */
  itemId: string;
  text: string;
}

/**
 * Utterances that are not written down yet, in order. What one session did not write down is said again to the next, as
 * long as its sound is kept.
 */
export class OwedUtterances {
  readonly #owed: OwedUtterance[] = [];
  #begun = 0;

  get all(): readonly OwedUtterance[] {
    return this.#owed;
  }

  /** One that was said to its end waits for its words. */
  get areOwed(): boolean {
    return this.#owed.some(({ to }) => to >= 0);
  }

  /** Somebody begins to speak; returns one that is given up for it, if there are too many. */
  begin(from: number): OwedUtterance | null {
    const key = `supervisor-${++this.#begun}`;
    this.#owed.push({ key, from, to: -1, sentTo: from, commitId: "", endedAtMs: 0, itemId: "", text: "" });
    return this.#owed.length > CAPACITY ? (this.#owed.shift() ?? null) : null;
  }

  /** The one that is being said ends before frame `to`. */
  end(to: number, nowMs: number): void {
    const last = this.#owed.at(-1);
    if (!last || last.to >= 0) return;
    last.to = to;
    last.endedAtMs = nowMs;
  }

  /** The session names the oldest utterance that it was told of and has not named. */
  named(itemId: string): void {
    const owed = this.#owed.find((one) => one.commitId !== "" && one.itemId === "");
    if (owed) owed.itemId = itemId;
  }

  of(itemId: string): OwedUtterance | null {
    return this.#owed.find((one) => one.itemId === itemId) ?? null;
  }

  committedBy(eventId: string | null | undefined): OwedUtterance | null {
    return this.#owed.find(({ commitId }) => commitId !== "" && commitId === eventId) ?? null;
  }

  /** Its words are final, or will never come. */
  settle(utterance: OwedUtterance): void {
    const at = this.#owed.indexOf(utterance);
    if (at >= 0) this.#owed.splice(at, 1);
  }

  /** The session is gone: another one has to hear all of it from its first frame that is kept. */
  sayAgain(oldestFrame: number): void {
    for (const utterance of this.#owed) {
      utterance.from = utterance.sentTo = Math.max(utterance.from, oldestFrame);
      utterance.commitId = utterance.itemId = utterance.text = "";
    }
  }
}
