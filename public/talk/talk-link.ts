import type { types } from "mediasoup-client";
import type { LineOffer, TalkAnswers, TalkNotice } from "../../src/media/carriers/browser/messages.ts";
import { Refused, Signal } from "../softphone/signal.ts";

/** The address of the media client's bundle, put in when the page's scripts are bundled. */
declare const MEDIASOUP_URL: string;

/** What the link tells the page. */
export interface TalkEvents {
  /** The call exists; its words can be shown. */
  begun(callId: string): void;
  voice(track: MediaStreamTrack): void;
  /** Both hear each other. */
  answered(): void;
  /** The call is over, or there was none; `why` is a sentence or empty. Once for each `start`. */
  over(why: string): void;
}

/** Sound of one call in both directions so far. */
export interface TalkStats {
  sentPackets: number;
  sentCodec: string;
  receivedPackets: number;
  receivedCodec: string;
  /** Energy of all that was played; grows while the agent speaks. */
  energy: number;
}

const LOST = "The connection to the server was lost, and the call with it.";
const FAILED = "The sound could not be connected. Check your network and try again.";

/** One call with an agent: socket, both transports, both streams. Whatever ends first ends all of it. */
export class TalkLink {
  readonly #url: string;
  readonly #events: TalkEvents;
  #signal: Signal<TalkAnswers, TalkNotice> | null = null;
  #transports: types.Transport[] = [];
  #producer: types.Producer | null = null;
  #consumer: types.Consumer | null = null;
  /** Rises with each start and end; work begun before it is dropped. */
  #turn = 0;

  constructor(options: { url: string; events: TalkEvents }) {
    this.#url = options.url;
    this.#events = options.events;
  }

  /** Begins a call into which this microphone speaks. Nothing may be under way. */
  start(wish: { agentId: string; action: string; callee: string }, track: MediaStreamTrack): void {
    const turn = ++this.#turn;
    const isWanted = (): boolean => turn === this.#turn;
    const signal = new Signal<TalkAnswers, TalkNotice>({
      url: this.#url,
      notice: (notice) => {
        if (!isWanted()) return;
        if (notice.event === "answered") this.#events.answered();
        else this.#end(notice.why);
      },
      lost: () => isWanted() && this.#end(LOST),
    });
    this.#signal = signal;
    this.#connect(signal, wish, track, isWanted).catch((error: unknown) => {
      if (isWanted()) this.#end(error instanceof Refused ? error.message : FAILED);
    });
  }

  async #connect(
    signal: Signal<TalkAnswers, TalkNotice>,
    wish: { agentId: string; action: string; callee: string },
    track: MediaStreamTrack,
    isWanted: () => boolean,
  ): Promise<void> {
    const loading = makeDevice();
    loading.catch(() => {});
    await signal.open();
    if (!isWanted()) return;
    const { callId, ...offer } = await signal.request("start", wish);
    if (!isWanted()) return;
    this.#events.begun(callId);
    const device = await loading;
    await device.load({ routerRtpCapabilities: offer.routerRtpCapabilities as types.RtpCapabilities });
    if (!isWanted()) return;
    await Promise.all([this.#hear(signal, device, offer), this.#speak(signal, device, offer, track)]);
    if (isWanted()) await signal.request("resume", {});
  }

  async #hear(signal: Signal<TalkAnswers, TalkNotice>, device: types.Device, { hear }: LineOffer): Promise<void> {
    const transport = this.#add(signal, "hear", device.createRecvTransport(hear));
    const { heard } = await signal.request("consume", { rtpCapabilities: device.recvRtpCapabilities });
    const consumer = await transport.consume({ ...heard, rtpParameters: heard.rtpParameters as types.RtpParameters });
    if (transport.closed) return;
    this.#consumer = consumer;
    this.#events.voice(consumer.track);
  }

  async #speak(
    signal: Signal<TalkAnswers, TalkNotice>,
    device: types.Device,
    { speak }: LineOffer,
    track: MediaStreamTrack,
  ): Promise<void> {
    const transport = this.#add(signal, "speak", device.createSendTransport(speak));
    transport.on("produce", ({ rtpParameters }, made, failed) => {
      signal.request("produce", { rtpParameters }).then(({ producerId }) => made({ id: producerId }), failed);
    });
    const codec = device.rtpCapabilities.codecs?.find(({ mimeType }) => mimeType.toLowerCase() === "audio/pcmu");
    const sending = { track, stopTracks: false, disableTrackOnPause: false, zeroRtpOnPause: false };
    const producer = await transport.produce(codec ? { ...sending, codec } : sending);
    if (!transport.closed) this.#producer = producer;
  }

  #add(signal: Signal<TalkAnswers, TalkNotice>, way: "hear" | "speak", transport: types.Transport): types.Transport {
    this.#transports.push(transport);
    transport.on("connect", ({ dtlsParameters }, connected, failed) => {
      signal.request("connect", { way, dtlsParameters }).then(() => connected(), failed);
    });
    transport.on("connectionstatechange", (state) => {
      if (state === "failed" && this.#transports.includes(transport)) this.#end(FAILED);
    });
    return transport;
  }

  /** Hangs up; the end is told. Does nothing without a call. */
  hangUp(): void {
    if (this.#signal) this.#end("");
  }

  #end(why: string): void {
    this.#turn++;
    const signal = this.#signal;
    const transports = this.#transports;
    this.#signal = null;
    this.#transports = [];
    this.#producer = null;
    this.#consumer = null;
    // The server ends the call with its socket; asked first, it knows that it was meant.
    signal?.request("hang-up", {}).catch(() => {});
    signal?.close();
    for (const transport of transports) transport.close();
    this.#events.over(why);
  }

  /** What went both ways so far; zeros without a call. */
  async stats(): Promise<TalkStats> {
    const stats: TalkStats = { sentPackets: 0, sentCodec: "", receivedPackets: 0, receivedCodec: "", energy: 0 };
    const sent = await this.#producer?.rtpSender?.getStats();
    for (const entry of sent?.values() ?? []) {
      if (entry.type !== "outbound-rtp") continue;
      stats.sentPackets = entry.packetsSent ?? 0;
      stats.sentCodec = sent?.get(entry.codecId ?? "")?.mimeType ?? "";
    }
    const received = await this.#consumer?.rtpReceiver?.getStats();
    for (const entry of received?.values() ?? []) {
      if (entry.type !== "inbound-rtp") continue;
      stats.receivedPackets = entry.packetsReceived ?? 0;
      stats.receivedCodec = received?.get(entry.codecId ?? "")?.mimeType ?? "";
      stats.energy = entry.totalAudioEnergy ?? 0;
    }
    return stats;
  }
}

const makeDevice = async (): Promise<types.Device> => {
  const client = (await import(MEDIASOUP_URL)) as typeof import("../mediasoup.ts");
  return await client.Device.factory();
};
