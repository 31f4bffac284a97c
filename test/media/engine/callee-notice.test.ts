import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { encodeUlaw, ulawDecode } from "../../../src/media/audio/g711.ts";
import { toneAmplitude } from "../../../src/media/audio/tone.ts";
import { WAV_HEADER_BYTES } from "../../../src/media/audio/wav.ts";
import { NOTICE_HZ, NOTICE_MS, NOTICE_PEAK, noticeTone } from "../../../src/media/engine/callee-notice.ts";
import { CallRig, type FakeLeg, isSpeech, SILENT, toneFrame } from "../../support/call-rig.ts";

const AGENT_HZ = 500;
const TARGET = { host: "127.0.0.1", calleePort: 5000, calleeSsrc: 1, agentPort: 5002, agentSsrc: 2 };
const FRAMES = NOTICE_MS / 20;

const toneIn = (frame: Uint8Array): number =>
  toneAmplitude(
    Int16Array.from(frame, (code) => ulawDecode[code]!),
    0,
    FRAME_SAMPLES,
    NOTICE_HZ,
  );
const isTold = ({ frame }: FakeLeg["sent"][number]): boolean => toneIn(frame) > NOTICE_PEAK / 4;
/** Numbers of the frames to the callee that hold the tone. */
const told = (leg: FakeLeg): number[] => leg.sent.flatMap((sent, i) => (isTold(sent) ? [i] : []));
const listenIn = (rig: CallRig, tapId = "t1"): Promise<void> =>
  rig.do({ type: "tap", callId: "c1", tapId, target: TARGET });

test("nobody is told of anybody unless it is wanted", async () => {
  const rig = new CallRig();
  const { leg } = await rig.call();
  await listenIn(rig);
  rig.run(100);
  await rig.supervise("c1", "barge");
  rig.run(100);
  await rig.supervise("c1", "takeover");
  rig.run(1000);
  expect(leg.sent.every(({ frame }) => frame.every((code, i) => code === SILENT[i]))).toBe(true);
  expect(rig.of("notice-tone")).toEqual([]);
});

test("a tone tells the callee of a supervisor in the very frame from which on they can be heard, sample by sample", async () => {
  const rig = new CallRig("speak");
  const { leg } = await rig.call();
  rig.run(200);
  const before = leg.sent.length;
  await rig.supervise("c1", "barge");
  rig.run(1000);
  const sent = leg.sent.slice(before).flatMap(({ frame }) => [...frame]);
  const tone = Array.from(noticeTone(), encodeUlaw);
  expect(sent.slice(0, tone.length)).toEqual(tone);
  expect(leg.sent.slice(before + FRAMES).some(({ frame }) => isSpeech(frame))).toBe(false);
  expect(leg.sent[before]!.talkspurt).toBe(true);
  expect(leg.sent.slice(before + 1).some(({ talkspurt }) => talkspurt)).toBe(false);
  expect(rig.of("notice-tone")).toEqual([{ type: "notice-tone", callId: "c1", why: "speaks" }]);
});

test("the tone lies over speech without covering it, and is not in what the agent or supervisors hear", async () => {
  const rig = new CallRig("speak");
  const { leg, voice } = await rig.call();
  voice.ear = [];
  await listenIn(rig);
  const talk = (ms: number): void =>
    rig.run(ms, (tick) => {
      rig.talk(SILENT);
      leg.sink.calleeFrame(toneFrame(300, tick, 100), rig.now);
    });
  voice.speak(1, 6000, "line", AGENT_HZ);
  talk(200);
  const before = leg.sent.length;
  const tapped = rig.taps.length;
  await rig.supervise("c1", "barge");
  talk(1000);
  expect(told(leg)).toEqual(Array.from({ length: FRAMES }, (_, i) => before + i));
  const under = Int16Array.from(leg.sent[before + 10]!.frame, (code) => ulawDecode[code]!);
  expect(toneAmplitude(under, 0, FRAME_SAMPLES, AGENT_HZ)).toBeGreaterThan(4 * toneIn(leg.sent[before + 10]!.frame));
  expect(voice.ear!.some((frame) => toneIn(frame) > 50)).toBe(false);
  expect(rig.taps.slice(tapped).some(({ packet }) => toneIn(packet.subarray(12)) > 50)).toBe(false);
});

test("a take-over tells the callee, and what is not heard by them does not", async () => {
  const rig = new CallRig("speak");
  const { leg } = await rig.call();
  await listenIn(rig);
  await rig.supervise("c1", "whisper");
  rig.run(1000);
  expect(told(leg)).toEqual([]);
  await rig.supervise("c1", "takeover");
  rig.run(2000);
  expect(told(leg).length).toBe(FRAMES);
});

test("whoever stays on the line is told of once, and so are two who come within a second", async () => {
  const rig = new CallRig("speak");
  const { leg } = await rig.call();
  await rig.supervise("c1", "barge", 77);
  rig.run(500);
  await rig.supervise("c1", "takeover", 77);
  rig.run(400);
  await rig.supervise("c1", "barge", 78);
  rig.run(2000);
  expect(told(leg).length).toBe(FRAMES);
  await rig.supervise("c1", "takeover", 79);
  rig.run(2000);
  expect(told(leg).length).toBe(2 * FRAMES);
});

test("where callees are to know of listeners, the first of them is told of, when the phone was answered", async () => {
  const rig = new CallRig("listen");
  const brief = { instructions: "", opening: "", language: "en", tools: [] };
  const voice = { kind: "scripted" as const, seed: 1, brief, lines: [] };
  const open = { callId: "c1", leg: { kind: "rtp" as const }, voice, recordingPath: null, supervisorPath: null };
  await rig.do({ type: "open", call: open });
  await listenIn(rig);
  rig.run(200);
  expect(rig.of("notice-tone")).toEqual([]);
  await rig.do({ type: "answer", callId: "c1" });
  const leg = rig.legs.get("c1")!;
  rig.run(2000);
  expect(told(leg)).toEqual(Array.from({ length: FRAMES }, (_, i) => i));
  await listenIn(rig, "t2");
  rig.run(2000);
  expect(told(leg).length).toBe(FRAMES);
  await rig.supervise("c1", "barge");
  rig.run(2000);
  expect(told(leg).length).toBe(2 * FRAMES);
  expect(rig.of("notice-tone").map(({ why }) => why)).toEqual(["listens", "speaks"]);
});

test("the recording holds the tone where the callee heard it, in the channel of what they were sent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "notice-"));
  const path = join(folder, "call.wav");
  const rig = new CallRig("speak");
  const { leg } = await rig.call("c1", path);
  rig.run(400, (tick) => leg.sink.calleeFrame(toneFrame(300, tick, 100), rig.now));
  await rig.supervise("c1", "barge");
  rig.run(1000, (tick) => leg.sink.calleeFrame(toneFrame(300, tick, 100), rig.now));
  await rig.do({ type: "close", callId: "c1" });
  const file = await readFile(path);
  const samples = new Int16Array(file.buffer, file.byteOffset + WAV_HEADER_BYTES);
  const channel = (n: number): Int16Array => samples.filter((_, i) => i % 2 === n);
  const at = 8 * 400;
  const sent = channel(1).subarray(at, at + 8 * NOTICE_MS);
  expect([...sent]).toEqual(Array.from(noticeTone(), (sample) => ulawDecode[encodeUlaw(sample)]!));
  expect(
    channel(1)
      .subarray(0, at)
      .some((sample) => sample !== 0),
  ).toBe(false);
  expect(toneAmplitude(channel(0), at, FRAME_SAMPLES * 4, NOTICE_HZ)).toBeLessThan(20);
  await rm(folder, { recursive: true });
});
