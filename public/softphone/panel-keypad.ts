import type { State } from "./machine.ts";
import { make, setText } from "./parts.ts";

const SPOKEN: Readonly<Record<string, string>> = { "*": "Star", "#": "Hash" };

/** Keys of a telephone, for whoever speaks with the caller. */
export class PanelKeypad {
  readonly element: HTMLElement;
  readonly #keys = make("div", { class: "keypad", role: "group", "aria-label": "Keypad" });
  readonly #pressed = make("output", { class: "num", "aria-live": "off" });
  readonly #why = make("p", { class: "small muted" }, "Keys are sent in Barge in and Take over.");

  /** @param press sends one key; rejects with words for the user */
  constructor(press: (digit: string) => Promise<void>) {
    for (const digit of "123456789*0#") {
      const key = make("button", { type: "button", class: "btn" }, digit);
      if (SPOKEN[digit]) key.setAttribute("aria-label", SPOKEN[digit]);
      key.addEventListener("click", () =>
        press(digit).then(
          () => setText(this.#pressed, `${this.#pressed.textContent}${digit}`.slice(-16)),
          (error: unknown) => setText(this.#pressed, error instanceof Error ? error.message : "It was not sent."),
        ),
      );
      this.#keys.append(key);
    }
    this.element = make(
      "section",
      { class: "panel-keypad" },
      make("h2", {}, "Keypad"),
      this.#why,
      this.#keys,
      this.#pressed,
    );
  }

  draw({ place }: State): void {
    const isOn = place.at === "in" && place.link === "ok" && (place.mode === "barge" || place.mode === "takeover");
    this.#keys.hidden = !isOn;
    this.#why.hidden = isOn;
    if (!isOn) setText(this.#pressed, "");
  }

  /** Puts the keyboard on the first key. */
  focus(): void {
    this.#keys.querySelector("button")?.focus();
  }
}
