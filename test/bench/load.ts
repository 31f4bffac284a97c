import { FRAME_MS } from "../../src/media/audio/frame.ts";
import { CarrierEnd } from "./carrier-end.ts";
import type { Certificate } from "./certificate.ts";
import { Distribution } from "./distribution.ts";
import { OPENING_FRAMES, type TurnScript } from "./script.ts";
import { quietFrames, speechFrames } from "./sound.ts";
import { VoiceEnd } from "./voice-end.ts";

const QUIET_FRAMES = 50;
const SPEECH_FRAMES = 200;
/** How often what is due is sent, in ms. */
const BEAT_MS = 1;

/** One barge-in as the load saw it. */
export interface BargeInSeen {
  /** From the callee's first voiced frame to the decision reaching the voice, and to the agent's last frame, in ms. */
  decisionMs: number;
  lastFrameMs: number;
  /** Frames of the agent that were sent beyond what the voice was told. */
  framesAfter: number;
}

interface LoadCall {
  carrier: CarrierEnd;
  voice: VoiceEnd;
  /** Its place in the script's cycle when the load begins. */
  offset: number;
  /** Its callee is on the line. */
  isLive: boolean;
  /** When the callee last began to speak. */
  spokeAtMs: number;
  cut: { utterance: number; heardMs: number; atMs: number } | null;
}

/**
 * The world around a host: carrier and voice service of N calls in one process, so that what goes in and what comes out
 * is timed by one clock. Packets and speech of different calls are spread over the 20 ms, as they are on a network.
 */
export class Load {
  /** From a callee frame's sending to its arrival at the voice, in ms; filled while `isMeasuring`, like the others. */
  readonly toVoiceMs = new Distribution();
  /** From an utterance's first audio to its first packet, in ms. */
  readonly firstFrameMs = new Distribution();
  readonly bargeIns: BargeInSeen[] = [];
  isMeasuring = false;
  readonly #calls: LoadCall[] = [];
  readonly #script: TurnScript;
  readonly #speech = speechFrames(SPEECH_FRAMES);
  readonly #quiet = quietFrames(QUIET_FRAMES);
  readonly #scheme: "http" | "https";
  readonly #server: Bun.Server<VoiceEnd>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #startMs = 0;
  #packetsSent = 0;
  #stepsDone = 0;

  private constructor(script: TurnScript, certificate: Certificate | null) {
    this.#script = script;
    this.#scheme = certificate ? "https" : "http";
    this.#server = Bun.serve<VoiceEnd>({
      hostname: "127.0.0.1",
      port: 0,
      ...(certificate && { tls: { cert: certificate.cert, key: certificate.key } }),
      fetch: (request, server) => {
        const call = Number(new URL(request.url).searchParams.get("model")?.slice("bench-".length));
        const voice = this.#calls[call]?.voice;
        return voice && server.upgrade(request, { data: voice }) ? undefined : new Response(null, { status: 404 });
      },
      websocket: {
        perMessageDeflate: false,
        open: (socket) => socket.data.connected(socket),
        message: (socket, text) => socket.data.message(text as string),
      },
    });
  }

  /** Opens the carriers and the service of so many calls; the service speaks TLS if it has a certificate. */
  static async open(calls: number, script: TurnScript, certificate: Certificate | null): Promise<Load> {
    const load = new Load(script, certificate);
    for (let i = 0; i < calls; i++) await load.#add(Math.floor((i * script.cycleFrames) / calls));
    return load;
  }

  async #add(offset: number): Promise<void> {
    const carrier = new CarrierEnd();
    this.carrierPorts.push(await carrier.open());
    const voice = new VoiceEnd({
      carrier,
      script: this.#script,
      speech: this.#speech,
      reports: {
        toVoice: (ms) => {
          if (this.isMeasuring) this.toVoiceMs.push(ms);
        },
        truncated: (_voice, utterance, heardMs) => {
          call.cut = { utterance, heardMs, atMs: performance.now() };
        },
      },
    });
    const call: LoadCall = { carrier, voice, offset, isLive: false, spokeAtMs: 0, cut: null };
    carrier.onFirstFrame = (seen) => {
      if (this.isMeasuring) this.firstFrameMs.push(seen.firstAtMs - seen.givenAtMs);
    };
    this.#calls.push(call);
  }

  readonly carrierPorts: number[] = [];

  get voiceUrl(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.port}/v1`;
  }

  carrier(call: number): CarrierEnd {
    return this.#calls[call]!.carrier;
  }

  /** Where the host takes each call's packets. */
  setTargets(ports: readonly number[]): void {
    for (const [i, port] of ports.entries()) this.#calls[i]?.carrier.setTarget(port);
  }

  /** The callees of these calls are on the line from now. */
  join(calls: readonly number[]): void {
    for (const i of calls) this.#calls[i]!.isLive = true;
  }

  /** Packets and scripts of live calls run from now. */
  start(): void {
    this.#startMs = performance.now();
    this.#beat();
  }

  /** Nothing more is sent. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #beat(): void {
    const spacing = FRAME_MS / this.#calls.length;
    const elapsed = performance.now() - this.#startMs;
    while (this.#packetsSent * spacing <= elapsed) this.#sendPacket(this.#packetsSent++);
    while (this.#stepsDone * spacing + FRAME_MS / 2 <= elapsed) this.#step(this.#stepsDone++);
    this.#timer = setTimeout(() => this.#beat(), BEAT_MS);
  }

  #position(call: LoadCall, count: number): number {
    return (Math.floor(count / this.#calls.length) + call.offset) % this.#script.cycleFrames;
  }

  #sendPacket(count: number): void {
    const call = this.#calls[count % this.#calls.length]!;
    if (!call.isLive) return;
    const position = this.#position(call, count);
    const speaks = position < this.#script.calleeFrames;
    const frame = speaks ? this.#speech[position % SPEECH_FRAMES]! : this.#quiet[position % QUIET_FRAMES]!;
    const now = call.carrier.send(frame, speaks);
    if (position === 0) {
      call.spokeAtMs = now;
      call.cut = null;
    }
  }

  #step(count: number): void {
    const call = this.#calls[count % this.#calls.length]!;
    if (!call.isLive) return;
    const position = this.#position(call, count);
    if (position === this.#script.calleeFrames) this.#judgeBargeIn(call);
    call.voice.step(position);
  }

  /** The callee has spoken: by now the agent has long stopped. */
  #judgeBargeIn(call: LoadCall): void {
    const { cut, spokeAtMs } = call;
    if (!cut || spokeAtMs === 0 || !this.isMeasuring) return;
    const seen = call.carrier.utterance(cut.utterance);
    this.bargeIns.push({
      decisionMs: cut.atMs - spokeAtMs,
      lastFrameMs: seen.lastAtMs - spokeAtMs,
      framesAfter: seen.frames - cut.heardMs / FRAME_MS,
    });
  }

  /** Speech of the callees' first second that never came to the voice, and frames of the openings that never came out. */
  get lostAtStart(): number {
    return this.#calls.reduce((sum, { carrier }) => {
      return sum + carrier.lostAtStart + OPENING_FRAMES - carrier.opening.frames;
    }, 0);
  }

  /** Frees all sockets. */
  async close(): Promise<void> {
    this.stop();
    for (const { carrier, voice } of this.#calls) {
      carrier.close();
      voice.close();
    }
    await this.#server.stop(true);
  }
}
