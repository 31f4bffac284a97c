import { Asker } from "./asker.ts";
import { CallDesk, type CallPanel } from "./call-desk.ts";
import { listDevices, watchDevices } from "./devices.ts";
import { askEndCall, askGiveBack, askLeave, showKeys } from "./dialogs.ts";
import { Dock } from "./dock.ts";
import type { Received } from "./hearing.ts";
import { HelpWatch } from "./help-watch.ts";
import { type Kept, keep, readKept } from "./kept.ts";
import { watchKeys } from "./keys.ts";
import { Levels } from "./levels.ts";
import { Link } from "./link.ts";
import { type CallRef, callOf, type Happening, INITIAL, type Mode, next, type State } from "./machine.ts";
import { Microphone } from "./microphone.ts";
import { toast } from "./parts.ts";
import { QualityWatch } from "./quality.ts";
import { Ring } from "./ring.ts";
import { Sounds } from "./sounds.ts";
import { spanText } from "./span-text.ts";
import type { Sent } from "./speaking.ts";
import { PhoneTab } from "./tab.ts";
import { MODES } from "./words.ts";

/** Where a reload finds the call it interrupted. */
const REMEMBERED = "od-phone";
/** Meters are redrawn this often, in ms: about 15 times a second. */
const METER_EVERY_MS = 66;
const STATS_EVERY_MS = 2_000;
/** An open panel asks for the call's words this often, in ms. */
const PANEL_EVERY_MS = 1_500;
/** "The call is over" stays this long, in ms. */
const ENDED_FOR_MS = 8_000;
/** Longest note for the agent when it is given the call back, in characters, as the server takes it. */
const MOST_NOTE = 2_000;

/**
 * The docked softphone, `<od-phone>`. It lives outside what pages swap, so a call goes on while the user walks through
 * them. Pages ask it by attribute: a click on `[data-sp="listen|whisper|barge|takeover"][data-call]` (and `data-who`)
 * joins that call in that mode, and the phone marks with `data-here` what it is on.
 */
export class OdPhone extends HTMLElement {
  #state: State = INITIAL;
  #kept: Kept = readKept();
  #dock: Dock | null = null;
  #tab: PhoneTab | null = null;
  readonly #sounds = new Sounds({ host: this, told: (sound) => this.#happen({ type: "sound", sound }) });
  readonly #levels = new Levels();
  readonly #watch = new QualityWatch();
  readonly #desk = new CallDesk();
  readonly #ring = new Ring({ blocked: () => this.#happen({ type: "sound", sound: "blocked" }) });
  readonly #link = this.#makeLink();
  readonly #microphone = new Microphone({ pulledOut: () => void this.#asker.change() });
  readonly #asker = new Asker({
    link: this.#link,
    microphone: this.#microphone,
    happen: (event) => this.#happen(event),
    state: () => this.#state,
    device: () => this.#kept.microphone || null,
    held: (track) => {
      this.#levels.watch("me", new MediaStream([track]));
      // Names of devices are told from now on.
      void this.#drawDevices();
    },
    overdue: () => toast("The server did not confirm in time.", "warn"),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  #help: HelpWatch | null = null;
  #endedTimer: ReturnType<typeof setTimeout> | undefined;
  #panelTimer: ReturnType<typeof setInterval> | undefined;

  /** Builds the phone once. Leaving the document ends nothing: an element that is moved leaves and comes back. */
  connectedCallback(): void {
    if (this.#dock) return;
    this.classList.add("dock");
    this.tabIndex = -1;
    this.#dock = this.#makeDock();
    this.append(...this.#dock.nodes);
    this.#apply(this.#kept);
    this.#remember();
    this.#tab = new PhoneTab({
      changed: (owner) => this.#happen({ type: "owner", owner }),
      picked: ({ call, mode }) => void this.#ask(call, mode),
    });
    this.#help = new HelpWatch({
      ring: this.#ring,
      isOwner: () => this.#tab?.isOwner ?? false,
      callId: () => callOf(this.#state)?.id ?? null,
      notifies: () => this.#kept.notify,
    });
    this.#listen();
    this.#draw();
    void this.#drawDevices();
    watchDevices(() => void this.#drawDevices());
    setInterval(() => this.#drawMoment(), METER_EVERY_MS);
    setInterval(() => void this.#judgeNetwork(), STATS_EVERY_MS);
  }

  /** Where the phone is, for tests and for support. */
  get state(): State {
    return this.#state;
  }

  /** Whether the microphone's sound would be heard: null while no device is held. */
  get microphoneIsOpen(): boolean | null {
    return this.#microphone.track?.enabled ?? null;
  }

  /** What was received so far, per stream. */
  async received(): Promise<(Received & { isPaused: boolean })[]> {
    const { received } = await this.#link.stats();
    return received.map((stream) => ({ ...stream, isPaused: this.#sounds.isPaused(stream.name) }));
  }

  /** What was sent so far; null while there is no way for the microphone. */
  async sent(): Promise<Sent | null> {
    return (await this.#link.stats()).sent;
  }

  #makeLink(): Link {
    const { protocol, host } = location;
    return new Link({
      url: `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/softphone`,
      events: {
        joined: (come) => {
          this.#watch.reset();
          this.#happen({ type: "joined", ...come, now: Date.now() });
        },
        heard: ({ name, track }) => {
          const stream = new MediaStream([track]);
          this.#sounds.play(name, stream);
          this.#levels.watch(name, stream);
        },
        gone: (name) => {
          this.#sounds.stop(name);
          this.#levels.forget(name);
        },
        lost: () => this.#happen({ type: "lost" }),
        back: (waits) => this.#happen({ type: "back", waits }),
        refused: (callId, why) => this.#happen({ type: "refused", callId, why }),
        ended: (callId) => this.#happen({ type: "call-ended", callId }),
        roster: (callId, present) => this.#happen({ type: "roster", callId, present }),
        changed: (callId, mode, why) => {
          toast(why, "warn");
          this.#happen({ type: "changed", callId, mode, why });
        },
      },
    });
  }

  #makeDock(): Dock {
    return new Dock(this.#kept, {
      ask: (mode) => this.#askMode(mode),
      talk: (on) => this.#happen({ type: "talk", on }),
      mute: () => this.#happen({ type: "mute" }),
      retry: () => void this.#asker.change(),
      giveBack: () => void this.#giveBack(),
      leave: () => void this.#leave(),
      endCall: () => void this.#endCall(),
      joinAgain: () => this.#state.before && void this.#ask(this.#state.before, "listen"),
      turnSoundOn: () => this.#turnSoundOn(),
      dismiss: () => this.#happen({ type: "clear" }),
      tell: (text, now) => this.#link.tell("whisper", { text, now }),
      press: (digit) => this.#link.tell("dtmf", { digits: digit }),
      note: (text) => this.#write((callId) => this.#desk.note(callId, text)),
      tag: (tag) => this.#write((callId) => this.#desk.tag(callId, tag)),
      untag: (tag) => this.#write((callId) => this.#desk.untag(callId, tag)),
      set: (changes) => this.#set(changes),
      showKeys: () => void showKeys(this),
      panelShown: (isShown) => this.#followPanel(isShown),
    });
  }

  #listen(): void {
    document.addEventListener("click", ({ target }) => {
      const pressed = target instanceof Element ? target.closest<HTMLElement>("[data-sp][data-call]") : null;
      const mode = MODES.find((words) => words.mode === pressed?.dataset.sp)?.mode;
      if (!pressed?.dataset.call || !mode) return;
      const call = { id: pressed.dataset.call, who: pressed.dataset.who ?? "this call" };
      if (this.#tab?.isOwner) void this.#ask(call, mode);
      else {
        this.#tab?.hand({ call, mode });
        toast("The call plays in the tab that holds the phone.");
      }
    });
    // Whoever points at Listen is about to press it.
    for (const near of ["pointerover", "focusin"])
      document.addEventListener(near, ({ target }) => {
        if (this.#tab?.isOwner && target instanceof Element && target.closest("[data-sp][data-call]"))
          this.#link.prepare();
      });
    for (const swapped of ["htmx:after:swap", "htmx:after:settle"])
      document.addEventListener(swapped, () => this.#markHere());
    // The first click lets a ring be heard that began before it.
    document.addEventListener("click", () => this.#ring.resume());
    addEventListener("beforeunload", (event) => {
      if (this.#state.place.at === "in") event.preventDefault();
    });
    // A reload gives its place up at once; nobody is shown as listening who has gone.
    addEventListener("pagehide", () => this.#link.leave());
    watchKeys(this, {
      toDock: () => this.#dock?.focus(this),
      ask: (mode) => this.#askMode(mode),
      mute: () => this.#happen({ type: "mute" }),
      giveBack: () => void this.#giveBack(),
      notes: () => this.#state.place.at === "in" && this.#dock?.panel.toNotes(),
      keypad: () => this.#state.place.at === "in" && this.#dock?.panel.toKeypad(),
      help: () => void showKeys(this),
      letters: () => this.#kept.letters,
    });
    // How much of the page the dock covers depends on the state and on the width.
    new ResizeObserver(() => {
      const height = this.offsetHeight - (this.#dock?.panel.element.offsetHeight ?? 0);
      document.documentElement.style.setProperty("--dock", `${height}px`);
    }).observe(this);
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

  async #ask(call: CallRef, mode: Mode): Promise<void> {
    const { place } = this.#state;
    const isOther = callOf(this.#state)?.id !== call.id;
    // Whoever goes from a call they have taken over leaves it.
    if (isOther && place.at === "in" && place.mode === "takeover" && !(await this.#settleTakeover(place.call.who)))
      return;
    // The microphone is silent before the old call is left.
    this.#happen({ type: "ask", call, mode });
    if (!isOther) return;
    this.#hush();
    this.#link.join(call.id);
  }

  /** Asks what becomes of a call that was taken over; false when the user stays on it. */
  async #settleTakeover(who: string): Promise<boolean> {
    if (this.querySelector("dialog[open]")) return false;
    const choice = await askLeave(this, who);
    if (choice === "end") await this.#tellEnd();
    return choice !== null;
  }

  #askMode(mode: Mode): void {
    const { place } = this.#state;
    if (place.at === "in") this.#happen({ type: "ask", call: place.call, mode });
  }

  async #giveBack(): Promise<void> {
    const { place } = this.#state;
    if (place.at !== "in" || place.mode !== "takeover" || place.link === "lost") return;
    if (this.querySelector("dialog[open]")) return;
    const note = await askGiveBack(this, MOST_NOTE);
    if (note !== null) this.#happen({ type: "ask", call: place.call, mode: "listen", note });
  }

  async #leave(): Promise<void> {
    const { place } = this.#state;
    if (place.at === "in" && place.mode === "takeover" && !(await this.#settleTakeover(place.call.who))) return;
    this.#link.leave();
    this.#happen({ type: "leave" });
  }

  async #endCall(): Promise<void> {
    const { place } = this.#state;
    if (place.at !== "in") return;
    // Whoever speaks in the AI's place says goodbye.
    const canPart = place.mode !== "takeover" && !this.#state.roster.some(({ mode }) => mode === "takeover");
    const how = await askEndCall(this, { who: place.call.who, canPart });
    if (how !== null) await this.#tellEnd(how === "politely");
  }

  async #tellEnd(politely = false): Promise<void> {
    try {
      await this.#link.tell("end-call", { politely });
      if (politely) toast("The AI says goodbye, then the call ends.");
    } catch (error) {
      toast(error instanceof Error ? error.message : "The call could not be ended.", "error");
    }
  }

  #set(changes: Partial<Kept>): void {
    this.#kept = keep(changes);
    this.#apply(changes);
    if (changes.notify && "Notification" in window && Notification.permission === "default")
      Notification.requestPermission().catch(() => {});
  }

  #apply(changes: Partial<Kept>): void {
    if (changes.hold !== undefined) this.#happen({ type: "hold", on: changes.hold });
    if (changes.speaker !== undefined) this.#sounds.setSpeaker(changes.speaker);
    if (changes.calleeVolume !== undefined) this.#sounds.setVolume("callee", changes.calleeVolume);
    if (changes.agentVolume !== undefined) this.#sounds.setVolume("agent", changes.agentVolume);
    if (changes.microphone !== undefined) void this.#asker.change();
  }

  async #drawDevices(): Promise<void> {
    const list = await listDevices();
    this.#dock?.panel.settings.drawDevices(list, this.#kept);
    const isThere = list.speakers.some(({ id }) => id === this.#kept.speaker);
    this.#sounds.setSpeaker(isThere ? this.#kept.speaker : "");
  }

  #followPanel(isShown: boolean): void {
    clearInterval(this.#panelTimer);
    if (!isShown) return;
    this.#panelTimer = setInterval(() => void this.#readPanel(), PANEL_EVERY_MS);
    void this.#readPanel();
  }

  async #readPanel(): Promise<void> {
    const { place } = this.#state;
    if (place.at !== "in" || document.hidden) return;
    // The next try comes by itself.
    const panel = await this.#desk.read(place.call.id).catch(() => null);
    if (panel) this.#dock?.panel.drawCall(panel);
  }

  async #write(work: (callId: string) => Promise<CallPanel>): Promise<void> {
    const callId = callOf(this.#state)?.id;
    if (callId) this.#dock?.panel.drawCall(await work(callId));
  }

  #happen(event: Happening): void {
    const before = this.#state;
    const now = next(before, event);
    if (now === before) return;
    this.#state = now;
    this.#asker.follow(before, now);
    const { place } = now;
    if (place.at === "in") sessionStorage.setItem(REMEMBERED, JSON.stringify(place.call));
    else if (before.place.at === "in" || event.type === "refused") sessionStorage.removeItem(REMEMBERED);
    if (place.at !== before.place.at) {
      if (place.at === "idle" || place.at === "ended") this.#hush();
      clearTimeout(this.#endedTimer);
      if (place.at === "ended") this.#endedTimer = setTimeout(() => this.#happen({ type: "clear" }), ENDED_FOR_MS);
      if (place.at === "in" && this.#dock?.panel.isOpen) void this.#readPanel();
    }
    if (callOf(before)?.id !== callOf(now)?.id) this.#help?.look();
    this.#draw();
  }

  #draw(): void {
    this.#dock?.draw(this, this.#state);
    this.#drawMoment();
    this.#markHere();
  }

  #drawMoment(): void {
    const { place, mic } = this.#state;
    if (place.at !== "in") return;
    this.#dock?.drawTime(spanText(Date.now() - place.since));
    for (const party of ["callee", "agent"] as const) this.#dock?.drawLevel(party, this.#levels.of(party));
    this.#dock?.drawLevel("me", mic === "live" ? this.#levels.of("me") : 0);
  }

  async #judgeNetwork(): Promise<void> {
    const { place } = this.#state;
    if (place.at !== "in" || place.link === "lost") return this.#dock?.drawQuality(null);
    const judged = this.#watch.add((await this.#link.stats()).counted);
    if (judged) this.#dock?.drawQuality(judged.quality);
    if (judged?.warn) toast("The network is poor: words may be missing.", "warn");
  }

  #markHere(): void {
    const { place } = this.#state;
    const here = callOf(this.#state)?.id;
    const mode = place.at === "in" ? place.mode : "listen";
    const marks = [...document.querySelectorAll<HTMLElement>("[data-sp][data-call]")];
    // Where there is only a Listen button it stands for the call, whatever the mode.
    const hasOwn = marks.some(({ dataset }) => dataset.call === here && dataset.sp === mode);
    for (const mark of marks)
      mark.toggleAttribute("data-here", mark.dataset.call === here && (mark.dataset.sp === mode || !hasOwn));
  }

  #turnSoundOn(): void {
    this.#levels.resume();
    this.#ring.resume();
    this.#sounds.playAll();
    this.#happen({ type: "sound", sound: "ok" });
  }

  #hush(): void {
    this.#levels.clear();
    this.#sounds.stopAll();
  }
}

customElements.define("od-phone", OdPhone);
