import { describe, expect, test } from "bun:test";
import { FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE } from "../../../../src/media/audio/frame.ts";
import { levelDbov, ulawEnergy } from "../../../../src/media/audio/level.ts";
import { Tone } from "../../../../src/media/audio/tone.ts";
import type { LegSink } from "../../../../src/media/carriers/leg.ts";
import { PERSON_TURN_END_MS, scriptedLeg, TALKS_OVER_AFTER_MS } from "../../../../src/media/carriers/scripted/leg.ts";
import type { PersonaName } from "../../../../src/media/carriers/scripted/personas.ts";

const tone = (ms: number): Uint8Array => {
  const bytes = new Uint8Array(ms * 8);
  new Tone(500, 6000).fillUlaw(bytes, 0, bytes.length);
  return bytes;
};
const SPEECH = tone(FRAME_MS);
const SILENCE = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);

const callee = (persona: PersonaName, lines = ["one", "two", "three"]) => {
  const frames: Uint8Array[] = [];
  const said: { text: string; startMs: number; endMs: number }[] = [];
  let hungUp = 0;
  const sink: LegSink = {
    calleeFrame: (frame) => frames.push(frame.slice()),
    calleeSaid: (text, startMs, endMs) => said.push({ text, startMs, endMs }),
    calleeKey: () => {},
    calleeHungUp: () => {
      hungUp++;
    },
    legLost: () => {},
  };
  const leg = scriptedLeg(
    { kind: "scripted", seed: 4, persona, lines: lines.map((text) => ({ text, audio: tone(1000) })) },
    sink,
  );
  let nowMs = 0;
  /** Moves time on while the agent speaks or is silent. */
  const live = (ms: number, agentSpeaks = false) => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += FRAME_MS) {
      leg.send(agentSpeaks ? SPEECH : SILENCE, false);
      leg.tick(nowMs);
    }
  };
  const voiced = (frame: Uint8Array) => levelDbov(ulawEnergy(frame, 0, frame.length)) > -40;
  return { leg, frames, said, live, voiced, hungUp: () => hungUp };
};

describe("a scripted person", () => {
  test("gives one frame of 160 bytes a tick from the answer on, none before and none after closing", () => {
    const { leg, frames, live } = callee("answers");
    live(1000);
    expect(frames).toHaveLength(0);
    leg.answered(0);
    live(1000);
    expect(frames).toHaveLength(50);
    expect(new Set(frames.map(({ length }) => length))).toEqual(new Set([160]));
    leg.close();
    live(1000);
    expect(frames).toHaveLength(50);
  });

  test("gives the frames of slots that were skipped, so that its stream keeps time", () => {
    const { leg, frames, live } = callee("answers");
    leg.answered(0);
    leg.skip(7);
    live(20);
    expect(frames).toHaveLength(8);
  });

  test("sounds like a quiet room while it listens: never digital silence, far below speech", () => {
    const { leg, frames, live } = callee("answers");
    leg.answered(0);
    live(1000);
    for (const frame of frames) expect(levelDbov(ulawEnergy(frame, 0, 160))).toBeWithin(-80, -60);
  });

  test("answers when the agent has been quiet for a while, and tells what it said and when", () => {
    const { leg, said, live, frames, voiced } = callee("answers");
    leg.answered(0);
    live(2000, true);
    live(PERSON_TURN_END_MS - FRAME_MS);
    expect(frames.some(voiced)).toBe(false);
    live(2000);
    expect(said).toEqual([{ text: "one", startMs: 2680, endMs: 3680 }]);
    expect(frames.findIndex(voiced) * FRAME_MS).toBe(2680);
  });

  test("does not take a click for the agent's turn", () => {
    const { leg, said, live } = callee("answers");
    leg.answered(0);
    live(60, true);
    live(4000);
    expect(said).toEqual([]);
  });

  test("speaks unasked when nobody says anything, and hangs up in the end", () => {
    const { leg, said, live, hungUp } = callee("answers", ["one"]);
    leg.answered(0);
    live(8000);
    expect(said).toHaveLength(1);
    expect(hungUp()).toBe(0);
    live(13_000);
    expect(hungUp()).toBe(1);
    live(60_000);
    expect(hungUp()).toBe(1);
  });

  test("that talks over the agent does so in its second line only", () => {
    const { leg, said, live, frames } = callee("talks-over");
    leg.answered(0);
    live(4000, true);
    expect(said).toEqual([]);
    live(2500);
    expect(said).toHaveLength(1);
    const beganAt = frames.length * FRAME_MS;
    live(4000, true);
    expect(said[1]).toMatchObject({ text: "two" });
    expect(said[1]!.startMs - beganAt).toBeWithin(TALKS_OVER_AFTER_MS - 100, TALKS_OVER_AFTER_MS + 100);
    live(4000, true);
    expect(said).toHaveLength(2);
  });

  test("that hangs up does so once, in the middle of its second line, and falls silent", () => {
    const { leg, said, live, hungUp, frames, voiced } = callee("hangs-up", ["one", "two and three and four"]);
    leg.answered(0);
    live(1000, true);
    live(2500);
    live(1000, true);
    live(4000);
    expect(hungUp()).toBe(1);
    expect(said.at(-1)?.text).toBe("two and —");
    expect(said.at(-1)!.endMs - said.at(-1)!.startMs).toBe(560);
    expect(frames.slice(-50).some(voiced)).toBe(false);
  });
});

describe("a scripted mailbox", () => {
  test("greets at once over whatever the agent says, beeps once and listens in silence", () => {
    const { leg, said, live, frames, voiced } = callee("voicemail", ["greeting"]);
    leg.answered(0);
    live(10_000, true);
    expect(said).toEqual([{ text: "greeting", startMs: 500, endMs: 1500 }]);
    const loud = frames.flatMap((frame, place) => (voiced(frame) ? [place * FRAME_MS] : []));
    expect(loud.filter((ms) => ms >= 500 && ms < 1500)).toHaveLength(50);
    expect(loud.filter((ms) => ms >= 1800 && ms < 2200)).toHaveLength(20);
    expect(loud).toHaveLength(70);
  });

  test("ends a message after a minute", () => {
    const { leg, live, hungUp } = callee("voicemail", ["greeting"]);
    leg.answered(0);
    live(61_000, true);
    expect(hungUp()).toBe(0);
    live(1500, true);
    expect(hungUp()).toBe(1);
  });
});
