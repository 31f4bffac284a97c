import { FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { encodeUlaw } from "../../src/media/audio/g711.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "../../src/media/audio/rtp.ts";
import type { MediaMessage } from "../../src/media/engine/handle.ts";
import type { MediaCommand, TapTarget } from "../../src/media/engine/protocol.ts";

/** Tones of the two parties, in Hz. */
const CALLEE_HZ = 440;
const AGENT_HZ = 700;

interface Tapped {
  target: TapTarget;
  frames: number;
}

/**
 * In place of the media thread: answers `tap` with two PCMU tones over RTP, a frame each 20 ms, until `untap`, confirms
 * every `supervise`, and counts what supervisors' microphones send.
 */
export class ToneTap {
  /** Whether `supervise` is confirmed. */
  confirms = true;
  /** RTP packets of payload type 0 that came from speakers, by SSRC, and the last of each. */
  readonly spoken = new Map<number, { packets: number; last: Uint8Array }>();
  readonly #listeners = new Set<(event: MediaMessage) => void>();
  readonly #speakers: Bun.udp.Socket<"buffer">;
  /** All commands, as they came. */
  readonly commands: MediaCommand[] = [];
  readonly #taps = new Map<string, Tapped>();
  readonly #packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  readonly #socket: Bun.udp.Socket<"buffer">;
  readonly #timer: ReturnType<typeof setInterval>;
  #startedAt = performance.now();
  #sent = 0;

  private constructor(socket: Bun.udp.Socket<"buffer">, speakers: Bun.udp.Socket<"buffer">) {
    this.#socket = socket;
    this.#speakers = speakers;
    this.#timer = setInterval(() => this.#tick(), 10);
  }

  static async open(): Promise<ToneTap> {
    const hostname = "127.0.0.1";
    let tap: ToneTap | null = null;
    const [socket, speakers] = await Promise.all([
      Bun.udpSocket({ hostname, port: 0, socket: { error() {} } }),
      Bun.udpSocket({
        hostname,
        port: 0,
        socket: {
          data(_socket, packet) {
            if (tap) tap.#heard(packet);
          },
          error() {},
        },
      }),
    ]);
    tap = new ToneTap(socket, speakers);
    return tap;
  }

  /** Where supervisors' speech is taken. */
  readonly speakerPort = (): number => this.#speakers.port;

  subscribe(listener: (event: MediaMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says something as the media thread. */
  emit(event: MediaMessage): void {
    for (const listener of this.#listeners) listener(event);
  }

  #heard(packet: Uint8Array): void {
    if (packet.length < RTP_HEADER_BYTES || (packet[1]! & 0x7f) !== 0) return;
    const ssrc = new DataView(packet.buffer, packet.byteOffset).getUint32(8);
    const packets = (this.spoken.get(ssrc)?.packets ?? 0) + 1;
    this.spoken.set(ssrc, { packets, last: packet.slice() });
  }

  send(command: MediaCommand): void {
    this.commands.push(command);
    if (command.type === "supervise" && this.confirms) {
      const { callId, request, mode } = command;
      const atMs = Math.round(performance.now() - this.#startedAt);
      queueMicrotask(() => this.emit({ type: "supervised", callId, request, mode, atMs }));
    }
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
    this.#speakers.close();
  }
}
