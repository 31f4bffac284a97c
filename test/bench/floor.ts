/**
 * The least a bridge in Bun can do for N calls: packets in → base64 → one WebSocket message; speech messages → packets
 * out on one ticker with absolute deadlines, the first of an utterance at once. No RTP is checked, nothing is decoded,
 * measured, kept or recorded. What the host needs beyond this is its own.
 */

import { FRAME_SAMPLES, ULAW_SILENCE } from "../../src/media/audio/frame.ts";
import { answerAsks } from "./child.ts";
import type { Ask, Results } from "./child-protocol.ts";
import { liveHeap, UsageMeter } from "./usage-meter.ts";

const HEADER_BYTES = 12;
const RING_FRAMES = 512;
const DELTA = '"delta":"';
const DELTA_PREFIX = '{"type":"response.output_audio.delta"';
const SILENCE = Buffer.alloc(FRAME_SAMPLES, ULAW_SILENCE);

class FloorCall {
  isAnswered = false;
  port = 0;
  readonly #ring = Buffer.alloc(RING_FRAMES * FRAME_SAMPLES);
  readonly #packet = Buffer.alloc(HEADER_BYTES + FRAME_SAMPLES);
  #head = 0;
  #count = 0;
  #lead = false;
  #flowing = false;
  #sequence = 0;
  #socket: WebSocket | null = null;
  #udp: { send(data: Buffer, port: number, host: string): boolean; close(): void } | null = null;
  readonly #carrierPort: number;

  constructor(carrierPort: number) {
    this.#carrierPort = carrierPort;
    this.#packet[0] = 0x80;
  }

  async open(voiceUrl: string): Promise<void> {
    const socket = new WebSocket(voiceUrl.replace(/^http/, "ws"));
    this.#socket = socket;
    const ready = Promise.withResolvers<void>();
    socket.onerror = () => ready.reject(new Error("the voice cannot be reached"));
    socket.onmessage = (event) => {
      const text = event.data as string;
      if (text.startsWith(DELTA_PREFIX)) this.#delta(text);
      else if (text.startsWith('{"type":"session.created"')) {
        const turn_detection = { type: "server_vad", create_response: true, interrupt_response: false };
        const session = { type: "realtime", audio: { input: { turn_detection }, output: {} } };
        socket.send(JSON.stringify({ type: "session.update", session }));
      } else if (text.startsWith('{"type":"session.updated"')) ready.resolve();
    };
    await ready.promise;
    const udp = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (_socket, packet) => {
          if (!this.isAnswered) return;
          const audio = packet.toString("base64", HEADER_BYTES);
          socket.send(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
        },
        error() {},
      },
    });
    this.#udp = udp;
    this.port = udp.port;
  }

  prepare(): void {
    this.#socket?.send('{"type":"response.create","response":{"metadata":{"ask":"opening"}}}');
  }

  answer(): void {
    this.isAnswered = true;
    if (this.#count > 0) this.#sendAhead();
  }

  #delta(text: string): void {
    const from = text.indexOf(DELTA) + DELTA.length;
    const at = ((this.#head + this.#count) % RING_FRAMES) * FRAME_SAMPLES;
    this.#ring.write(text.slice(from, text.indexOf('"', from)), at, "base64");
    this.#count++;
    if (this.isAnswered && !this.#flowing && !this.#lead) this.#sendAhead();
  }

  #sendAhead(): void {
    this.#lead = this.#flowing = true;
    this.#sendNext();
  }

  #sendNext(): void {
    this.#ring.copy(this.#packet, HEADER_BYTES, this.#head * FRAME_SAMPLES, (this.#head + 1) * FRAME_SAMPLES);
    this.#head = (this.#head + 1) % RING_FRAMES;
    this.#count--;
    this.#send();
  }

  tick(): void {
    if (!this.isAnswered) return;
    if (this.#count > 0) {
      this.#flowing = true;
      return this.#sendNext();
    }
    this.#flowing = false;
    if (this.#lead) {
      this.#lead = false;
      return;
    }
    SILENCE.copy(this.#packet, HEADER_BYTES);
    this.#send();
  }

  #send(): void {
    const sequence = this.#sequence++;
    this.#packet.writeUInt16BE(sequence & 0xffff, 2);
    this.#packet.writeUInt32BE((sequence * FRAME_SAMPLES) >>> 0, 4);
    this.#udp?.send(this.#packet, this.#carrierPort, "127.0.0.1");
  }

  close(): void {
    this.isAnswered = false;
    this.#socket?.close();
    this.#udp?.close();
  }
}

let calls: FloorCall[] = [];
let deadline = performance.now() + 20;
const tick = (): void => {
  while (deadline <= performance.now()) {
    for (const call of calls) call.tick();
    deadline += 20;
  }
  setTimeout(tick, Math.max(0, deadline - performance.now()));
};

const meter = new UsageMeter(async () => liveHeap());
const obey = async (ask: Ask): Promise<Results[Ask["type"]]> => {
  switch (ask.type) {
    case "open":
      await meter.before();
      calls = ask.carrierPorts.map((port) => new FloorCall(port));
      await Promise.all(calls.map((call, i) => call.open(`${ask.voiceUrl}/realtime?model=bench-${i}`)));
      deadline = performance.now() + 20;
      tick();
      return { ports: calls.map((call) => call.port) };
    case "prepare":
      for (const call of calls) call.prepare();
      return null;
    case "answer":
      for (const i of ask.calls) calls[i]?.answer();
      return null;
    case "begin":
      await meter.begin();
      return null;
    case "end":
      return await meter.end();
    case "close":
      for (const call of calls) call.close();
      return { lateFrames: 0, framesSent: 0, turns: 0 };
  }
};
answerAsks(obey);
