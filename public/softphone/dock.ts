import type { Kept } from "./kept.ts";
import type { Mode, State } from "./machine.ts";
import { ModeButtons } from "./mode-buttons.ts";
import { Panel, type PanelActions } from "./panel.ts";
import { button, icon, make, setText } from "./parts.ts";
import type { Quality } from "./quality.ts";
import { type TalkActions, TalkButton } from "./talk-button.ts";
import { wordsFor } from "./words.ts";

/** What the user can press in the dock. */
export interface DockActions extends TalkActions, Omit<PanelActions, "shown"> {
  ask(mode: Mode): void;
  giveBack(): void;
  leave(): void;
  joinAgain(): void;
  turnSoundOn(): void;
  dismiss(): void;
  panelShown(isShown: boolean): void;
}

/** Whose loudness the dock shows. */
export type Metered = "callee" | "agent" | "me";

const METERS: readonly { name: Metered; label: string }[] = [
  { name: "callee", label: "Caller" },
  { name: "agent", label: "AI agent" },
  { name: "me", label: "You" },
];

/** The dock's elements, drawn from the state; it decides nothing. */
export class Dock {
  /** What the host element holds. */
  readonly nodes: Node[];
  readonly panel: Panel;
  /** What takes room at the bottom of the page. */
  readonly bar: HTMLElement;
  readonly #modes: ModeButtons;
  readonly #talk: TalkButton;
  readonly #badge = make("span", { class: "badge" });
  readonly #title = make("strong");
  readonly #sentence = make("span", { class: "dock-sentence" });
  readonly #time = make("span", { class: "dock-time", role: "timer", "aria-live": "off" });
  readonly #sound = make("div", { class: "dock-sound" });
  readonly #bars = make("span", { class: "bars", role: "img" }, make("i"), make("i"), make("i"));
  readonly #meters: Record<Metered, HTMLElement> = { callee: make("i"), agent: make("i"), me: make("i") };
  readonly #rows: Record<Metered, HTMLElement>;
  readonly #shown: Record<Metered, number> = { callee: -1, agent: -1, me: -1 };
  readonly #loud: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #giveBack: HTMLButtonElement;
  readonly #leave: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  readonly #more: HTMLButtonElement;
  readonly #problem = make("p", { class: "grow" });
  readonly #note = make("div", { class: "dock-note cluster", role: "alert" });
  readonly #spoken = make("p", { role: "status", class: "vh" });

  constructor(kept: Kept, actions: DockActions) {
    this.#modes = new ModeButtons((mode) => actions.ask(mode));
    this.#talk = new TalkButton(actions);
    this.#loud = button("primary", "volume-2", "Turn sound on", actions.turnSoundOn);
    this.#again = button("small", "headphones", "Join again", actions.joinAgain);
    this.#giveBack = button("give-back", "undo-2", "", actions.giveBack);
    this.#giveBack.append(make("span", {}, "Give back", make("span", { class: "wide-only" }, " to the AI")));
    this.#leave = button("", "phone-off", "Leave", actions.leave);
    this.#close = button("quiet small", "x", "Close", actions.leave);
    this.#more = make(
      "button",
      { type: "button", class: "btn icon quiet more", "aria-controls": "phone-panel", "aria-expanded": "false" },
      icon("chevron-up"),
    );
    this.panel = new Panel(kept, {
      ...actions,
      shown: (isShown) => {
        this.#more.setAttribute("aria-expanded", String(isShown));
        actions.panelShown(isShown);
      },
    });
    this.#more.addEventListener("click", () => this.panel.show(!this.panel.isOpen));
    const dismiss = button("icon quiet small", "x", "", actions.dismiss);
    dismiss.setAttribute("aria-label", "Dismiss");
    this.#note.append(icon("alert-triangle"), this.#problem, dismiss);
    const row = (name: Metered, label: string): HTMLElement =>
      make("div", { class: `meter ${name}`, "aria-hidden": "true" }, make("span", {}, label), this.#meters[name]);
    this.#rows = Object.fromEntries(METERS.map(({ name, label }) => [name, row(name, label)])) as Record<
      Metered,
      HTMLElement
    >;
    this.#sound.append(
      make("div", { class: "dock-meters" }, ...METERS.map(({ name }) => this.#rows[name])),
      this.#bars,
    );
    this.bar = make(
      "div",
      { class: "dock-bar" },
      make(
        "div",
        { class: "dock-who" },
        this.#badge,
        make("div", { class: "dock-names" }, this.#title, this.#sentence),
        this.#time,
      ),
      this.#sound,
      this.#modes.element,
      make(
        "div",
        { class: "dock-end" },
        this.#loud,
        this.#again,
        this.#talk.element,
        this.#giveBack,
        this.#leave,
        this.#close,
        this.#more,
      ),
    );
    this.nodes = [this.#note, this.panel.element, this.bar, this.#spoken];
    this.drawQuality(null);
  }

  /** Draws the state on the host and its parts. */
  draw(host: HTMLElement, state: State): void {
    const { place } = state;
    const words = wordsFor(state);
    const isOn = place.at !== "idle";
    const isIn = place.at === "in";
    const hadFocus = host.contains(document.activeElement) && document.activeElement !== host;
    host.dataset.state = isIn ? place.link : place.at;
    host.toggleAttribute("data-on", isOn);
    if (isIn) host.dataset.mode = place.mode;
    else delete host.dataset.mode;
    host.toggleAttribute("data-live", state.mic === "live");
    document.documentElement.dataset.phone = isOn ? "on" : "idle";

    this.#badge.className = `badge ${words.tone}`;
    setText(this.#badge, words.badge);
    setText(this.#title, words.title);
    setText(this.#sentence, words.sentence);
    this.#modes.draw(state);
    this.#talk.draw(state);
    this.panel.draw(state);
    this.#time.hidden = !isIn;
    this.#sound.hidden = !isIn;
    this.#rows.me.hidden = state.mic !== "live" && state.mic !== "muted";
    this.#loud.hidden = state.sound === "ok";
    this.#again.hidden = isOn || !state.before || !state.owner;
    this.#giveBack.hidden = !isIn || place.mode !== "takeover";
    if (isIn && place.link === "lost") this.#giveBack.setAttribute("aria-disabled", "true");
    else this.#giveBack.removeAttribute("aria-disabled");
    this.#leave.hidden = !isIn && place.at !== "joining";
    this.#close.hidden = place.at !== "ended";
    this.#more.hidden = !state.owner || place.at === "joining" || place.at === "ended";
    this.#more.setAttribute("aria-label", isIn ? "Call panel" : "Phone settings");
    if (this.#more.hidden) this.panel.show(false);
    this.#note.hidden = !state.problem;
    setText(this.#problem, state.problem ?? "");
    setText(this.#spoken, words.spoken);
    // What had the keyboard may just have been hidden.
    if (hadFocus && (document.activeElement === document.body || isHidden(document.activeElement))) this.focus(host);
  }

  /** Moves a meter; `level` is a root mean square, 0 to 1. */
  drawLevel(name: Metered, level: number): void {
    // Loudness is heard in ratios: from -50 dB at the left to -6 dB at the right, speech moves in the middle.
    const dB = 20 * Math.log10(Math.max(1e-4, level));
    const shown = Math.round(Math.min(1, Math.max(0, (dB + 50) / 44)) * 50) / 50;
    if (shown === this.#shown[name]) return;
    this.#shown[name] = shown;
    this.#meters[name].style.setProperty("--level", String(shown));
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
    const { grade, mos, lossPercent, jitterMs, roundTripMs } = quality;
    const detail = `opinion score ${mos.toFixed(1)}, ${lossPercent.toFixed(1)} % lost, jitter ${jitterMs.toFixed(0)} ms, round trip ${roundTripMs.toFixed(0)} ms`;
    this.#bars.dataset.quality = grade;
    this.#bars.setAttribute("aria-label", `Network ${grade}: ${detail}`);
    this.#bars.title = `Network ${grade}: ${detail}`;
  }

  /** Puts the keyboard into the dock: on the mode in force, or on what else can be pressed there. */
  focus(host: HTMLElement): void {
    const target = [this.#modes.pressed, this.#leave, this.#close, this.#again, this.#loud, this.#more].find(
      (candidate) => candidate && !isHidden(candidate),
    );
    (target ?? host).focus();
  }
}

const isHidden = (element: Element | null): boolean => element?.closest("[hidden]") != null;
