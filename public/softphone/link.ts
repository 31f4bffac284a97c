import type { types } from "mediasoup-client";
import type { Joined, Notice, Present } from "../../src/media/supervision/messages.ts";
import { type HeardStream, Hearing, type Received, Unheard } from "./hearing.ts";
import type { Mode, Right } from "./machine.ts";
import type { Counted } from "./quality.ts";
import { backOffMs, Refused, Signal, Unanswered } from "./signal.ts";
import { type Sent, Speaking } from "./speaking.ts";

/** The address of the media client's bundle, put in when the page's scripts are bundled. */
declare const MEDIASOUP_URL: string;

/** ICE may heal by itself this long before it is restarted, in ms. */
const ICE_GRACE_MS = 3_000;

/** Tries of a first join before the user is told that it failed; a lost call is tried for as long as it is wanted. */
const FIRST_TRIES = 3;

/**
 * A failure that another try will not change. On a first join every refusal is one, and so is a sound that was waited for
 * in vain: the click has an answer.
 */
const isFinal = (error: unknown, tries: number): boolean => {
  const isFirst = tries === FIRST_TRIES;
  if (!(error instanceof Refused)) return isFirst && error instanceof Unheard;
  const { reason } = error;
  return isFirst ? reason !== "no-seat" : reason === "call-over" || reason === "no-such-call";
};

/** What the link tells the phone. */
export interface LinkEvents {
  /** Sound of both parties is there, for the first time or again; one is a listener now. */
  joined(come: {
    callId: string;
    who: string;
    seatId: string;
    rights: readonly Right[];
    waits: boolean;
    noticeTone: Joined["noticeTone"];
  }): void;
  heard(stream: HeardStream): void;
  gone(name: string): void;
  lost(): void;
  /** Lost and back as a listener without a new join: the sound went on meanwhile. */
  back(waits: boolean): void;
  refused(callId: string, why: string): void;
  ended(callId: string): void;
  roster(callId: string, present: readonly Present[]): void;
  /** The server changed the mode unasked. */
  changed(callId: string, mode: Mode, why: string): void;
}

/** The way to one call: signalling, what is heard and what is said, kept up for as long as the call is wanted. */
export class Link {
  readonly #events: LinkEvents;
  readonly #signal: Signal;
  #device: Promise<types.Device> | null = null;
  #hearing: Hearing | null = null;
  #speaking: Speaking | null = null;
  #callId: string | null = null;
  #seatId: string | null = null;
  /** The wish that is being worked on; null at rest. */
  #pursuing: number | null = null;
  /** Rises whenever another call, or none, is wanted; work begun before it is dropped. */
  #wish = 0;

  constructor(options: { url: string; events: LinkEvents }) {
    this.#events = options.events;
    this.#signal = new Signal({
      url: options.url,
      notice: (notice) => this.#noticed(notice),
      lost: () => this.#recover(),
    });
  }

  /** Fetches what a first join needs, so that the join itself is short. */
  prepare(): void {
    this.#load().catch(() => {});
  }

  /** Goes to this call, leaving the one before; the outcome comes as `joined`, `refused` or `ended`. */
  join(callId: string): void {
    this.#depart();
    this.#callId = callId;
    this.#pursue(callId, FIRST_TRIES);
  }

  /** Leaves the call; the call itself goes on. */
  leave(): void {
    this.#depart();
    this.#signal.close();
  }

  /** Says that the call is left before its ways are closed: to the server a microphone that is gone is a loss. */
  #depart(): void {
    if (this.#callId) this.#signal.request("leave", {}).catch(() => {});
    this.#forget();
  }

  /** Asks for another mode; resolves when it is in force. Rejects with `Refused` or `Unanswered`. */
  async mode(mode: Mode, note: string): Promise<void> {
    await this.#signal.request("mode", { mode, note });
  }

  /** Sends this microphone to the call, in place of another one. Who hears it is for the mode to say. */
  async speak(track: MediaStreamTrack): Promise<void> {
    const wish = this.#wish;
    const device = await this.#load();
    if (wish !== this.#wish) throw new Unanswered("another call is wanted");
    this.#speaking ??= new Speaking({ signal: this.#signal, device, failed: () => this.#broken() });
    await this.#speaking.send(track);
  }

  /** Takes the way for the microphone down. */
  hush(): void {
    this.#speaking?.close();
    this.#speaking = null;
  }

  /** Sends what needs no sound. Rejects with `Refused` or `Unanswered`. */
  async tell(
    ...[type, fields]:
      | ["talk", { on: boolean }]
      | ["whisper", { text: string; now: boolean }]
      | ["dtmf", { digits: string }]
      | ["end-call", { politely: boolean }]
  ): Promise<void> {
    await this.#signal.request(type, fields);
  }

  async #enter(callId: string, wish: number): Promise<void> {
    const wanted = (): void => {
      if (wish !== this.#wish) throw new Unanswered("another call is wanted");
    };
    const loading = this.#load();
    await this.#signal.open();
    wanted();
    const joined = await this.#signal.request("join", { callId });
    const { seatId, who, rights, transport, noticeTone } = joined;
    wanted();
    this.#seatId = seatId;
    const device = await loading;
    if (!device.loaded)
      await device.load({ routerRtpCapabilities: joined.routerRtpCapabilities as types.RtpCapabilities });
    wanted();
    this.#stop();
    const hearing: Hearing = new Hearing({
      signal: this.#signal,
      device,
      offer: transport,
      heard: (stream) => this.#hearing === hearing && this.#events.heard(stream),
      gone: (name) => this.#events.gone(name),
      state: (state) => this.#hearingIs(hearing, state),
    });
    this.#hearing = hearing;
    await hearing.begin();
    wanted();
    await Promise.all([this.#signal.request("resume", {}), hearing.connected()]);
    wanted();
    this.#events.joined({ callId, who, seatId, rights, waits: joined.mode === "takeover", noticeTone });
  }

  #load(): Promise<types.Device> {
    this.#device ??= import(MEDIASOUP_URL).then((client: typeof import("../mediasoup.ts")) => client.Device.factory());
    this.#device.catch(() => {
      this.#device = null;
    });
    return this.#device;
  }

  #noticed(notice: Notice): void {
    if (notice.callId !== this.#callId) return;
    switch (notice.event) {
      case "roster":
        return this.#events.roster(notice.callId, notice.present);
      case "mode":
        return this.#events.changed(notice.callId, notice.mode, notice.why);
      case "heard":
        this.#hearing?.add(notice.heard).catch(() => {});
        return;
      case "gone":
        return this.#hearing?.remove(notice.consumerId);
      case "call-ended":
        this.#forget();
        this.#signal.close();
        return this.#events.ended(notice.callId);
      case "rejoin":
        this.#stop();
        return this.#recover();
    }
  }

  #hearingIs(hearing: Hearing, state: types.ConnectionState): void {
    if (this.#hearing !== hearing) return;
    if (state === "failed") this.#broken();
    else if (state === "disconnected")
      setTimeout(() => {
        if (this.#hearing === hearing && hearing.transport.connectionState === "disconnected")
          this.#restartIce(hearing);
      }, ICE_GRACE_MS);
  }

  #restartIce(hearing: Hearing): void {
    const speaking = this.#speaking?.transport ?? null;
    this.#signal
      .request("restart-ice", {})
      .then(async ({ hear, speak }) => {
        await hearing.transport.restartIce({ iceParameters: hear });
        if (speak && speaking && !speaking.closed) await speaking.restartIce({ iceParameters: speak });
      })
      .catch(() => this.#hearing === hearing && this.#broken());
  }

  /** A way broke by itself: all is set up anew. */
  #broken(): void {
    this.#stop();
    this.#recover();
  }

  /** The sound is gone, the wish is not. */
  #recover(): void {
    const callId = this.#callId;
    if (!callId || this.#pursuing === this.#wish) return;
    // The server has let go of the microphone as well.
    this.hush();
    this.#events.lost();
    this.#pursue(callId, Number.POSITIVE_INFINITY);
  }

  /** Tries until the wanted call is heard, tries run out, or another wish comes; one pursuit per wish runs at a time. */
  #pursue(callId: string, tries: number): void {
    const wish = this.#wish;
    this.#pursuing = wish;
    this.#try(callId, wish, tries)
      .catch((error: unknown) => {
        if (wish === this.#wish) this.#giveUp(callId, error);
      })
      .finally(() => {
        if (this.#pursuing === wish) this.#pursuing = null;
      });
  }

  async #try(callId: string, wish: number, tries: number): Promise<void> {
    for (let attempt = 1; wish === this.#wish; attempt++) {
      try {
        await this.#signal.open();
        const mode = await this.#reclaimed();
        if (mode && wish === this.#wish) this.#events.back(mode === "takeover");
        else await this.#enter(callId, wish);
        return;
      } catch (error) {
        if (attempt >= tries || isFinal(error, tries)) throw error;
        await new Promise((rested) => setTimeout(rested, backOffMs(attempt - 1)));
      }
    }
  }

  /** What the server says of the place if it kept it and the sound never stopped; else null. */
  async #reclaimed(): Promise<Mode | null> {
    if (!this.#seatId) return null;
    try {
      const { mode } = await this.#signal.request("reclaim", { seatId: this.#seatId });
      return this.#hearing?.transport.connectionState === "connected" ? mode : null;
    } catch (error) {
      if (error instanceof Refused && error.reason === "no-seat") return null;
      throw error;
    }
  }

  #giveUp(callId: string, error: unknown): void {
    if (callId !== this.#callId) return;
    this.#forget();
    this.#signal.close();
    if (error instanceof Refused && error.reason === "call-over") return this.#events.ended(callId);
    this.#events.refused(
      callId,
      error instanceof Refused ? error.message : "The sound could not be connected. Check your network and try again.",
    );
  }

  #stop(): void {
    this.hush();
    const hearing = this.#hearing;
    this.#hearing = null;
    hearing?.close();
  }

  #forget(): void {
    this.#wish++;
    this.#callId = null;
    this.#seatId = null;
    this.#stop();
  }

  /** What was received and sent so far. */
  async stats(): Promise<{ received: Received[]; counted: Counted; sent: Sent | null }> {
    const nothing = { packetsReceived: 0, packetsLost: 0, jitterMs: 0, roundTripMs: 0 };
    const heard = (await this.#hearing?.stats()) ?? { received: [], counted: nothing };
    return { ...heard, sent: (await this.#speaking?.stats()) ?? null };
  }
}
