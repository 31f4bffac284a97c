import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  CONSULT_START,
  type ConsultEffect,
  type ConsultInput,
  type ConsultState,
  stepConsult,
} from "../../src/agents/consult-machine.ts";

const OPENED: ConsultInput = { type: "opened", port: 1 };
const ANSWERED: ConsultInput = { type: "answered" };
const ACCEPT: ConsultInput = { type: "accept", toolCallId: "yes" };
const DECLINE: ConsultInput = { type: "decline", toolCallId: "no" };
const DRAINED: ConsultInput = { type: "drained" };
const TIME_LIMIT: ConsultInput = { type: "time-limit" };
const GIVE_UP: ConsultInput = { type: "give-up" };
const LEFT: ConsultInput = { type: "ended", why: "busy" };
const TALKING = [OPENED, ANSWERED];

/** What the rules ask for after the last of these inputs, and where they leave it. */
const after = (...inputs: ConsultInput[]): { does: string[]; at: ConsultState["at"] } => {
  let state = CONSULT_START;
  let effects: ConsultEffect[] = [];
  for (const input of inputs) [state, effects] = stepConsult(state, input);
  const word = (effect: ConsultEffect) => {
    if (effect.do === "tell") return `tell ${effect.outcome}`;
    if (effect.do === "say") return `say ${effect.why}`;
    return effect.do === "reply" ? `${effect.decision} ${effect.toolCallId}` : effect.do;
  };
  return { does: effects.map(word), at: state.at };
};

test("who accepts hears the last words out, is moved to the callee, and only then is the private line closed", () => {
  expect(after(OPENED).does).toEqual(["originate"]);
  expect(after(...TALKING).does).toEqual(["answer", "wait"]);
  expect(after(...TALKING, ACCEPT).does).toEqual(["accept yes", "drain", "wait"]);
  expect(after(...TALKING, ACCEPT, DRAINED)).toEqual({ does: ["join"], at: "joining" });
  const joined = after(...TALKING, ACCEPT, DRAINED, { type: "joined" });
  expect(joined).toEqual({ does: ["close", "tell joined"], at: "over" });
});

test("who declines, or says nothing in time, is thanked and hung up while the agent goes on already", () => {
  expect(after(...TALKING, DECLINE).does).toEqual(["tell declined", "decline no", "drain", "wait"]);
  expect(after(...TALKING, TIME_LIMIT).does).toEqual(["tell undecided", "say no-decision", "drain", "wait"]);
  for (const parting of [DECLINE, TIME_LIMIT]) {
    for (const done of [DRAINED, TIME_LIMIT]) {
      expect(after(...TALKING, parting, done)).toEqual({ does: ["hang-up", "close"], at: "over" });
    }
    expect(after(...TALKING, parting, LEFT)).toEqual({ does: ["close"], at: "over" });
  }
});

test("who is not reached is told as it was, who hangs up when briefed has declined", () => {
  expect(after(OPENED, LEFT).does).toEqual(["close", "tell busy"]);
  expect(after(...TALKING, LEFT).does).toEqual(["close", "tell declined"]);
  expect(after(...TALKING, ACCEPT, LEFT).does).toEqual(["close", "tell declined"]);
  expect(after({ type: "open-failed", why: "no-consult" }).does).toEqual(["close", "tell no-consult"]);
  expect(after(TIME_LIMIT).does).toEqual(["close", "tell failed"]);
});

test("a lost voice or line ends it; one that is lost after the yes does not matter any more", () => {
  for (const type of ["voice-lost", "media-lost"] as const) {
    expect(after(OPENED, { type }).does).toEqual(["hang-up", "close", "tell failed"]);
    expect(after(...TALKING, { type }).does).toEqual(["hang-up", "close", "tell failed"]);
  }
  expect(after(...TALKING, ACCEPT, { type: "voice-lost" }).does).toEqual(["join"]);
  const failed = after(...TALKING, ACCEPT, DRAINED, { type: "join-failed" });
  expect(failed.does).toEqual(["hang-up", "close", "tell failed"]);
});

test("a callee who is gone ends the ringing at once, and the briefing with a word", () => {
  expect(after(GIVE_UP).does).toEqual(["close"]);
  expect(after(OPENED, GIVE_UP).does).toEqual(["hang-up", "close"]);
  for (const soFar of [TALKING, [...TALKING, ACCEPT]]) {
    expect(after(...soFar, GIVE_UP).does).toEqual(["say callee-left", "drain", "wait"]);
    expect(after(...soFar, GIVE_UP, DRAINED).does).toEqual(["hang-up", "close"]);
  }
  expect(after(...TALKING, ACCEPT, DRAINED, GIVE_UP, { type: "joined" })).toEqual({ does: [], at: "over" });
});

const anyInput = fc.constantFrom<ConsultInput>(
  OPENED,
  { type: "open-failed", why: "failed" },
  { type: "ringing" },
  { type: "carrier-media", host: "127.0.0.1", port: 9 },
  ANSWERED,
  LEFT,
  ACCEPT,
  DECLINE,
  DRAINED,
  TIME_LIMIT,
  { type: "joined" },
  { type: "join-failed" },
  { type: "voice-lost" },
  { type: "media-lost" },
  GIVE_UP,
  { type: "stop" },
);

test("whatever happens, nothing is left open, one outcome is told, and nobody is joined who did not accept", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 25 }), (inputs) => {
      let state = CONSULT_START;
      const done: ConsultEffect[] = [];
      const count = (what: ConsultEffect["do"]) => done.filter((effect) => effect.do === what).length;
      let isWaitedFor = true;
      let isOnLine = false;
      for (const input of inputs) {
        const wasOver = state.at === "over";
        const [next, effects] = stepConsult(state, input);
        if (wasOver) expect(effects).toEqual([]);
        if (input.type === "ended" && !wasOver) isOnLine = false;
        if (input.type === "give-up" || input.type === "stop") isWaitedFor = false;
        if (effects.some((effect) => effect.do === "tell")) expect(isWaitedFor).toBe(true);
        if (effects.some((effect) => effect.do === "originate")) isOnLine = true;
        state = next;
        done.push(...effects);
        if (count("join") > 0) expect(done).toContainEqual({ do: "reply", toolCallId: "yes", decision: "accept" });
      }
      const isOver = state.at === "over";
      const isJoined = done.some((effect) => effect.do === "tell" && effect.outcome === "joined");
      expect(count("close")).toBe(isOver ? 1 : 0);
      expect(count("tell")).toBeLessThanOrEqual(1);
      if (isOver && isWaitedFor) expect(count("tell")).toBe(1);
      expect(count("hang-up")).toBe(isOver && isOnLine && !isJoined ? 1 : 0);
    }),
    { numRuns: 1000 },
  );
});

test("from wherever it is, time and the end of its line bring it to its end", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 25 }), (inputs) => {
      let state = CONSULT_START;
      for (const input of [...inputs, LEFT, TIME_LIMIT, LEFT]) [state] = stepConsult(state, input);
      expect(state.at).toBe("over");
    }),
  );
});
