import type { Party } from "../../src/media/supervision/messages.ts";
import { MODES, type State, wordsFor } from "./machine.ts";
import { icon, make } from "./parts.ts";
import type { Quality } from "./quality.ts";

/** What the user can press in the dock. */
export interface DockActions {
  leave(): void;
  joinAgain(): void;
  turnSoundOn(): void;
  dismiss(): void;
}

const PARTIES: readonly { party: Party; label: string }[] = [
  { party: "callee", label: "Callee" },
  { party: "agent", label: "AI agent" },
];

const button = (kind: string, symbol: string, label: string, press: () => void): HTMLButtonElement => {
  const element = make("button", { type: "button", class: `btn ${kind}` }, icon(symbol), label);
  element.addEventListener("click", press);
  return element;
};

/** The dock's elements, drawn from the state; it decides nothing. */
export class Dock {
  /** What the host element holds. */
  readonly nodes: Node[];
  readonly #badge = make("span", { class: "badge" });
  readonly #title = make("strong");
  readonly #sentence = make("span");
  readonly #mode = make("span", { class: "badge mode" });
  readonly #time = make("span", { class: "dock-time", role: "timer", "aria-live": "off" });
  readonly #sound = make("div", { class: "dock-sound" });
  readonly #bars = make("span", { class: "bars", role: "img" }, make("i"), make("i"), make("i"));
  readonly #meters: Record<Party, HTMLElement> = { callee: make("i"), agent: make("i") };
  readonly #shown: Record<Party, number> = { callee: -1, agent: -1 };
  readonly #loud: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #leave: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  readonly #more: HTMLButtonElement;
  readonly #panel = make("div", { class: "dock-panel", id: "phone-panel" });
  readonly #problem = make("p", { class: "grow" });
  readonly #note = make("div", { class: "dock-note cluster", role: "alert" });
  readonly #spoken = make("p", { role: "status", class: "vh" });

  constructor(actions: DockActions) {
    this.#loud = button("primary", "volume-2", "Turn sound on", actions.turnSoundOn);
    this.#again = button("small", "headphones", "Join again", actions.joinAgain);
    this.#leave = button("", "phone-off", "Leave", actions.leave);
    this.#close = button("quiet small", "x", "Close", actions.leave);
    this.#more = make(
      "button",
      {
        type: "button",
        class: "btn icon quiet",
        "aria-label": "Who listens",
        "aria-controls": "phone-panel",
        "aria-expanded": "false",
      },
      icon("chevron-up"),
    );
    this.#more.addEventListener("click", () => this.#showPanel(this.#panel.hidden === true));
    const dismiss = make(
      "button",
      { type: "button", class: "btn icon quiet small", "aria-label": "Dismiss" },
      icon("x"),
    );
    dismiss.addEventListener("click", actions.dismiss);
    this.#note.append(icon("alert-triangle"), this.#problem, dismiss);
    this.#sound.append(
      make(
        "div",
        { class: "dock-meters" },
        ...PARTIES.map(({ party, label }) =>
          make("div", { class: `meter ${party}`, "aria-hidden": "true" }, label, this.#meters[party]),
        ),
      ),
      this.#bars,
    );
    this.nodes = [
      this.#note,
      this.#panel,
      make(
        "div",
        { class: "dock-bar" },
        make(
          "div",
          { class: "dock-who" },
          this.#badge,
          make("div", { class: "dock-names" }, this.#title, this.#sentence),
          this.#time,
        ),
        this.#mode,
        this.#sound,
        make("div", { class: "dock-end" }, this.#loud, this.#again, this.#more, this.#leave, this.#close),
      ),
      this.#spoken,
    ];
  }

  /** Draws the state on the host and its parts. */
  draw(host: HTMLElement, state: State): void {
    const { place } = state;
    const words = wordsFor(state);
    const isOn = place.at !== "idle";
    host.dataset.state = place.at === "in" ? place.link : place.at;
    host.toggleAttribute("data-on", isOn);
    if (place.at === "in" || place.at === "joining") host.dataset.mode = place.mode;
    else delete host.dataset.mode;
    document.documentElement.dataset.phone = isOn ? "on" : "idle";

    this.#badge.className = `badge ${words.tone}`;
    setText(this.#badge, words.badge);
    setText(this.#title, words.title);
    setText(this.#sentence, words.sentence);
    this.#drawMode(state);
    this.#time.hidden = place.at !== "in";
    this.#sound.hidden = place.at !== "in";
    this.#loud.hidden = place.at !== "in" || state.sound === "ok";
    this.#again.hidden = place.at !== "idle" || !state.before || !state.owner;
    this.#leave.hidden = place.at !== "in" && place.at !== "joining";
    this.#close.hidden = place.at !== "ended";
    this.#note.hidden = !state.problem;
    setText(this.#problem, state.problem ?? "");
    this.#drawPanel(place.at === "in" ? state.roster : []);
    setText(this.#spoken, words.spoken);
  }

  #drawMode({ place }: State): void {
    const mode = place.at === "in" || place.at === "joining" ? place.mode : null;
    const words = MODES.find((candidate) => candidate.mode === mode);
    this.#mode.hidden = !words;
    if (words && this.#mode.textContent !== words.label) this.#mode.replaceChildren(icon(words.icon), words.label);
  }

  #drawPanel(roster: readonly string[]): void {
    const isWorthIt = roster.length > 1;
    this.#more.hidden = !isWorthIt;
    if (!isWorthIt) this.#showPanel(false);
    this.#panel.replaceChildren(
      make("h2", {}, "Listening to this call"),
      make("ul", { role: "list" }, ...roster.map((name) => make("li", { class: "badge info" }, name))),
    );
  }

  #showPanel(shown: boolean): void {
    this.#panel.hidden = !shown;
    this.#more.setAttribute("aria-expanded", String(shown));
  }

  /** Moves a meter; `level` is a root mean square, 0 to 1. */
  drawLevel(party: Party, level: number): void {
    // Loudness is heard in ratios: from -50 dB at the left to -6 dB at the right, speech moves in the middle.
    const dB = 20 * Math.log10(Math.max(1e-4, level));
    const shown = Math.round(Math.min(1, Math.max(0, (dB + 50) / 44)) * 50) / 50;
    if (shown === this.#shown[party]) return;
    this.#shown[party] = shown;
    this.#meters[party].style.setProperty("--level", String(shown));
  }

  /** Writes the time on the call. */
  drawTime(text: string): void {
    setText(this.#time, text);
  }

  /** Draws the network's bars; null while nothing is known. */
  drawQuality(quality: Quality | null): void {
    if (!quality) {
      delete this.#bars.dataset.quality;
      this.#bars.setAttribute("aria-label", "Network not measured yet");
      return;
    }
    const { grade, lossPercent, jitterMs, roundTripMs } = quality;
    const detail = `${lossPercent.toFixed(1)} % lost, jitter ${jitterMs.toFixed(0)} ms, round trip ${roundTripMs.toFixed(0)} ms`;
    this.#bars.dataset.quality = grade;
    this.#bars.setAttribute("aria-label", `Network ${grade}: ${detail}`);
    this.#bars.title = `Network ${grade}: ${detail}`;
  }

  /** Puts the keyboard into the dock: on what can be pressed there, if anything. */
  focus(host: HTMLElement): void {
    const target = [this.#loud, this.#leave, this.#close, this.#again].find((candidate) => !candidate.hidden);
    (target ?? host).focus();
  }
}

/** Writes only what changed, so that screen readers and selections are left alone. */
const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};
