import type { udp } from "bun";
import { FRAME_MS, FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { writeRtpHeader } from "../../src/media/audio/rtp.ts";
import { supervisorStamp } from "./carrier-end.ts";
import { NO_STAMP, writeStamp } from "./stamp.ts";

const HEADER_BYTES = 12;
/** Send times kept by stamp. */
const SENT = 4096;
const BEAT_MS = 1;

/** A supervisor's microphone on one call: an RTP stream of stamped speech, or of silence while it is off. */
export class SpeakerEnd {
  readonly ssrc: number;
  isOn = false;
  readonly #speech: readonly Uint8Array[];
  readonly #sentAt = new Float64Array(SENT);
  readonly #packet = new Uint8Array(HEADER_BYTES + FRAME_SAMPLES);
  #sent = 0;

  constructor(ssrc: number, speech: readonly Uint8Array[]) {
    this.ssrc = ssrc;
    this.#speech = speech;
  }

  /** Sends the next frame. */
  send(socket: udp.Socket<"buffer">, port: number): void {
    const number = this.#sent++;
    const stamp = this.isOn ? supervisorStamp(number) : NO_STAMP;
    writeRtpHeader(this.#packet, 0, number & 0xffff, (number * FRAME_SAMPLES) >>> 0, this.ssrc, number === 0);
    if (this.isOn) this.#packet.set(this.#speech[number % this.#speech.length]!, HEADER_BYTES);
    else this.#packet.fill(0xff, HEADER_BYTES);
    writeStamp(this.#packet, HEADER_BYTES, stamp);
    this.#sentAt[stamp % SENT] = performance.now();
    socket.send(this.#packet, port, "127.0.0.1");
  }

  /** How long ago the frame of this stamp was sent, in ms. */
  age(stamp: number, nowMs: number): number {
    return nowMs - this.#sentAt[stamp % SENT]!;
  }
}

/** Lets all microphones send 50 frames a second, spread over the 20 ms. Returns how to stop. */
export const letSpeak = (speakers: readonly SpeakerEnd[], socket: udp.Socket<"buffer">, port: number): (() => void) => {
  const spacing = FRAME_MS / speakers.length;
  const startMs = performance.now();
  let sent = 0;
  let timer: ReturnType<typeof setTimeout>;
  const beat = (): void => {
    const elapsed = performance.now() - startMs;
    while (sent * spacing <= elapsed) speakers[sent++ % speakers.length]!.send(socket, port);
    timer = setTimeout(beat, BEAT_MS);
  };
  beat();
  return () => clearTimeout(timer);
};
