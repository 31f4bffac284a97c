import type { Party } from "../../src/media/supervision/messages.ts";
import { Dock } from "./dock.ts";
import { Levels } from "./levels.ts";
import { Link, type Received } from "./link.ts";
import { type CallRef, callOf, type Happening, INITIAL, type Mode, next, type State, spanText } from "./machine.ts";
import { toast } from "./parts.ts";
import { QualityWatch } from "./quality.ts";
import { PhoneTab } from "./tab.ts";

/** Where a reload finds the call it interrupted. */
const REMEMBERED = "od-phone";
/** Meters are redrawn this often, in ms: about 15 times a second. */
const METER_EVERY_MS = 66;
const STATS_EVERY_MS = 2_000;
/** "The call is over" stays this long, in ms. */
const ENDED_FOR_MS = 8_000;

/**
 * The docked softphone, `<od-phone>`. It lives outside what pages swap, so a call goes on while the user walks through
 * them. Pages ask it by attribute: a click on `[data-sp="listen"][data-call]` (and `data-who`) joins that call, and the
 * phone marks the call it is on with `data-here`.
 */
export class OdPhone extends HTMLElement {
  #state: State = INITIAL;
  #dock: Dock | null = null;
  #tab: PhoneTab | null = null;
  #link: Link | null = null;
  readonly #audio = new Map<Party, HTMLAudioElement>();
  readonly #levels = new Levels();
  readonly #watch = new QualityWatch();
  #endedTimer: ReturnType<typeof setTimeout> | undefined;

  /** Builds the phone once. Leaving the document ends nothing: an element that is moved leaves and comes back. */
  connectedCallback(): void {
    if (this.#dock) return;
    this.classList.add("dock");
    this.tabIndex = -1;
    this.#dock = new Dock({
      leave: () => this.#leave(),
      joinAgain: () => this.#state.before && this.#ask(this.#state.before, "listen"),
      turnSoundOn: () => this.#playAll(),
      dismiss: () => this.#happen({ type: "clear" }),
    });
    this.append(...this.#dock.nodes);
    this.#link = this.#makeLink();
    this.#remember();
    this.#tab = new PhoneTab({
      changed: (owner) => this.#happen({ type: "owner", owner }),
      picked: (call) => this.#ask(call, "listen"),
    });
    this.#listen();
    this.#draw();
    setInterval(() => this.#drawMoment(), METER_EVERY_MS);
    setInterval(() => void this.#judgeNetwork(), STATS_EVERY_MS);
  }

  /** Where the phone is, for tests and for support. */
  get state(): State {
    return this.#state;
  }

  /** What was received so far, per party. */
  async received(): Promise<(Received & { isPaused: boolean })[]> {
    const { received } = (await this.#link?.stats()) ?? { received: [] };
    return received.map((stream) => ({ ...stream, isPaused: this.#audio.get(stream.party)?.paused ?? true }));
  }

  #makeLink(): Link {
    const { protocol, host } = location;
    return new Link({
      url: `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/softphone`,
      events: {
        joined: (callId, who) => {
          this.#watch.reset();
          this.#happen({ type: "granted", callId, mode: "listen", who, now: Date.now() });
        },
        track: (party, track) => this.#play(party, track),
        lost: () => this.#happen({ type: "link", link: "lost" }),
        back: () => this.#happen({ type: "link", link: "ok" }),
        refused: (callId, why) => this.#happen({ type: "refused", callId, why }),
        ended: (callId) => this.#happen({ type: "call-ended", callId }),
        roster: (callId, names) => this.#happen({ type: "roster", callId, names }),
      },
    });
  }

  #listen(): void {
    document.addEventListener("click", (event) => {
      const pressed =
        event.target instanceof Element ? event.target.closest<HTMLElement>("[data-sp][data-call]") : null;
      if (!pressed?.dataset.call || pressed.dataset.sp !== "listen") return;
      const call = { id: pressed.dataset.call, who: pressed.dataset.who ?? "this call" };
      if (this.#tab?.isOwner) this.#ask(call, "listen");
      else {
        this.#tab?.hand(call);
        toast("The call plays in the tab that holds the phone.");
      }
    });
    // Whoever points at Listen is about to press it.
    for (const near of ["pointerover", "focusin"])
      document.addEventListener(near, ({ target }) => {
        if (this.#tab?.isOwner && target instanceof Element && target.closest("[data-sp][data-call]"))
          this.#link?.prepare();
      });
    for (const swapped of ["htmx:after:swap", "htmx:after:settle"])
      document.addEventListener(swapped, () => this.#markHere());
    addEventListener("beforeunload", (event) => {
      if (this.#state.place.at === "in") event.preventDefault();
    });
    // A reload gives its place up at once; nobody is shown as listening who has gone.
    addEventListener("pagehide", () => this.#link?.leave());
    document.addEventListener("keydown", (event) => {
      if (!event.ctrlKey || event.altKey || event.shiftKey || event.metaKey || event.code !== "Backquote") return;
      event.preventDefault();
      this.#dock?.focus(this);
    });
  }

  #remember(): void {
    try {
      const call: Partial<CallRef> | null = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "null");
      if (typeof call?.id === "string" && typeof call.who === "string")
        this.#happen({ type: "remember", call: { id: call.id, who: call.who } });
    } catch {
      // Whatever stands there was not written by this phone.
    }
  }

  #ask(call: CallRef, mode: Mode): void {
    if (callOf(this.#state)?.id === call.id) return;
    this.#hush();
    this.#happen({ type: "ask", call, mode });
    this.#link?.join(call.id);
  }

  #leave(): void {
    this.#link?.leave();
    this.#happen({ type: "leave" });
  }

  #happen(event: Happening): void {
    const before = this.#state;
    this.#state = next(before, event);
    if (this.#state === before) return;
    const { place } = this.#state;
    if (place.at === "in") sessionStorage.setItem(REMEMBERED, JSON.stringify(place.call));
    else if (before.place.at === "in" || event.type === "refused") sessionStorage.removeItem(REMEMBERED);
    if (place.at !== before.place.at) {
      if (place.at === "idle" || place.at === "ended") this.#hush();
      clearTimeout(this.#endedTimer);
      if (place.at === "ended") this.#endedTimer = setTimeout(() => this.#happen({ type: "clear" }), ENDED_FOR_MS);
    }
    this.#draw();
  }

  #draw(): void {
    this.#dock?.draw(this, this.#state);
    this.#drawMoment();
    this.#markHere();
  }

  #drawMoment(): void {
    const { place } = this.#state;
    if (place.at !== "in") return;
    this.#dock?.drawTime(spanText(Date.now() - place.since));
    for (const party of ["callee", "agent"] as const) this.#dock?.drawLevel(party, this.#levels.of(party));
  }

  async #judgeNetwork(): Promise<void> {
    const { place } = this.#state;
    if (place.at !== "in" || place.link === "lost" || !this.#link) return this.#dock?.drawQuality(null);
    const judged = this.#watch.add((await this.#link.stats()).counted);
    if (judged) this.#dock?.drawQuality(judged.quality);
    if (judged?.warn) toast("The network is poor: words may be missing.", "warn");
  }

  #markHere(): void {
    const here = callOf(this.#state)?.id;
    for (const mark of document.querySelectorAll<HTMLElement>("[data-sp][data-call]"))
      mark.toggleAttribute("data-here", mark.dataset.call === here);
  }

  #play(party: Party, track: MediaStreamTrack): void {
    let audio = this.#audio.get(party);
    if (!audio) {
      audio = document.createElement("audio");
      audio.autoplay = true;
      this.#audio.set(party, audio);
      this.append(audio);
    }
    const stream = new MediaStream([track]);
    audio.srcObject = stream;
    this.#levels.watch(party, stream);
    this.#start(audio);
  }

  #playAll(): void {
    this.#levels.resume();
    for (const audio of this.#audio.values()) this.#start(audio);
  }

  #start(audio: HTMLAudioElement): void {
    audio.play().then(
      () => this.#happen({ type: "sound", sound: "ok" }),
      (error: unknown) => {
        // Any other failure is a newer stream taking this one's place.
        if (error instanceof DOMException && error.name === "NotAllowedError")
          this.#happen({ type: "sound", sound: "blocked" });
      },
    );
  }

  #hush(): void {
    this.#levels.clear();
    for (const audio of this.#audio.values()) audio.srcObject = null;
  }
}

customElements.define("od-phone", OdPhone);
