import type { types } from "mediasoup-client";
import type { Heard, Party, TransportOffer } from "../../src/media/supervision/messages.ts";
import type { Counted } from "./quality.ts";
import type { Signal } from "./signal.ts";

/** Longest wait for a way to the sound, in ms: enough for a network that lets only TCP through. */
const CONNECTED_WITHIN_MS = 10_000;

/** No way to the sound was found in time, though the server answered. */
export class Unheard extends Error {}

/** A stream that is heard. `name` is the party, or unique among the other supervisors. */
export interface HeardStream {
  name: string;
  party: Party;
  track: MediaStreamTrack;
}

/** What a receiver has got so far. */
export interface Received {
  name: string;
  party: Party;
  codec: string;
  clockRate: number;
  bytes: number;
  /** Energy of all that was played; grows while someone speaks. */
  energy: number;
  /** Samples made up because packets were missing or late. */
  concealed: number;
}

/** The way from the call to this browser: one transport, a stream for each party and for each supervisor who speaks. */
export class Hearing {
  readonly transport: types.Transport;
  readonly #signal: Signal;
  readonly #device: types.Device;
  readonly #heard: (stream: HeardStream) => void;
  readonly #gone: (name: string) => void;
  readonly #consumers = new Map<string, { name: string; party: Party; consumer: types.Consumer }>();
  readonly #left = new Set<string>();
  readonly #connected = Promise.withResolvers<void>();

  constructor(options: {
    signal: Signal;
    device: types.Device;
    offer: TransportOffer;
    heard: (stream: HeardStream) => void;
    gone: (name: string) => void;
    state: (state: types.ConnectionState) => void;
  }) {
    this.#signal = options.signal;
    this.#device = options.device;
    this.#heard = options.heard;
    this.#gone = options.gone;
    this.transport = options.device.createRecvTransport(options.offer);
    this.transport.on("connect", ({ dtlsParameters }, connected, failed) => {
      this.#signal.request("connect", { way: "hear", dtlsParameters }).then(() => connected(), failed);
    });
    this.transport.on("connectionstatechange", (state) => {
      if (state === "connected") this.#connected.resolve();
      options.state(state);
    });
    this.#connected.promise.catch(() => {});
  }

  /**
   * Resolves as soon as sound can come, at once while there is nothing to hear yet. Rejects with `Unheard` when it cannot
   * within 10 s, or when this is closed before. The browser's word alone will not do: Firefox stays at `new` for good where
   * none of its addresses fits one of the server's.
   */
  async connected(): Promise<void> {
    if (this.#consumers.size === 0) return;
    const timer = setTimeout(() => this.#connected.reject(new Unheard("no way in time")), CONNECTED_WITHIN_MS);
    await this.#connected.promise.finally(() => clearTimeout(timer));
  }

  /** Takes all there is to hear now; they begin once the server is told to resume. */
  async begin(): Promise<void> {
    const rtpCapabilities = this.#device.recvRtpCapabilities;
    const { heard } = await this.#signal.request("consume", { rtpCapabilities });
    await Promise.all(heard.map((stream) => this.add(stream)));
  }

  /** Takes one stream more. */
  async add({ party, id, producerId, kind, rtpParameters }: Heard): Promise<void> {
    if (this.#consumers.has(id) || this.transport.closed) return;
    const name = party === "supervisor" ? `supervisor-${id}` : party;
    // A stream of its own for each: with one in common browsers hold one back to keep both in step.
    const consumer = await this.transport.consume({
      id,
      producerId,
      kind,
      rtpParameters: rtpParameters as types.RtpParameters,
      streamId: name,
    });
    if (this.transport.closed) return;
    if (this.#left.delete(id)) return consumer.close();
    this.#consumers.set(id, { name, party, consumer });
    this.#heard({ name, party, track: consumer.track });
  }

  /** A stream has ended. */
  remove(consumerId: string): void {
    const known = this.#consumers.get(consumerId);
    // One that is still being taken ends as soon as it is there.
    if (!known) return void this.#left.add(consumerId);
    this.#consumers.delete(consumerId);
    known.consumer.close();
    this.#gone(known.name);
  }

  /** Ends all; the streams of other supervisors are told as gone. */
  close(): void {
    this.#connected.reject(new Unheard("closed"));
    this.transport.close();
    for (const { name, party } of this.#consumers.values()) if (party === "supervisor") this.#gone(name);
    this.#consumers.clear();
  }

  /** What was received so far, per stream, and the network's figures over all. */
  async stats(): Promise<{ received: Received[]; counted: Counted }> {
    const received: Received[] = [];
    const counted: Counted = { packetsReceived: 0, packetsLost: 0, jitterMs: 0, roundTripMs: 0 };
    for (const { name, party, consumer } of this.#consumers.values()) {
      const report = await consumer.rtpReceiver?.getStats();
      for (const entry of report?.values() ?? []) {
        if (entry.type === "candidate-pair" && entry.currentRoundTripTime !== undefined)
          counted.roundTripMs = Math.max(counted.roundTripMs, entry.currentRoundTripTime * 1000);
        if (entry.type !== "inbound-rtp") continue;
        const codec = report?.get(entry.codecId ?? "");
        received.push({
          name,
          party,
          codec: codec?.mimeType ?? "",
          clockRate: codec?.clockRate ?? 0,
          bytes: entry.bytesReceived ?? 0,
          energy: entry.totalAudioEnergy ?? 0,
          concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
        });
        // Another supervisor's own bad network is not this one's.
        if (party === "supervisor") continue;
        counted.packetsReceived += entry.packetsReceived ?? 0;
        counted.packetsLost += entry.packetsLost ?? 0;
        counted.jitterMs = Math.max(counted.jitterMs, (entry.jitter ?? 0) * 1000);
      }
    }
    return { received, counted };
  }
}
