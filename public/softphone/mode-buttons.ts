import type { Mode, State } from "./machine.ts";
import { icon, make } from "./parts.ts";
import { MODES } from "./words.ts";

/** The four modes: the one that is in force is pressed, the one that was asked for is busy. */
export class ModeButtons {
  readonly element = make("div", { class: "dock-modes", role: "group", "aria-label": "Who hears you" });
  readonly #buttons: readonly { mode: Mode; element: HTMLButtonElement }[];

  constructor(ask: (mode: Mode) => void) {
    this.#buttons = MODES.map(({ mode, label, icon: symbol, key, sentence }) => {
      const element = make(
        "button",
        {
          type: "button",
          class: `btn mode-${mode}`,
          "data-mode": mode,
          "aria-pressed": "false",
          "aria-keyshortcuts": key,
          title: `${sentence} (${key})`,
        },
        icon(symbol),
        label,
      );
      element.addEventListener("click", () => ask(mode));
      return { mode, element };
    });
    this.element.append(...this.#buttons.map(({ element }) => element));
  }

  draw({ place }: State): void {
    this.element.hidden = place.at !== "in";
    if (place.at !== "in") return;
    for (const { mode, element } of this.#buttons) {
      element.setAttribute("aria-pressed", String(place.mode === mode));
      if (place.wish?.mode === mode) element.setAttribute("aria-busy", "true");
      else element.removeAttribute("aria-busy");
      // Kept reachable, so that the keyboard does not lose its place.
      const isOff = place.link === "lost" || !place.rights.includes(mode);
      if (isOff) element.setAttribute("aria-disabled", "true");
      else element.removeAttribute("aria-disabled");
    }
  }

  /** The button of the mode in force. */
  get pressed(): HTMLButtonElement | null {
    return this.#buttons.find(({ element }) => element.getAttribute("aria-pressed") === "true")?.element ?? null;
  }
}
