import type { udp } from "bun";
import { FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { parseRtp, RtpHeader, writeRtpHeader } from "../../src/media/audio/rtp.ts";
import { PacketLog } from "./packet-log.ts";
import { NO_STAMP, readStamp, writeStamp } from "./stamp.ts";

const HEADER_BYTES = 12;
/** Send times kept by stamp: 40 s. */
const SENT = 2048;
/** Stamps of callee frames begin anew behind this. */
const STAMP_MASK = 0x7fff;
/** Frames of the callee that are looked for one by one: the first second. */
const START_FRAMES = 50;
/** Numbers of utterances begin anew behind this. */
const UTTERANCES = 15;
/** Stamps from here on, but for `NO_STAMP`, are a supervisor's. */
const SUPERVISOR_STAMPS = UTTERANCES << 12;
const SUPERVISOR_FRAMES = NO_STAMP - SUPERVISOR_STAMPS;

/** The stamp of a supervisor's frame. */
export const supervisorStamp = (frame: number): number => SUPERVISOR_STAMPS + (frame % SUPERVISOR_FRAMES);

/** The stamp of an agent's frame. */
export const agentStamp = (utterance: number, frame: number): number =>
  ((utterance % UTTERANCES) << 12) | (frame & 0xfff);

/** What was seen of one utterance of the agent on its way from the voice to the carrier. */
export class UtteranceSeen {
  /** When its first audio was given to the network. */
  givenAtMs = 0;
  /** Frames that came as packets, and when the first and last did. */
  frames = 0;
  firstAtMs = 0;
  lastAtMs = 0;
}

/** The carrier's end of one call: sends stamped frames of the callee and watches the packets of the agent. */
export class CarrierEnd {
  readonly packets = new PacketLog();
  readonly opening = new UtteranceSeen();
  /** Frames of the callee so far. */
  sent = 0;
  /** Hears the first packet of each utterance. */
  onFirstFrame: (utterance: UtteranceSeen) => void = () => {};
  /** Hears the stamp of each frame of a supervisor's. */
  onSupervisor: (stamp: number, nowMs: number) => void = () => {};
  /** Two people speak at once: stamps cannot be read. */
  isMixed = false;
  /** When a frame of the agent's came last. */
  agentAtMs = 0;
  #utterances = Array.from({ length: UTTERANCES }, () => new UtteranceSeen());
  #socket: udp.Socket<"buffer"> | null = null;
  #port = 0;
  readonly #packet = new Uint8Array(HEADER_BYTES + FRAME_SAMPLES);
  readonly #header = new RtpHeader();
  readonly #sentAt = new Float64Array(SENT);
  /** Frames of speech that were sent and have not come to the voice yet. */
  readonly #missing = new Uint8Array(START_FRAMES);
  #firstTimestamp = -1;
  #wasSpeech = false;
  #lead = 0;

  /** Binds a socket of its own; gives its port. */
  async open(): Promise<number> {
    this.#socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (_socket, packet) => this.#receive(packet), error() {} },
    });
    return this.#socket.port;
  }

  /** Where the host takes packets. */
  setTarget(port: number): void {
    this.#port = port;
  }

  utterance(number: number): UtteranceSeen {
    return this.#utterances[number % UTTERANCES]!;
  }

  /** A new utterance takes the place of an old one. */
  beginUtterance(number: number): void {
    this.#utterances[number % UTTERANCES] = number === 0 ? this.opening : new UtteranceSeen();
  }

  /** Sends one frame of the callee, stamped; returns when. */
  send(frame: Uint8Array, isSpeech: boolean): number {
    const packet = this.#packet;
    const number = this.sent++;
    const stamp = number & STAMP_MASK;
    if (isSpeech && number < START_FRAMES) this.#missing[number] = 1;
    writeRtpHeader(packet, 0, number & 0xffff, (number * FRAME_SAMPLES) >>> 0, 1, number === 0);
    packet.set(frame, HEADER_BYTES);
    writeStamp(packet, HEADER_BYTES, stamp);
    const now = performance.now();
    this.#sentAt[stamp % SENT] = now;
    this.#socket?.send(packet, this.#port, "127.0.0.1");
    return now;
  }

  /** A frame came to the voice: the ms since it was sent, −1 for silence of the host's own. */
  reachedVoice(stamp: number, nowMs: number): number {
    if (stamp > STAMP_MASK) return -1;
    if (this.sent <= STAMP_MASK && stamp < START_FRAMES) this.#missing[stamp] = 0;
    return nowMs - this.#sentAt[stamp % SENT]!;
  }

  /**
   * Frames of speech in the first second that never came to the voice. Quiet ones may be left out: they make up for
   * silence that was given when the process stood still.
   */
  get lostAtStart(): number {
    let lost = 0;
    for (let i = 0; i < START_FRAMES; i++) lost += this.#missing[i]!;
    return lost;
  }

  #receive(packet: Uint8Array): void {
    const now = performance.now();
    const header = this.#header;
    if (!parseRtp(packet, packet.length, header)) return;
    if (this.#firstTimestamp < 0) this.#firstTimestamp = header.timestamp;
    const index = ((header.timestamp - this.#firstTimestamp) >>> 0) / FRAME_SAMPLES;
    if (this.isMixed) return;
    const stamp = readStamp(packet, header.payloadOff);
    if (stamp >= SUPERVISOR_STAMPS && stamp !== NO_STAMP) return this.onSupervisor(stamp, now);
    const isSpeech = stamp !== NO_STAMP;
    if (isSpeech) {
      this.agentAtMs = now;
      const seen = this.#utterances[stamp >> 12]!;
      seen.lastAtMs = now;
      if (seen.frames++ === 0) {
        seen.firstAtMs = now;
        this.onFirstFrame(seen);
      }
    }
    // The first frame of a stretch of speech may leave ahead of its slot, and the silent slot after the stretch is left out.
    if (isSpeech && !this.#wasSpeech) this.#lead = 1;
    else {
      if (!isSpeech && this.#wasSpeech) this.#lead = 0;
      this.packets.push(now, index - this.#lead);
    }
    this.#wasSpeech = isSpeech;
  }

  close(): void {
    this.#socket?.close();
  }
}
