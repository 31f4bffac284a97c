import { expect, test } from "bun:test";
import type { Store } from "../../../src/core/store/open.ts";
import { answered, FIGURES, freshStore, newTask, PHONE } from "./fresh-store.ts";

const OTHER = "other";
const TURN = { key: "k", speaker: "agent", text: "hello", atMs: 0, endMs: 1, interrupted: false } as const;

/** Tenant `default` with a row in every table: a running call, a claimed task and all that belongs to them. */
const furnished = async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const user = await store.users.ensureOwner("default");
  const agent = await store.agents.ensureDefault("default");
  const campaign = await store.campaigns.create("default", { title: "dentists" });
  const task = await newTask(store, { campaignId: campaign.id, agentId: agent.id, idempotencyKey: "key" });
  const call = await answered(fresh);
  const turn = await store.transcripts.put("default", call.id, TURN);
  await store.recordings.open("default", call.id, { path: "a.wav" });
  await store.dnd.add("default", { phone: PHONE, reason: "asked", source: "callee" });
  const held = await newTask(store);
  const [claim] = await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 60_000, limit: 1 });
  const due = await newTask(store);
  await store.tenants.create({ id: OTHER, name: "Other" });
  return {
    fresh,
    store,
    now: clock.now(),
    user,
    agent,
    campaign,
    task,
    call,
    turn,
    held,
    due,
    token: claim!.leaseToken,
  };
};
type Furnished = Awaited<ReturnType<typeof furnished>>;

/** What the owner of the rows sees of them. */
const viewOf = async (store: Store, { task, call, held, due }: Furnished) => ({
  tasks: await Promise.all([task.id, held.id, due.id].map((id) => store.tasks.get("default", id))),
  all: await Promise.all([
    store.tasks.list("default", { limit: 99 }),
    store.calls.list("default", { limit: 99 }),
    store.transcripts.of("default", call.id),
    store.callEvents.of("default", call.id),
    store.recordings.of("default", call.id),
    store.dnd.list("default", { limit: 99 }),
    store.campaigns.list("default", { limit: 99 }),
    store.agents.list("default"),
    store.events.after("default", 0, 999),
    store.tasks.nextDueAt("default"),
  ]),
});

const NOTHING = "nothing";
const REFUSED = "refused";
type Answer = typeof NOTHING | typeof REFUSED;

/** Every method that takes a tenant, asked by another one with the ids of the first, and what it must answer. */
const QUESTIONS: Record<string, [Answer, (f: Furnished, who: string) => Promise<unknown>]> = {
  "users.get": [NOTHING, (f, who) => f.store.users.get(who, f.user.id)],
  "agents.get": [NOTHING, (f, who) => f.store.agents.get(who, f.agent.id)],
  "agents.list": [NOTHING, (f, who) => f.store.agents.list(who)],
  "campaigns.get": [NOTHING, (f, who) => f.store.campaigns.get(who, f.campaign.id)],
  "campaigns.list": [NOTHING, (f, who) => f.store.campaigns.list(who, { limit: 9 })],
  "campaigns.setStatus": [NOTHING, (f, who) => f.store.campaigns.setStatus(who, f.campaign.id, "paused")],
  "tasks.create": [REFUSED, (f, who) => newTask(f.store, { campaignId: f.campaign.id }, who)],
  "tasks.get": [NOTHING, (f, who) => f.store.tasks.get(who, f.task.id)],
  "tasks.list": [NOTHING, (f, who) => f.store.tasks.list(who, { limit: 9, campaignId: f.campaign.id })],
  "tasks.countByStatus": [NOTHING, (f, who) => f.store.tasks.countByStatus(who)],
  "tasks.claimDue": [NOTHING, (f, who) => f.store.tasks.claimDue(who, { now: f.now, leaseMs: 9, limit: 9 })],
  "tasks.nextDueAt": [NOTHING, (f, who) => f.store.tasks.nextDueAt(who)],
  "tasks.release": [REFUSED, (f, who) => f.store.tasks.release(who, f.held.id, f.token, { nextActionAt: 0 })],
  "tasks.refuse": [
    REFUSED,
    (f, who) => f.store.tasks.refuse(who, f.held.id, f.token, { reason: "r", nextActionAt: 0, status: "pending" }),
  ],
  "tasks.cancel": [REFUSED, (f, who) => f.store.tasks.cancel(who, f.due.id)],
  "tasks.judge": [REFUSED, (f, who) => f.store.tasks.judge(who, f.due.id, { to: "on_hold", reason: "r" })],
  "calls.create": [
    REFUSED,
    (f, who) =>
      f.store.calls.create(who, {
        taskId: f.held.id,
        leaseToken: f.token,
        carrier: "s",
        voice: "s",
        to: PHONE,
        at: f.now,
      }),
  ],
  "calls.initiating": [REFUSED, (f, who) => f.store.calls.initiating(who, f.call.id)],
  "calls.dialing": [REFUSED, (f, who) => f.store.calls.dialing(who, f.call.id)],
  "calls.ringing": [REFUSED, (f, who) => f.store.calls.ringing(who, f.call.id)],
  "calls.answer": [REFUSED, (f, who) => f.store.calls.answer(who, f.call.id)],
  "calls.settle": [
    REFUSED,
    (f, who) => f.store.calls.settle(who, f.call.id, { cause: "failed", disposition: "failed", at: f.now }),
  ],
  "calls.addUsage": [
    REFUSED,
    (f, who) => f.store.calls.addUsage(who, f.call.id, { provider: "p", model: "m", counters: {}, costUsd: 1 }),
  ],
  "calls.setLatency": [REFUSED, (f, who) => f.store.calls.setLatency(who, f.call.id, { turns: 1, p50Ms: 1, p95Ms: 1 })],
  "calls.setStats": [REFUSED, (f, who) => f.store.calls.setStats(who, f.call.id, FIGURES)],
  "calls.get": [NOTHING, (f, who) => f.store.calls.get(who, f.call.id)],
  "calls.list": [NOTHING, (f, who) => f.store.calls.list(who, { limit: 9, taskId: f.task.id })],
  "calls.live": [NOTHING, (f, who) => f.store.calls.live(who)],
  "calls.liveCount": [NOTHING, (f, who) => f.store.calls.liveCount(who)],
  "calls.attemptsSince": [NOTHING, (f, who) => f.store.calls.attemptsSince(who, PHONE, 0)],
  "transcripts.put": [REFUSED, (f, who) => f.store.transcripts.put(who, f.call.id, { ...TURN, text: "changed" })],
  "transcripts.get": [NOTHING, (f, who) => f.store.transcripts.get(who, f.turn.id)],
  "transcripts.of": [NOTHING, (f, who) => f.store.transcripts.of(who, f.call.id)],
  "callEvents.add": [REFUSED, (f, who) => f.store.callEvents.add(who, f.call.id, { at: f.now, kind: "k", detail: "" })],
  "callEvents.of": [NOTHING, (f, who) => f.store.callEvents.of(who, f.call.id)],
  "recordings.open": [REFUSED, (f, who) => f.store.recordings.open(who, f.call.id, { path: "b.wav" })],
  "recordings.close": [REFUSED, (f, who) => f.store.recordings.close(who, f.call.id, { durationMs: 1, bytes: 1 })],
  "recordings.of": [NOTHING, (f, who) => f.store.recordings.of(who, f.call.id)],
  "recordings.unfinished": [NOTHING, (f, who) => f.store.recordings.unfinished(who)],
  "dnd.has": [NOTHING, (f, who) => f.store.dnd.has(who, PHONE)],
  "dnd.remove": [REFUSED, (f, who) => f.store.dnd.remove(who, PHONE, "r")],
  "dnd.list": [NOTHING, (f, who) => f.store.dnd.list(who, { limit: 9 })],
  "events.after": [NOTHING, (f, who) => f.store.events.after(who, 0, 99)],
  "events.ofCall": [NOTHING, (f, who) => f.store.events.ofCall(who, f.call.id, 0, 99)],
  "events.lastId": [NOTHING, (f, who) => f.store.events.lastId(who)],
};

/** These make rows of the tenant that asks, or are about tenants themselves: there is nothing of another to see. */
const OWN_ROWS = ["users.ensureOwner", "agents.ensureDefault", "campaigns.create", "dnd.add", "dnd.addForAll"];

test("the list below asks every method of the store that takes a tenant", async () => {
  const { store } = await freshStore();
  const methods = Object.entries(store).flatMap(([group, verbs]) =>
    typeof verbs === "function" || group === "tenants" ? [] : Object.keys(verbs).map((verb) => `${group}.${verb}`),
  );
  expect([...Object.keys(QUESTIONS), ...OWN_ROWS].sort()).toEqual(methods.sort());
});

const isNothing = (got: unknown): boolean =>
  got === null || got === 0 || got === false || ["[]", "{}"].includes(JSON.stringify(got));

for (const [name, [answer, ask]] of Object.entries(QUESTIONS)) {
  test(`${name} shows and changes nothing of another tenant`, async () => {
    const world = await furnished();
    const before = await viewOf(world.store, world);
    const got = await ask(world, OTHER).catch(() => ({ ok: false }));
    if (answer === REFUSED) expect(got).toMatchObject({ ok: false });
    else expect(isNothing(got)).toBe(true);
    expect(await viewOf(world.store, world)).toEqual(before);
    // The owner of the rows does see something.
    if (answer === NOTHING) expect(isNothing(await ask(world, "default"))).toBe(false);
  });
}

test("settling what a dead process left concerns the calls of one tenant", async () => {
  const world = await furnished();
  const before = await viewOf(world.store, world);
  expect(await world.store.settleDead(OTHER, world.now)).toEqual([]);
  expect(await viewOf(world.store, world)).toEqual(before);
  expect(await world.store.settleDead("default", world.now)).toHaveLength(1);
});

test("two tenants may use the same idempotency key", async () => {
  const { store, task } = await furnished();
  const mine = await store.tasks.create(OTHER, { phone: PHONE, action: "a", idempotencyKey: "key" });
  expect(mine).toMatchObject({ created: true, task: { tenantId: OTHER } });
  expect(mine.task.id).not.toBe(task.id);
});

test("the first tenant, its owner and its agent are made once", async () => {
  const { store } = await freshStore();
  expect(await store.tenants.ensureDefault()).toEqual((await store.tenants.get("default"))!);
  expect(await store.tenants.all()).toMatchObject([{ id: "default", status: "active", maxConcurrentCalls: null }]);
  const owner = await store.users.ensureOwner("default");
  expect(owner).toMatchObject({ name: "Owner", roles: ["owner"] });
  expect(await store.users.ensureOwner("default")).toEqual(owner);
  const agent = await store.agents.ensureDefault("default");
  expect(agent).toMatchObject({ name: "APPU", language: "en", organization: "" });
  expect(await store.agents.ensureDefault("default")).toEqual(agent);
});

test("a tenant is suspended and let go on", async () => {
  const { store } = await freshStore();
  expect(await store.tenants.setStatus("default", "suspended")).toMatchObject({ status: "suspended" });
  expect(await store.tenants.get("default")).toMatchObject({ status: "suspended" });
  expect(await store.tenants.setStatus("nobody", "active")).toBeNull();
});

test("a campaign is paused and let go on", async () => {
  const { store } = await freshStore();
  const campaign = await store.campaigns.create("default", { title: "dentists" });
  expect(campaign).toMatchObject({ title: "dentists", status: "active" });
  await store.campaigns.setStatus("default", campaign.id, "paused");
  expect(await store.campaigns.get("default", campaign.id)).toEqual({ ...campaign, status: "paused" });
});
