import type { types } from "mediasoup-client";
import type { Heard, Notice, Party } from "../../src/media/supervision/messages.ts";
import type { Counted } from "./quality.ts";
import { backOffMs, Refused, Signal, Unanswered } from "./signal.ts";

/** The address of the media client's bundle, put in when the page's scripts are bundled. */
declare const MEDIASOUP_URL: string;

/** ICE may heal by itself this long before it is restarted, in ms. */
const ICE_GRACE_MS = 3_000;

/** Tries of a first join before the user is told that it failed; a lost call is tried for as long as it is wanted. */
const FIRST_TRIES = 3;

/** A refusal that another try will not change; on a first join every refusal is, so that the click has an answer. */
const isFinal = ({ reason }: Refused, tries: number): boolean =>
  tries === FIRST_TRIES ? reason !== "no-seat" : reason === "call-over" || reason === "no-such-call";

/** What the link tells the phone. */
export interface LinkEvents {
  /** Sound of both parties is there, for the first time or again. */
  joined(callId: string, who: string): void;
  track(party: Party, track: MediaStreamTrack): void;
  lost(): void;
  /** Lost and back without a new join: nothing was interrupted but the signalling. */
  back(): void;
  refused(callId: string, why: string): void;
  ended(callId: string): void;
  roster(callId: string, names: readonly string[]): void;
}

/** What a receiver has got so far. */
export interface Received {
  party: Party;
  codec: string;
  clockRate: number;
  bytes: number;
  /** Energy of all that was played; grows while someone speaks. */
  energy: number;
  /** Samples made up because packets were missing or late. */
  concealed: number;
}

/** The way to one call: signalling, receiving transport and two streams, kept up for as long as the call is wanted. */
export class Link {
  readonly #events: LinkEvents;
  readonly #signal: Signal;
  #device: Promise<types.Device> | null = null;
  #transport: types.Transport | null = null;
  #consumers = new Map<Party, types.Consumer>();
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
    this.#forget();
    this.#callId = callId;
    this.#pursue(callId, FIRST_TRIES);
  }

  /** Leaves the call; the call itself goes on. */
  leave(): void {
    this.#forget();
    this.#signal.request("leave", {}).catch(() => {});
    this.#signal.close();
  }

  async #enter(callId: string, wish: number): Promise<void> {
    const wanted = (): void => {
      if (wish !== this.#wish) throw new Unanswered("another call is wanted");
    };
    const loading = this.#load();
    await this.#signal.open();
    wanted();
    const joined = await this.#signal.request("join", { callId, mode: "listen" });
    wanted();
    this.#seatId = joined.seatId;
    const device = await loading;
    if (!device.loaded) {
      const routerRtpCapabilities = joined.routerRtpCapabilities as types.RtpCapabilities;
      await device.load({ routerRtpCapabilities });
    }
    wanted();
    this.#stop();
    const transport = device.createRecvTransport(joined.transport);
    this.#transport = transport;
    transport.on("connect", ({ dtlsParameters }, connected, failed) => {
      this.#signal.request("connect", { dtlsParameters }).then(() => connected(), failed);
    });
    transport.on("connectionstatechange", (state) => this.#transportIs(transport, state));
    const { heard } = await this.#signal.request("consume", { rtpCapabilities: device.recvRtpCapabilities });
    wanted();
    await Promise.all(heard.map((stream) => this.#hear(transport, stream)));
    wanted();
    await this.#signal.request("resume", {});
    wanted();
    this.#events.joined(callId, joined.who);
  }

  #load(): Promise<types.Device> {
    this.#device ??= import(MEDIASOUP_URL).then((client: typeof import("../mediasoup.ts")) => client.Device.factory());
    this.#device.catch(() => {
      this.#device = null;
    });
    return this.#device;
  }

  async #hear(transport: types.Transport, { party, id, producerId, kind, rtpParameters }: Heard): Promise<void> {
    // A stream of its own for each party: with one in common browsers hold one back to keep both in step.
    const consumer = await transport.consume({
      id,
      producerId,
      kind,
      rtpParameters: rtpParameters as types.RtpParameters,
      streamId: party,
    });
    if (this.#transport !== transport) return;
    this.#consumers.set(party, consumer);
    this.#events.track(party, consumer.track);
  }

  #noticed(notice: Notice): void {
    if (notice.callId !== this.#callId) return;
    switch (notice.event) {
      case "roster":
        return this.#events.roster(notice.callId, notice.names);
      case "call-ended":
        this.#forget();
        this.#signal.close();
        return this.#events.ended(notice.callId);
      case "rejoin":
        this.#stop();
        return this.#recover();
    }
  }

  #transportIs(transport: types.Transport, state: types.ConnectionState): void {
    if (this.#transport !== transport) return;
    if (state === "failed") {
      this.#stop();
      this.#recover();
    } else if (state === "disconnected")
      setTimeout(() => {
        if (this.#transport === transport && transport.connectionState === "disconnected") this.#restartIce(transport);
      }, ICE_GRACE_MS);
  }

  #restartIce(transport: types.Transport): void {
    this.#signal
      .request("restart-ice", {})
      .then(({ iceParameters }) => transport.restartIce({ iceParameters }))
      .catch(() => {
        if (this.#transport !== transport) return;
        this.#stop();
        this.#recover();
      });
  }

  /** The sound is gone, the wish is not. */
  #recover(): void {
    const callId = this.#callId;
    if (!callId || this.#pursuing === this.#wish) return;
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
        if (await this.#reclaimed()) this.#events.back();
        else await this.#enter(callId, wish);
        return;
      } catch (error) {
        if (attempt >= tries || (error instanceof Refused && isFinal(error, tries))) throw error;
        await new Promise((rested) => setTimeout(rested, backOffMs(attempt - 1)));
      }
    }
  }

  /** Whether the server kept the place and the sound never stopped. */
  async #reclaimed(): Promise<boolean> {
    if (!this.#seatId) return false;
    try {
      await this.#signal.request("reclaim", { seatId: this.#seatId });
      return this.#transport?.connectionState === "connected";
    } catch (error) {
      if (error instanceof Refused && error.reason === "no-seat") return false;
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
    const transport = this.#transport;
    this.#transport = null;
    this.#consumers.clear();
    transport?.close();
  }

  #forget(): void {
    this.#wish++;
    this.#callId = null;
    this.#seatId = null;
    this.#stop();
  }

  /** What was received so far, per party, and the network's figures over both. */
  async stats(): Promise<{ received: Received[]; counted: Counted }> {
    const received: Received[] = [];
    const counted: Counted = { packetsReceived: 0, packetsLost: 0, jitterMs: 0, roundTripMs: 0 };
    for (const [party, consumer] of this.#consumers) {
      const report = await consumer.rtpReceiver?.getStats();
      for (const entry of report?.values() ?? []) {
        if (entry.type === "candidate-pair" && entry.currentRoundTripTime !== undefined)
          counted.roundTripMs = Math.max(counted.roundTripMs, entry.currentRoundTripTime * 1000);
        if (entry.type !== "inbound-rtp") continue;
        counted.packetsReceived += entry.packetsReceived ?? 0;
        counted.packetsLost += entry.packetsLost ?? 0;
        counted.jitterMs = Math.max(counted.jitterMs, (entry.jitter ?? 0) * 1000);
        const codec = report?.get(entry.codecId ?? "");
        received.push({
          party,
          codec: codec?.mimeType ?? "",
          clockRate: codec?.clockRate ?? 0,
          bytes: entry.bytesReceived ?? 0,
          energy: entry.totalAudioEnergy ?? 0,
          concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
        });
      }
    }
    return { received, counted };
  }
}
