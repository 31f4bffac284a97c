import { expect, test } from "bun:test";
import { AgentEar } from "../../../src/media/engine/agent-ear.ts";
import { SILENT, toneFrame } from "../../support/call-rig.ts";

const speech = toneFrame(1000, 0);

test("speech of the supervisor waits for callee's frames that come in bursts, and none of it is lost", () => {
  const ear = new AgentEar(0);
  let mixed = 0;
  for (let tick = 0; tick < 100; tick++) {
    ear.speak(speech, true);
    // Packets of the callee come five at a time.
    for (let i = 0; tick % 5 === 4 && i < 5; i++) {
      if (ear.hear(SILENT) !== SILENT) mixed++;
      ear.heard(false);
    }
  }
  expect(mixed).toBe(100);
  expect(ear.droppedFrames).toBe(0);
});

test("when the callee's frames come too slowly the oldest speech is left out and counted", () => {
  const ear = new AgentEar(0);
  for (let tick = 0; tick < 20; tick++) ear.speak(speech, true);
  expect(ear.droppedFrames).toBe(12);
});

test("after the supervisor was hushed the agent hears the callee alone, bit by bit", () => {
  const ear = new AgentEar(0);
  ear.speak(speech, true);
  ear.speak(speech, true);
  ear.hush();
  expect(ear.hear(SILENT)).toBe(SILENT);
});

test("who spoke is known for what was heard since it listens, and not for what was before", () => {
  const ear = new AgentEar(50);
  for (let i = 0; i < 50; i++) {
    ear.speak(speech, true);
    ear.hear(SILENT);
    ear.heard(i >= 40);
  }
  expect(ear.isSupervisorAlone(1000, 1780)).toBe(true);
  expect(ear.isSupervisorAlone(1000, 2000)).toBe(false);
  expect(ear.isSupervisorAlone(900, 1700)).toBe(false);
  expect(ear.isSupervisorAlone(2000, 3000)).toBe(false);
});
