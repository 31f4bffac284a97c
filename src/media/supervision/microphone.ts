import type { types } from "mediasoup";
import type { Schedule } from "../../core/clock.ts";
import type { TransportOffer } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { LOOPBACK_PORTS, PCMU, type Room } from "./rooms.ts";

/** Most a microphone may send, in bit/s: PCMU with its headers takes 96 000. */
const MAX_INCOMING_BPS = 128_000;

/**
 * A browser that ends its microphone on purpose says so by its socket too. Whichever comes first, the other has come
 * after this long, in ms.
 */
const FAREWELL_MS = 300;

/** What a browser needs to know of a transport of ours. */
export const offerOf = (transport: types.WebRtcTransport): TransportOffer => ({
  id: transport.id,
  iceParameters: transport.iceParameters,
  iceCandidates: transport.iceCandidates,
  dtlsParameters: transport.dtlsParameters,
});

/** A transport to or from a browser, on the port that all supervisors share. */
export const browserTransport = (room: Pick<Room, "router" | "webRtcServer">): Promise<types.WebRtcTransport> =>
  room.router.createWebRtcTransport({
    webRtcServer: room.webRtcServer,
    enableUdp: true,
    enableTcp: true,
    preferUdp: true,
  });

/**
 * The way from a supervisor's microphone: a transport that only receives, one PCMU stream on it, and a copy of that
 * stream to the media thread over loopback. Nothing is let through before `setLive`.
 */
export class Microphone {
  readonly #room: Room;
  readonly #transport: types.WebRtcTransport;
  readonly #closed: () => void;
  #producer: types.Producer | null = null;
  #way: types.PlainTransport | null = null;
  #ssrc: number | null = null;
  #live = false;
  #isClosed = false;
  #stopWaiting = (): void => {};

  private constructor(room: Room, transport: types.WebRtcTransport, closed: () => void, schedule: Schedule) {
    this.#room = room;
    this.#transport = transport;
    this.#closed = closed;
    transport.observer.once("close", () => this.#lost());
    transport.on("dtlsstatechange", (state) => {
      if (state === "failed") transport.close();
      else if (state === "closed") this.#stopWaiting = schedule(() => transport.close(), FAREWELL_MS);
    });
  }

  /** @param closed told once when the way is lost, not when it is closed by `close` */
  static async open(room: Room, closed: () => void, schedule: Schedule): Promise<Microphone> {
    const transport = await browserTransport(room);
    const microphone = new Microphone(room, transport, closed, schedule);
    await transport.setMaxIncomingBitrate(MAX_INCOMING_BPS);
    return microphone;
  }

  get offer(): TransportOffer {
    return offerOf(this.#transport);
  }

  /** SSRC of the copy; null while there is no stream. */
  get ssrc(): number | null {
    return this.#ssrc;
  }

  /** Id of the stream for others in the room; null while there is none. */
  get producerId(): string | null {
    return this.#producer?.id ?? null;
  }

  async connect(dtlsParameters: types.DtlsParameters): Promise<void> {
    await this.#transport.connect({ dtlsParameters });
  }

  async restartIce(): Promise<types.IceParameters> {
    return this.#transport.restartIce();
  }

  /**
   * Takes the stream of the browser, in place of an earlier one, and sends its copy to `port` on loopback. Throws a
   * `Refusal` unless it is one stream of PCMU, and what mediasoup throws on parameters that do not fit.
   */
  async produce(rtpParameters: types.RtpParameters, port: number): Promise<string> {
    const wanted = onePcmuStream(rtpParameters);
    this.#forgetStream();
    const producer = await this.#transport.produce({ kind: "audio", rtpParameters: wanted, paused: !this.#live });
    this.#producer = producer;
    producer.observer.once("close", () => {
      if (this.#producer === producer && !this.#isClosed) this.#transport.close();
    });
    const way = await this.#room.router.createPlainTransport({
      listenInfo: { protocol: "udp", ip: "127.0.0.1", portRange: LOOPBACK_PORTS },
      rtcpMux: true,
      comedia: false,
    });
    if (this.#producer !== producer || this.#isClosed) {
      way.close();
      throw new Refusal("failed", "The microphone was closed meanwhile.");
    }
    this.#way = way;
    await way.connect({ ip: "127.0.0.1", port });
    const { rtpCapabilities } = this.#room.router;
    const copy = await way.consume({ producerId: producer.id, rtpCapabilities });
    this.#ssrc = copy.rtpParameters.encodings?.[0]?.ssrc ?? null;
    return producer.id;
  }

  /** Lets what is said through, or nothing. */
  async setLive(live: boolean): Promise<void> {
    this.#live = live;
    const producer = this.#producer;
    if (!producer || producer.closed || producer.paused === !live) return;
    await (live ? producer.resume() : producer.pause());
  }

  /** Closes the way; tells nobody. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting();
    this.#forgetStream();
    this.#transport.close();
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forgetStream();
    this.#closed();
  }

  #forgetStream(): void {
    const producer = this.#producer;
    const way = this.#way;
    this.#producer = null;
    this.#way = null;
    this.#ssrc = null;
    way?.close();
    producer?.close();
  }
}

const whole = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;

/**
 * Only what one stream of PCMU needs is taken over from a browser's parameters. Throws a `Refusal` when they are of
 * anything else.
 */
export const onePcmuStream = (given: types.RtpParameters): types.RtpParameters => {
  const { codecs, encodings = [], mid, rtcp } = given;
  const [codec] = codecs;
  const [encoding] = encodings;
  if (
    codecs.length !== 1 ||
    codec === undefined ||
    String(codec.mimeType).toLowerCase() !== "audio/pcmu" ||
    codec.clockRate !== PCMU.clockRate ||
    (codec.channels ?? 1) !== 1 ||
    !whole(codec.payloadType, 127) ||
    encodings.length !== 1 ||
    !whole(encoding?.ssrc, 0xffff_ffff)
  )
    throw new Refusal("bad-message", "Only one stream of PCMU is taken from a microphone.");
  const cname = typeof rtcp?.cname === "string" && rtcp.cname.length <= 255 ? { cname: rtcp.cname } : {};
  return {
    ...(typeof mid === "string" && mid.length <= 16 ? { mid } : {}),
    codecs: [{ ...PCMU, payloadType: codec.payloadType }],
    encodings: [{ ssrc: encoding.ssrc }],
    rtcp: { ...cname, reducedSize: true },
  };
};
