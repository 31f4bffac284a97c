import type { CallPanel } from "./call-desk.ts";
import { icon, make } from "./parts.ts";

/** Longest guidance, in characters, as the server takes it. */
const MOST = 2_000;

/** What is often said to an AI on the phone, one press each. */
const PHRASES = [
  "Ask them to say that again.",
  "Repeat what was agreed.",
  "Offer to call back later.",
  "Thank them and say goodbye.",
] as const;

/** Tells the AI something; rejects with words for the user. */
export type TellAi = (text: string, now: boolean) => Promise<void>;

/** The last words of the call, and a way to tell the AI something that the caller does not hear. */
export class PanelWords {
  readonly element: HTMLElement;
  readonly #tell: TellAi;
  readonly #list = make("ol", { class: "log" });
  readonly #text = make("input", {
    id: "phone-whisper",
    type: "text",
    maxlength: String(MOST),
    autocomplete: "off",
    placeholder: "Ask for the address, too.",
  });
  readonly #now = make("input", { type: "checkbox", id: "phone-now" });
  readonly #outcome = make("p", { class: "small", role: "status" });
  #drawn = "";

  constructor(tell: TellAi) {
    this.#tell = tell;
    const form = make(
      "form",
      { class: "whisper-form" },
      make("label", { for: this.#text.id }, "Whisper to the AI by text"),
      make("div", { class: "cluster" }, this.#text, make("button", { class: "btn" }, icon("send"), "Send")),
      make("label", { class: "checkbox", for: this.#now.id }, this.#now, "Now: it stops and takes this up at once"),
      make("div", { class: "cluster phrases" }, ...PHRASES.map((phrase) => this.#phrase(phrase))),
      this.#outcome,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text === "") return this.#text.focus();
      this.#send(text, () => {
        this.#text.value = "";
      });
    });
    this.element = make(
      "section",
      { class: "panel-words" },
      make("h2", {}, "Last words"),
      make(
        "div",
        { class: "stick", role: "log", "aria-live": "off", "aria-label": "Last words", tabindex: "0" },
        this.#list,
      ),
      form,
    );
  }

  #phrase(phrase: string): HTMLButtonElement {
    const element = make("button", { type: "button", class: "btn small" }, phrase);
    element.addEventListener("click", () => this.#send(phrase, () => {}));
    return element;
  }

  #send(text: string, done: () => void): void {
    this.#outcome.textContent = "Telling the AI…";
    this.#tell(text, this.#now.checked).then(
      () => {
        done();
        this.#outcome.textContent = "The AI was told. The caller heard nothing of it.";
      },
      (error: unknown) => {
        this.#outcome.textContent = error instanceof Error ? error.message : "It could not be told.";
      },
    );
  }

  /** Shows these turns, the newest last. */
  draw(turns: CallPanel["turns"]): void {
    const text = JSON.stringify(turns);
    if (text === this.#drawn) return;
    this.#drawn = text;
    const items = turns.map(({ speaker, name, text: words, whispered, partial }) =>
      make(
        "li",
        { class: ["turn", speaker, whispered ? "whispered" : "", partial ? "partial" : ""].filter(Boolean).join(" ") },
        make("div", { class: "turn-who" }, make("span", {}, whispered ? `${name} to the AI` : name)),
        make("p", {}, words || "…"),
      ),
    );
    this.#list.replaceChildren(
      ...(items.length > 0 ? items : [make("li", { class: "muted small" }, "Waiting for the first words.")]),
    );
  }

  /** Forgets what was shown and written: another call. */
  clear(): void {
    this.draw([]);
    this.#text.value = "";
    this.#now.checked = false;
    this.#outcome.textContent = "";
  }
}
