import { FRAME_SAMPLES } from "../audio/frame.ts";
import { writeRtpHeader } from "../audio/rtp.ts";
import type { TapTarget } from "./protocol.ts";

/** Sends a packet of a tap; the engine's shared socket in production. */
export type SendPacket = (packet: Uint8Array, port: number, host: string) => void;

const HEADER_BYTES = 12;

/**
 * Copies of both parties of one call to a supervisor's room: two PCMU streams (RFC 3551 payload type 0), each frame sent
 * as it passes, so that listening adds no delay of its own. Frames are never decoded.
 */
export class Tap {
  readonly #target: TapTarget;
  readonly #send: SendPacket;
  readonly #packet = new Uint8Array(HEADER_BYTES + FRAME_SAMPLES);
  #calleeSequence = 0;
  #agentSequence = 0;

  constructor(target: TapTarget, send: SendPacket) {
    this.#target = target;
    this.#send = send;
  }

  /** One frame of the callee. */
  callee(frame: Uint8Array): void {
    const sequence = this.#calleeSequence++;
    this.#packet.set(frame, HEADER_BYTES);
    writeRtpHeader(
      this.#packet,
      0,
      sequence & 0xffff,
      (sequence * FRAME_SAMPLES) >>> 0,
      this.#target.calleeSsrc,
      false,
    );
    this.#send(this.#packet, this.#target.calleePort, this.#target.host);
  }

  /** One frame of the agent. */
  agent(frame: Uint8Array): void {
    const sequence = this.#agentSequence++;
    this.#packet.set(frame, HEADER_BYTES);
    writeRtpHeader(this.#packet, 0, sequence & 0xffff, (sequence * FRAME_SAMPLES) >>> 0, this.#target.agentSsrc, false);
    this.#send(this.#packet, this.#target.agentPort, this.#target.host);
  }
}
