import type { CallPanel } from "./call-desk.ts";
import { icon, make } from "./parts.ts";

/** Longest note, in characters; the server takes no more. */
const MOST = 2_000;

/** What can be written about a call; each rejects with words for the user. */
export interface NoteActions {
  note(text: string): Promise<void>;
  tag(tag: string): Promise<void>;
  untag(tag: string): Promise<void>;
}

/** Notes and tags of the call, for the team alone. */
export class PanelNotes {
  readonly element: HTMLElement;
  readonly #actions: NoteActions;
  readonly #tags = make("ul", { class: "tags", "aria-label": "Tags" });
  readonly #known = make("datalist", { id: "phone-known-tags" });
  readonly #tag = make("input", {
    id: "phone-tag",
    type: "text",
    maxlength: "40",
    autocomplete: "off",
    list: "phone-known-tags",
  });
  readonly #note = make("textarea", { id: "phone-note", rows: "2", maxlength: String(MOST) });
  readonly #notes = make("ol", { class: "notes" });
  readonly #outcome = make("p", { class: "small", role: "status" });
  #drawn = "";

  constructor(actions: NoteActions) {
    this.#actions = actions;
    this.element = make(
      "section",
      { class: "panel-notes" },
      make("h2", {}, "Notes and tags"),
      this.#form(this.#note, "Note", "Keep", "Only your team sees notes.", (text) => actions.note(text)),
      this.#form(this.#tag, "Tag", "Add", null, (tag) => actions.tag(tag)),
      this.#known,
      this.#outcome,
      this.#tags,
      this.#notes,
    );
  }

  #form(
    field: HTMLInputElement | HTMLTextAreaElement,
    label: string,
    word: string,
    hint: string | null,
    send: (text: string) => Promise<void>,
  ): HTMLFormElement {
    const form = make(
      "form",
      {},
      make("label", { for: field.id }, label),
      make("div", { class: "cluster" }, field, make("button", { class: "btn" }, word)),
      ...(hint ? [make("p", { class: "small muted" }, hint)] : []),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text === "") return field.focus();
      this.#report(
        send(text).then(() => {
          field.value = "";
        }),
      );
    });
    return form;
  }

  #report(work: Promise<void>): void {
    work.then(
      () => {
        this.#outcome.textContent = "Kept.";
      },
      (error: unknown) => {
        this.#outcome.textContent = error instanceof Error ? error.message : "It could not be kept.";
      },
    );
  }

  /** Shows what is known now; fields that are being written in are left alone. */
  draw({ notes, tags, suggestions }: Pick<CallPanel, "notes" | "tags" | "suggestions">): void {
    const text = JSON.stringify([notes, tags, suggestions]);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.#tags.hidden = tags.length === 0;
    this.#tags.replaceChildren(...tags.map((tag) => this.#tagItem(tag)));
    this.#known.replaceChildren(...suggestions.map((tag) => make("option", { value: tag })));
    this.#notes.hidden = notes.length === 0;
    this.#notes.replaceChildren(
      ...notes.map(({ author, text: words }) =>
        make("li", {}, make("p", { class: "pre" }, words), make("small", {}, author)),
      ),
    );
  }

  #tagItem(tag: string): HTMLLIElement {
    const off = make(
      "button",
      { type: "button", class: "btn quiet icon small", "aria-label": `Take the tag “${tag}” off` },
      icon("x"),
    );
    off.addEventListener("click", () => this.#report(this.#actions.untag(tag)));
    return make("li", { class: "tag" }, make("span", {}, tag), off);
  }

  /** Forgets what was shown and written: another call. */
  clear(): void {
    this.draw({ notes: [], tags: [], suggestions: [] });
    this.#note.value = "";
    this.#tag.value = "";
    this.#outcome.textContent = "";
  }

  /** Puts the keyboard into the note. */
  focus(): void {
    this.#note.focus();
  }
}
