import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { ulawDecode } from "../../../src/media/audio/g711.ts";
import { toneAmplitude } from "../../../src/media/audio/tone.ts";
import { parseWavHeader, WAV_HEADER_BYTES } from "../../../src/media/audio/wav.ts";
import { CallRig, type FakeLeg, isSpeech, SILENT, toneBytes, toneFrame } from "../../support/call-rig.ts";
import { keptUp } from "../../support/recorded.ts";

const CALLEE_HZ = 300;
const AGENT_HZ = 500;
const SPEAKER_HZ = 1000;

/** Amplitude of one tone in a µ-law frame. */
const level = (frame: Uint8Array, hz: number): number => {
  const pcm = Int16Array.from(frame, (code) => ulawDecode[code]!);
  return toneAmplitude(pcm, 0, FRAME_SAMPLES, hz);
};
const has = (frame: Uint8Array, hz: number): boolean => level(frame, hz) > 800;
const last = (leg: FakeLeg): Uint8Array => leg.sent.at(-1)!.frame;

/** A call in which the callee, the agent and the supervisor all speak, each its own tone. */
const busyCall = async () => {
  const rig = new CallRig();
  const { leg, voice } = await rig.call();
  voice.ear = [];
  let tick = 0;
  const run = (ms: number): void =>
    rig.run(ms, () => {
      tick++;
      rig.talk(toneFrame(SPEAKER_HZ, tick));
      leg.sink.calleeFrame(toneFrame(CALLEE_HZ, tick, 100), rig.now);
    });
  const mute = (ms: number): void =>
    rig.run(ms, () => leg.sink.calleeFrame(toneFrame(CALLEE_HZ, ++tick, 100), rig.now));
  return { rig, leg, voice, run, mute };
};

test("a whisper reaches the transcriber, neither the callee nor the agent's ear", async () => {
  const { rig, leg, voice, run } = await busyCall();
  await rig.supervise("c1", "whisper");
  run(1000);
  expect(leg.sent.some(({ frame }) => isSpeech(frame))).toBe(false);
  expect(voice.ear!.some((frame) => has(frame, SPEAKER_HZ))).toBe(false);
  expect(rig.transcribers[0]!.heard).toBe(50);
  rig.transcribers[0]!.sink.supervisorText("a", "Offer ten percent.", 200, 900, true);
  expect(voice.guided).toEqual([["Offer ten percent.", false]]);
  expect(rig.of("turn")[0]!.turn).toMatchObject({ speaker: "supervisor", whispered: true, atMs: 200, endMs: 900 });
});

test("a transcriber that is lost is told, and opened anew with the next mode", async () => {
  const { rig, run } = await busyCall();
  await rig.supervise("c1", "whisper");
  run(200);
  rig.transcribers[0]!.sink.transcriberLost("the session broke");
  expect(rig.of("transcriber-lost")).toEqual([{ type: "transcriber-lost", callId: "c1", detail: "the session broke" }]);
  run(200);
  await rig.supervise("c1", "barge");
  run(200);
  expect(rig.transcribers[1]!.heard).toBe(10);
});

test("in barge both hear the supervisor, and the agent steps back by 12 dB without a click", async () => {
  const { rig, leg, voice, run, mute } = await busyCall();
  voice.speak(1, 6000, "line", AGENT_HZ);
  run(200);
  expect(has(last(leg), SPEAKER_HZ)).toBe(false);
  const alone = level(last(leg), AGENT_HZ);
  await rig.supervise("c1", "barge");
  run(1000);
  expect(level(last(leg), AGENT_HZ) / alone).toBeCloseTo(10 ** (-12 / 20), 1);
  expect(has(last(leg), SPEAKER_HZ)).toBe(true);
  expect(has(voice.ear!.at(-1)!, SPEAKER_HZ)).toBe(true);
  expect(voice.guided.length).toBe(1);
  mute(1000);
  expect(level(last(leg), AGENT_HZ) / alone).toBeCloseTo(1, 1);
  expect(has(last(leg), SPEAKER_HZ)).toBe(false);
});

test("a takeover silences the agent from the next slot on, and cuts what it remembers to what was heard", async () => {
  const { rig, leg, voice, run } = await busyCall();
  voice.speak(1, 100, "hello", AGENT_HZ);
  run(300);
  voice.speak(2, 6000, "a very long story", AGENT_HZ);
  run(500);
  await rig.do({ type: "drain", callId: "c1", maxMs: 9000, expectSpeech: false });
  leg.sent.length = 0;
  await rig.supervise("c1", "takeover");
  expect(voice.held).toBe(1);
  expect(voice.interruptions).toEqual([[{ item: 2, heardMs: 520, receivedMs: 6000 }]]);
  voice.speak(3, 200, "too late", AGENT_HZ);
  run(400);
  expect(leg.sent.some(({ frame }) => has(frame, AGENT_HZ))).toBe(false);
  expect(has(last(leg), SPEAKER_HZ)).toBe(true);
  expect(leg.sent.length).toBe(19);
  expect(rig.of("drained")).toEqual([]);
});

test("giving back waits for the words that are owed, and no longer than 1.5 s", async () => {
  const { rig, leg, voice, run } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(1000);
  const [transcriber] = rig.transcribers;
  transcriber!.owesWords = true;
  await rig.supervise("c1", "listen", null, "ten percent agreed");
  run(400);
  expect(voice.resumed).toEqual([]);
  voice.speak(1, 100, "too early", AGENT_HZ);
  run(400);
  expect(leg.sent.slice(-10).some(({ frame }) => isSpeech(frame))).toBe(false);
  transcriber!.sink.supervisorText("a", "I give you ten percent.", 100, 900, true);
  transcriber!.owesWords = false;
  run(20);
  expect(voice.resumed).toEqual([{ said: ["I give you ten percent."], note: "ten percent agreed" }]);
  voice.speak(2, 200, "So we agreed.", AGENT_HZ);
  run(40);
  expect(has(last(leg), AGENT_HZ)).toBe(true);
  expect(transcriber!.closed).toBe(1);
});

test("a speaker from whom nothing comes is told as lost, and as back", async () => {
  const { rig, run, mute } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(1000);
  mute(1460);
  expect(rig.of("speaker-lost").length).toBe(0);
  mute(60);
  expect(rig.of("speaker-lost").length).toBe(1);
  run(40);
  expect(rig.of("speaker-back").length).toBe(1);
  mute(5000);
  expect(rig.of("speaker-lost").length).toBe(2);
});

// Symptom: a takeover was lost, another supervisor took it with a microphone that sent nothing, and the caller sat in
// silence with nobody. The engine had told the loss of the first and took it for that of the second as well.
test("whoever takes a lost takeover up is told as lost too when nothing comes from them", async () => {
  const { rig, run, mute } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(1000);
  mute(2000);
  expect(rig.of("speaker-lost").length).toBe(1);
  await rig.supervise("c1", "takeover", 78);
  mute(1400);
  expect(rig.of("speaker-lost").length).toBe(1);
  mute(200);
  expect(rig.of("speaker-lost").length).toBe(2);
});

test("in barge a turn that was the supervisor's voice alone is not told as the callee's", async () => {
  const { rig, leg, voice, run } = await busyCall();
  await rig.supervise("c1", "barge");
  run(1000);
  voice.sink.calleeText("callee-1", "I am the colleague.", 200, 900, true);
  expect(rig.of("turn")).toEqual([]);
  rig.run(600, (tick) => {
    rig.talk(toneFrame(SPEAKER_HZ, tick));
    leg.sink.calleeFrame(toneFrame(CALLEE_HZ, tick), rig.now);
  });
  voice.sink.calleeText("callee-2", "Both of us.", 1000, 1500, true);
  expect(rig.of("turn").map(({ turn }) => turn.text)).toEqual(["Both of us."]);
});

test("while the speaker of a takeover is gone the callee hears the hold phrase, and it is told to the agent", async () => {
  const { rig, leg, voice, run, mute } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(200);
  mute(1600);
  await rig.do({
    type: "hold-phrase",
    callId: "c1",
    line: { text: "One moment, please.", audio: toneBytes(700, 300) },
  });
  leg.sent.length = 0;
  mute(600);
  expect(leg.sent.filter(({ frame }) => has(frame, 700)).length).toBe(15);
  expect(leg.sent.length).toBe(30);
  expect(rig.of("turn").at(-1)!.turn).toMatchObject({ speaker: "agent", text: "One moment, please.", endMs: 2120 });
  await rig.supervise("c1", "listen", null);
  expect(voice.resumed).toEqual([{ said: ["One moment, please."], note: "" }]);
});

test("text guidance is a whispered turn; with now it cuts what the agent says, but never the opening", async () => {
  const { rig, voice, mute } = await busyCall();
  voice.speak(1, 1000);
  mute(200);
  await rig.do({ type: "guide", callId: "c1", text: "Offer a discount.", now: true });
  expect(voice.interruptions).toEqual([]);
  mute(1200);
  voice.speak(2, 5000);
  mute(200);
  await rig.do({ type: "guide", callId: "c1", text: "Stop, ask for the name.", now: true });
  expect(voice.interruptions.length).toBe(1);
  expect(voice.guided).toEqual([
    ["Offer a discount.", false],
    ["Stop, ask for the name.", true],
  ]);
  expect(rig.of("turn").filter(({ turn }) => turn.whispered).length).toBe(2);
});

test("words of a takeover that come after the agent went on are given to it all the same", async () => {
  const { rig, voice, run } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(1000);
  const { sink } = rig.transcribers[0]!;
  rig.transcribers[0]!.owesWords = true;
  await rig.supervise("c1", "whisper");
  run(1480);
  expect(voice.resumed).toEqual([]);
  run(40);
  expect(voice.resumed).toEqual([{ said: [], note: "" }]);
  sink.supervisorText("a", "Ten percent.", 100, 900, true);
  expect(voice.guided.at(-1)![0]).toContain("Ten percent.");
  expect(rig.of("turn").at(-1)!.turn).toMatchObject({ text: "Ten percent.", whispered: false });
});

test("what the agent is to do waits for the call to be given back, and is forgotten by a takeover", async () => {
  const { rig, leg, voice, run } = await busyCall();
  const line = { text: "Something went wrong, we call you again.", audio: toneBytes(700, 300) };
  await rig.supervise("c1", "takeover");
  await rig.do({ type: "say", callId: "c1", instructions: "never" });
  await rig.do({ type: "drain", callId: "c1", maxMs: 9000, expectSpeech: true });
  run(400);
  rig.transcribers[0]!.owesWords = true;
  await rig.supervise("c1", "listen", null);
  await rig.do({ type: "say", callId: "c1", instructions: "Say goodbye." });
  await rig.do({ type: "play", callId: "c1", line });
  await rig.do({ type: "drain", callId: "c1", maxMs: 9000, expectSpeech: false });
  run(1000);
  expect(voice.said).toEqual([]);
  run(500);
  expect(voice.said).toEqual(["Say goodbye."]);
  run(600);
  expect(leg.sent.filter(({ frame }) => has(frame, 700)).length).toBe(15);
  expect(rig.of("drained")).toEqual([{ type: "drained", callId: "c1", interrupted: false }]);
});

test("a takeover before the agent's first word is no loss of its voice", async () => {
  const { rig, voice, run } = await busyCall();
  await rig.supervise("c1", "takeover");
  run(20_000);
  expect(rig.of("voice-lost")).toEqual([]);
  expect(voice.openings).toBe(1);
});

test("the third file holds what supervisors said, whispers included, at its place in the call", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supervised-"));
  const path = join(folder, "supervisor.wav");
  const rig = new CallRig();
  const { leg } = await rig.call("c1", null, path);
  let passed = 0;
  let startFrame = Number.POSITIVE_INFINITY;
  const pass = async (ms: number, speaks: boolean): Promise<void> => {
    for (let done = 0; done < ms; done += 200) {
      rig.run(200, (tick) => {
        leg.sink.calleeFrame(SILENT, rig.now);
        if (speaks) rig.talk(toneFrame(SPEAKER_HZ, tick));
      });
      passed += 10;
      await keptUp(path, passed, 1, startFrame);
    }
  };
  await pass(2000, false);
  await rig.supervise("c1", "whisper");
  startFrame = passed;
  await pass(400, true);
  await rig.supervise("c1", "listen");
  expect(await Bun.file(path).exists()).toBe(true);
  await pass(10_000, false);
  await rig.supervise("c1", "takeover", 78);
  rig.run(600, (tick) => rig.talk(toneFrame(SPEAKER_HZ, tick), 78));
  await rig.do({ type: "close", callId: "c1" });
  const file = await readFile(path);
  const pcm = new Int16Array(file.buffer.slice(file.byteOffset + WAV_HEADER_BYTES, file.byteOffset + file.length));
  const sounding = [];
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    if (toneAmplitude(pcm, at, FRAME_SAMPLES, SPEAKER_HZ) > 800) sounding.push(at / FRAME_SAMPLES);
  }
  expect(parseWavHeader(file)).toMatchObject({ channels: 1, rateHz: 8000 });
  expect(sounding.length).toBeGreaterThanOrEqual(19 + 29);
  expect(sounding[0]).toBeWithin(100, 103);
  expect(sounding.find((frame) => frame > 200)).toBeWithin(620, 623);
  await rm(folder, { recursive: true });
});

test("nobody speaks before the answer, and a listener changes nothing", async () => {
  const rig = new CallRig();
  const brief = { instructions: "", opening: "", language: "en", tools: [] };
  const call = { callId: "c1", leg: { kind: "rtp" as const }, recordingPath: null, supervisorPath: null };
  await rig.do({ type: "open", call: { ...call, voice: { kind: "scripted", seed: 1, brief, lines: [] } } });
  await rig.supervise("c1", "barge");
  expect(rig.of("supervised")).toEqual([]);
  await rig.supervise("c1", "listen", null);
  expect(rig.of("supervised")).toEqual([{ type: "supervised", callId: "c1", request: 2, mode: "listen", atMs: 0 }]);
});

test("what is on its way when the talk button is let go belongs to what was said", async () => {
  const { rig, run } = await busyCall();
  await rig.supervise("c1", "whisper");
  const before = rig.transcribers[0]!.utterances;
  run(1000);
  await rig.do({ type: "talk-ended", callId: "c1" });
  run(100);
  expect(rig.transcribers[0]!.utterances).toBe(before);
  run(60);
  expect(rig.transcribers[0]!.utterances).toBe(before + 1);
});
