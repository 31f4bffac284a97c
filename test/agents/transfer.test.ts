import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  ATTEMPT_START,
  type AttemptEffect,
  type AttemptInput,
  type AttemptState,
  stepAttempt,
} from "../../src/agents/attempt-machine.ts";
import { callTools, toCommand } from "../../src/agents/tools/call-tools.ts";

const DESK = { name: "Reception", phone: "+12025550177" };
const END = { cause: "callee-hung-up", disposition: "answered", detail: "" } as const;
const ask = (to: typeof DESK | null, toolCallId: string | null = "t1"): AttemptInput => ({
  type: "transfer",
  toolCallId,
  to,
  brief: "Wants a refund.",
  warm: false,
  userId: null,
});
const farewell: AttemptInput = { type: "farewell", disposition: "answered", toolCallId: "end", speaking: false };

/** What the rules of an answered call ask for after the last of these inputs, and where they leave it. */
const after = (...inputs: AttemptInput[]): [AttemptEffect[], AttemptState] => {
  let state: AttemptState = ATTEMPT_START;
  let effects: AttemptEffect[] = [];
  for (const input of [{ type: "opened", port: 1 }, { type: "answered" }, ...inputs] as AttemptInput[]) {
    [state, effects] = stepAttempt(state, input);
  }
  return [effects, state];
};
const does = (...inputs: AttemptInput[]): string[] =>
  after(...inputs)[0].map((effect) => ("outcome" in effect ? `${effect.do} ${effect.outcome}` : effect.do));

test("somebody who answers has the callee, the agent steps aside, and comes back when they hang up", () => {
  expect(does(ask(DESK))).toEqual(["connect"]);
  expect(does(ask(DESK), { type: "transfer-joined" })).toEqual(["tell-transfer made", "step-aside"]);
  const joined: AttemptInput[] = [ask(DESK), { type: "transfer-joined" }];
  expect(does(...joined, { type: "party-left" })).toEqual(["tell-transfer over", "come-back"]);
  expect(does(...joined, { type: "party-left" }, farewell)).toEqual(["say-goodbye", "drain"]);
});

test("whoever is not reached leaves the callee with the agent, which may try somebody else", () => {
  for (const why of ["busy", "no-answer", "refused", "failed"] as const) {
    expect(does(ask(DESK), { type: "transfer-failed", why })).toEqual([`tell-transfer ${why}`]);
    expect(does(ask(DESK), { type: "transfer-failed", why }, ask(null, "t2"))).toEqual(["call-supervisors"]);
  }
});

test("a supervisor who takes over or joins in ends the asking, one who listens or whispers does not", () => {
  const by = (mode: "listen" | "whisper" | "barge" | "takeover") => does(ask(null), { type: "supervised", mode });
  expect(by("listen")).toEqual([]);
  expect(by("whisper")).toEqual([]);
  expect(by("barge")).toEqual(["tell-transfer made"]);
  expect(by("takeover")).toEqual(["tell-transfer made"]);
  expect(does(ask(null), { type: "supervised", mode: "takeover" }, { type: "transfer-failed", why: "nobody" })).toEqual(
    [],
  );
});

test("while somebody speaks with the callee the agent ends nothing, and what ended it counts when it is back", () => {
  const joined: AttemptInput[] = [ask(DESK), { type: "transfer-joined" }];
  expect(does(...joined, farewell)).toEqual(["go-on"]);
  expect(does(...joined, { type: "voice-lost", detail: "gone" })).toEqual([]);
  expect(does(...joined, { type: "voice-lost", detail: "gone" }, { type: "party-left" })).toEqual([
    "tell-transfer over",
    "come-back",
    "apologise",
    "drain",
  ]);
});

test("a supervisor who speaks meanwhile and leaves again does not bring the agent back", () => {
  const [, state] = after(
    ask(DESK),
    { type: "transfer-joined" },
    { type: "supervised", mode: "takeover" },
    { type: "supervised", mode: "listen" },
  );
  expect(state).toMatchObject({ takenOver: true, supervisorSpeaks: false });
});

test("a call that ends, or a goodbye, gives up what was asked for; who answers then is let go", () => {
  expect(does(ask(DESK), { type: "carrier-ended", end: END })).toEqual(["drop-transfer", "close-media"]);
  expect(does(ask(DESK), farewell)).toEqual(["drop-transfer", "say-goodbye", "drain"]);
  expect(does(ask(DESK), farewell, { type: "transfer-joined" })).toEqual(["disconnect"]);
  expect(does(ask(DESK), { type: "transfer-joined" }, { type: "carrier-ended", end: END })).toEqual(["close-media"]);
});

test("one transfer at a time, none while the call ends, none beside a question, and not for ever", () => {
  const question: AttemptInput = { type: "ask-owner", toolCallId: "q", question: "Which?", timeoutMs: 1000 };
  expect(does(ask(DESK), ask(null, "t2"))).toEqual(["decline-transfer"]);
  expect(does(farewell, ask(DESK))).toEqual(["decline-transfer"]);
  expect(does(question, ask(DESK))).toEqual(["decline-transfer"]);
  expect(does(ask(DESK), question)).toEqual(["decline-question"]);
  const failures = Array.from(
    { length: 5 },
    () => [ask(DESK), { type: "transfer-failed", why: "busy" }] as const,
  ).flat();
  expect(does(...(failures as AttemptInput[]), ask(DESK))).toEqual(["decline-transfer"]);
});

test("a supervisor may connect the callee also while they speak themselves; the agent may not", () => {
  const takeover: AttemptInput = { type: "supervised", mode: "takeover" };
  expect(does(takeover, ask(DESK, null))).toEqual(["connect"]);
  expect(does(takeover, ask(DESK, "t1"))).toEqual(["decline-transfer"]);
});

test("the tool offers names, never numbers, and none where nobody is known", () => {
  const offers = (people: string[]) =>
    Object.keys(callTools(people).find(({ name }) => name === "transfer_call")?.parameters.properties ?? {});
  expect(offers([])).not.toContain("warm");
  expect(offers(["Reception"])).toContain("warm");
  const toOf = (people: string[]) => {
    const tool = callTools(people).find(({ name }) => name === "transfer_call");
    return (tool?.parameters.properties as Record<string, { enum?: string[] }> | undefined)?.to;
  };
  expect(toOf([])).toBeUndefined();
  expect(toOf(["Reception", "Billing"])?.enum).toEqual(["Reception", "Billing"]);
  const call = (args: unknown) =>
    toCommand({ toolCallId: "t1", name: "transfer_call", argumentsJson: JSON.stringify(args), speaking: false });
  expect(call({ to: "Reception", reason: "Refund", brief: "Paid twice." })).toEqual({
    ok: true,
    command: { type: "transfer_call", to: "Reception", brief: "Refund. Paid twice.", warm: false, toolCallId: "t1" },
  });
  expect(call({ to: "Reception", reason: "", brief: "Paid twice.", warm: true })).toMatchObject({
    command: { to: "Reception", warm: true },
  });
  expect(call({ reason: "", brief: "Paid twice." })).toMatchObject({ command: { to: null, brief: "Paid twice." } });
  expect(call({ reason: "Refund" }).ok).toBe(false);
});

const anyInput = fc.constantFrom<AttemptInput>(
  ask(null),
  ask(DESK),
  ask(DESK, null),
  farewell,
  { type: "transfer-joined" },
  { type: "transfer-failed", why: "busy" },
  { type: "party-left" },
  { type: "supervised", mode: "takeover" },
  { type: "supervised", mode: "barge" },
  { type: "supervised", mode: "listen" },
  { type: "drained", interrupted: true },
  { type: "hang-up" },
);

test("whatever happens, the agent steps aside and comes back in turns, and each tool call is answered once", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
      let state: AttemptState = ATTEMPT_START;
      let aside = false;
      let open = 0;
      for (const input of [{ type: "opened", port: 1 }, { type: "answered" }, ...inputs] as AttemptInput[]) {
        const [next, effects] = stepAttempt(state, input);
        state = next;
        for (const effect of effects) {
          if (effect.do === "call-supervisors" || effect.do === "connect") open++;
          if (effect.do === "drop-transfer" || (effect.do === "tell-transfer" && effect.outcome !== "over")) open--;
          if (effect.do === "step-aside" || effect.do === "come-back") {
            expect(aside).toBe(effect.do === "come-back");
            aside = !aside;
          }
        }
        const asked = state.at === "talking" && state.transfer?.at === "asked";
        expect(open).toBe(asked ? 1 : 0);
        if (state.at === "talking") expect(aside).toBe(state.transfer?.at === "joined");
      }
    }),
  );
});
