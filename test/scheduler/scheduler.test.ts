import { beforeEach, expect, test } from "bun:test";
import { createBus } from "../../src/core/bus.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/core/metrics.ts";
import { openStore, type Store } from "../../src/core/store/open.ts";
import { createDialGate, type GateLimits } from "../../src/scheduler/dial-gate.ts";
import { createScheduler, type Scheduler } from "../../src/scheduler/scheduler.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";

const NOON_NEW_YORK = Date.UTC(2026, 5, 10, 16);
const WINDOW: GateLimits = { window: { from: 8 * 60, to: 21 * 60 }, onHolidays: false, perNumberPerDay: 3 };
const TENANT = "default";

let clock: ManualClock;
let schedule: ManualSchedule;
let store: Store;
const log = createLog({ level: "silent" });

beforeEach(async () => {
  clock = new ManualClock(NOON_NEW_YORK);
  schedule = new ManualSchedule();
  store = await openStore({ path: ":memory:", clock, bus: createBus(log) });
  await store.tenants.ensureDefault();
});

const rig = (limits: { concurrent?: number; perSecond?: number; trunk?: number; gate?: GateLimits } = {}) => {
  const started: string[] = [];
  const over = new Map<string, () => void>();
  const scheduler: Scheduler = createScheduler({
    store,
    clock,
    schedule: schedule.schedule,
    log,
    metrics: createMetrics(),
    limits: { concurrent: limits.concurrent ?? 10, perSecond: limits.perSecond ?? 100 },
    gate: createDialGate({ store, limits: limits.gate ?? WINDOW }),
    trunks: [
      { carrier: "scripted", voice: "scripted", from: null, maxConcurrent: limits.trunk ?? null, canDial: () => true },
    ],
    startAttempt: (_tenantId, callId) => {
      started.push(callId);
      return new Promise((done) => over.set(callId, done));
    },
  });
  return { scheduler, started, over };
};

/** Lets the scheduler finish what it began. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
};

const task = (phone: string, more: object = {}) =>
  store.tasks.create(TENANT, { phone, action: "ask for the opening hours", ...more });

test("a due task becomes one call, and the task is in progress with it", async () => {
  const { task: made } = await task("+12125550123");
  const { scheduler, started } = rig();
  scheduler.start();
  await settle();
  expect(started.length).toBe(1);
  expect(await store.tasks.get(TENANT, made.id)).toMatchObject({ status: "in-progress", attempts: 1 });
  scheduler.kick();
  await settle();
  expect(started.length).toBe(1);
});

test("no more calls run at once than allowed; a call that ends makes room at once", async () => {
  for (let i = 0; i < 5; i++) await task(`+1212555010${i}`);
  const { scheduler, started, over } = rig({ concurrent: 2 });
  scheduler.start();
  await settle();
  expect(started.length).toBe(2);
  const first = started[0]!;
  await store.calls.settle(TENANT, first, { cause: "busy", disposition: "busy", at: clock.now() });
  over.get(first)!();
  await settle();
  schedule.advance(0);
  await settle();
  expect(started.length).toBe(3);
});

test("calls start no faster than the dial rate", async () => {
  for (let i = 0; i < 5; i++) await task(`+1212555010${i}`);
  const { scheduler, started } = rig({ perSecond: 1 });
  scheduler.start();
  await settle();
  expect(started.length).toBe(1);
  for (let second = 2; second <= 4; second++) {
    clock.advance(1000);
    schedule.advance(1000);
    await settle();
    expect(started.length).toBe(second);
  }
});

const refused = async (phone: string, more: object = {}, gate?: GateLimits) => {
  const { task: made } = await task(phone, more);
  const { scheduler, started } = rig(gate ? { gate } : {});
  scheduler.start();
  await settle();
  scheduler.stop();
  expect(started).toEqual([]);
  return (await store.tasks.get(TENANT, made.id))!;
};

test("emergency and invalid numbers are never dialed and the reason is kept", async () => {
  expect(await refused("+1911")).toMatchObject({ status: "failed_conclusive" });
  expect(await refused("+1212555")).toMatchObject({ status: "failed_conclusive", lastRefusal: "invalid-number" });
});

test("a premium number is never dialed", async () => {
  expect(await refused("+19005550123")).toMatchObject({ status: "failed_conclusive", lastRefusal: "premium-number" });
});

test("a number on the do-not-call list is never dialed", async () => {
  await store.dnd.add(TENANT, { phone: "+12125550123", reason: "asked for it", source: "callee" });
  expect(await refused("+12125550123")).toMatchObject({ status: "failed_conclusive", lastRefusal: "do-not-call" });
});

test("outside the callee's calling window a task waits until it opens, in the callee's own time", async () => {
  clock.advance(12 * 60 * 60_000);
  const midnight = await refused("+12125550123");
  expect(midnight).toMatchObject({ status: "pending", lastRefusal: "outside-calling-window" });
  expect(new Date(midnight.nextActionAt!).toISOString()).toBe("2026-06-11T12:00:00.000Z");
});

test("the zone of the contact counts more than that of its number", async () => {
  const waiting = await refused("+12125550123", { timezone: "Pacific/Auckland" });
  expect(waiting).toMatchObject({ status: "pending", lastRefusal: "outside-calling-window" });
});

test("a window of the whole day never asks for a zone", async () => {
  await task("+12125550123");
  const { scheduler, started } = rig({
    gate: { window: { from: 0, to: 1440 }, onHolidays: true, perNumberPerDay: null },
  });
  scheduler.start();
  await settle();
  expect(started.length).toBe(1);
});

test("one number is called no more often a day than the cap, whichever task asks", async () => {
  let last = "";
  for (let i = 0; i < 4; i++) {
    last = (await task("+12125550123")).task.id;
    const { scheduler, started } = rig();
    scheduler.start();
    await settle();
    scheduler.stop();
    const [callId] = started;
    if (i === 3) {
      expect(callId).toBeUndefined();
      break;
    }
    await store.calls.settle(TENANT, callId!, { cause: "busy", disposition: "busy", at: clock.now() });
  }
  expect(await store.tasks.get(TENANT, last)).toMatchObject({ status: "pending", lastRefusal: "daily-cap" });
});

test("a task past its deadline is given up", async () => {
  const late = await refused("+12125550123", { deadlineAt: NOON_NEW_YORK - 1 });
  expect(late).toMatchObject({ status: "failed_conclusive", lastRefusal: "deadline-passed" });
});

test("a suspended tenant's tasks rest", async () => {
  await store.tenants.setStatus(TENANT, "suspended");
  const { task: made } = await task("+12125550123");
  const { scheduler, started } = rig();
  scheduler.start();
  await settle();
  expect(started).toEqual([]);
  expect(await store.tasks.get(TENANT, made.id)).toMatchObject({ status: "pending" });
});

test("a task that is claimed while its tenant is suspended goes on by itself when that is over", async () => {
  const { task: made } = await task("+12125550123");
  const suspended = rig();
  const all = store.tenants.all.bind(store.tenants);
  const before = await all();
  await store.tenants.setStatus(TENANT, "suspended");
  store.tenants.all = async () => before;
  suspended.scheduler.start();
  await settle();
  suspended.scheduler.stop();
  store.tenants.all = all;
  expect(suspended.started).toEqual([]);
  expect(await store.tasks.get(TENANT, made.id)).toMatchObject({ status: "pending", lastRefusal: "tenant-suspended" });
  await store.tenants.setStatus(TENANT, "active");
  clock.advance(60_000);
  const { scheduler, started } = rig();
  scheduler.start();
  await settle();
  expect(started).toHaveLength(1);
});

test("two schedulers on one store never dial one task twice", async () => {
  for (let i = 0; i < 20; i++) await task(`+121255501${String(i).padStart(2, "0")}`);
  const one = rig({ concurrent: 100 });
  const two = rig({ concurrent: 100 });
  one.scheduler.start();
  two.scheduler.start();
  await settle();
  await settle();
  const all = await store.calls.list(TENANT, { limit: 100 });
  expect(one.started.length + two.started.length).toBe(20);
  expect(new Set(all.map(({ taskId }) => taskId)).size).toBe(20);
});

test("a tenant's big batch does not hold another tenant's single call back", async () => {
  await store.tenants.create({ id: "small", name: "Small" });
  for (let i = 0; i < 10; i++) await task(`+1212555010${i}`);
  await store.tasks.create("small", { phone: "+12125550199", action: "ask" });
  const { scheduler } = rig({ concurrent: 3 });
  scheduler.start();
  await settle();
  expect(await store.calls.liveCount("small")).toBe(1);
  expect(await store.calls.liveCount(TENANT)).toBe(2);
});
