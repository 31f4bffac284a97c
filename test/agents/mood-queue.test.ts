import { expect, test } from "bun:test";
import { VendorError, type VendorFailure } from "../../src/agents/models/vendor-error.ts";
import { type MoodAsk, MoodQueue } from "../../src/agents/mood-queue.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";
import { settle } from "../support/server-rig.ts";

const S = 1_000;

interface Open extends MoodAsk {
  at: number;
  answer(): void;
  fail(failure: VendorFailure, retryAfterMs?: number): void;
}

/** A queue whose requests a test answers by hand, with time that it moves. */
const open = () => {
  const clock = new ManualClock(0);
  const timers = new ManualSchedule();
  const lines: string[] = [];
  const log = createLog({ level: "debug", destination: { write: (line) => lines.push(line) } });
  const asked: Open[] = [];
  const ask = (about: MoodAsk): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail: Open["fail"] = (failure, retryAfterMs) =>
        reject(new VendorError("The test model", retryAfterMs === undefined ? { failure } : { failure, retryAfterMs }));
      asked.push({ ...about, at: clock.now(), answer: resolve, fail });
    });
  const queue = new MoodQueue({ ask, clock, schedule: timers.schedule, log });
  let keys = 0;
  return {
    queue,
    asked,
    lines,
    timers,
    calls: () => asked.map(({ callId }) => callId),
    say: (callId: string, text = "Hello.", more: object = {}): void =>
      queue.said(callId, { key: `k${keys++}`, speaker: "callee", text, whispered: false, ...more }),
    later: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= S) {
        clock.advance(Math.min(S, left));
        timers.advance(Math.min(S, left));
        await settle();
      }
    },
    answer: async (i: number): Promise<void> => {
      asked[i]?.answer();
      await settle();
    },
    fail: async (i: number, failure: VendorFailure, retryAfterMs?: number): Promise<void> => {
      asked[i]?.fail(failure, retryAfterMs);
      await settle();
    },
  };
};

test("a call is asked about once its callee said something, not in its first 15 s, then every 15 s at most", async () => {
  const { queue, asked, say, later, answer } = open();
  queue.began("t1", "a");
  await later(5 * S);
  say("a");
  await later(9 * S);
  expect(asked).toHaveLength(0);
  await later(1 * S);
  expect(asked.map(({ at }) => at)).toEqual([15 * S]);
  await answer(0);
  say("a", "And then?");
  await later(14 * S);
  expect(asked).toHaveLength(1);
  await later(1 * S);
  expect(asked.map(({ at }) => at)).toEqual([15 * S, 30 * S]);
});

test("nothing is asked while the callee says nothing new: not for the agent, a supervisor, or the same words again", async () => {
  const { queue, asked, say, later, answer, timers } = open();
  queue.began("t1", "a");
  queue.said("a", { key: "one", speaker: "callee", text: "Yes.", whispered: false });
  await later(15 * S);
  await answer(0);
  say("a", "What can I do for you?", { speaker: "agent" });
  say("a", "I am Max.", { speaker: "supervisor" });
  say("a", "   ");
  queue.said("a", { key: "one", speaker: "callee", text: "Yes.", whispered: false });
  await later(300 * S);
  expect(asked).toHaveLength(1);
  expect(timers.waiting).toBe(0);
  queue.said("a", { key: "one", speaker: "callee", text: "Yes, but no.", whispered: false });
  expect(asked[1]?.lines).toMatchObject([
    { key: "one", text: "Yes, but no." },
    { speaker: "agent" },
    { speaker: "supervisor" },
  ]);
});

test("what was whispered is told to no model", async () => {
  const { queue, asked, say, later } = open();
  queue.began("t1", "a");
  say("a", "Well.");
  say("a", "They are furious, offer a refund.", { speaker: "supervisor", whispered: true });
  say("a", "secret", { whispered: true });
  await later(15 * S);
  expect(asked[0]?.lines.map(({ text }) => text)).toEqual(["Well."]);
});

test("the last eight lines are told, each within 600 characters, of a longer one the end", async () => {
  const { queue, asked, say, later } = open();
  queue.began("t1", "a");
  for (let i = 0; i < 20; i++) say("a", `line ${i}`);
  say("a", `${"x".repeat(5_000)} the end`);
  await later(15 * S);
  const { lines } = asked[0]!;
  expect(lines).toHaveLength(8);
  expect(lines[0]?.text).toBe("line 13");
  expect(lines[7]?.text).toHaveLength(600);
  expect(lines[7]?.text).toStartWith("…");
  expect(lines[7]?.text).toEndWith("the end");
});

test("a call has one request at a time, and words said meanwhile make the next", async () => {
  const { queue, asked, say, later, answer } = open();
  queue.began("t1", "a");
  say("a", "First.");
  await later(15 * S);
  await later(9 * S);
  say("a", "Second.");
  expect(asked).toHaveLength(1);
  await answer(0);
  await later(6 * S);
  expect(asked[1]?.lines.map(({ text }) => text)).toEqual(["First.", "Second."]);
});

test("four requests are under way at most, and the call that waited longest is next", async () => {
  const { queue, calls, say, later, answer } = open();
  for (const id of ["a", "b", "c", "d", "e", "f"]) {
    queue.began("t1", id);
    await later(S);
  }
  for (const id of ["f", "e", "d", "c", "b", "a"]) say(id);
  await later(15 * S);
  expect(calls()).toEqual(["a", "b", "c", "d"]);
  say("a", "Again.");
  await answer(1);
  expect(calls().slice(4)).toEqual(["e"]);
  await answer(0);
  expect(calls().slice(5)).toEqual(["f"]);
});

test("a tenant with many calls leaves room for one with few", async () => {
  const { queue, calls, say, later, answer } = open();
  for (let i = 0; i < 20; i++) queue.began("many", `m${i}`);
  await later(S);
  queue.began("few", "f0");
  for (let i = 0; i < 20; i++) say(`m${i}`);
  await later(15 * S);
  expect(calls()).toHaveLength(4);
  say("f0");
  await answer(0);
  expect(calls()[4]).toBe("f0");
});

test("a call that ends gives its request up, frees the place and is asked about no more", async () => {
  const { queue, asked, say, later, calls } = open();
  for (const id of ["a", "b", "c", "d", "e"]) queue.began("t1", id);
  for (const id of ["a", "b", "c", "d", "e"]) say(id);
  await later(15 * S);
  expect(asked).toHaveLength(4);
  queue.ended("b");
  await settle();
  expect(asked[1]?.signal.aborted).toBe(true);
  expect(calls()).toEqual(["a", "b", "c", "d", "e"]);
  say("b", "Still here?");
  await later(60 * S);
  expect(calls().filter((id) => id === "b")).toHaveLength(1);
  expect(queue.trouble()).not.toBeNull(); // the others timed out
});

test("an answer that takes longer than ten seconds is given up, also when nobody heeds the signal", async () => {
  const { queue, asked, say, later } = open();
  queue.began("t1", "a");
  say("a");
  await later(15 * S);
  await later(9 * S);
  expect(asked[0]?.signal.aborted).toBe(false);
  await later(1 * S);
  expect(asked[0]?.signal.aborted).toBe(true);
  expect(queue.trouble()).toBe("The text model took too long.");
  await later(14 * S);
  expect(asked).toHaveLength(1);
  await later(1 * S);
  expect(asked).toHaveLength(2);
});

test("after a rate limit nobody is asked for 15 s, twice as long each time, and one request finds the model back", async () => {
  const { queue, asked, say, later, answer, fail } = open();
  for (const id of ["a", "b", "c", "d", "e"]) queue.began("t1", id);
  for (const id of ["a", "b", "c", "d", "e"]) say(id);
  await later(15 * S);
  // All four fail together: that is one failure.
  for (let i = 0; i < 4; i++) await fail(i, "rate-limited");
  expect(queue.trouble()).toBe("The test model has had too many requests for now.");
  await later(14 * S);
  expect(asked).toHaveLength(4);
  await later(1 * S);
  expect(asked.map(({ at }) => at).slice(4)).toEqual([30 * S]);
  await fail(4, "overloaded");
  await later(29 * S);
  expect(asked).toHaveLength(5);
  await later(1 * S);
  expect(asked).toHaveLength(6);
  await answer(5);
  expect(queue.trouble()).toBeNull();
  expect(asked.length).toBe(10);
});

test("a vendor that asks for a longer pause gets it, and a refused key is not tried for ten minutes", async () => {
  const { queue, asked, say, later, fail } = open();
  queue.began("t1", "a");
  say("a");
  await later(15 * S);
  await fail(0, "rate-limited", 90 * S);
  await later(89 * S);
  expect(asked).toHaveLength(1);
  await later(1 * S);
  expect(asked).toHaveLength(2);
  await fail(1, "key-refused");
  await later(599 * S);
  expect(asked).toHaveLength(2);
  await later(1 * S);
  expect(asked).toHaveLength(3);
});

test("an answer that came before the failure does not end the pause", async () => {
  const { queue, asked, say, later, answer, fail } = open();
  for (const id of ["a", "b"]) queue.began("t1", id);
  for (const id of ["a", "b"]) say(id);
  await later(15 * S);
  await fail(0, "rate-limited");
  await answer(1);
  expect(queue.trouble()).not.toBeNull();
  await later(14 * S);
  expect(asked).toHaveLength(2);
});

test("garbage about one call rests that call alone, longer each time, and is not asked again for the same words", async () => {
  const { queue, asked, calls, say, later, answer, fail } = open();
  for (const id of ["a", "b"]) queue.began("t1", id);
  for (const id of ["a", "b"]) say(id);
  await later(15 * S);
  await fail(0, "invalid-answer");
  await answer(1);
  expect(queue.trouble()).toBeNull();
  await later(100 * S);
  expect(asked).toHaveLength(2);
  say("a", "New words.");
  expect(calls()[2]).toBe("a");
  await fail(2, "declined");
  say("a", "More.");
  say("b", "More.");
  expect(calls()[3]).toBe("b");
  await answer(3);
  await later(59 * S);
  expect(asked).toHaveLength(4);
  await later(1 * S);
  expect(calls()[4]).toBe("a");
});

test("logs tell failures and never what was said; once closed nothing is asked and no timer waits", async () => {
  const { queue, asked, lines, timers, say, later, fail } = open();
  queue.began("t1", "a");
  queue.began("t1", "b");
  say("a", "My secret is a blue whale.");
  await later(15 * S);
  await fail(0, "invalid-answer");
  say("b", "blue whale");
  await later(15 * S);
  await fail(1, "overloaded");
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain("blue whale");
  say("a", "blue whale");
  queue.close();
  await later(600 * S);
  expect([asked.length, timers.waiting]).toEqual([2, 0]);
});
