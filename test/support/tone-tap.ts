import { FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { encodeUlaw } from "../../src/media/audio/g711.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "../../src/media/audio/rtp.ts";
import type { MediaCommand, TapTarget } from "../../src/media/engine/protocol.ts";

/** Tones of the two parties, in Hz. */
const CALLEE_HZ = 440;
const AGENT_HZ = 700;

interface Tapped {
  target: TapTarget;
  frames: number;
}

/** In place of the media thread: answers `tap` with two PCMU tones over RTP, a frame each 20 ms, until `untap`. */
export class ToneTap {
  /** All commands, as they came. */
  readonly commands: MediaCommand[] = [];
  readonly #taps = new Map<string, Tapped>();
  readonly #packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #timer: ReturnType<typeof setInterval>;
  #startedAt = performance.now();
  #sent = 0;

  private constructor(socket: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
    this.#timer = setInterval(() => this.#tick(), 10);
  }

  static async open(): Promise<ToneTap> {
    return new ToneTap(await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { error() {} } }));
  }

  send(command: MediaCommand): void {
    this.commands.push(command);
    if (command.type === "tap") this.#taps.set(command.tapId, { target: command.target, frames: 0 });
    if (command.type === "untap") this.#taps.delete(command.tapId);
  }

  /** Calls that are copied to a room now. */
  get liveTaps(): number {
    return this.#taps.size;
  }

  #tick(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / 20);
    // After a long pause of the test process the missed frames are left out rather than sent in one burst.
    if (due - this.#sent > 10) this.#sent = due - 1;
    for (; this.#sent < due; this.#sent++)
      for (const tap of this.#taps.values()) {
        const { target } = tap;
        this.#frame(tap.frames, CALLEE_HZ, target.calleeSsrc, target.calleePort);
        this.#frame(tap.frames, AGENT_HZ, target.agentSsrc, target.agentPort);
        tap.frames++;
      }
  }

  #frame(index: number, hz: number, ssrc: number, port: number): void {
    const first = index * FRAME_SAMPLES;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      // Speech comes and goes; so does the tone, slowly.
      const swell = 0.7 + 0.3 * Math.sin((2 * Math.PI * (first + i)) / 8000 / (hz / 250));
      this.#packet[RTP_HEADER_BYTES + i] = encodeUlaw(
        Math.round(9000 * swell * Math.sin((2 * Math.PI * hz * (first + i)) / 8000)),
      );
    }
    writeRtpHeader(this.#packet, 0, index & 0xffff, first >>> 0, ssrc, false);
    try {
      this.#socket.send(this.#packet, port, "127.0.0.1");
    } catch {
      // A port that was closed under an earlier packet is told as an error of the next one.
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}
