import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/clock.ts";
import type { StoredEvent } from "../../../src/core/events.ts";
import type { Store } from "../../../src/core/store/open.ts";
import { diesAtStatement } from "../../support/dying-database.ts";
import { confirmed, contactsOf, freshStore, planOf, verdictOn } from "./fresh-store.ts";

const TENANT = "default";
/** More turns than a campaign of one contact and two attempts ever needs. */
const MOST_TURNS = 20;

let folder = "";
let template = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "opendeep-death-"));
  template = join(folder, "template.sqlite");
  (await freshStore(template)).store.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What no restart can take back: the calls the carrier was asked for. */
type Dialed = string[];

/** Dials one due task and lets its call end. */
const dialOne = async (store: Store, clock: ManualClock, dialed: Dialed): Promise<void> => {
  const [task] = await store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 30_000, limit: 1 });
  if (task === undefined) return;
  const route = { carrier: "scripted", voice: "scripted", to: task.phone, at: clock.now() };
  const created = await store.calls.create(TENANT, { taskId: task.id, leaseToken: task.leaseToken, ...route });
  if (!created.ok) throw new Error(created.reason);
  const { id } = created.call;
  await store.calls.initiating(TENANT, id);
  await store.calls.dialing(TENANT, id);
  dialed.push(id);
  await store.calls.ringing(TENANT, id);
  await store.calls.answer(TENANT, id);
  await store.calls.settle(TENANT, id, { cause: "callee-hung-up", disposition: "answered", at: clock.now() });
};

/** Judges what waits for it: the first attempt is followed by another, the second was the last. */
const judgeOne = async (store: Store, clock: ManualClock): Promise<void> => {
  const [task] = await store.tasks.claimAnalysis(TENANT, { now: clock.now(), leaseMs: 30_000, limit: 1 });
  if (task === undefined) return;
  const calls = await store.calls.list(TENANT, { taskId: task.id, limit: 9 });
  const newest = calls.find(({ attempt }) => attempt === task.attempts);
  if (newest === undefined) throw new Error("an attempt without a call");
  const to = task.attempts < task.maxAttempts ? "pending" : "completed";
  await store.tasks.applyVerdict(TENANT, task.id, task.leaseToken, verdictOn(newest.id, { to }));
};

/** A process from its start until the report is there. */
const live = async (path: string, clock: ManualClock, dialed: Dialed): Promise<void> => {
  const { store } = await freshStore(path, clock);
  await store.settleDead(TENANT, clock.now());
  const plan = planOf({ contacts: contactsOf(1), max_attempts: 2 });
  const { campaign } = await store.campaigns.schedule(TENANT, confirmed({ plan, idempotencyKey: "confirmed" }));
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    clock.advance(1);
    await dialOne(store, clock, dialed);
    await judgeOne(store, clock);
    for (const id of await store.campaigns.done(TENANT, 9)) await store.campaigns.completeIfDone(TENANT, id);
    for (const { id: campaignId } of await store.campaigns.withoutReport(TENANT, 9)) {
      const text = { headline: "Friday 9:30", summary: "Booked.", rows: [], costUsd: 0 };
      await store.reports.put(TENANT, { campaignId, ...text, writtenBy: "rules" });
    }
    if ((await store.reports.get(TENANT, campaign.id)) !== null) return store.close();
  }
  throw new Error("the campaign never came to its report");
};

const count = (events: readonly StoredEvent[], type: StoredEvent["type"]): number =>
  events.filter((event) => event.type === type).length;

/** Nothing lost, nothing doubled. */
const inspect = async (path: string, clock: ManualClock, dialed: Dialed): Promise<void> => {
  const { store } = await freshStore(path, clock);
  const events = await store.events.after(TENANT, 0, 9_999);
  const campaigns = await store.campaigns.list(TENANT, { limit: 9 });
  const tasks = await store.tasks.list(TENANT, { limit: 9 });
  const calls = await store.calls.list(TENANT, { limit: 9 });
  expect(campaigns).toMatchObject([{ status: "completed" }]);
  expect(tasks).toMatchObject([{ status: "completed", attempts: 2 }]);
  expect(calls.map(({ attempt }) => attempt).sort()).toEqual([1, 2]);
  expect(new Set(dialed).size).toBe(dialed.length);
  const verdicts = await store.verdicts.of(TENANT, tasks[0]!.id);
  expect(verdicts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(await store.reports.list(TENANT, { limit: 9 })).toHaveLength(1);
  for (const once of ["campaign.scheduled", "task.created", "campaign.completed", "report.written"] as const) {
    expect(count(events, once)).toBe(1);
  }
  for (const twice of ["call.created", "call.ended", "task.judged"] as const) expect(count(events, twice)).toBe(2);
  let status = "pending";
  for (const event of events) {
    if (event.type !== "task.changed") continue;
    expect(event.from as string).toBe(status);
    status = event.to;
  }
  expect(status).toBe("completed");
  store.close();
};

test("a process that dies between any two writes loses nothing and doubles nothing", async () => {
  let deaths = 0;
  for (let n = 1; ; n++) {
    const path = join(folder, `${n}.sqlite`);
    await copyFile(template, path);
    const clock = new ManualClock();
    const dialed: Dialed = [];
    const died = await diesAtStatement(n, () => live(path, clock, dialed));
    if (died) {
      deaths += 1;
      await live(path, clock, dialed);
    }
    await inspect(path, clock, dialed);
    await Promise.all(["", "-wal", "-shm"].map((end) => rm(`${path}${end}`, { force: true })));
    if (!died) break;
  }
  // Two attempts, two verdicts and a report are well over a hundred statements.
  expect(deaths).toBeGreaterThan(100);
});
