import { FRAME_SAMPLES, ULAW_SILENCE } from "../audio/frame.ts";
import { JitterBuffer, NONE, SILENCE } from "../audio/jitter-buffer.ts";
import { meanSquareOf, ulawEnergy } from "../audio/level.ts";
import type { RtpHeader } from "../audio/rtp.ts";

const PCMU = 0;
/** The first frame after a pause waits so long, in ms: packets that come a little later than it leave no hole. */
const START_MS = 15;
/** Speech that waits longer than this and so many times the measured jitter is shortened where it is quiet, in ms … */
const SLACK_MS = 20;
const JITTERS = 2;
/** … and where it is loud once it waits so much longer: late speech is worth less than lag. */
const MOST_SLACK_MS = 100;
/** Quiet enough to be left out. */
const QUIET = meanSquareOf(-45);
/** Ticks without anything after which the stream counts as paused. */
const PAUSE_TICKS = 3;

/**
 * A supervisor's voice as one RTP stream (PCMU, RFC 3551 payload type 0): packets as they come, one frame for each tick.
 * Speech waits 15 to 35 ms on a steady link, longer where packets jitter.
 */
export class SupervisorLeg {
  readonly ssrc: number;
  /** When a packet came last; −∞ before the first. */
  lastPacketMs = Number.NEGATIVE_INFINITY;
  /** Packets that hold no µ-law. */
  foreign = 0;
  /** Ticks inside the stream for which no packet had come. */
  underruns = 0;
  /** Frames left out to catch up. */
  leftOut = 0;
  readonly #jitter = new JitterBuffer();
  #flowing = false;
  #startMs = -1;
  #emptyTicks = 0;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** One packet of this stream. */
  take(header: RtpHeader, packet: Uint8Array, nowMs: number): void {
    this.lastPacketMs = nowMs;
    const jitter = this.#jitter;
    if (header.payloadType !== PCMU) {
      this.foreign++;
      jitter.note(header.seq, header.ssrc);
      return;
    }
    jitter.push(
      header.seq,
      header.timestamp,
      header.ssrc,
      header.marker,
      packet,
      header.payloadOff,
      header.payloadLen,
      nowMs,
    );
    if (!this.#flowing && this.#startMs < 0) this.#startMs = nowMs + START_MS;
  }

  /** Writes the frame of this tick to `target`: the speaker's, or silence. Returns whether it is the speaker's. */
  read(target: Uint8Array, nowMs: number): boolean {
    if (this.#startMs >= 0 && nowMs >= this.#startMs) {
      this.#startMs = -1;
      this.#flowing = true;
    }
    if (this.#flowing) {
      const got = this.#pull(target, nowMs);
      if (got !== NONE && got !== SILENCE) {
        this.#emptyTicks = 0;
        return true;
      }
      if (got === NONE) this.underruns++;
      if (++this.#emptyTicks >= PAUSE_TICKS && this.#jitter.waitingMs === 0) this.#pause();
      if (got === SILENCE) return false;
    }
    target.fill(ULAW_SILENCE, 0, FRAME_SAMPLES);
    return false;
  }

  #pull(target: Uint8Array, nowMs: number): number {
    const jitter = this.#jitter;
    let got = jitter.pull(target, nowMs);
    while (got !== NONE && this.#mayLeaveOut(target)) {
      this.leftOut++;
      got = jitter.pull(target, nowMs);
    }
    return got;
  }

  #mayLeaveOut(frame: Uint8Array): boolean {
    const lagMs = this.#jitter.waitingMs - JITTERS * this.#jitter.jitterMs;
    return lagMs >= MOST_SLACK_MS || (lagMs >= SLACK_MS && ulawEnergy(frame, 0, FRAME_SAMPLES) < QUIET);
  }

  #pause(): void {
    this.#flowing = false;
    this.#emptyTicks = 0;
    this.underruns -= PAUSE_TICKS;
  }
}
