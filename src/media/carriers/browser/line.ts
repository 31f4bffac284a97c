import type { types } from "mediasoup";
import type { RunningWorker } from "../../supervision/media-worker.ts";
import type { Heard } from "../../supervision/messages.ts";
import { browserTransport, offerOf, onePcmuStream } from "../../supervision/microphone.ts";
import { LOOPBACK_PORTS, PCMU } from "../../supervision/rooms.ts";
import type { LineOffer } from "./messages.ts";

/** What happens on a line by itself. */
export interface LineEvents {
  /** Sound can go both ways; once. */
  through(): void;
  /** The browser closed its connection, as a page does that goes away; once, and not after `close` or `lost`. */
  left(): void;
  /** A way to the browser broke, or the worker died; once, and not after `close` or `left`. */
  lost(detail: string): void;
}

/**
 * The sound of one call between a browser and the media thread, inside the mediasoup worker: the agent's packets come
 * over loopback and go on to the browser, the browser's go the other way, PCMU all along. A router of its own, so that
 * closing it leaves nothing behind.
 */
export class BrowserLine {
  /** Source that the agent's packets must carry. */
  readonly ssrc: number;
  readonly #router: types.Router;
  readonly #hear: types.WebRtcTransport;
  readonly #speak: types.WebRtcTransport;
  readonly #leg: types.PlainTransport;
  readonly #agent: types.Producer;
  #events: LineEvents | null = null;
  #microphone: types.Producer | null = null;
  #voice: types.Consumer | null = null;
  #plays = false;
  #isThrough = false;
  #closed = false;

  private constructor(parts: {
    router: types.Router;
    hear: types.WebRtcTransport;
    speak: types.WebRtcTransport;
    leg: types.PlainTransport;
    agent: types.Producer;
    ssrc: number;
  }) {
    this.ssrc = parts.ssrc;
    this.#router = parts.router;
    this.#hear = parts.hear;
    this.#speak = parts.speak;
    this.#leg = parts.leg;
    this.#agent = parts.agent;
    parts.router.observer.once("close", () => this.#lost("the media worker ended"));
    for (const transport of [parts.hear, parts.speak]) {
      transport.on("dtlsstatechange", (state) => {
        if (state === "connected") this.#look();
        else if (state === "failed") this.#lost("the browser could not be connected");
        else if (state === "closed" && !this.#closed) this.#left();
      });
      transport.on("icestatechange", (state) => {
        if (state === "disconnected") this.#lost("the browser is not reached any more");
      });
    }
  }

  /**
   * Makes all ends of a line. Throws what mediasoup throws when it cannot.
   * @param legHost address of this machine that the media thread sends to
   */
  static async open({ worker, webRtcServer }: RunningWorker, legHost: string): Promise<BrowserLine> {
    const ssrc = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const router = await worker.createRouter({ mediaCodecs: [{ kind: "audio", ...PCMU, preferredPayloadType: 0 }] });
    try {
      const [hear, speak, leg] = await Promise.all([
        browserTransport({ router, webRtcServer }),
        browserTransport({ router, webRtcServer }),
        router.createPlainTransport({
          listenInfo: { protocol: "udp", ip: legHost, portRange: LOOPBACK_PORTS },
          rtcpMux: true,
          comedia: false,
        }),
      ]);
      const agent = await leg.produce({
        kind: "audio",
        rtpParameters: { codecs: [{ ...PCMU, payloadType: 0 }], encodings: [{ ssrc }] },
      });
      await speak.setMaxIncomingBitrate(MAX_INCOMING_BPS);
      return new BrowserLine({ router, hear, speak, leg, agent, ssrc });
    } catch (thrown) {
      router.close();
      throw thrown;
    }
  }

  /** Tells what happens from now on. */
  listen(events: LineEvents): void {
    this.#events = events;
    this.#look();
  }

  /** What the browser needs to know. */
  get offer(): LineOffer {
    return {
      routerRtpCapabilities: this.#router.rtpCapabilities,
      hear: offerOf(this.#hear),
      speak: offerOf(this.#speak),
    };
  }

  async connect(way: "hear" | "speak", dtlsParameters: types.DtlsParameters): Promise<void> {
    await (way === "hear" ? this.#hear : this.#speak).connect({ dtlsParameters });
  }

  /** The browser's microphone, once; null when there is one. Throws when it is no single stream of PCMU. */
  async produce(rtpParameters: types.RtpParameters): Promise<string | null> {
    if (this.#microphone !== null) return null;
    const microphone = await this.#speak.produce({ kind: "audio", rtpParameters: onePcmuStream(rtpParameters) });
    this.#microphone = microphone;
    // Without header extensions the media thread gets plain RTP.
    const rtpCapabilities = { ...this.#router.rtpCapabilities, headerExtensions: [] };
    await this.#leg.consume({ producerId: microphone.id, rtpCapabilities });
    this.#look();
    return microphone.id;
  }

  /** The agent's voice for the browser, paused, once; null when it was given. */
  async consume(rtpCapabilities: types.RtpCapabilities): Promise<Omit<Heard, "party"> | null> {
    if (this.#voice !== null) return null;
    const voice = await this.#hear.consume({ producerId: this.#agent.id, rtpCapabilities, paused: true });
    this.#voice = voice;
    const { id, producerId, kind, rtpParameters } = voice;
    return { id, producerId, kind, rtpParameters };
  }

  /** The browser plays: the agent's voice goes through. */
  async resume(): Promise<void> {
    if (this.#voice === null) return;
    await this.#voice.resume();
    this.#plays = true;
    this.#look();
  }

  /** Joins the media thread's end, which listens there; gives where it must send. */
  async connectLeg(host: string, port: number): Promise<{ host: string; port: number }> {
    await this.#leg.connect({ ip: host, port });
    return { host: this.#leg.tuple.localAddress, port: this.#leg.tuple.localPort };
  }

  /** Frees everything. May be called twice; tells nobody. */
  close(): void {
    this.#closed = true;
    this.#router.close();
  }

  #look(): void {
    const isConnected = this.#hear.dtlsState === "connected" && this.#speak.dtlsState === "connected";
    if (this.#isThrough || this.#closed || !isConnected || !this.#plays || this.#microphone === null) return;
    this.#isThrough = true;
    this.#events?.through();
  }

  #left(): void {
    this.close();
    this.#events?.left();
  }

  #lost(detail: string): void {
    if (this.#closed) return;
    this.close();
    this.#events?.lost(detail);
  }
}

/** Most a microphone may send, in bit/s: PCMU with its headers takes 96 000. */
const MAX_INCOMING_BPS = 128_000;
