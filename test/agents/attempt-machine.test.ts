import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  ATTEMPT_START,
  type AttemptEffect,
  type AttemptInput,
  type AttemptState,
  stepAttempt,
} from "../../src/agents/attempt-machine.ts";
import type { Disposition } from "../../src/core/call.ts";

const run = (inputs: AttemptInput[]): { state: AttemptState; effects: AttemptEffect[] } => {
  let state = ATTEMPT_START;
  const effects: AttemptEffect[] = [];
  for (const input of inputs) {
    const [next, more] = stepAttempt(state, input);
    state = next;
    effects.push(...more);
  }
  return { state, effects };
};
const did = (effects: AttemptEffect[]) => effects.map((effect) => effect.do);

const opened: AttemptInput = { type: "opened", port: 20_000 };
const answered: AttemptInput = { type: "answered" };
const ended = (cause: "busy" | "callee-hung-up" | "agent-hung-up" | "carrier-lost", disposition: Disposition) =>
  ({ type: "carrier-ended", end: { cause, disposition, detail: "" } }) as const;
const farewell = (speaking: boolean, toolCallId = "t1"): AttemptInput => ({
  type: "farewell",
  disposition: "answered",
  toolCallId,
  speaking,
});

test("a call that is answered and ended by the callee is settled as that", () => {
  const { state, effects } = run([
    opened,
    { type: "ringing" },
    { type: "carrier-media", host: "127.0.0.1", port: 9 },
    answered,
    ended("callee-hung-up", "answered"),
    { type: "open-timeout" },
    { type: "closed" },
  ]);
  expect(state.at).toBe("over");
  expect(did(effects)).toEqual(["originate", "note-ringing", "set-remote", "answer", "close-media", "settle"]);
  expect(effects.at(-1)).toMatchObject({ end: { cause: "callee-hung-up", disposition: "answered" } });
});

test("the agent's hang-up waits until its goodbye has been heard", () => {
  const before = [opened, answered, farewell(true)];
  expect(did(run(before).effects)).toEqual(["originate", "answer", "drain"]);
  const { effects } = run([...before, { type: "drained", interrupted: false }]);
  expect(did(effects).slice(-2)).toEqual(["hang-up-carrier", "close-media"]);
});

test("an agent that hangs up without a word is asked for a goodbye first", () => {
  expect(did(run([opened, answered, farewell(false)]).effects).slice(-2)).toEqual(["say-goodbye", "drain"]);
});

// Symptom: a model that called two tools that end the call in one answer (to try again later, and to hang up) said no
// goodbye, and the callee heard 5 s of silence before the line was cut. The second call never had an outcome, and a voice
// speaks once all its tools have theirs.
test("every tool that ends the call has an outcome, so that the goodbye is said though two of them were called", () => {
  const { effects } = run([opened, answered, farewell(false), farewell(false, "t2")]);
  expect(effects.slice(-3)).toEqual([
    { do: "say-goodbye", toolCallId: "t1" },
    { do: "drain", expectSpeech: true },
    { do: "go-on", toolCallId: "t2", why: "call-ends" },
  ]);
});

test("a callee who talks over the goodbye keeps the line once, and then it is cut", () => {
  const once = [opened, answered, farewell(true), { type: "drained", interrupted: true } as const];
  expect(did(run(once).effects).at(-1)).toBe("go-on");
  const twice = [...once, farewell(true), { type: "drained", interrupted: true } as const];
  expect(did(run(twice).effects).slice(-2)).toEqual(["hang-up-carrier", "close-media"]);
});

const asks: AttemptInput = { type: "ask-owner", toolCallId: "q1", question: "Which number?", timeoutMs: 30_000 };

test("an answer of the owner in time is told to the voice, and the call goes on", () => {
  const { state, effects } = run([opened, answered, asks, { type: "owner-answered", answer: "the second" }]);
  expect(did(effects).slice(2)).toEqual(["ask-owner", "tell-answer"]);
  expect(effects.at(-1)).toMatchObject({ toolCallId: "q1", answer: "the second" });
  expect(state).toMatchObject({ at: "talking", asking: null, farewell: null });
});

test("an owner who does not answer in time ends the call politely, and the question is given up before that", () => {
  const silent = [opened, answered, asks, { type: "owner-silent" } as const];
  expect(did(run(silent).effects).slice(3)).toEqual(["drop-question", "say-no-answer", "drain"]);
  const { state, effects } = run([...silent, { type: "drained", interrupted: false }]);
  expect(did(effects).slice(-2)).toEqual(["hang-up-carrier", "close-media"]);
  expect(state).toMatchObject({ end: { cause: "agent-hung-up", disposition: "answered" } });
});

test("a question is given up first when the call ends, and its tool call has an outcome before a goodbye is asked for", () => {
  const ends: AttemptInput[] = [
    { type: "callee-hung-up" },
    { type: "hang-up" },
    { type: "time-limit" },
    { type: "voice-lost", detail: "" },
    { type: "media-died" },
    { type: "shut-down" },
    farewell(false),
    ended("callee-hung-up", "answered"),
  ];
  for (const end of ends) {
    const { effects } = run([opened, answered, asks, end]);
    expect(effects[3]).toEqual({ do: "drop-question", toolCallId: "q1", why: "call-ends" });
  }
});

test("an answer that comes when nothing is asked changes nothing", () => {
  const late: AttemptInput = { type: "owner-answered", answer: "yes" };
  expect(did(run([opened, answered, late]).effects)).toEqual(["originate", "answer"]);
  expect(did(run([opened, answered, asks, { type: "owner-silent" }, late]).effects).at(-1)).toBe("drain");
});

test("one question at a time, few in a call, and none while it ends", () => {
  const again: AttemptInput = { type: "ask-owner", toolCallId: "q2", question: "And?", timeoutMs: 30_000 };
  expect(run([opened, answered, asks, again]).effects.at(-1)).toMatchObject({ why: "one-is-open", toolCallId: "q2" });
  expect(run([opened, answered, farewell(true), asks]).effects.at(-1)).toMatchObject({ why: "call-ends" });
  const answer: AttemptInput = { type: "owner-answered", answer: "yes" };
  const five = Array.from({ length: 5 }, () => [asks, answer]).flat();
  expect(run([opened, answered, ...five, again]).effects.at(-1)).toMatchObject({ why: "too-many" });
});

test("a lost voice apologises before it hangs up", () => {
  const { effects } = run([
    opened,
    answered,
    { type: "voice-lost", detail: "gone" },
    { type: "drained", interrupted: false },
  ]);
  expect(did(effects).slice(2)).toEqual(["apologise", "drain", "hang-up-carrier", "close-media"]);
});

test("a voice that is lost while its goodbye still plays changes nothing about the call's end", () => {
  for (const speaking of [true, false]) {
    const before = [opened, answered, farewell(speaking), { type: "voice-lost", detail: "gone" } as const];
    expect(did(run(before).effects)).not.toContain("apologise");
    expect(did(run(before).effects).at(-1)).toBe("drain");
    for (const interrupted of [true, false]) {
      const { state, effects } = run([...before, { type: "drained", interrupted }]);
      expect(did(effects).slice(-2)).toEqual(["hang-up-carrier", "close-media"]);
      expect(state).toMatchObject({ at: "closing", end: { cause: "agent-hung-up", disposition: "answered" } });
    }
  }
});

test("a voice that is lost while it rings ends the attempt before anybody hears silence", () => {
  const { state } = run([opened, { type: "ringing" }, { type: "voice-lost", detail: "gone" }]);
  expect(state).toMatchObject({ at: "closing", end: { cause: "voice-lost", disposition: "failed" } });
});

test("a conversation that the network drops has failed, as one that any other part drops", () => {
  const { effects } = run([opened, answered, ended("carrier-lost", "answered"), { type: "closed" }]);
  expect(effects.at(-1)).toMatchObject({ end: { cause: "carrier-lost", disposition: "failed" } });
});

test("a dead media thread settles the call without waiting for figures it cannot give", () => {
  expect(did(run([opened, answered, { type: "media-died" }]).effects).slice(-2)).toEqual(["hang-up-carrier", "settle"]);
});

test("a call that the stopping server cuts is no call that a person withdrew", () => {
  for (const before of [[], [opened], [opened, { type: "ringing" }], [opened, answered]] as AttemptInput[][]) {
    const { effects } = run([...before, { type: "shut-down" }, { type: "closed" }]);
    expect(effects.at(-1)).toMatchObject({ end: { cause: "process-restarted", disposition: "failed" } });
  }
});

const anyInput: fc.Arbitrary<AttemptInput> = fc.oneof(
  fc.constantFrom<AttemptInput>(
    opened,
    answered,
    { type: "ringing" },
    { type: "open-failed", detail: "" },
    { type: "refused", end: { cause: "trunk-failure", disposition: "trunk-failure", detail: "" } },
    { type: "carrier-media", host: "127.0.0.1", port: 1 },
    ended("busy", "busy"),
    ended("callee-hung-up", "answered"),
    ended("agent-hung-up", "answered"),
    { type: "callee-hung-up" },
    farewell(true),
    farewell(false),
    asks,
    { type: "owner-answered", answer: "yes" },
    { type: "owner-silent" },
    { type: "drained", interrupted: true },
    { type: "drained", interrupted: false },
    { type: "voice-lost", detail: "" },
    { type: "supervised", mode: "takeover" },
    { type: "supervised", mode: "listen" },
    { type: "transfer", toolCallId: "t1", to: null, brief: "Help.", warm: false, userId: null },
    {
      type: "transfer",
      toolCallId: null,
      to: { name: "Reception", phone: "+12025550177" },
      brief: "",
      warm: true,
      userId: "u1",
    },
    { type: "transfer-joined" },
    { type: "transfer-failed", why: "busy" },
    { type: "party-left" },
    { type: "media-lost", detail: "" },
    { type: "media-died" },
    { type: "hang-up" },
    { type: "end-politely" },
    { type: "shut-down" },
    { type: "time-limit" },
    { type: "open-timeout" },
    { type: "closed" },
    { type: "close-timeout" },
  ),
);

test("whatever happens in whatever order, an attempt is settled at most once, and exactly once in the end", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
      const { effects } = run([...inputs, { type: "hang-up" }, { type: "close-timeout" }]);
      const done = did(effects);
      expect(done.filter((what) => what === "settle").length).toBe(1);
      expect(done.at(-1)).toBe("settle");
      expect(done.filter((what) => what === "originate").length).toBeLessThanOrEqual(1);
      expect(done.filter((what) => what === "answer").length).toBeLessThanOrEqual(1);
      expect(done.filter((what) => what === "close-media").length).toBeLessThanOrEqual(1);
      expect(done.filter((what) => what === "hang-up-carrier").length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});

test("every question that is asked is answered or given up exactly once", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
      const done = did(run([opened, answered, ...inputs, { type: "hang-up" }]).effects);
      const over = done.filter((what) => what === "tell-answer" || what === "drop-question").length;
      expect(over).toBe(done.filter((what) => what === "ask-owner").length);
    }),
    { numRuns: 1000 },
  );
});

test("nothing is dialed, answered or said after the end", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), fc.array(anyInput, { maxLength: 20 }), (before, after) => {
      let { state } = run([...before, { type: "hang-up" }]);
      for (const input of after) {
        const [next, effects] = stepAttempt(state, input);
        state = next;
        for (const effect of did(effects)) expect(["settle", "hang-up-carrier"]).toContain(effect);
      }
    }),
  );
});

const politely: AttemptInput = { type: "end-politely" };
const userLeft = { end: { cause: "user-hung-up", disposition: "answered" } };

test("a person who ends a call politely has the agent say goodbye, whatever the callee says to it", () => {
  const said = run([opened, answered, politely, politely]);
  expect(said.effects.slice(-2)).toEqual([{ do: "say-farewell" }, { do: "drain", expectSpeech: true, firm: true }]);
  for (const interrupted of [true, false]) {
    const { effects } = run([opened, answered, politely, { type: "drained", interrupted }, { type: "closed" }]);
    expect(did(effects).slice(-3)).toEqual(["hang-up-carrier", "close-media", "settle"]);
    expect(effects.at(-1)).toMatchObject(userLeft);
  }
});

test("a goodbye that the agent was saying anyway is not said twice, and the call ends with it", () => {
  const begun = run([opened, answered, farewell(true), politely]);
  expect(did(begun.effects)).toEqual(["originate", "answer", "drain"]);
  const [, effects] = stepAttempt(begun.state, { type: "drained", interrupted: true });
  expect(did(effects)).toEqual(["hang-up-carrier", "close-media"]);
});

test("where no goodbye can be said, a polite end is one at once", () => {
  const cases: AttemptInput[][] = [
    [],
    [opened],
    [opened, answered, { type: "supervised", mode: "takeover" }],
    [opened, answered, { type: "voice-lost", detail: "" }],
  ];
  for (const before of cases) expect(run([...before, politely]).state.at).toBe("closing");
  const lostMeanwhile = run([opened, answered, politely, { type: "voice-lost", detail: "" }]);
  expect(lostMeanwhile.effects.at(-1)).toEqual({ do: "drain", expectSpeech: false });
  expect(run([opened, answered, politely, { type: "hang-up" }]).state.at).toBe("closing");
});

const supervised = (mode: "listen" | "whisper" | "barge" | "takeover"): AttemptInput => ({ type: "supervised", mode });

test("a person who takes over keeps the line that the agent was about to cut, and the tool learns it", () => {
  const { state, effects } = run([opened, answered, farewell(true), supervised("takeover")]);
  expect(effects.at(-1)).toEqual({ do: "go-on", toolCallId: "t1", why: "taken-over" });
  expect(state).toMatchObject({ at: "talking", farewell: null, interruptedFarewells: 0 });
  const after = run([opened, answered, farewell(true), supervised("takeover"), { type: "drained", interrupted: true }]);
  expect(after.state.at).toBe("talking");
});

test("listening, whispering and speaking beside the agent leave its farewell as it is", () => {
  for (const mode of ["listen", "whisper", "barge"] as const) {
    const { state } = run([
      opened,
      answered,
      farewell(true),
      supervised(mode),
      { type: "drained", interrupted: false },
    ]);
    expect(state.at).toBe("closing");
  }
});

test("an agent that ends the call while a person speaks is told that it does not end", () => {
  const { state, effects } = run([opened, answered, supervised("takeover"), farewell(false)]);
  expect(effects.at(-1)).toEqual({ do: "go-on", toolCallId: "t1", why: "taken-over" });
  expect(state).toMatchObject({ at: "talking", farewell: null });
});

test("the longest call time waits while a person speaks and counts when the call is given back", () => {
  const inTakeover = [opened, answered, supervised("takeover"), { type: "time-limit" } as const];
  expect(did(run(inTakeover).effects)).toEqual(["originate", "answer"]);
  const back = [...inTakeover, supervised("listen")];
  expect(did(run(back).effects).slice(2)).toEqual(["say-goodbye", "drain"]);
  expect(run([...back, { type: "drained", interrupted: false }]).state).toMatchObject({ end: { cause: "time-limit" } });
  const during = [opened, answered, { type: "time-limit" } as const, supervised("takeover")];
  expect(run(during).state).toMatchObject({ at: "talking", farewell: null });
  expect(did(run([...during, supervised("barge")]).effects).slice(-2)).toEqual(["say-goodbye", "drain"]);
});

test("a voice that is lost while a person speaks ends the call with an apology, once it is given back", () => {
  const lost: AttemptInput = { type: "voice-lost", detail: "gone" };
  const inTakeover = [opened, answered, supervised("takeover"), lost];
  expect(run(inTakeover).state).toMatchObject({ at: "talking", farewell: null });
  const back = run([...inTakeover, supervised("listen")]);
  expect(did(back.effects).slice(2)).toEqual(["apologise", "drain"]);
  const { state } = run([...inTakeover, supervised("listen"), { type: "drained", interrupted: false }]);
  expect(state).toMatchObject({ end: { cause: "voice-lost", disposition: "failed", detail: "gone" } });
});

test("a person can take over from an apology, and it is said again when they give back", () => {
  const { state, effects } = run([
    opened,
    answered,
    { type: "voice-lost", detail: "gone" },
    supervised("takeover"),
    { type: "drained", interrupted: true },
    supervised("listen"),
  ]);
  expect(did(effects).slice(2)).toEqual(["apologise", "drain", "apologise", "drain"]);
  expect(state.at).toBe("talking");
});

test("a question stays with the owner while a person speaks; without an answer the call simply goes on", () => {
  const inTakeover = [opened, answered, asks, supervised("takeover")];
  const told = run([...inTakeover, { type: "owner-answered", answer: "yes" }]);
  expect(did(told.effects).at(-1)).toBe("tell-answer");
  const silent = run([...inTakeover, { type: "owner-silent" }]);
  expect(silent.effects.at(-1)).toEqual({ do: "drop-question", toolCallId: "q1", why: "no-answer" });
  expect(silent.state).toMatchObject({ at: "talking", asking: null, farewell: null });
  const asked = run([opened, answered, supervised("takeover"), asks]);
  expect(asked.effects.at(-1)).toMatchObject({ do: "decline-question", why: "taken-over" });
});

test("a supervisor who hangs up has hung up, also while they speak", () => {
  for (const before of [[], [supervised("takeover")]]) {
    const { state } = run([opened, answered, ...before, { type: "hang-up" }]);
    expect(state).toMatchObject({ end: { cause: "user-hung-up", disposition: "answered" } });
  }
});

test("a line that is lost while a person speaks ends the call as at any other time", () => {
  const before = [opened, answered, supervised("takeover")];
  expect(run([...before, { type: "media-lost", detail: "" }]).state).toMatchObject({ end: { cause: "media-lost" } });
  expect(run([...before, { type: "callee-hung-up" }]).state).toMatchObject({ end: { cause: "callee-hung-up" } });
});

test("as long as a person speaks, nothing of the agent's makes the call end", () => {
  const ofTheAgent = fc.constantFrom<AttemptInput>(
    farewell(true),
    farewell(false),
    asks,
    { type: "owner-answered", answer: "yes" },
    { type: "owner-silent" },
    { type: "drained", interrupted: true },
    { type: "drained", interrupted: false },
    { type: "voice-lost", detail: "" },
    { type: "time-limit" },
    supervised("takeover"),
  );
  fc.assert(
    fc.property(fc.array(ofTheAgent, { maxLength: 40 }), (inputs) => {
      expect(run([opened, answered, supervised("takeover"), ...inputs]).state).toMatchObject({
        at: "talking",
        farewell: null,
      });
    }),
  );
});
