import type { Ring } from "./ring.ts";

/** What the watch asks of the phone. */
export interface HelpParts {
  ring: Pick<Ring, "start" | "stop">;
  /** Whether this tab rings and notifies: one tab does. */
  isOwner(): boolean;
  /** The call the phone is on needs nobody to be told. */
  callId(): string | null;
  /** Whether the user wants to be told outside of the page too. */
  notifies(): boolean;
}

/**
 * Watches the calls that ask for help, `#help [data-help="call id"]`, wherever on the site the user is: rings for a new
 * one, counts them in the title, and hides those the user has put off with `[data-help-dismiss]` until they are gone.
 */
export class HelpWatch {
  readonly #parts: HelpParts;
  readonly #known = new Set<string>();
  readonly #putOff = new Set<string>();
  #open = 0;

  constructor(parts: HelpParts) {
    this.#parts = parts;
    document.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element)) return;
      const card = target.closest("[data-help-dismiss], #help [data-sp]")?.closest<HTMLElement>("[data-help]");
      if (card?.dataset.help) this.#putOffCall(card.dataset.help);
    });
    const place = document.getElementById("help");
    if (place) new MutationObserver(() => this.look()).observe(place, { childList: true, subtree: true });
    // Every page brings its own title.
    new MutationObserver(() => this.#count()).observe(document.head, { childList: true, subtree: true });
    this.look();
  }

  #putOffCall(callId: string): void {
    this.#putOff.add(callId);
    this.look();
  }

  /** Looks at the list again. */
  look(): void {
    const cards = [...document.querySelectorAll<HTMLElement>("#help [data-help]")];
    const listed = new Set(cards.map((card) => card.dataset.help ?? ""));
    for (const callId of this.#putOff) if (!listed.has(callId)) this.#putOff.delete(callId);
    for (const callId of this.#known) if (!listed.has(callId)) this.#known.delete(callId);
    const mine = this.#parts.callId();
    let isNew = false;
    this.#open = 0;
    for (const card of cards) {
      const callId = card.dataset.help ?? "";
      const isHidden = this.#putOff.has(callId) || callId === mine;
      if (card.hidden !== isHidden) card.hidden = isHidden;
      if (isHidden) continue;
      this.#open++;
      if (this.#known.has(callId)) continue;
      this.#known.add(callId);
      isNew = true;
      this.#notify(card);
    }
    if (isNew && this.#parts.isOwner()) this.#parts.ring.start();
    else if (this.#open === 0) this.#parts.ring.stop();
    this.#count();
  }

  #notify(card: HTMLElement): void {
    if (!this.#parts.isOwner() || !this.#parts.notifies() || !document.hidden) return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const title = `${card.querySelector("h2")?.textContent?.trim() ?? "A call"} needs help`;
    const body = card.querySelector("p")?.textContent?.trim() ?? "";
    const note = new Notification(title, { body, tag: card.dataset.help ?? "" });
    note.addEventListener("click", () => {
      window.focus();
      note.close();
    });
  }

  #count(): void {
    const plain = document.title.replace(/^\(\d+\) /, "");
    const title = this.#open > 0 ? `(${this.#open}) ${plain}` : plain;
    if (document.title !== title) document.title = title;
  }
}
