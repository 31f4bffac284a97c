import { expect, test } from "bun:test";
import { answered, dial, FIGURES, freshStore, newTask, PHONE } from "./fresh-store.ts";

test("creating a call moves its task to in-progress, counts the attempt and announces both after the commit", async () => {
  const fresh = await freshStore();
  const task = await newTask(fresh.store, { calleeName: "Dr. Lee", organization: "Lee Dental" });
  const call = await dial(fresh);
  expect(call).toMatchObject({
    taskId: task.id,
    attempt: 1,
    status: "pending_initiation",
    to: PHONE,
    durationMs: null,
  });
  expect(call).toMatchObject({ calleeName: "Dr. Lee", organization: "Lee Dental", action: "book a table" });
  expect(await fresh.store.tasks.get("default", task.id)).toMatchObject({ status: "in-progress", attempts: 1 });
  expect(fresh.heard.map((event) => event.type)).toEqual(["task.created", "task.changed", "call.created"]);
  expect(await fresh.store.events.after("default", 0, 10)).toEqual(fresh.heard);
});

test("an answered call that the callee ends is completed, timed from the answer, and its task waits to be judged", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const call = await answered(fresh);
  fresh.clock.advance(61_000);
  const end = { cause: "callee-hung-up", disposition: "answered", at: fresh.clock.now(), stats: FIGURES } as const;
  const settled = await fresh.store.calls.settle("default", call.id, end);
  if (!settled.ok) throw new Error(settled.reason);
  expect(settled.call).toMatchObject({
    status: "completed_attempt",
    durationMs: 61_000,
    hangupCause: "callee-hung-up",
  });
  expect(settled.call.stats).toEqual(FIGURES);
  expect(settled.call.latency).toEqual({ turns: 3, p50Ms: 200, p95Ms: 300 });
  expect(settled.task).toMatchObject({ status: "pending_analysis", nextActionAt: null });
  const timeline = await fresh.store.callEvents.of("default", call.id);
  expect(timeline.map((line) => line.kind)).toEqual([
    "created",
    "initiating",
    "dialing",
    "ringing",
    "answered",
    "ended",
  ]);
});

test("a call settled twice keeps its first end and tells nobody the second time", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const call = await dial(fresh);
  const end = { cause: "busy", disposition: "busy", at: fresh.clock.now() } as const;
  expect(await fresh.store.calls.settle("default", call.id, end)).toMatchObject({ ok: true });
  const told = fresh.heard.length;
  const again = { cause: "failed", disposition: "failed", at: fresh.clock.now() } as const;
  expect(await fresh.store.calls.settle("default", call.id, again)).toEqual({ ok: false, reason: "already-over" });
  expect(await fresh.store.calls.get("default", call.id)).toMatchObject({
    status: "failed_attempt",
    hangupCause: "busy",
  });
  expect(fresh.heard.length).toBe(told);
});

test("a call that nobody answered lasted 0 ms", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  fresh.clock.advance(30_000);
  await fresh.store.calls.settle("default", id, {
    cause: "no-answer",
    disposition: "no-answer",
    at: fresh.clock.now(),
  });
  expect(await fresh.store.calls.get("default", id)).toMatchObject({ durationMs: 0, answeredAt: null });
});

test("verbs out of order, about unknown calls and about calls that are over say why they did nothing", async () => {
  const fresh = await freshStore();
  const { calls } = fresh.store;
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  expect(await calls.answer("default", id)).toEqual({ ok: false, reason: "out-of-order" });
  expect(await calls.ringing("default", id)).toEqual({ ok: false, reason: "out-of-order" });
  expect(await calls.dialing("default", "call_nobody")).toEqual({ ok: false, reason: "unknown-call" });
  await calls.initiating("default", id);
  await calls.dialing("default", id);
  expect(await calls.ringing("default", id)).toMatchObject({ ok: true });
  expect(await calls.ringing("default", id)).toEqual({ ok: false, reason: "out-of-order" });
  await calls.settle("default", id, { cause: "cancelled", disposition: "cancelled", at: fresh.clock.now() });
  expect(await calls.answer("default", id)).toEqual({ ok: false, reason: "already-over" });
  expect(await calls.ringing("default", id)).toEqual({ ok: false, reason: "already-over" });
});

test("usage of the same model adds up, other models stand beside it, and the cost is the sum", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  const usage = { provider: "openai", model: "m", counters: { input: 10 }, costUsd: 0.25 };
  await fresh.store.calls.addUsage("default", id, usage);
  await fresh.store.calls.addUsage("default", id, { ...usage, counters: { input: 5, output: 1 } });
  await fresh.store.calls.addUsage("default", id, { ...usage, model: "n", costUsd: 0.5 });
  const call = await fresh.store.calls.get("default", id);
  expect(call?.costUsd).toBe(1);
  expect(call?.usage).toEqual([
    { provider: "openai", model: "m", counters: { input: 15, output: 1 }, costUsd: 0.5 },
    { provider: "openai", model: "n", counters: { input: 10 }, costUsd: 0.5 },
  ]);
});

test("figures and latency can be stored after the end", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  await fresh.store.calls.settle("default", id, { cause: "failed", disposition: "failed", at: fresh.clock.now() });
  await fresh.store.calls.setStats("default", id, FIGURES);
  expect(await fresh.store.calls.get("default", id)).toMatchObject({ stats: FIGURES, latency: { turns: 3 } });
  await fresh.store.calls.setLatency("default", id, { turns: 9, p50Ms: 1, p95Ms: 2 });
  expect(await fresh.store.calls.get("default", id)).toMatchObject({ stats: FIGURES, latency: { turns: 9 } });
});

test("lists are newest first, and filtered by life and task", async () => {
  const fresh = await freshStore();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    await newTask(fresh.store);
    ids.unshift((await dial(fresh)).id);
    fresh.clock.advance(1);
  }
  const { calls } = fresh.store;
  await calls.settle("default", ids[4]!, { cause: "busy", disposition: "busy", at: fresh.clock.now() });
  const idsOf = (list: { id: string }[]) => list.map((call) => call.id);
  expect(idsOf(await calls.list("default", { limit: 2 }))).toEqual(ids.slice(0, 2));
  expect(idsOf(await calls.list("default", { limit: 9, live: true }))).toEqual(ids.slice(0, 4));
  expect(idsOf(await calls.list("default", { limit: 9, live: false }))).toEqual([ids[4]!]);
  const { taskId } = (await calls.get("default", ids[2]!))!;
  expect(idsOf(await calls.list("default", { limit: 9, taskId, live: true }))).toEqual([ids[2]!]);
  expect(idsOf(await calls.live("default"))).toEqual(ids.slice(0, 4).reverse());
  expect(await calls.liveCount("default")).toBe(4);
});

test("attempts at a number are counted from an instant on, whatever came of them", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const since = fresh.clock.now();
  await dial(fresh);
  await newTask(fresh.store, { phone: "+12025550101" });
  await dial(fresh);
  expect(await fresh.store.calls.attemptsSince("default", PHONE, since)).toBe(1);
  expect(await fresh.store.calls.attemptsSince("default", PHONE, since + 1)).toBe(0);
});
