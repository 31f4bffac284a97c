import type { udp } from "bun";
import { OutsideError } from "../../../core/errors.ts";
import { FRAME_SAMPLES } from "../../audio/frame.ts";
import { JitterBuffer, NONE } from "../../audio/jitter-buffer.ts";
import { ulawEnergy } from "../../audio/level.ts";
import { parseRtp, RtpHeader, writeRtpHeader } from "../../audio/rtp.ts";
import { Vad } from "../../audio/vad.ts";
import type { CarrierLeg, LegCounters, LegSink } from "../leg.ts";

const HEADER_BYTES = 12;
const PCMU = 0;
/** Largest packet looked at; 60 ms of G.711 with every header extension is far smaller. */
const MAX_PACKET_BYTES = 1500;
/** Send errors in a row that mean the far end is gone: a quarter of a second. */
const MAX_SEND_ERRORS = 12;
/**
 * Frames without speech in a row, 1 s, after which more of them may be left out to catch up with a fast clock: by then
 * every voice has found the end of the callee's turn.
 */
const SILENT_FRAMES = 50;

/** The UDP ports legs listen on, handed out round robin so that a port rests before it is used again. */
export class RtpPorts {
  readonly #from: number;
  readonly #count: number;
  #next = 0;
  /** @param from first port; @param to last port, included. */
  constructor(from: number, to: number) {
    this.#from = from;
    this.#count = to - from + 1;
  }
  get count(): number {
    return this.#count;
  }
  next(): number {
    return this.#from + (this.#next++ % this.#count);
  }
}

/**
 * The callee's end of a call as RTP over UDP: PCMU, payload type 0, 20 ms packets out, any packet length in. Packets are
 * taken only from the address that `setRemote` named; others are dropped and counted as `strangers`. In-order audio
 * reaches the sink in the same turn of the event loop; gaps are handled by the jitter buffer.
 */
export class RtpLeg implements CarrierLeg {
  readonly counters: LegCounters;
  /** Packets from an address that is not the carrier's, or that are not RTP. */
  strangers = 0;
  readonly port: number;
  readonly #sink: LegSink;
  readonly #nowMs: () => number;
  readonly #jitter = new JitterBuffer();
  readonly #header = new RtpHeader();
  readonly #frame = new Uint8Array(FRAME_SAMPLES);
  readonly #packet = new Uint8Array(HEADER_BYTES + FRAME_SAMPLES);
  readonly #ssrc: number;
  #socket: udp.Socket<"buffer"> | null = null;
  #remoteHost = "";
  #remotePort = 0;
  #sequence = crypto.getRandomValues(new Uint16Array(1))[0]!;
  #timestamp = crypto.getRandomValues(new Uint32Array(1))[0]!;
  #sendErrors = 0;
  /** Knows the noise of the line while stream time is ahead, and the frames without speech in a row. */
  readonly #vad = new Vad();
  #silentFrames = 0;

  private constructor(port: number, sink: LegSink, nowMs: () => number, ssrc: number | undefined) {
    this.port = port;
    this.#ssrc = ssrc ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
    this.#sink = sink;
    this.#nowMs = nowMs;
    const jitter = this.#jitter;
    this.counters = {
      get packetsReceived() {
        return jitter.received;
      },
      get packetsLost() {
        return jitter.lost;
      },
      get packetsLate() {
        return jitter.late;
      },
      get packetsReordered() {
        return jitter.reordered;
      },
      get packetsDuplicate() {
        return jitter.duplicates;
      },
      get framesConcealed() {
        return jitter.concealed;
      },
      get jitterMs() {
        return jitter.jitterMs;
      },
    };
  }

  /**
   * Opens a leg on the next free port of the pool; `ssrc` is random unless given.
   * @throws OutsideError when every port of the pool is taken.
   */
  static async open(deps: {
    host: string;
    ports: RtpPorts;
    sink: LegSink;
    nowMs: () => number;
    ssrc?: number | undefined;
  }): Promise<RtpLeg> {
    for (let tries = deps.ports.count; tries > 0; tries--) {
      const leg = new RtpLeg(deps.ports.next(), deps.sink, deps.nowMs, deps.ssrc);
      if (await leg.#bind(deps.host)) return leg;
    }
    throw new OutsideError("no free RTP port: raise RTP_PORTS or lower MAX_CONCURRENT_CALLS", { retryable: true });
  }

  async #bind(hostname: string): Promise<boolean> {
    try {
      this.#socket = await Bun.udpSocket({
        hostname,
        port: this.port,
        socket: {
          data: (_socket, packet, port, host) => this.#receive(packet, port, host),
          error: () => this.#sendFailed(),
        },
      });
      return true;
    } catch (thrown) {
      if ((thrown as { code?: string }).code === "EADDRINUSE") return false;
      throw new OutsideError("the RTP address cannot be opened: check RTP_HOST", { retryable: false, cause: thrown });
    }
  }

  setRemote(host: string, port: number): void {
    this.#remoteHost = host;
    this.#remotePort = port;
  }

  answered(nowMs: number): void {
    this.#jitter.start(nowMs);
  }

  #receive(packet: Uint8Array, port: number, host: string): void {
    if (port !== this.#remotePort || host !== this.#remoteHost || packet.length > MAX_PACKET_BYTES) {
      this.strangers++;
      return;
    }
    const header = this.#header;
    if (!parseRtp(packet, packet.length, header)) {
      this.strangers++;
      return;
    }
    this.#sendErrors = 0;
    if (header.payloadType !== PCMU) {
      this.#jitter.note(header.seq, header.ssrc);
      return;
    }
    try {
      const now = this.#nowMs();
      this.#jitter.push(
        header.seq,
        header.timestamp,
        header.ssrc,
        header.marker,
        packet,
        header.payloadOff,
        header.payloadLen,
        now,
      );
      this.#deliver(now);
    } catch (thrown) {
      this.#sink.legLost(`the callee's audio could not be handled: ${String(thrown)}`);
    }
  }

  #deliver(nowMs: number): void {
    while (this.#jitter.pull(this.#frame, nowMs) !== NONE) {
      if (this.#mayLeaveOut(nowMs)) this.#jitter.leftOut();
      else this.#sink.calleeFrame(this.#frame, nowMs);
    }
  }

  /** A sender with a fast clock, or a burst after a stall, runs ahead of time: silence or noise is left out to catch up. */
  #mayLeaveOut(nowMs: number): boolean {
    if (!this.#jitter.wantsDrop(nowMs)) {
      this.#silentFrames = 0;
      return false;
    }
    this.#vad.push(ulawEnergy(this.#frame, 0, FRAME_SAMPLES));
    this.#silentFrames = this.#vad.frameVoiced ? 0 : this.#silentFrames + 1;
    return this.#silentFrames > SILENT_FRAMES;
  }

  send(frame: Uint8Array, talkspurt: boolean): void {
    const packet = this.#packet;
    writeRtpHeader(packet, PCMU, this.#sequence, this.#timestamp, this.#ssrc, talkspurt);
    packet.set(frame, HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    if (this.#remotePort === 0) return;
    try {
      this.#socket?.send(packet, this.#remotePort, this.#remoteHost);
    } catch {
      // The refusal of an earlier packet, which the kernel keeps for the next one.
      this.#sendFailed();
    }
  }

  skip(frames: number): void {
    this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
  }

  tick(nowMs: number): void {
    this.#deliver(nowMs);
  }

  #sendFailed(): void {
    if (++this.#sendErrors === MAX_SEND_ERRORS) {
      this.#sink.legLost("the carrier refuses packets: its end of the media is gone");
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }
}
