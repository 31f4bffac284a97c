import { expect, test } from "bun:test";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { ulawDecode } from "../../../src/media/audio/g711.ts";
import { toneAmplitude } from "../../../src/media/audio/tone.ts";
import { CallRig, type FakeLeg, isSpeech, toneFrame } from "../../support/call-rig.ts";

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
  expect(rig.of("drained")).toEqual([{ type: "drained", callId: "c1", interrupted: true }]);
  voice.speak(3, 200, "too late", AGENT_HZ);
  run(400);
  expect(leg.sent.some(({ frame }) => has(frame, AGENT_HZ))).toBe(false);
  expect(has(last(leg), SPEAKER_HZ)).toBe(true);
  expect(leg.sent.length).toBe(19);
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
