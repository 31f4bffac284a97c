import { expect, test } from "bun:test";
import { CallRig, isSpeech, toneFrame } from "../../support/call-rig.ts";

const open = async () => {
  const rig = new CallRig();
  const { leg, voice } = await rig.call();
  let tick = 0;
  const run = (ms: number): void => rig.run(ms, () => leg.sink.calleeFrame(toneFrame(300, ++tick, 100), rig.now));
  const away = (on: boolean, note = ""): Promise<void> => rig.do({ type: "away", callId: "c1", on, note });
  return { rig, leg, voice, run, away };
};
const spoke = (leg: { sent: { frame: Uint8Array }[] }): boolean => leg.sent.some(({ frame }) => isSpeech(frame));

test("while the callee is connected with somebody else the agent is silent and goes on listening", async () => {
  const { rig, leg, voice, run, away } = await open();
  voice.speak(1, 6000, "a very long story", 500);
  run(500);
  await away(true);
  leg.sent.length = 0;
  voice.ear = [];
  voice.speak(2, 400, "too late", 500);
  run(1000);
  expect(voice.held).toBe(1);
  expect(spoke(leg)).toBe(false);
  expect(voice.ear.length).toBe(50);
  expect(voice.interruptions).toEqual([[{ item: 1, heardMs: 520, receivedMs: 6000 }]]);
  await rig.do({ type: "say", callId: "c1", instructions: "never" });
  await away(false, "The other person hung up.");
  expect(voice.resumed).toEqual([{ said: [], note: "The other person hung up." }]);
  expect(voice.said).toEqual([]);
  voice.speak(3, 200, "I am back.", 500);
  run(100);
  expect(spoke(leg)).toBe(true);
});

test("a supervisor who gives the call back meanwhile leaves the agent silent, and it knows both notes in the end", async () => {
  const { rig, leg, voice, run, away } = await open();
  await away(true);
  await rig.supervise("c1", "takeover");
  run(200);
  await rig.supervise("c1", "listen", null, "Ten percent agreed.");
  run(2000);
  expect(voice.resumed).toEqual([]);
  voice.speak(1, 200, "too early", 500);
  run(100);
  expect(spoke(leg)).toBe(false);
  await away(false, "The other person hung up.");
  expect(voice.resumed).toEqual([{ said: [], note: "Ten percent agreed. The other person hung up." }]);
});

test("who comes back to a supervisor hears the supervisor, and the agent learns of it when it is given the call", async () => {
  const { rig, voice, run, away } = await open();
  await away(true);
  await rig.supervise("c1", "takeover");
  await away(false, "The other person hung up.");
  run(2000);
  expect(voice.resumed).toEqual([]);
  await rig.supervise("c1", "listen", null, "");
  expect(voice.resumed).toEqual([{ said: [], note: "The other person hung up." }]);
});
