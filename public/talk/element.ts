import type htmxApi from "htmx.org";
import { Levels } from "../softphone/levels.ts";
import { MIC_PROBLEMS, micProblemOf } from "../softphone/mic-problem.ts";
import { Microphone } from "../softphone/microphone.ts";
import { icon, make } from "../softphone/parts.ts";
import { spanText } from "../softphone/span-text.ts";
import { TalkLink, type TalkStats } from "./talk-link.ts";

declare const htmx: typeof htmxApi;

/** Where a call is: nothing yet · the browser asks for the microphone · sound is being connected · on · it is over. */
type Place = "idle" | "asking" | "connecting" | "talking" | "over";

const WORDS: Readonly<Record<Place, readonly [badge: string, look: string, sentence: string]>> = {
  idle: ["Ready", "plain", "Nothing is dialed: you talk through this page."],
  asking: ["Microphone", "ringing", "Allow the microphone in your browser."],
  connecting: ["Connecting", "ringing", "The agent is coming on the line."],
  talking: ["Talking", "live", "The agent hears you. Leaving this page hangs up."],
  over: ["Over", "plain", "The call is over. Its words stay below."],
};

/** Meters are redrawn this often, in ms: about 15 times a second. */
const METER_EVERY_MS = 66;

/**
 * A call with an agent from its page: `<od-talk data-agent="id">` around a form that says what the call is about. The
 * words of the call go into `#talk-call`. It ends with the element: with the page, the tab, or a step to another page.
 */
export class OdTalk extends HTMLElement {
  readonly #levels = new Levels();
  readonly #audio = make("audio", { autoplay: "" });
  readonly #badge = make("span", { class: "badge plain" });
  readonly #sentence = make("p", { class: "grow small muted", role: "status" });
  readonly #time = make("span", { class: "talk-time num", role: "timer", "aria-live": "off" });
  readonly #problem = make("p", { class: "banner bad", role: "alert" });
  readonly #bars: Record<"callee" | "agent", HTMLElement> = { callee: make("i"), agent: make("i") };
  readonly #meters = make(
    "div",
    { class: "talk-meters", "aria-hidden": "true" },
    make("span", { class: "meter callee" }, "You", this.#bars.callee),
    make("span", { class: "meter agent" }, "Agent", this.#bars.agent),
  );
  readonly #mute = make("button", { type: "button", class: "btn", "aria-pressed": "false" });
  readonly #hangUp = make("button", { type: "button", class: "btn danger" }, icon("phone-off"), "Hang up");
  readonly #microphone = new Microphone({ pulledOut: () => this.#fail("The microphone was pulled out.") });
  #link: TalkLink | null = null;
  #form: HTMLFormElement | null = null;
  #place: Place = "idle";
  #since = 0;
  #muted = false;
  #why = "";
  #drawing: ReturnType<typeof setInterval> | undefined;

  /** Builds the controls once. */
  connectedCallback(): void {
    if (this.#link) return;
    const { protocol, host } = location;
    this.#link = new TalkLink({
      url: `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/talk`,
      events: {
        begun: (callId) => this.#show(callId),
        voice: (track) => this.#play(track),
        answered: () => {
          this.#since = Date.now();
          this.#go("talking");
        },
        over: (why) => this.#over(why),
      },
    });
    this.#form = this.querySelector("form");
    this.#form?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    this.#hangUp.addEventListener("click", () => this.#leave());
    this.#mute.addEventListener("click", () => this.#setMuted(!this.#muted));
    this.append(
      this.#problem,
      make(
        "div",
        { class: "talk-bar" },
        make("div", { class: "talk-state" }, this.#badge, this.#sentence, this.#time),
        this.#meters,
        make("div", { class: "cluster" }, this.#mute, this.#hangUp),
      ),
      this.#audio,
    );
    addEventListener("pagehide", () => this.#leave());
    this.#setMuted(false);
    this.#go("idle");
  }

  /** Ends the call, unless the element was only moved. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.#leave();
    });
  }

  /** Where the call is, for tests. */
  get place(): Place {
    return this.#place;
  }

  /** Sound in both directions so far, for tests. */
  async stats(): Promise<TalkStats | null> {
    return (await this.#link?.stats()) ?? null;
  }

  async #start(): Promise<void> {
    if (this.#place !== "idle" && this.#place !== "over") return;
    const values = new FormData(this.#form ?? undefined);
    const text = (name: string): string => String(values.get(name) ?? "");
    this.#why = "";
    this.#go("asking");
    try {
      const track = await this.#microphone.hold(null);
      if (!track) return;
      this.#setMuted(false);
      this.#levels.watch("callee", new MediaStream([track]));
      this.#go("connecting");
      this.#link?.start({ agentId: this.dataset.agent ?? "", action: text("action"), callee: text("callee") }, track);
    } catch (error) {
      this.#fail(MIC_PROBLEMS[micProblemOf(error)]);
    }
  }

  #fail(why: string): void {
    this.#why = why;
    if (this.#place === "connecting" || this.#place === "talking") this.#link?.hangUp();
    else this.#over(why);
  }

  #leave(): void {
    if (this.#place === "asking") this.#over("");
    else this.#link?.hangUp();
  }

  #over(why: string): void {
    if (this.#why === "") this.#why = why;
    this.#microphone.release();
    this.#levels.clear();
    this.#audio.srcObject = null;
    this.#go(this.#since > 0 ? "over" : "idle");
    this.#since = 0;
  }

  #setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#microphone.setOpen(!muted);
    this.#mute.setAttribute("aria-pressed", String(muted));
    this.#mute.replaceChildren(icon(muted ? "mic-off" : "mic"), muted ? "Muted" : "Mute");
  }

  #play(track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    this.#audio.srcObject = stream;
    this.#levels.watch("agent", stream);
    this.#audio.play().catch(() => {});
  }

  /** Puts the words of the call beside it. */
  #show(callId: string): void {
    const agent = encodeURIComponent(this.dataset.agent ?? "");
    const showing = htmx.ajax("GET", `/x/agents/${agent}/calls/${encodeURIComponent(callId)}`, {
      source: "#talk-call",
      target: "#talk-call",
      swap: "innerHTML",
    });
    showing.catch(() => {});
  }

  #go(place: Place): void {
    this.#place = place;
    const isOn = place === "connecting" || place === "talking";
    const [badge, look, sentence] = WORDS[place];
    this.dataset.state = place;
    this.#badge.className = `badge ${look}`;
    this.#badge.textContent = badge;
    this.#sentence.textContent = sentence;
    this.#problem.hidden = this.#why === "";
    this.#problem.textContent = this.#why;
    this.#meters.hidden = this.#mute.hidden = place !== "talking";
    this.#hangUp.hidden = !isOn && place !== "asking";
    this.#time.hidden = place !== "talking";
    for (const field of this.#form?.elements ?? []) {
      if ("disabled" in field) field.disabled = isOn || place === "asking";
    }
    clearInterval(this.#drawing);
    // The form goes for as long as the call lasts, and the keyboard with it.
    if (place === "connecting") this.#hangUp.focus();
    if (place === "talking") this.#drawing = setInterval(() => this.#draw(), METER_EVERY_MS);
  }

  #draw(): void {
    const text = spanText(Date.now() - this.#since);
    if (this.#time.textContent !== text) this.#time.textContent = text;
    for (const party of ["callee", "agent"] as const) {
      // Loudness is heard in ratios: from -50 dB at the left to -6 dB at the right, speech moves in the middle.
      const dB = 20 * Math.log10(Math.max(1e-4, this.#levels.of(party)));
      const shown = Math.round(Math.min(1, Math.max(0, (dB + 50) / 44)) * 50) / 50;
      this.#bars[party].style.setProperty("--level", String(shown));
    }
  }
}

if (!customElements.get("od-talk")) customElements.define("od-talk", OdTalk);
