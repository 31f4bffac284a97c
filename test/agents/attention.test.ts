import { expect, test } from "bun:test";
import fc from "fast-check";
import { CALM, CallAttention, HELP_AT, type NeedKind, WATCH_AT } from "../../src/agents/attention.ts";
import { MOODS } from "../../src/core/mood.ts";

const T0 = 1_700_000_000_000;
const S = 1_000;

/** One call with a clock that is moved by hand; the line counts as voiced unless a test lets it fall silent. */
const call = () => {
  const attention = new CallAttention(T0);
  let now = T0;
  let keys = 0;
  const say = (speaker: "callee" | "agent" | "supervisor", text: string, more: object = {}): void =>
    attention.turn({ key: `k${keys++}`, speaker, text, interrupted: false, whispered: false, ...more }, now);
  return {
    attention,
    say,
    get now() {
      return now;
    },
    later(ms: number, isSilent = false): void {
      now += ms;
      if (!isSilent) attention.voiced(now);
    },
    need(kind: NeedKind) {
      return attention.at(now).needs.find((need) => need.kind === kind) ?? null;
    },
    score: () => attention.at(now).score,
  };
};

test("a call in which people simply talk needs nobody", () => {
  const c = call();
  for (let i = 0; i < 40; i++) {
    c.later(4 * S);
    c.say(
      "agent",
      `Question number ${i}: what does slot ${i * 7} on day ${i * 3} cost, and is it free for ${i} people?`,
    );
    c.later(4 * S);
    c.say("callee", `That would be ${i * 11} euros, yes.`);
    c.attention.latency(700, c.now);
    expect(c.attention.at(c.now)).toEqual(CALM);
  }
});

test("a caller who asks for a human gets help at once, and asking again weighs more", () => {
  const c = call();
  c.say("callee", "Could I talk to a real person, please?");
  const first = c.need("human-asked");
  expect(first).toMatchObject({ score: 80, reason: "The caller asked for a human", since: T0 });
  expect(c.score()).toBeGreaterThanOrEqual(HELP_AT);
  c.later(20 * S);
  c.say("callee", "I said I want to speak to a human!");
  expect(c.need("human-asked")).toMatchObject({ score: 90, reason: "The caller asked for a human again", since: T0 });
});

test("the wish for a human fades by half in three minutes and is forgotten in the end", () => {
  const c = call();
  c.say("callee", "Get me a human.");
  c.later(180 * S);
  expect(c.need("human-asked")?.score).toBe(40);
  c.later(900 * S);
  expect(c.need("human-asked")).toBeNull();
});

test("what the agent says, or a supervisor whispers, is no wish of the caller", () => {
  const c = call();
  c.say("agent", "Would you rather talk to a human?");
  c.say("supervisor", "They want to speak to a person.", { whispered: true });
  c.say("supervisor", "You want to speak to a person?");
  expect(c.attention.at(c.now)).toEqual(CALM);
});

test("a caller who is spoken to by a person has what was asked for; one who is only listened to has not", () => {
  const c = call();
  c.say("callee", "Get me a human.");
  for (const mode of ["listen", "whisper"] as const) {
    c.attention.supervised(mode, c.now);
    expect(c.need("human-asked")).not.toBeNull();
  }
  c.attention.supervised("barge", c.now);
  expect(c.need("human-asked")).toBeNull();
});

test("one complaint is not yet a call for help; insults, or complaint after complaint, are", () => {
  const mild = call();
  mild.say("callee", "You're not listening.");
  expect(mild.need("anger")).toMatchObject({ score: 25, reason: "The caller sounds annoyed" });
  expect(mild.score()).toBeLessThan(WATCH_AT);
  for (let i = 0; i < 2; i++) {
    mild.later(10 * S);
    mild.say("callee", "I already told you that.");
  }
  expect(mild.need("anger")).toMatchObject({ reason: "The caller sounds angry", since: T0 });
  const rude = call();
  rude.say("callee", "You idiot!");
  rude.later(5 * S);
  rude.say("callee", "This is unacceptable.");
  expect(rude.score()).toBeGreaterThanOrEqual(HELP_AT);
});

test("anger cools down by half each minute", () => {
  const c = call();
  c.say("callee", "I am furious.");
  c.later(60 * S);
  expect(c.need("anger")?.score).toBe(25);
  c.later(180 * S);
  expect(c.need("anger")).toBeNull();
});

test("silence counts from six seconds on, grows to twenty, and ends with the first voice", () => {
  const c = call();
  c.later(5_900, true);
  expect(c.need("silence")).toBeNull();
  c.later(100, true);
  expect(c.need("silence")).toMatchObject({ score: 30, since: T0 });
  c.later(14 * S, true);
  expect(c.need("silence")).toMatchObject({ score: 75, since: T0, at: c.now });
  c.later(100 * S, true);
  expect(c.need("silence")?.score).toBe(75);
  c.attention.voiced(c.now);
  expect(c.need("silence")).toBeNull();
});

test("a whisper does not end the silence that the caller hears", () => {
  const c = call();
  c.later(10 * S, true);
  c.say("supervisor", "Offer them ten per cent.", { whispered: true });
  expect(c.need("silence")).not.toBeNull();
});

test("nobody is called for the silence of a caller who holds the line or speaks with a person", () => {
  const held = call();
  held.attention.ownerAsked(true, held.now);
  held.later(30 * S, true);
  expect(held.need("silence")).toBeNull();
  held.attention.ownerAsked(false, held.now);
  held.later(6 * S, true);
  expect(held.need("silence")).not.toBeNull();
  const taken = call();
  taken.attention.supervised("takeover", taken.now);
  taken.later(30 * S, true);
  expect(taken.need("silence")).toBeNull();
});

const REPEATED = "Could you tell me the earliest free appointment on a Thursday, please?";

test("an agent that says nearly the same again is in a loop, more with every time", () => {
  const c = call();
  c.say("agent", REPEATED);
  expect(c.need("loop")).toBeNull();
  c.later(10 * S);
  c.say("agent", "Could you tell me the earliest free appointment on a Thursday?");
  expect(c.need("loop")).toMatchObject({ score: 45, reason: "The agent repeats itself" });
  c.later(10 * S);
  c.say("agent", `So: ${REPEATED}`);
  expect(c.need("loop")).toMatchObject({ score: 65, reason: "The agent said nearly the same 3 times" });
  expect(c.score()).toBeGreaterThanOrEqual(HELP_AT);
});

test("saying the same again is no loop when it was cut off, is short, or was long ago", () => {
  const cut = call();
  cut.say("agent", REPEATED, { interrupted: true });
  cut.say("agent", REPEATED);
  expect(cut.need("loop")).toBeNull();
  const short = call();
  for (let i = 0; i < 5; i++) short.say("agent", "One moment, please.");
  expect(short.need("loop")).toBeNull();
  const old = call();
  old.say("agent", REPEATED);
  old.later(181 * S);
  old.say("agent", REPEATED);
  expect(old.need("loop")).toBeNull();
});

test("a transcript that is corrected does not count twice", () => {
  const c = call();
  c.say("agent", REPEATED, { key: "a1" });
  c.say("agent", REPEATED, { key: "a1" });
  c.say("callee", "Get me a human", { key: "c1" });
  c.say("callee", "Get me a human.", { key: "c1" });
  expect(c.need("loop")).toBeNull();
  expect(c.need("human-asked")).toMatchObject({ score: 80 });
});

test("talking over each other counts from the third time within a minute and is over a minute later", () => {
  const c = call();
  const scores = [1, 2, 3, 4, 5, 6, 7].map(() => {
    c.attention.bargeIn(c.now);
    const score = c.need("talking-over")?.score ?? 0;
    c.later(5 * S);
    return score;
  });
  expect(scores).toEqual([0, 0, 35, 50, 60, 70, 70]);
  expect(c.need("talking-over")).toMatchObject({
    reason: "They talked over each other 7 times in a minute",
    since: T0,
  });
  c.later(61 * S);
  expect(c.need("talking-over")).toBeNull();
});

test("a wrong person, and an agent without answers, are off the plan", () => {
  const wrong = call();
  wrong.say("callee", "Sorry, you have the wrong number.");
  expect(wrong.need("off-plan")).toMatchObject({ score: 60, reason: "This may be the wrong person" });
  const stuck = call();
  stuck.say("agent", "I'm afraid I don't have that information.");
  expect(stuck.need("off-plan")).toBeNull();
  stuck.later(20 * S);
  stuck.say("agent", "I don't know that either, sorry.");
  expect(stuck.need("off-plan")).toMatchObject({ score: 50, reason: "The agent had no answer 2 times" });
  // A weaker sign does not make the need less.
  stuck.say("callee", "I think this is the wrong person.");
  expect(stuck.need("off-plan")?.score).toBe(60);
  stuck.say("agent", "I cannot answer that.");
  expect(stuck.need("off-plan")?.score).toBe(60);
});

test("two unanswered questions that lie far apart are no trouble", () => {
  const c = call();
  c.say("agent", "I don't know.");
  c.later(181 * S);
  c.say("agent", "I am not sure.");
  expect(c.need("off-plan")).toBeNull();
});

test("one slow answer happens; two of three are trouble with the model", () => {
  const c = call();
  for (const ms of [4_000, 600, 600, 4_000, 600]) c.attention.latency(ms, c.now);
  expect(c.need("model-trouble")).toBeNull();
  c.attention.latency(3_000, c.now);
  expect(c.need("model-trouble")).toMatchObject({ score: 40, reason: "The agent answers slowly" });
});

test("a voice that came back is watched for a while; one that is lost calls for help", () => {
  const c = call();
  c.attention.voiceLost(true, c.now);
  expect(c.need("model-trouble")).toMatchObject({ score: 50, reason: "The voice model broke off and came back" });
  c.attention.voiceLost(false, c.now);
  expect(c.need("model-trouble")).toMatchObject({ score: 100, reason: "The voice model is lost" });
  expect(c.score()).toBe(100);
});

test("an open question to the owner is a need until it is answered, and by itself calls nobody", () => {
  const c = call();
  c.attention.ownerAsked(true, c.now);
  c.later(20 * S, true);
  expect(c.need("owner-question")).toMatchObject({ score: 45, since: T0 });
  expect(c.score()).toBeGreaterThanOrEqual(WATCH_AT);
  expect(c.score()).toBeLessThan(HELP_AT);
  c.attention.ownerAsked(false, c.now);
  expect(c.need("owner-question")).toBeNull();
});

test("several needs weigh more than the greatest of them, which is named first", () => {
  const c = call();
  for (let i = 0; i < 3; i++) c.attention.bargeIn(c.now);
  c.say("callee", "This is unacceptable.");
  const { score, needs } = c.attention.at(c.now);
  expect(needs.map(({ kind }) => kind)).toEqual(["anger", "talking-over"]);
  expect(score).toBe(68);
});

test("whatever happens, scores stay within 0 and 100, needs are ranked, and each kind is there once by rule and once by impression", () => {
  const happening = fc.oneof(
    fc.record({
      do: fc.constant("turn" as const),
      speaker: fc.constantFrom("callee" as const, "agent" as const, "supervisor" as const),
      text: fc.oneof(
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.constantFrom(REPEATED, "Get me a human", "idiot"),
      ),
    }),
    fc.record({ do: fc.constantFrom("barge" as const, "lost" as const, "asked" as const, "slow" as const) }),
    fc.record({ do: fc.constant("impression" as const), mood: fc.constantFrom(...MOODS), offPlan: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(happening, fc.nat(90_000)), { maxLength: 60 }), (story) => {
      const c = call();
      for (const [what, ms] of story) {
        c.later(ms, true);
        if (what.do === "turn") c.say(what.speaker, what.text);
        else if (what.do === "impression") c.attention.impression({ ...what, reason: "" }, c.now);
        else if (what.do === "barge") c.attention.bargeIn(c.now);
        else if (what.do === "lost") c.attention.voiceLost(ms % 2 === 0, c.now);
        else if (what.do === "asked") c.attention.ownerAsked(ms % 2 === 0, c.now);
        else c.attention.latency(ms, c.now);
        const { score, needs } = c.attention.at(c.now);
        const top = needs[0]?.score ?? 0;
        if (!(score >= top && score <= 100 && Number.isInteger(score))) return false;
        if (needs.some((need, i) => need.score > (needs[i - 1]?.score ?? 100) || need.since > c.now)) return false;
        if (new Set(needs.map(({ kind, isImpression }) => `${kind} ${isImpression}`)).size !== needs.length)
          return false;
      }
      return true;
    }),
  );
});

test("a model that hears an angry callee calls for help and says that it is the model's impression", () => {
  const c = call();
  c.attention.impression({ mood: "angry", offPlan: false, reason: "shouts about a bill" }, c.now);
  expect(c.need("anger")).toMatchObject({
    score: 65,
    reason: "Sounds angry, the model thinks: shouts about a bill",
    isImpression: true,
  });
  expect(c.score()).toBeGreaterThanOrEqual(HELP_AT);
  c.later(60 * S);
  expect(c.need("anger")?.score).toBe(33);
});

test("an upset callee, or a talk off the plan, is to be watched; a calm or uneasy one needs nobody", () => {
  const c = call();
  c.attention.impression({ mood: "upset", offPlan: false, reason: "" }, c.now);
  expect(c.score()).toBeGreaterThanOrEqual(WATCH_AT);
  expect(c.score()).toBeLessThan(HELP_AT);
  c.attention.impression({ mood: "upset", offPlan: true, reason: "wants a refund" }, c.now);
  expect(c.attention.at(c.now).needs.map(({ reason }) => reason)).toEqual([
    "Sounds upset, the model thinks: wants a refund",
    "Off the plan, the model thinks",
  ]);
  expect(c.score()).toBeLessThan(HELP_AT);
  c.attention.impression({ mood: "calm", offPlan: true, reason: "talks about the weather" }, c.now);
  expect(c.attention.at(c.now)).toMatchObject({
    score: 30,
    needs: [{ kind: "off-plan", reason: "Off the plan, the model thinks: talks about the weather" }],
    mood: "calm",
  });
  c.attention.impression({ mood: "uneasy", offPlan: false, reason: "asks who it is" }, c.now);
  expect(c.attention.at(c.now)).toEqual({ ...CALM, mood: "uneasy" });
});

test("an impression takes nothing from what rules say, and both of the same kind count once", () => {
  const c = call();
  c.say("callee", "This is outrageous, you idiot!");
  const before = c.attention.at(c.now);
  c.attention.impression({ mood: "calm", offPlan: false, reason: "all is well" }, c.now);
  expect(c.attention.at(c.now)).toEqual({ ...before, mood: "calm" });
  c.attention.impression({ mood: "angry", offPlan: false, reason: "" }, c.now);
  const { needs, score } = c.attention.at(c.now);
  expect(needs.map(({ reason }) => reason)).toEqual(["Sounds angry, the model thinks", "The caller sounds angry"]);
  expect(score).toBe(65);
  // The rule goes on from where the rule was.
  c.say("callee", "I already told you that.");
  expect(c.attention.at(c.now).needs).toContainEqual(
    expect.objectContaining({ reason: "The caller sounds angry", score: 75, isImpression: false }),
  );
});

test("how a callee sounded is told for three minutes after the last impression", () => {
  const c = call();
  c.attention.impression({ mood: "uneasy", offPlan: false, reason: "" }, c.now);
  c.later(180 * S);
  expect(c.attention.at(c.now).mood).toBe("uneasy");
  c.later(1);
  expect(c.attention.at(c.now)).toEqual(CALM);
});
