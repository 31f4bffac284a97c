import type { Link } from "./link.ts";
import { type Happening, type State, speaks, type Wish } from "./machine.ts";
import { micProblemOf } from "./mic-problem.ts";
import type { Microphone } from "./microphone.ts";
import { Refused } from "./signal.ts";

/** The server has this long to confirm a mode, in ms; getting the microphone ready counts, the user's permission does not. */
const CONFIRM_WITHIN_MS = 5_000;

/** What the asker works with. */
export interface AskerParts {
  link: Pick<Link, "mode" | "speak" | "hush" | "tell">;
  microphone: Microphone;
  happen(event: Happening): void;
  state(): State;
  /** The device to speak into; null for the browser's own choice. */
  device(): string | null;
  /** A device is held now, to be looked at. */
  held(track: MediaStreamTrack): void;
  /** The server did not answer in time. */
  overdue(): void;
  /** Runs something later; gives how to call it off. */
  after(ms: number, run: () => void): () => void;
}

class Overdue extends Error {}

/** Does what the state asks of the microphone and of the server. */
export class Asker {
  readonly #parts: AskerParts;
  #wish: Wish | null = null;
  /** The wish the server has been told of and has not answered. */
  #sent: Wish | null = null;

  constructor(parts: AskerParts) {
    this.#parts = parts;
  }

  /** To be called after every change; the microphone is shut before anything else. */
  follow(before: State, now: State): void {
    const { microphone, link } = this.#parts;
    microphone.setOpen(now.mic === "live");
    if (now.mic === "off" && before.mic !== "off") {
      microphone.release();
      link.hush();
    }
    this.#tellTalk(before, now);
    const wish = now.place.at === "in" ? now.place.wish : null;
    if (wish === this.#wish) return;
    this.#wish = wish;
    if (wish && now.place.at === "in") void this.#pursue(now.place.call.id, wish);
    else if (this.#sent) this.#takeBack(now);
  }

  /** Takes another device without changing who hears it; does nothing while none is held or wanted. */
  async change(): Promise<void> {
    const { state, happen } = this.#parts;
    const { place, mic } = state();
    if (place.at !== "in" || !speaks(place.mode) || mic === "off" || mic === "asking") return;
    try {
      const track = await this.#hold();
      if (!track) return;
      await this.#parts.link.speak(track);
      if (!isHeld(state())) happen({ type: "mic", mic: "muted" });
    } catch (error) {
      if (error instanceof DOMException) happen({ type: "mic", mic: micProblemOf(error) });
    }
  }

  async #hold(): Promise<MediaStreamTrack | null> {
    const { microphone, device, held } = this.#parts;
    const track = await microphone.hold(device());
    if (track) held(track);
    return track;
  }

  async #pursue(callId: string, wish: Wish): Promise<void> {
    const { microphone, happen } = this.#parts;
    const isWanted = (): boolean => this.#wish === wish;
    // One change is finished before the next begins.
    await null;
    if (!isWanted()) return;
    if (speaks(wish.mode)) {
      if (!microphone.track) {
        happen({ type: "mic", mic: "asking" });
        try {
          if (!(await this.#hold()) || !isWanted()) return;
        } catch (error) {
          if (isWanted()) happen({ type: "mic", mic: micProblemOf(error) });
          return;
        }
      }
      if (!isHeld(this.#parts.state())) happen({ type: "mic", mic: "muted" });
    }
    try {
      await this.#inTime(this.#askServer(wish, isWanted));
      if (isWanted()) happen({ type: "granted", callId, mode: wish.mode });
    } catch (error) {
      if (!isWanted()) return;
      if (error instanceof Refused) return happen({ type: "declined", callId, why: error.message });
      happen({ type: "declined", callId, why: "The server did not confirm in time. Nothing has changed; try again." });
      this.#parts.overdue();
    }
  }

  async #askServer(wish: Wish, isWanted: () => boolean): Promise<void> {
    const { microphone, link } = this.#parts;
    if (speaks(wish.mode) && microphone.track) await link.speak(microphone.track);
    if (!isWanted()) return;
    this.#sent = wish;
    try {
      await link.mode(wish.mode, wish.note);
      if (this.#sent === wish) this.#sent = null;
    } catch (error) {
      if (this.#sent === wish && error instanceof Refused) this.#sent = null;
      throw error;
    }
  }

  async #inTime(work: Promise<void>): Promise<void> {
    let stop = (): void => {};
    const late = new Promise<never>((_, fail) => {
      stop = this.#parts.after(CONFIRM_WITHIN_MS, () => fail(new Overdue("no answer in time")));
    });
    // A late failure of what nobody waits for any more is not news.
    work.catch(() => {});
    try {
      await Promise.race([work, late]);
    } finally {
      stop();
    }
  }

  /** The server may yet say yes to what nobody waits for any more: it is told what is in force here. */
  #takeBack({ place }: State): void {
    this.#sent = null;
    if (place.at === "in" && place.link === "ok") this.#parts.link.mode(place.mode, "").catch(() => {});
  }

  #tellTalk(before: State, now: State): void {
    const talks = ({ place, mic }: State): boolean => place.at === "in" && place.mode === "whisper" && mic === "live";
    if (talks(before) === talks(now)) return;
    // Leaving the mode ends the talk on the server too.
    if (now.place.at !== "in" || now.place.link === "lost") return;
    this.#parts.link.tell("talk", { on: talks(now) }).catch(() => {});
  }
}

const isHeld = ({ mic }: State): boolean => mic === "live" || mic === "muted";
