import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SupervisionMode } from "../../../src/core/supervision.ts";
import { FRAME_MS, FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { decodeUlaw } from "../../../src/media/audio/g711.ts";
import { writeRtpHeader } from "../../../src/media/audio/rtp.ts";
import { RtpPorts } from "../../../src/media/carriers/asterisk/leg.ts";
import { realEnds } from "../../../src/media/engine/ends.ts";
import { Engine } from "../../../src/media/engine/engine.ts";
import { Meters } from "../../../src/media/engine/meters.ts";
import type { MediaEvent, Turn } from "../../../src/media/engine/protocol.ts";
import { FakeLeg, SILENT, toneFrame } from "../../support/call-rig.ts";
import type { RealtimeConnection } from "../../support/realtime-server/connection.ts";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer } from "../../support/realtime-server/server.ts";
import { settingsAt } from "./openai-realtime-call.ts";

// One call of the engine with the real voice and the real transcriber, both at the Realtime server of the tests.

const CALL = "c1";
const SSRC = 77;
/** The agent's sounds are at 400 Hz and whole hundreds above, so neither of these is the agent's. */
const CALLEE_HZ = 330;
const SUPERVISOR_HZ = 770;

let server: RealtimeServer;
let engine: Engine;
let leg: FakeLeg;
let events: MediaEvent[];
let nowMs: number;
let ticks: number;
/** All that the callee's line brought in. */
let calleeAudio: Uint8Array[];

const voiceScript: ConnectionScript = {
  replies: [{ text: "Hello, this is APPU.", seconds: 2 }, { text: "Would Friday suit you?" }, { text: "Then Friday." }],
  hears: ["I am not sure.", "Who is this?"],
};

beforeEach(async () => {
  events = [];
  calleeAudio = [];
  nowMs = 1000;
  ticks = 0;
  server = new RealtimeServer({
    script: (_number, model) => (model === "" ? { hears: ["Offer them Friday.", "This is Ana."] } : voiceScript),
  });
  const ends = realEnds({ host: "127.0.0.1", ports: new RtpPorts(29_200, 29_210), nowMs: () => nowMs });
  engine = new Engine({
    emit: (event) => events.push(event),
    meters: new Meters(),
    nowMs: () => nowMs,
    ...ends,
    openLeg: async (_settings, sink) => {
      leg = new FakeLeg(sink, () => nowMs);
      return leg;
    },
    sendTap: () => {},
  });
  const call = { callId: CALL, leg: { kind: "rtp" as const }, voice: settingsAt(server.url), recordingPath: null };
  await engine.handle({ type: "open", call: { ...call, supervisorPath: null } });
  await engine.handle({ type: "answer", callId: CALL });
  await until("the opening was heard", () => turns().length === 1);
  await until("answers are on", () => voice().session.audio.input.turn_detection?.create_response === true);
});

afterEach(async () => {
  let isDown = false;
  void engine.handle({ type: "shutdown" }).then(() => {
    isDown = true;
  });
  await until("all is closed", () => isDown);
  await server.stop();
});

const voice = (): RealtimeConnection => server.connection(1);
const turns = (): Turn[] => events.flatMap((event) => (event.type === "turn" ? [event.turn] : []));
const words = (): string[] => turns().map(({ speaker, text }) => `${speaker}: ${text}`);
const notes = (): string[] =>
  voice()
    .items.all.filter(({ role }) => role === "system")
    .map(({ content }) => String(content?.[0]?.text));

/** One tick; the network gets its turn as well. */
const tick = async (callee: Uint8Array, supervisor: Uint8Array | null): Promise<void> => {
  nowMs += FRAME_MS;
  if (supervisor) {
    const packet = new Uint8Array(12 + supervisor.length);
    writeRtpHeader(packet, 0, ticks & 0xffff, ticks * FRAME_SAMPLES, SSRC, false);
    packet.set(supervisor, 12);
    engine.speakers.receive(packet, nowMs);
  }
  ticks++;
  calleeAudio.push(callee);
  leg.sink.calleeFrame(callee, nowMs);
  engine.tick(nowMs, 0);
  await Bun.sleep(1);
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let left = 1500; !holds(); left--) {
    if (left === 0) throw new Error(`never: ${what}; ${words().join(" | ")}`);
    await tick(SILENT, null);
  }
};
const pass = async (ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= FRAME_MS) await tick(SILENT, null);
};
/** The supervisor speaks so long; their line stays open. */
const supervisorSpeaks = async (ms: number): Promise<void> => {
  for (let i = 0; i < ms / FRAME_MS; i++) await tick(SILENT, toneFrame(SUPERVISOR_HZ, ticks));
};
const calleeSpeaks = async (ms: number): Promise<void> => {
  for (let i = 0; i < ms / FRAME_MS; i++) await tick(toneFrame(CALLEE_HZ, ticks), null);
};

const supervise = async (mode: SupervisionMode, note = ""): Promise<void> => {
  const { apiKey, baseUrl, safetyId } = settingsAt(server.url);
  const transcriber = { kind: "openai" as const, apiKey, baseUrl, safetyId, model: "gpt-transcribe", language: "en" };
  const ssrc = mode === "listen" ? null : SSRC;
  await engine.handle({ type: "supervise", callId: CALL, request: 1, mode, ssrc, transcriber, note });
};

/** Most power that any frame has at a pitch, as the square of an amplitude. */
const power = (frames: readonly Uint8Array[], hz: number): number => {
  const pcm = new Int16Array(FRAME_SAMPLES);
  let most = 0;
  for (const frame of frames) {
    decodeUlaw(frame, 0, pcm, 0, FRAME_SAMPLES);
    let real = 0;
    let imaginary = 0;
    for (const [i, sample] of pcm.entries()) {
      // A window, so that the agent's pitches do not leak into this one.
      const weight = 1 - Math.cos((2 * Math.PI * i) / FRAME_SAMPLES);
      real += weight * sample * Math.cos((2 * Math.PI * hz * i) / 8000);
      imaginary += weight * sample * Math.sin((2 * Math.PI * hz * i) / 8000);
    }
    most = Math.max(most, (real * real + imaginary * imaginary) / FRAME_SAMPLES ** 2);
  }
  return most;
};
const calleeHeard = (): Uint8Array[] => leg.sent.map(({ frame }) => frame);
const concat = (frames: readonly Uint8Array[]): Uint8Array => Buffer.concat(frames);

describe("a whisper by voice", () => {
  test("is in the conversation before the agent's next words, and in nobody's audio", async () => {
    await supervise("whisper");
    await supervisorSpeaks(1200);
    await engine.handle({ type: "talk-ended", callId: CALL });
    await until("written down", () => turns().some(({ whispered }) => whispered));
    expect(words().at(-1)).toBe("supervisor: Offer them Friday.");
    await until("the agent is told", () => notes().length === 1);
    expect(notes()[0]).toContain('"Offer them Friday."');
    expect(voice().countOf("response.created")).toBe(1);
    await calleeSpeaks(500);
    await until("the next words", () => words().includes("agent: Would Friday suit you?"));
    const kinds = voice().items.all.map(({ role }) => role);
    expect(kinds).toEqual(["assistant", "system", "user", "assistant"]);
    // What the model hears is the callee's line, byte for byte.
    const heard = voice().appended;
    const line = concat(calleeAudio);
    expect(heard.length).toBeGreaterThan(3 * 8000);
    expect(Buffer.compare(heard, line.subarray(0, heard.length))).toBe(0);
    expect(power(calleeHeard(), SUPERVISOR_HZ)).toBeLessThan(30_000);
    expect(turns().find(({ speaker }) => speaker === "callee")?.text).toBe("I am not sure.");
  });

  test("would be found, were it in the callee's ear: said aloud it is", async () => {
    await supervise("barge");
    await supervisorSpeaks(1200);
    expect(power(calleeHeard(), SUPERVISOR_HZ)).toBeGreaterThan(3_000_000);
  });
});

describe("a takeover", () => {
  test("silences the agent, writes both people down, and gives the agent what was said and no greeting", async () => {
    await supervise("takeover");
    const from = leg.sent.length;
    await supervisorSpeaks(1200);
    await pass(900);
    await until("the supervisor is written down", () => words().includes("supervisor: Offer them Friday."));
    await calleeSpeaks(500);
    await until("the callee is written down", () => words().includes("callee: I am not sure."));
    await pass(4000);
    expect(voice().countOf("response.created")).toBe(1);
    expect(power(calleeHeard().slice(from), SUPERVISOR_HZ)).toBeGreaterThan(3_000_000);
    expect(power(calleeHeard().slice(from), 500)).toBeLessThan(30_000);
    expect(power([voice().appended.slice(-FRAME_SAMPLES)], SUPERVISOR_HZ)).toBe(0);

    await supervise("listen", "Confirm Friday.");
    await until("the agent goes on", () => words().includes("agent: Would Friday suit you?"));
    const [note] = notes();
    expect(note).toContain('"Offer them Friday."');
    expect(note).toContain('"Confirm Friday."');
    expect(note).toContain("Do not greet or introduce yourself again.");
    const [, resumed] = voice().eventsOf("response.create");
    expect(resumed?.response).not.toHaveProperty("instructions");
    expect(voice().items.all.map(({ role }) => role)).toEqual(["assistant", "user", "system", "assistant"]);
    expect(turns().filter(({ whispered }) => whispered)).toEqual([]);
    expect(voice().countOf("error")).toBe(0);
  });
});
