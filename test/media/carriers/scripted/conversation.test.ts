import { describe, expect, test } from "bun:test";
import { FRAME_MS } from "../../../../src/media/audio/frame.ts";
import { scriptedLeg } from "../../../../src/media/carriers/scripted/leg.ts";
import type { PersonaName } from "../../../../src/media/carriers/scripted/personas.ts";
import { Bridge } from "../../../../src/media/engine/bridge.ts";
import { Meters } from "../../../../src/media/engine/meters.ts";
import type { MediaEvent, SpokenLine } from "../../../../src/media/engine/protocol.ts";
import { SpeakerStreams } from "../../../../src/media/engine/speaker-streams.ts";
import { demoScript } from "../../../../src/media/voices/demo-script.ts";
import { scriptedVoice } from "../../../../src/media/voices/scripted.ts";
import { toneSpeech } from "../../../../src/media/voices/speech-shape.ts";

type Turn = Extract<MediaEvent, { type: "turn" }>["turn"];

const agentLine = (text: string): SpokenLine => ({ text, audio: toneSpeech(text, "agent") });
const calleeLine = (text: string): SpokenLine => ({ text, audio: toneSpeech(text, "callee") });

/** A whole call between both scripted parties through a real bridge, without a moment of waiting. */
const converse = (persona: PersonaName, seed = 7, maxMs = 180_000) => {
  const script = demoScript({
    action: "Book a table for two",
    context: "",
    calleeName: "Mario",
    agentName: "Appu",
    organization: "Maya",
    persona,
    seed,
  });
  let nowMs = 1000;
  const events: MediaEvent[] = [];
  const bridge = new Bridge({
    callId: "call_1",
    slot: 0,
    meters: new Meters(),
    nowMs: () => nowMs,
    emit: (event) => events.push(event),
    recorder: null,
    openTranscriber: () => {
      throw new Error("nobody supervises this call");
    },
    streams: new SpeakerStreams(),
    openSupervisorRecorder: () => null,
    notice: null,
  });
  const leg = scriptedLeg({ kind: "scripted", seed, persona, lines: script.calleeLines.map(calleeLine) }, bridge);
  const voice = scriptedVoice(
    {
      kind: "scripted",
      seed,
      brief: { instructions: "", opening: "", language: "en", tools: [] },
      lines: script.agentLines.map(agentLine),
      asides: { yield: agentLine(script.yield), message: agentLine(script.message), polite: agentLine(script.polite) },
    },
    bridge,
  );
  bridge.join(leg, voice);
  bridge.prepare();
  for (; nowMs < 3000; nowMs += FRAME_MS) bridge.tick(nowMs, 0);
  bridge.answer();
  const answeredMs = nowMs;
  const over = () => events.some((event) => event.type === "drained" || event.type === "callee-hung-up");
  let drains = false;
  for (; nowMs < answeredMs + maxMs && !over(); nowMs += FRAME_MS) {
    bridge.tick(nowMs, 0);
    if (!drains && events.some((event) => event.type === "tool-call")) {
      drains = true;
      bridge.drain(20_000, false);
    }
  }
  const turns = events.filter((event): event is Extract<MediaEvent, { type: "turn" }> => event.type === "turn");
  return { script, events, turns: turns.map(({ turn }) => turn), lastedMs: nowMs - answeredMs };
};

const spoken = (turns: Turn[]) => turns.toSorted((a, b) => a.atMs - b.atMs).map(({ speaker, text }) => [speaker, text]);
const ofType = <T extends MediaEvent["type"]>(events: MediaEvent[], type: T) =>
  events.filter((event): event is Extract<MediaEvent, { type: T }> => event.type === type);

describe("a call between the scripted parties", () => {
  test("goes through all lines of both in turns and ends with end_call after the goodbye", () => {
    const { script, events, turns } = converse("answers");
    const expected = script.agentLines.flatMap((line, place) => {
      const reply = script.calleeLines[place];
      return reply ? [["agent", line] as const, ["callee", reply] as const] : [["agent", line] as const];
    });
    expect(spoken(turns)).toEqual(expected.map(([speaker, text]) => [speaker, text]));
    const [ends] = ofType(events, "tool-call");
    expect(ends).toMatchObject({ name: "end_call", argumentsJson: '{"reason":"goal_reached"}', speaking: true });
    expect(ofType(events, "drained")).toEqual([{ type: "drained", callId: "call_1", interrupted: false }]);
    expect(ofType(events, "barge-in")).toEqual([]);
  });

  test("has one party speak at a time, with an answer within a second", () => {
    const { events, turns } = converse("answers");
    const inOrder = turns.toSorted((a, b) => a.atMs - b.atMs);
    for (const [place, turn] of inOrder.entries()) {
      const before = inOrder[place - 1];
      if (before) expect(turn.atMs - before.endMs).toBeWithin(400, 1300);
    }
    const latencies = ofType(events, "latency").map(({ ms }) => ms);
    expect(latencies).toHaveLength(4);
    for (const ms of latencies) expect(ms).toBeWithin(500, 800);
  });

  test("has the opening ready when it is answered", () => {
    expect(converse("answers").turns[0]).toMatchObject({ speaker: "agent", atMs: 0 });
  });

  test("is the same call again with the same seed", () => {
    expect(converse("talks-over", 3).events).toEqual(converse("talks-over", 3).events);
  });

  test("tells usage without cost once", () => {
    const usages = ofType(converse("answers").events, "usage");
    expect(usages).toHaveLength(1);
    expect(usages[0]?.usage).toMatchObject({ provider: "scripted", costUsd: 0, counters: { utterances: 5 } });
  });

  test("leaves the short message on a mailbox, after its beep, and ends as voicemail", () => {
    const { script, events, turns } = converse("voicemail");
    const message = turns.find((turn) => turn.text === script.message);
    const greeting = turns.find((turn) => turn.speaker === "callee");
    expect(greeting?.text).toBe(script.calleeLines[0]!);
    expect(message!.atMs - greeting!.endMs).toBeWithin(700 + 500, 700 + 1000);
    expect(ofType(events, "tool-call").map(({ argumentsJson }) => argumentsJson)).toEqual(['{"reason":"voicemail"}']);
    expect(turns.some((turn) => turn.text === script.agentLines[1])).toBe(false);
  });

  test("ends when the callee hangs up, with the words it said until then", () => {
    const { script, events, turns } = converse("hangs-up");
    expect(ofType(events, "callee-hung-up")).toHaveLength(1);
    const last = turns.findLast((turn) => turn.speaker === "callee")!;
    const whole = script.calleeLines[1]!;
    expect(last.text.endsWith(" —")).toBe(true);
    expect(whole.startsWith(last.text.slice(0, -2))).toBe(true);
    expect(last.text.length / whole.length).toBeWithin(0.4, 0.65);
    expect(ofType(events, "tool-call")).toEqual([]);
  });

  test("stops the agent when the callee talks over it, and says the lost words again", () => {
    const { script, events, turns } = converse("talks-over");
    expect(ofType(events, "barge-in")).toHaveLength(1);
    const inOrder = spoken(turns);
    const cut = turns.find((turn) => turn.interrupted)!;
    expect(script.agentLines[1]!.startsWith(cut.text.replace("…", ""))).toBe(true);
    const place = inOrder.findIndex(([, text]) => text === cut.text);
    expect(inOrder.slice(place + 1, place + 4)).toEqual([
      ["callee", script.calleeLines[1]!],
      ["agent", script.yield],
      ["agent", script.agentLines[1]!],
    ]);
    expect(inOrder.at(-1)).toEqual(["agent", script.agentLines.at(-1)!]);
  });
});
