import type { CallPanel } from "./call-desk.ts";
import type { Kept } from "./kept.ts";
import type { State } from "./machine.ts";
import { PanelKeypad } from "./panel-keypad.ts";
import { type NoteActions, PanelNotes } from "./panel-notes.ts";
import { PanelSettings, type SettingActions } from "./panel-settings.ts";
import { PanelWords, type TellAi } from "./panel-words.ts";
import { button, make } from "./parts.ts";
import { modeWords } from "./words.ts";

/** What can be asked for in the panel. */
export interface PanelActions extends NoteActions, SettingActions {
  tell: TellAi;
  press(digit: string): Promise<void>;
  endCall(): void;
  /** It was opened or closed. */
  shown(isShown: boolean): void;
}

/** The panel above the bar: what belongs to the call but is not needed every second. */
export class Panel {
  readonly element = make("div", { class: "dock-panel", id: "phone-panel", role: "group", "aria-label": "Call panel" });
  readonly settings: PanelSettings;
  readonly #words: PanelWords;
  readonly #notes: PanelNotes;
  readonly #keypad: PanelKeypad;
  readonly #others = make("section", { class: "panel-others" });
  readonly #side = make("div", { class: "panel-side" });
  readonly #end: HTMLElement;
  readonly #shown: (isShown: boolean) => void;
  #callId: string | null = null;

  constructor(kept: Kept, actions: PanelActions) {
    this.#words = new PanelWords(actions.tell);
    this.#notes = new PanelNotes(actions);
    this.#keypad = new PanelKeypad(actions.press);
    this.settings = new PanelSettings(kept, actions);
    this.#shown = actions.shown;
    this.#end = make(
      "section",
      { class: "panel-end" },
      button("danger", "phone-off", "End call", () => actions.endCall()),
    );
    this.#side.append(this.#others, this.#keypad.element, this.#end);
    this.element.hidden = true;
    this.element.append(this.#words.element, this.#notes.element, this.#side, this.settings.element);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Opens or closes it. */
  show(isShown: boolean): void {
    if (this.isOpen === isShown) return;
    this.element.hidden = !isShown;
    this.#shown(isShown);
  }

  draw(state: State): void {
    const { place } = state;
    const isIn = place.at === "in";
    for (const part of [this.#words.element, this.#notes.element, this.#side]) part.hidden = !isIn;
    this.#keypad.draw(state);
    this.#end.hidden = !isIn || !place.rights.includes("hang-up");
    this.#drawOthers(state);
    const callId = isIn ? place.call.id : null;
    if (callId === this.#callId) return;
    this.#callId = callId;
    this.#words.clear();
    this.#notes.clear();
  }

  #drawOthers({ place, roster }: State): void {
    const others = place.at === "in" ? roster.filter(({ seatId }) => seatId !== place.seatId) : [];
    this.#others.replaceChildren(
      make("h2", {}, "Also on this call"),
      others.length === 0
        ? make("p", { class: "small muted" }, "Nobody else.")
        : make(
            "ul",
            { class: "cluster" },
            ...others.map(({ name, mode }) =>
              make("li", { class: `badge mode-${mode}` }, `${name}: ${modeWords(mode).label.toLowerCase()}`),
            ),
          ),
    );
  }

  /** Shows what the server knows about the call. */
  drawCall(panel: CallPanel): void {
    if (panel.call_id !== this.#callId) return;
    this.#words.draw(panel.turns);
    this.#notes.draw(panel);
  }

  /** Opens it at the notes. */
  toNotes(): void {
    this.show(true);
    this.#notes.focus();
  }

  /** Opens it at the keypad. */
  toKeypad(): void {
    this.show(true);
    this.#keypad.focus();
  }
}
