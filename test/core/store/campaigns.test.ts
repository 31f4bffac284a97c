import { expect, test } from "bun:test";
import { confirmed, contactsOf, dial, freshStore, newCampaign, planOf, toJudge, verdictOn } from "./fresh-store.ts";

const TENANT = "default";
const LEASE = { leaseMs: 30_000, limit: 99 };

test("a confirmed plan becomes a campaign with a task for each contact, in the order of the plan", async () => {
  const { store, clock, heard } = await freshStore();
  const plan = planOf({
    contacts: contactsOf(20).map((contact, i) => ({ ...contact, context: `number ${i}`, timezone: "America/Chicago" })),
    schedule: { window: { from: "09:00", to: "17:00" }, days: ["mon"], not_after: "2026-06-12T18:00" },
    max_attempts: 2,
    agent_name: "Ada",
    organization: "Example Ltd",
    language: "de",
  });
  const { campaign, tasks } = await store.campaigns.schedule(TENANT, confirmed({ plan, priority: 7 }));
  expect(campaign).toMatchObject({ title: plan.title, question: plan.question, plan, status: "active", priority: 7 });
  expect(tasks.map(({ context }) => context)).toEqual(plan.contacts.map(({ context }) => context!));
  expect(tasks[0]).toMatchObject({
    campaignId: campaign.id,
    phone: plan.contacts[0]!.phone,
    calleeName: "Contact 1",
    action: plan.master_agent_prompt,
    organization: "Example Ltd",
    agentName: "Ada",
    language: "de",
    source: plan.contacts[0]!.source,
    timezone: "America/Chicago",
    hours: { from: 540, to: 1020, days: ["mon"], onHolidays: false },
    deadlineAt: Date.UTC(2026, 5, 12, 23),
    nextActionAt: clock.now(),
    maxAttempts: 2,
    priority: 7,
    status: "pending",
  });
  const listed = await store.tasks.list(TENANT, { campaignId: campaign.id, limit: 99 });
  expect(listed.reverse()).toEqual(tasks);
  expect(heard.at(-1)).toMatchObject({ type: "campaign.scheduled", campaignId: campaign.id, tasks: 20 });
});

test("each contact is first called at the plan's time on its own clock", async () => {
  const { store } = await freshStore();
  const [east, west] = contactsOf(2);
  const contacts = [
    { ...east!, timezone: "America/New_York" },
    { ...west!, timezone: "America/Los_Angeles" },
  ];
  const plan = planOf({ contacts, schedule: { not_before: "2026-06-11T15:00" } });
  const { tasks } = await store.campaigns.schedule(TENANT, confirmed({ plan }));
  const at = tasks.map(({ nextActionAt }) => new Date(nextActionAt!).toISOString());
  expect(at).toEqual(["2026-06-11T19:00:00.000Z", "2026-06-11T22:00:00.000Z"]);
});

test("all or nothing: a campaign that cannot be written whole leaves no row and no event", async () => {
  const { store, heard } = await freshStore();
  const contacts = contactsOf(3);
  // A context that SQLite cannot store stands for any write that fails half way.
  const broken = { ...contacts[2]!, context: { toString: () => "no text" } as unknown as string };
  const plan = planOf({ contacts: [contacts[0]!, contacts[1]!, broken] });
  await expect(store.campaigns.schedule(TENANT, confirmed({ plan, idempotencyKey: "k" }))).rejects.toThrow();
  expect(await store.campaigns.list(TENANT, { limit: 9 })).toEqual([]);
  expect(await store.tasks.list(TENANT, { limit: 9 })).toEqual([]);
  expect(heard).toEqual([]);
  const whole = await store.campaigns.schedule(TENANT, confirmed({ idempotencyKey: "k" }));
  expect(whole).toMatchObject({ created: true });
});

test("confirming twice schedules once and gives the same answer", async () => {
  const { store, heard } = await freshStore();
  const first = await store.campaigns.schedule(TENANT, confirmed({ idempotencyKey: "k" }));
  const events = heard.length;
  const again = await store.campaigns.schedule(TENANT, confirmed({ idempotencyKey: "k" }));
  expect(again).toEqual({ ...first, created: false });
  expect(heard.length).toBe(events);
  expect((await store.campaigns.schedule(TENANT, confirmed())).created).toBe(true);
});

test("a confirmed conversation is scheduled with its campaign, and its plan is open again after an undo", async () => {
  const { store } = await freshStore();
  const user = await store.users.ensureOwner(TENANT);
  const { id } = await store.conversations.create(TENANT, { userId: user.id, displayName: "APPU" });
  const given = confirmed({ conversationId: id, userId: user.id, idempotencyKey: id, undoMs: 10_000 });
  const { campaign } = await store.campaigns.schedule(TENANT, given);
  expect(await store.conversations.get(TENANT, id)).toMatchObject({ stage: "scheduled", campaignId: campaign.id });
  await store.campaigns.undo(TENANT, campaign.id);
  expect(await store.conversations.get(TENANT, id)).toMatchObject({ stage: "plan_complete", campaignId: null });
  expect((await store.campaigns.schedule(TENANT, given)).created).toBe(true);
});

test("a paused campaign dials nobody until it is resumed; other tasks go on", async () => {
  const fresh = await freshStore();
  const { store, clock, heard } = fresh;
  const { campaign } = await newCampaign(store, 2);
  const other = await newCampaign(store, 1);
  expect(await store.campaigns.pause(TENANT, campaign.id)).toMatchObject({ ok: true, campaign: { status: "paused" } });
  const claimed = await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE });
  expect(claimed.map(({ campaignId }) => campaignId)).toEqual([other.campaign.id]);
  expect(await store.tasks.nextDueAt(TENANT)).toBe(clock.now() + LEASE.leaseMs);
  const events = heard.length;
  await store.campaigns.pause(TENANT, campaign.id);
  expect(heard.length).toBe(events);
  await store.campaigns.resume(TENANT, campaign.id);
  expect(await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE })).toHaveLength(2);
});

test("a campaign paused between the claim and the dial is not dialed", async () => {
  const { store, clock } = await freshStore();
  const { campaign } = await newCampaign(store, 1);
  const [task] = await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE });
  const call = { taskId: task!.id, leaseToken: task!.leaseToken, carrier: "s", voice: "s", to: task!.phone };
  await store.campaigns.pause(TENANT, campaign.id);
  const refused = await store.calls.create(TENANT, { ...call, at: clock.now() });
  expect(refused).toEqual({ ok: false, reason: "campaign-rests" });
  await store.campaigns.resume(TENANT, campaign.id);
  expect(await store.calls.create(TENANT, { ...call, at: clock.now() })).toMatchObject({ ok: true });
});

test("an ended campaign cancels what waits, lets its call finish and never tries again", async () => {
  const fresh = await freshStore();
  const { store } = fresh;
  const { campaign, tasks } = await newCampaign(store, 3);
  const call = await dial(fresh);
  const ended = await store.campaigns.end(TENANT, campaign.id, "enough");
  expect(ended).toMatchObject({ ok: true, campaign: { status: "ended", endReason: "enough" } });
  expect(await store.campaigns.progress(TENANT, campaign.id)).toMatchObject({ contacts: 3, calling: 1, cancelled: 2 });
  expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(false);
  const { id, leaseToken } = await toJudge(fresh, call);
  const again = verdictOn(call.id, { to: "pending", taskCompleted: false, reason: "was busy" });
  const judged = await store.tasks.applyVerdict(TENANT, id, leaseToken, again);
  expect(judged).toMatchObject({ ok: true, task: { status: "cancelled" }, verdict: { reason: "was busy" } });
  expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(true);
  expect(await store.campaigns.get(TENANT, campaign.id)).toMatchObject({ status: "ended" });
  for (const steer of [store.campaigns.pause, store.campaigns.resume]) {
    expect(await steer(TENANT, campaign.id)).toEqual({ ok: false, reason: "already-over" });
  }
  expect(await store.campaigns.end(TENANT, campaign.id, "again")).toEqual({ ok: false, reason: "already-over" });
  const revived = await store.tasks.judge(TENANT, tasks[1]!.id, { to: "pending", reason: "please" });
  expect(revived).toEqual({ ok: false, reason: "not-allowed" });
});

test("nothing is dialed while a campaign can be undone, and an undone one leaves nothing to dial or report", async () => {
  const { store, clock } = await freshStore();
  const { campaign } = await newCampaign(store, 2, { undoMs: 10_000, idempotencyKey: "k" });
  clock.advance(9_999);
  expect(await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE })).toEqual([]);
  expect(await store.tasks.nextDueAt(TENANT)).toBe(clock.now() + 1);
  expect(await store.campaigns.undo(TENANT, campaign.id)).toMatchObject({ ok: true, campaign: { status: "ended" } });
  clock.advance(1);
  expect(await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE })).toEqual([]);
  expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(false);
  expect(await store.campaigns.done(TENANT, 9)).toEqual([]);
  expect(await store.campaigns.withoutReport(TENANT, 9)).toEqual([]);
});

test("an undo that comes too late changes nothing, on the very millisecond", async () => {
  const { store, clock } = await freshStore();
  const { campaign } = await newCampaign(store, 1, { undoMs: 10_000 });
  clock.advance(10_000);
  expect(await store.campaigns.undo(TENANT, campaign.id)).toEqual({ ok: false, reason: "too-late" });
  expect(await store.tasks.claimDue(TENANT, { now: clock.now(), ...LEASE })).toHaveLength(1);
});

test("a clock set back after the first call does not let a campaign be undone", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const { campaign } = await newCampaign(store, 1, { undoMs: 10_000 });
  clock.advance(10_000);
  await dial(fresh);
  clock.advance(-5_000);
  expect(await store.campaigns.undo(TENANT, campaign.id)).toEqual({ ok: false, reason: "dialed-already" });
});

test("a campaign is complete exactly once, when its last task is over", async () => {
  const fresh = await freshStore();
  const { store, heard } = fresh;
  const { campaign } = await newCampaign(store, 2);
  for (let i = 0; i < 2; i++) {
    expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(false);
    const call = await dial(fresh);
    const { id, leaseToken } = await toJudge(fresh, call);
    await store.tasks.applyVerdict(TENANT, id, leaseToken, verdictOn(call.id));
  }
  expect(await store.campaigns.done(TENANT, 9)).toEqual([campaign.id]);
  expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(true);
  expect(await store.campaigns.completeIfDone(TENANT, campaign.id)).toBe(false);
  expect(await store.campaigns.get(TENANT, campaign.id)).toMatchObject({ status: "completed" });
  expect(heard.filter(({ type }) => type === "campaign.completed")).toHaveLength(1);
  expect((await store.campaigns.withoutReport(TENANT, 9)).map(({ id }) => id)).toEqual([campaign.id]);
});

test("a campaign's cost is that of its calls and of the models' work on it, and tells what has no price", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const { campaign, tasks } = await newCampaign(store, 1);
  const call = await dial(fresh);
  await store.calls.addUsage(TENANT, call.id, { provider: "p", model: "m", counters: {}, costUsd: 0.25 });
  const usage = { purpose: "analyst", provider: "p", model: "m", counters: {}, at: clock.now() };
  await store.usage.add(TENANT, { ...usage, costUsd: 0.5, subjectId: tasks[0]!.id });
  await store.usage.add(TENANT, { ...usage, purpose: "summarizer", costUsd: 1, subjectId: campaign.id });
  await store.usage.add(TENANT, { ...usage, purpose: "planner", costUsd: 64, subjectId: "another" });
  await store.usage.add(TENANT, { ...usage, costUsd: null });
  await store.usage.add(TENANT, { ...usage, purpose: "places", costUsd: null, subjectId: campaign.id });
  expect(await store.campaigns.cost(TENANT, campaign.id)).toEqual({
    calls: 1,
    talkMs: 0,
    costUsd: 1.75,
    unpriced: 1,
  });
  expect(await store.usage.total(TENANT, clock.now())).toMatchObject({
    requests: 5,
    costUsd: 65.5,
    byPurpose: { analyst: { requests: 2, costUsd: 0.5 } },
  });
  expect((await store.usage.total(TENANT, clock.now() + 1)).requests).toBe(0);
});
