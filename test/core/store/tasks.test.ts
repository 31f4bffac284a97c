import { expect, test } from "bun:test";
import { dial, freshStore, newCampaign, newTask } from "./fresh-store.ts";

const LEASE = { leaseMs: 1_000, limit: 10 };

test("a task comes with defaults: pending, due now, three attempts, English", async () => {
  const { store, clock } = await freshStore();
  expect(await newTask(store)).toMatchObject({
    status: "pending",
    nextActionAt: clock.now(),
    attempts: 0,
    maxAttempts: 3,
    language: "en",
    calleeName: "",
    lastRefusal: null,
  });
});

test("a task that names no language is in its agent's, without one in the first agent's", async () => {
  const { store, clock } = await freshStore();
  const first = await store.agents.ensureDefault("default");
  await store.agents.change("default", first.id, { ...first, language: "es" });
  clock.advance(1);
  expect((await newTask(store, { phone: "+12025550101" })).language).toBe("es");
  expect((await newTask(store, { phone: "+12025550102", agentId: first.id })).language).toBe("es");
  expect((await newTask(store, { phone: "+12025550103", agentId: first.id, language: "de" })).language).toBe("de");
});

test("the same idempotency key gives the first task again and no second event", async () => {
  const { store, heard } = await freshStore();
  const first = await store.tasks.create("default", { phone: "+12025550100", action: "a", idempotencyKey: "k" });
  const again = await store.tasks.create("default", { phone: "+12025550199", action: "b", idempotencyKey: "k" });
  expect(first.created).toBe(true);
  expect(again).toEqual({ task: first.task, created: false });
  expect(heard.length).toBe(1);
});

test("claims take what is due and unheld, the most pressing first, each with a greater token than before", async () => {
  const { store, clock } = await freshStore();
  const now = clock.now();
  const late = await newTask(store, { nextActionAt: now - 10 });
  const later = await newTask(store, { nextActionAt: now - 5 });
  const urgent = await newTask(store, { priority: 5 });
  await newTask(store, { nextActionAt: now + 1 });
  await newTask(store, { status: "draft" });
  const claimed = await store.tasks.claimDue("default", { now, ...LEASE });
  expect(claimed.map((task) => task.id)).toEqual([urgent.id, late.id, later.id]);
  expect(claimed.map((task) => task.leaseToken)).toEqual([1, 1, 1]);
  expect(await store.tasks.claimDue("default", { now: now + 999, leaseMs: 1, limit: 10 })).toHaveLength(1);
  const [again] = await store.tasks.claimDue("default", { now: now + 1_000, leaseMs: 1_000, limit: 1 });
  expect(again).toMatchObject({ id: urgent.id, leaseToken: 2, leaseUntil: now + 2_000 });
});

test("a claim of two takes the two most pressing and leaves the rest unheld", async () => {
  const { store, clock } = await freshStore();
  for (let i = 0; i < 5; i++) await newTask(store, { priority: i });
  const claim = { now: clock.now(), leaseMs: 1_000, limit: 2 };
  expect((await store.tasks.claimDue("default", claim)).map((task) => task.priority)).toEqual([4, 3]);
  expect((await store.tasks.claimDue("default", claim)).map((task) => task.priority)).toEqual([2, 1]);
});

test("the next due time is the earliest at which a pending task is due and unheld", async () => {
  const { store, clock } = await freshStore();
  expect(await store.tasks.nextDueAt("default")).toBeNull();
  const now = clock.now();
  await newTask(store);
  expect(await store.tasks.nextDueAt("default")).toBe(now);
  await store.tasks.claimDue("default", { now, ...LEASE });
  expect(await store.tasks.nextDueAt("default")).toBe(now + 1_000);
  await newTask(store, { nextActionAt: now + 300 });
  expect(await store.tasks.nextDueAt("default")).toBe(now + 300);
});

test("a released task is due when it says, and the old token opens nothing any more", async () => {
  const { store, clock } = await freshStore();
  const task = await newTask(store);
  const [claimed] = await store.tasks.claimDue("default", { now: clock.now(), ...LEASE });
  const back = { nextActionAt: clock.now() + 60_000, reason: "trunk is full" };
  expect(await store.tasks.release("default", task.id, claimed!.leaseToken, back)).toMatchObject({
    ok: true,
    task: { status: "pending", nextActionAt: back.nextActionAt, lastRefusal: "trunk is full" },
  });
  expect(await store.tasks.release("default", task.id, claimed!.leaseToken, back)).toEqual({
    ok: false,
    reason: "stale-lease",
  });
  const call = { taskId: task.id, leaseToken: claimed!.leaseToken, carrier: "s", voice: "s", to: "+12025550100" };
  clock.advance(60_000);
  expect(await store.calls.create("default", { ...call, at: clock.now() })).toEqual({
    ok: false,
    reason: "stale-lease",
  });
});

test("a refusal is stored, announced, and may put the task on hold", async () => {
  const { store, clock, heard } = await freshStore();
  const task = await newTask(store);
  const [claimed] = await store.tasks.claimDue("default", { now: clock.now(), ...LEASE });
  const refusal = { reason: "do-not-call", nextActionAt: null, status: "on_hold" } as const;
  expect(await store.tasks.refuse("default", task.id, 99, refusal)).toEqual({ ok: false, reason: "stale-lease" });
  const refused = await store.tasks.refuse("default", task.id, claimed!.leaseToken, refusal);
  expect(refused).toMatchObject({
    ok: true,
    task: { status: "on_hold", lastRefusal: "do-not-call", nextActionAt: null },
  });
  expect(heard.slice(1).map((event) => event.type)).toEqual(["task.refused", "task.changed"]);
});

test("the next call clears the last refusal", async () => {
  const fresh = await freshStore();
  const task = await newTask(fresh.store);
  const [claimed] = await fresh.store.tasks.claimDue("default", { now: fresh.clock.now(), ...LEASE });
  await fresh.store.tasks.refuse("default", task.id, claimed!.leaseToken, {
    reason: "daily-cap",
    nextActionAt: fresh.clock.now(),
    status: "pending",
  });
  await dial(fresh);
  expect(await fresh.store.tasks.get("default", task.id)).toMatchObject({ lastRefusal: null });
});

test("a task is cancelled unless its call runs or it is over, and a cancelled task cannot be dialed", async () => {
  const fresh = await freshStore();
  const { tasks, calls } = fresh.store;
  const task = await newTask(fresh.store);
  const [claimed] = await tasks.claimDue("default", { now: fresh.clock.now(), ...LEASE });
  expect(await tasks.cancel("default", task.id)).toMatchObject({ ok: true, task: { status: "cancelled" } });
  const call = { taskId: task.id, leaseToken: claimed!.leaseToken, carrier: "s", voice: "s", to: "+12025550100" };
  expect(await calls.create("default", { ...call, at: fresh.clock.now() })).toEqual({
    ok: false,
    reason: "task-not-due",
  });
  expect(await tasks.cancel("default", task.id)).toEqual({ ok: false, reason: "already-over" });
  expect(await tasks.cancel("default", "tsk_nothing")).toEqual({ ok: false, reason: "unknown-task" });
  const running = await newTask(fresh.store);
  await dial(fresh);
  expect(await tasks.cancel("default", running.id)).toEqual({ ok: false, reason: "in-progress" });
});

test("a judged task may be tried again until its attempts are used up", async () => {
  const fresh = await freshStore();
  const { tasks, calls } = fresh.store;
  const task = await newTask(fresh.store, { maxAttempts: 2 });
  const again = { to: "pending", reason: "nobody was there" } as const;
  expect(await tasks.judge("default", task.id, again)).toEqual({ ok: false, reason: "not-allowed" });
  const end = { cause: "no-answer", disposition: "no-answer", at: fresh.clock.now() } as const;
  await calls.settle("default", (await dial(fresh)).id, end);
  const nextActionAt = fresh.clock.now() + 3_600_000;
  expect(await tasks.judge("default", task.id, { ...again, nextActionAt })).toMatchObject({
    ok: true,
    task: { nextActionAt },
  });
  fresh.clock.advance(3_600_000);
  const second = await dial(fresh);
  expect(second.attempt).toBe(2);
  await calls.settle("default", second.id, end);
  expect(await tasks.judge("default", task.id, again)).toEqual({ ok: false, reason: "too-many-attempts" });
  const lost = { to: "failed_conclusive", reason: "nobody is ever there" } as const;
  expect(await tasks.judge("default", task.id, lost)).toMatchObject({
    ok: true,
    task: { status: "failed_conclusive" },
  });
  expect(await tasks.judge("default", task.id, lost)).toEqual({ ok: false, reason: "not-allowed" });
});

test("lists are newest first, in pages, by status and campaign, and counted by status", async () => {
  const { store, clock } = await freshStore();
  const { campaign, tasks } = await newCampaign(store, 1);
  const a = tasks[0]!;
  clock.advance(1);
  const b = await newTask(store, { status: "draft" });
  clock.advance(1);
  const c = await newTask(store, { campaignId: campaign.id, status: "draft" });
  const ids = async (filter: Parameters<typeof store.tasks.list>[1]) =>
    (await store.tasks.list("default", filter)).map((task) => task.id);
  expect(await ids({ limit: 2 })).toEqual([c.id, b.id]);
  expect(await ids({ limit: 2, before: b.id })).toEqual([a.id]);
  expect(await ids({ limit: 9, status: "draft" })).toEqual([c.id, b.id]);
  expect(await ids({ limit: 9, status: "draft", campaignId: campaign.id })).toEqual([c.id]);
  expect(await store.tasks.countByStatus("default")).toEqual({ pending: 1, draft: 2 });
});
