import { beforeEach, expect, test } from "bun:test";
import { createLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/core/metrics.ts";
import { createDialGate, type GateLimits } from "../../src/scheduler/dial-gate.ts";
import { createScheduler, type SchedulerDeps } from "../../src/scheduler/scheduler.ts";
import type { Trunk } from "../../src/scheduler/trunks.ts";
import { contactsOf, type FreshStore, freshStore, newCampaign, newTask, planOf } from "../core/store/fresh-store.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";

const TENANT = "default";
const ANY_TIME: GateLimits = { window: { from: 0, to: 1440 }, onHolidays: true, perNumberPerDay: null };
const DAYTIME: GateLimits = { window: { from: 480, to: 1260 }, onHolidays: false, perNumberPerDay: null };

let fresh: FreshStore;
let timers: ManualSchedule;

beforeEach(async () => {
  fresh = await freshStore();
  timers = new ManualSchedule();
});

const settle = async (): Promise<void> => {
  for (let i = 0; i < 300; i++) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
};

const trunk = (changes: Partial<Trunk> = {}): Trunk => ({
  carrier: "scripted",
  voice: "scripted",
  from: null,
  maxConcurrent: null,
  canDial: () => true,
  ...changes,
});

const rig = (changes: Partial<Omit<SchedulerDeps, "gate">> & { gate?: SchedulerDeps["gate"] | GateLimits } = {}) => {
  const { store, clock } = fresh;
  const started: { tenantId: string; callId: string }[] = [];
  const ends = new Map<string, () => void>();
  const { gate = ANY_TIME, ...others } = changes;
  const scheduler = createScheduler({
    store,
    clock,
    schedule: timers.schedule,
    log: createLog({ level: "silent" }),
    metrics: createMetrics(),
    limits: { concurrent: 100, perSecond: 100 },
    trunks: [trunk()],
    startAttempt: (tenantId, callId) => {
      started.push({ tenantId, callId });
      return new Promise((done) => ends.set(callId, done));
    },
    gate: typeof gate === "function" ? gate : createDialGate({ store, limits: gate }),
    ...others,
  });
  /** Ends a call, so that its place is free. */
  const end = async (call: { tenantId: string; callId: string }): Promise<void> => {
    await store.calls.settle(call.tenantId, call.callId, { cause: "busy", disposition: "busy", at: clock.now() });
    ends.get(call.callId)?.();
    await settle();
    timers.advance(20);
    await settle();
  };
  const move = async (ms: number): Promise<void> => {
    clock.advance(ms);
    timers.advance(ms);
    await settle();
  };
  return { scheduler, started, end, move };
};

const start = async (made: ReturnType<typeof rig>): Promise<void> => {
  made.scheduler.start();
  await settle();
};

test("tenants take turns at the only place there is, whatever the size of their batches", async () => {
  const { store } = fresh;
  await newCampaign(store, 6);
  for (const id of ["b", "c"]) {
    await store.tenants.create({ id, name: id });
    await newCampaign(store, 6, {}, id);
  }
  const made = rig({ limits: { concurrent: 1, perSecond: 100 } });
  await start(made);
  for (let i = 0; i < 8; i++) await made.end(made.started[i]!);
  const counts = new Map<string, number>();
  for (const { tenantId } of made.started) counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
  expect([...counts.values()]).toEqual([3, 3, 3]);
});

test("a small campaign is called beside a big one that came first", async () => {
  const { store } = fresh;
  await newCampaign(store, 30);
  const small = await newCampaign(store, 3);
  const made = rig({ limits: { concurrent: 6, perSecond: 100 } });
  await start(made);
  expect(await store.campaigns.progress(TENANT, small.campaign.id)).toMatchObject({ calling: 3 });
});

test("a tenant has no more calls than it may have, and the others use the places", async () => {
  const { store } = fresh;
  await store.tenants.create({ id: "small", name: "Small", maxConcurrentCalls: 1 });
  await newCampaign(store, 3, {}, "small");
  await newCampaign(store, 3);
  await start(rig());
  expect(await store.calls.liveCount("small")).toBe(1);
  expect(await store.calls.liveCount(TENANT)).toBe(3);
});

test("a trunk carries no more calls than it may, and one that cannot dial is passed over", async () => {
  const { store } = fresh;
  await newCampaign(store, 9);
  const one = trunk({ carrier: "one", maxConcurrent: 2 });
  const down = trunk({ carrier: "down", canDial: () => false });
  const two = trunk({ carrier: "two", maxConcurrent: 3 });
  const made = rig({ trunks: [one, down, two] });
  await start(made);
  const carriers = (await store.calls.live(TENANT)).map(({ carrier }) => carrier).sort();
  expect(carriers).toEqual(["one", "one", "two", "two", "two"]);
});

test("nothing of a campaign is dialed until it can no longer be undone, and then at once", async () => {
  await newCampaign(fresh.store, 2, { undoMs: 10_000 });
  const made = rig();
  await start(made);
  await made.move(9_990);
  expect(made.started).toEqual([]);
  await made.move(20);
  expect(made.started).toHaveLength(2);
});

test("a task is dialed when it becomes due, not at the next poll", async () => {
  await newTask(fresh.store, { nextActionAt: fresh.clock.now() + 250 });
  const made = rig();
  await start(made);
  await made.move(249);
  expect(made.started).toEqual([]);
  await made.move(1);
  expect(made.started).toHaveLength(1);
});

test("a paused campaign is resumed where it was", async () => {
  const { store } = fresh;
  const { campaign } = await newCampaign(store, 3);
  await store.campaigns.pause(TENANT, campaign.id);
  const made = rig();
  await start(made);
  expect(made.started).toEqual([]);
  await store.campaigns.resume(TENANT, campaign.id);
  made.scheduler.kick();
  await settle();
  expect(made.started).toHaveLength(3);
});

test("a campaign paused while the gate thinks is not dialed, and is again at once when it is resumed", async () => {
  const { store } = fresh;
  const { campaign } = await newCampaign(store, 1);
  let pausing = true;
  const made = rig({
    gate: async () => {
      if (pausing) await store.campaigns.pause(TENANT, campaign.id);
      return { ok: true };
    },
  });
  await start(made);
  expect(made.started).toEqual([]);
  pausing = false;
  await store.campaigns.resume(TENANT, campaign.id);
  await made.move(1_000);
  expect(made.started).toHaveLength(1);
});

test("a scheduler that lost its lease while it waited dials nothing: the other one already has", async () => {
  const { store, clock } = fresh;
  await newTask(store);
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const slow = rig({
    gate: async () => {
      await opened;
      return { ok: true };
    },
  });
  const quick = rig();
  await start(slow);
  clock.advance(30_000);
  await start(quick);
  expect(quick.started).toHaveLength(1);
  open();
  await settle();
  expect(slow.started).toEqual([]);
  expect(await store.calls.list(TENANT, { limit: 9 })).toHaveLength(1);
});

test("a clock set back dials nothing twice and nothing early; set forward, what is due is dialed", async () => {
  const { store, clock } = fresh;
  await newTask(store, { phone: "+12025550101" });
  const later = await newTask(store, { phone: "+12025550102", nextActionAt: clock.now() + 3_600_000 });
  const made = rig();
  await start(made);
  expect(made.started).toHaveLength(1);
  clock.advance(-3_600_000);
  timers.advance(5_000);
  await settle();
  expect(made.started).toHaveLength(1);
  clock.advance(2 * 3_600_000);
  timers.advance(1_000);
  await settle();
  expect(made.started).toHaveLength(2);
  expect(await store.tasks.get(TENANT, later.id)).toMatchObject({ status: "in-progress" });
});

test("on the nights of a clock change calls wait for the callee's morning", async () => {
  const { store, clock } = fresh;
  const mornings: [string, string][] = [
    ["2026-03-08T06:00:00Z", "2026-03-08T12:00:00.000Z"],
    ["2026-11-01T05:30:00Z", "2026-11-01T13:00:00.000Z"],
  ];
  const made = rig({ gate: { ...DAYTIME, onHolidays: true } });
  for (const [night, morning] of mornings) {
    clock.advance(Date.parse(night) - clock.now());
    const { id } = await newTask(store, { timezone: "America/New_York" });
    await start(made);
    const waiting = await store.tasks.get(TENANT, id);
    expect(waiting).toMatchObject({ status: "pending", lastRefusal: "outside-calling-window" });
    expect(new Date(waiting!.nextActionAt!).toISOString()).toBe(morning);
    await store.tasks.cancel(TENANT, id);
    made.scheduler.stop();
  }
  expect(made.started).toEqual([]);
});

test("a plan's hours, days and the callee's holidays are kept, and a task that would come too late is given up", async () => {
  const { store, clock } = fresh;
  // Friday before Independence Day, which is kept that day; 10:00 in New York.
  clock.advance(Date.parse("2026-07-03T14:00:00Z") - clock.now());
  const contacts = contactsOf(2).map((contact) => ({ ...contact, timezone: "America/New_York" }));
  const schedule = { window: { from: "10:00", to: "12:00" }, days: ["mon" as const, "fri" as const] };
  const waits = await newCampaign(store, 0, { plan: planOf({ contacts, schedule }) });
  const late = await newCampaign(store, 0, {
    plan: planOf({ contacts, schedule: { ...schedule, not_after: "2026-07-04T12:00" } }),
  });
  await start(rig({ gate: DAYTIME }));
  for (const { id } of waits.tasks) {
    const task = await store.tasks.get(TENANT, id);
    expect(task).toMatchObject({ status: "pending", lastRefusal: "outside-calling-window" });
    expect(new Date(task!.nextActionAt!).toISOString()).toBe("2026-07-06T14:00:00.000Z");
  }
  const lost = await store.tasks.get(TENANT, late.tasks[0]!.id);
  expect(lost).toMatchObject({ status: "failed_conclusive", lastRefusal: "deadline-passed" });
});

test("hours that are never open together, and a zone nobody knows, put a task on hold with the reason", async () => {
  const { store } = fresh;
  const night = { from: 22 * 60, to: 23 * 60, days: null, onHolidays: false };
  const never = await newTask(store, { timezone: "America/New_York", hours: night });
  const nowhere = await newTask(store, { timezone: "Mars/Olympus" });
  await start(rig({ gate: DAYTIME }));
  expect(await store.tasks.get(TENANT, never.id)).toMatchObject({ status: "on_hold", lastRefusal: "no-calling-hours" });
  expect(await store.tasks.get(TENANT, nowhere.id)).toMatchObject({ lastRefusal: "unknown-timezone" });
});

test("do not call, said in one campaign's call, blocks the other campaign's next dial", async () => {
  const { store, clock } = fresh;
  const first = await newCampaign(store, 1);
  const second = await newCampaign(store, 1);
  const made = rig({ limits: { concurrent: 1, perSecond: 100 } });
  await start(made);
  const [call] = made.started;
  const { taskId } = (await store.calls.get(TENANT, call!.callId))!;
  const mine = [first, second].find(({ tasks }) => tasks[0]!.id === taskId)!;
  const other = mine === first ? second : first;
  await store.calls.settle(TENANT, call!.callId, {
    cause: "callee-hung-up",
    disposition: "answered",
    at: clock.now(),
  });
  const [claimed] = await store.tasks.claimAnalysis(TENANT, { now: clock.now(), leaseMs: 1_000, limit: 1 });
  await store.tasks.applyVerdict(TENANT, taskId, claimed!.leaseToken, {
    callId: call!.callId,
    to: "failed_conclusive",
    taskCompleted: false,
    reason: "asked not to be called",
    summary: "",
    facts: [],
    sentiment: "negative",
    disposition: "answered",
    dnd: { reason: "asked in a call" },
    judgedBy: "model",
  });
  made.scheduler.kick();
  await settle();
  expect(made.started).toHaveLength(1);
  const blocked = await store.tasks.get(TENANT, other.tasks[0]!.id);
  expect(blocked).toMatchObject({ status: "failed_conclusive", lastRefusal: "do-not-call", attempts: 0 });
});
