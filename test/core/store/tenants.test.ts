import { expect, test } from "bun:test";
import type { Store } from "../../../src/core/store/open.ts";
import type { ReportRow } from "../../../src/core/store/report-record.ts";
import {
  answered,
  confirmed,
  dial,
  FIGURES,
  freshStore,
  newTask,
  PHONE,
  planOf,
  toJudge,
  verdictOn,
} from "./fresh-store.ts";

const OTHER = "other";
const TURN = {
  key: "k",
  speaker: "agent",
  text: "hello",
  atMs: 0,
  endMs: 1,
  interrupted: false,
  whispered: false,
} as const;

const END = { cause: "busy", disposition: "busy", at: 1_700_000_000_000 } as const;
const REPORT = {
  headline: "Friday 9:30",
  summary: "",
  rows: [] as ReportRow[],
  costUsd: 0,
  writtenBy: "rules",
} as const;

const USAGE = { purpose: "planner", provider: "p", model: "m", counters: {}, costUsd: 0.01, at: 1_700_000_000_000 };

/** Tenant `default` with a row in every table: a running call, a claimed task and all that belongs to them. */
const furnished = async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const user = await store.users.ensureOwner("default");
  const agent = await store.agents.ensureDefault("default");
  const first = await store.campaigns.schedule(
    "default",
    confirmed({ plan: planOf({ contacts: planOf().contacts.slice(0, 2) }) }),
  );
  const judged = first.tasks[0]!;
  const judgedCall = await dial(fresh);
  const verdictToken = (await toJudge(fresh, judgedCall)).leaseToken;
  await store.tasks.applyVerdict("default", judged.id, verdictToken, verdictOn(judgedCall.id));
  const heldCall = await dial(fresh);
  const late = { userId: user.id, taskId: heldCall.taskId, callId: heldCall.id, text: "Is 9:30 fine?", timeoutMs: 0 };
  const lateQuestion = await store.questions.ask("default", late);
  await store.questions.expire("default", lateQuestion.id);
  const heldToken = (await toJudge(fresh, heldCall)).leaseToken;
  const onHold = verdictOn(heldCall.id, { to: "on_hold", questionId: lateQuestion.id });
  await store.tasks.applyVerdict("default", heldCall.taskId, heldToken, onHold);
  const finished = await store.campaigns.schedule("default", confirmed({ idempotencyKey: "finished" }));
  await store.campaigns.end("default", finished.campaign.id, "enough");
  await store.campaigns.completeIfDone("default", finished.campaign.id);
  const reported = await store.campaigns.schedule("default", confirmed());
  await store.campaigns.end("default", reported.campaign.id, "enough");
  const report = { ...REPORT, campaignId: reported.campaign.id };
  await store.reports.put("default", report);
  const judging = await newTask(store, { agentName: "Eva" });
  const judgingCall = await dial(fresh);
  const judgeToken = (await toJudge(fresh, judgingCall)).leaseToken;
  const waiting = await newTask(store);
  await store.calls.settle("default", (await dial(fresh)).id, END);
  const conversation = await store.conversations.create("default", { userId: user.id, displayName: "APPU" });
  await store.conversations.append("default", conversation.id, { role: "user", text: "call three dentists" });
  const { campaign, tasks } = await store.campaigns.schedule(
    "default",
    confirmed({
      plan: planOf({ contacts: planOf().contacts.slice(0, 1) }),
      agentId: agent.id,
      idempotencyKey: "campaign",
    }),
  );
  const task = tasks[0]!;
  await store.tasks.create("default", { phone: PHONE, action: "a", idempotencyKey: "key", status: "draft" });
  const call = await answered(fresh);
  await store.usage.add("default", USAGE);
  const asking = { userId: user.id, taskId: task.id, callId: call.id, text: "Is 9:30 fine?", timeoutMs: 30_000 };
  const question = await store.questions.ask("default", asking);
  const told = await store.questions.ask("default", asking);
  await store.questions.answer("default", told.id, "yes");
  const expired = await store.questions.ask("default", { ...asking, timeoutMs: 0 });
  await store.questions.expire("default", expired.id);
  await store.questions.ask("default", { ...asking, timeoutMs: 0 });
  const turn = await store.transcripts.put("default", call.id, TURN);
  await store.callNotes.add("default", call.id, { userId: user.id, text: "Call again in May.", at: clock.now() });
  await store.callNotes.tag("default", call.id, { userId: user.id, tag: "vip", at: clock.now() });
  const mood = { mood: "upset", offPlan: false, reason: "waits", line: "upset" } as const;
  await store.callMoods.add("default", call.id, { ...mood, at: clock.now() });
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
    first: first.campaign,
    judged,
    judgedCall,
    finished: finished.campaign,
    report,
    judging,
    judgingCall,
    judgeToken,
    waiting,
    conversation,
    asking,
    question,
    told,
  };
};
type Furnished = Awaited<ReturnType<typeof furnished>>;

/** What the owner of the rows sees of them. */
const viewOf = async (store: Store, furnished: Furnished) => {
  const { task, call, held, due, judged, judging, conversation, campaign, user } = furnished;
  return {
    tasks: await Promise.all([task.id, held.id, due.id].map((id) => store.tasks.get("default", id))),
    later: await Promise.all([
      store.tasks.get("default", judging.id),
      store.verdicts.of("default", judged.id),
      store.reports.list("default", { limit: 9 }),
      store.conversations.get("default", conversation.id),
      store.conversations.messages("default", conversation.id),
      store.questions.ofTask("default", task.id),
      store.campaigns.progress("default", campaign.id),
      store.conversations.list("default", { userId: user.id, limit: 9 }),
      store.usage.total("default", 0),
    ]),
    all: await Promise.all([
      store.tasks.list("default", { limit: 99 }),
      store.calls.list("default", { limit: 99 }),
      store.transcripts.of("default", call.id),
      store.callEvents.of("default", call.id),
      store.callMoods.of("default", call.id),
      store.callNotes.of("default", call.id),
      store.callNotes.tagsOf("default", call.id),
      store.recordings.of("default", call.id),
      store.dnd.list("default", { limit: 99 }),
      store.campaigns.list("default", { limit: 99 }),
      store.agents.list("default"),
      store.events.after("default", 0, 999),
      store.tasks.nextDueAt("default"),
    ]),
  };
};

const NOTHING = "nothing";
const REFUSED = "refused";
type Answer = typeof NOTHING | typeof REFUSED;

/** Every method that takes a tenant, asked by another one with the ids of the first, and what it must answer. */
const QUESTIONS: Record<string, [Answer, (f: Furnished, who: string) => Promise<unknown>]> = {
  "users.get": [NOTHING, (f, who) => f.store.users.get(who, f.user.id)],
  "agents.get": [NOTHING, (f, who) => f.store.agents.get(who, f.agent.id)],
  "agents.list": [NOTHING, (f, who) => f.store.agents.list(who)],
  "agents.change": [
    NOTHING,
    (f, who) =>
      f.store.agents.change(who, f.agent.id, {
        name: "n",
        organization: "o",
        language: "en",
        instructions: "i",
        farewell: "f",
        transferTargets: [],
      }),
  ],
  "tryOuts.begin": [
    REFUSED,
    (f, who) =>
      f.store.tryOuts.begin(who, { agentId: f.agent.id, action: "a", voice: "scripted", concurrent: 99, at: f.now }),
  ],
  "campaigns.get": [NOTHING, (f, who) => f.store.campaigns.get(who, f.campaign.id)],
  "campaigns.byKey": [NOTHING, (f, who) => f.store.campaigns.byKey(who, "campaign")],
  "campaigns.list": [NOTHING, (f, who) => f.store.campaigns.list(who, { limit: 9 })],
  "campaigns.pause": [REFUSED, (f, who) => f.store.campaigns.pause(who, f.campaign.id)],
  "campaigns.resume": [REFUSED, (f, who) => f.store.campaigns.resume(who, f.campaign.id)],
  "campaigns.end": [REFUSED, (f, who) => f.store.campaigns.end(who, f.campaign.id, "r")],
  "campaigns.undo": [REFUSED, (f, who) => f.store.campaigns.undo(who, f.campaign.id, 0)],
  "campaigns.progress": [NOTHING, async (f, who) => (await f.store.campaigns.progress(who, f.campaign.id)).contacts],
  "outcomes.ofCampaign": [
    NOTHING,
    async (f, who) =>
      Object.values(await f.store.outcomes.ofCampaign(who, f.campaign.id)).reduce((sum, count) => sum + count, 0),
  ],
  "campaigns.cost": [NOTHING, async (f, who) => (await f.store.campaigns.cost(who, f.campaign.id)).calls],
  "campaigns.completeIfDone": [NOTHING, (f, who) => f.store.campaigns.completeIfDone(who, f.report.campaignId)],
  "campaigns.done": [NOTHING, (f, who) => f.store.campaigns.done(who, 9)],
  "campaigns.withoutReport": [NOTHING, (f, who) => f.store.campaigns.withoutReport(who, 9)],
  "tasks.claimAnalysis": [NOTHING, (f, who) => f.store.tasks.claimAnalysis(who, { now: f.now, leaseMs: 9, limit: 9 })],
  "tasks.analysisFailed": [
    REFUSED,
    (f, who) => f.store.tasks.analysisFailed(who, f.judging.id, f.judgeToken, { retryAt: 0 }),
  ],
  "tasks.applyVerdict": [
    REFUSED,
    (f, who) => f.store.tasks.applyVerdict(who, f.judging.id, f.judgeToken, verdictOn(f.judgingCall.id)),
  ],
  "verdicts.of": [NOTHING, (f, who) => f.store.verdicts.of(who, f.judged.id)],
  "verdicts.ofCall": [NOTHING, (f, who) => f.store.verdicts.ofCall(who, f.judgedCall.id)],
  "verdicts.ofCampaign": [NOTHING, (f, who) => f.store.verdicts.ofCampaign(who, f.first.id)],
  "usage.total": [NOTHING, async (f, who) => (await f.store.usage.total(who, 0)).requests],
  "reports.put": [REFUSED, (f, who) => f.store.reports.put(who, f.report)],
  "reports.get": [NOTHING, (f, who) => f.store.reports.get(who, f.report.campaignId)],
  "reports.list": [NOTHING, (f, who) => f.store.reports.list(who, { limit: 9 })],
  "conversations.get": [NOTHING, (f, who) => f.store.conversations.get(who, f.conversation.id)],
  "conversations.list": [NOTHING, (f, who) => f.store.conversations.list(who, { userId: f.user.id, limit: 9 })],
  "conversations.append": [
    NOTHING,
    (f, who) => f.store.conversations.append(who, f.conversation.id, { role: "user", text: "t" }),
  ],
  "conversations.messages": [NOTHING, (f, who) => f.store.conversations.messages(who, f.conversation.id)],
  "conversations.setPlan": [
    NOTHING,
    (f, who) => f.store.conversations.setPlan(who, f.conversation.id, planOf(), "plan_complete"),
  ],
  "conversations.setStage": [
    NOTHING,
    (f, who) => f.store.conversations.setStage(who, f.conversation.id, "plan_complete"),
  ],
  "conversations.rename": [REFUSED, (f, who) => f.store.conversations.rename(who, f.conversation.id, "Max")],
  "questions.ask": [REFUSED, (f, who) => f.store.questions.ask(who, f.asking)],
  "questions.answer": [REFUSED, (f, who) => f.store.questions.answer(who, f.question.id, "yes")],
  "questions.missed": [REFUSED, (f, who) => f.store.questions.missed(who, f.told.id)],
  "questions.expire": [NOTHING, (f, who) => f.store.questions.expire(who, f.question.id)],
  "questions.expireDue": [NOTHING, (f, who) => f.store.questions.expireDue(who, f.now)],
  "questions.get": [NOTHING, (f, who) => f.store.questions.get(who, f.question.id)],
  "questions.openOf": [NOTHING, (f, who) => f.store.questions.openOf(who, f.user.id, f.now)],
  "questions.lateOf": [NOTHING, (f, who) => f.store.questions.lateOf(who, f.user.id)],
  "questions.ofTask": [NOTHING, (f, who) => f.store.questions.ofTask(who, f.task.id)],
  "tasks.create": [REFUSED, (f, who) => newTask(f.store, { campaignId: f.campaign.id }, who)],
  "tasks.byKey": [NOTHING, (f, who) => f.store.tasks.byKey(who, "key")],
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
  "callNotes.add": [
    REFUSED,
    (f, who) => f.store.callNotes.add(who, f.call.id, { userId: f.user.id, text: "t", at: f.now }),
  ],
  "callMoods.add": [
    REFUSED,
    (f, who) =>
      f.store.callMoods.add(who, f.call.id, { at: f.now, mood: "calm", offPlan: false, reason: "", line: null }),
  ],
  "callMoods.of": [NOTHING, (f, who) => f.store.callMoods.of(who, f.call.id)],
  "callNotes.of": [NOTHING, (f, who) => f.store.callNotes.of(who, f.call.id)],
  "callNotes.tag": [
    REFUSED,
    (f, who) => f.store.callNotes.tag(who, f.call.id, { userId: f.user.id, tag: "other", at: f.now }),
  ],
  "callNotes.untag": [
    REFUSED,
    (f, who) => f.store.callNotes.untag(who, f.call.id, { userId: f.user.id, tag: "vip", at: f.now }),
  ],
  "callNotes.tagsOf": [NOTHING, (f, who) => f.store.callNotes.tagsOf(who, f.call.id)],
  "callNotes.tagsInUse": [NOTHING, (f, who) => f.store.callNotes.tagsInUse(who, 9)],
  "recordings.open": [REFUSED, (f, who) => f.store.recordings.open(who, f.call.id, { path: "b.wav" })],
  "recordings.close": [REFUSED, (f, who) => f.store.recordings.close(who, f.call.id, { durationMs: 1, bytes: 1 })],
  "recordings.of": [NOTHING, (f, who) => f.store.recordings.of(who, f.call.id)],
  "recordings.unfinished": [NOTHING, (f, who) => f.store.recordings.unfinished(who)],
  "dnd.has": [NOTHING, (f, who) => f.store.dnd.has(who, PHONE)],
  "dnd.remove": [REFUSED, (f, who) => f.store.dnd.remove(who, PHONE, "r")],
  "dnd.list": [NOTHING, (f, who) => f.store.dnd.list(who, { limit: 9 })],
  "history.find": [NOTHING, (f, who) => f.store.history.find(who, {}, { limit: 9 })],
  "history.count": [NOTHING, (f, who) => f.store.history.count(who, {})],
  "history.agentNames": [NOTHING, (f, who) => f.store.history.agentNames(who, 9)],
  "events.after": [NOTHING, (f, who) => f.store.events.after(who, 0, 99)],
  "events.ofCall": [NOTHING, (f, who) => f.store.events.ofCall(who, f.call.id, 0, 99)],
  "events.lastId": [NOTHING, (f, who) => f.store.events.lastId(who)],
};

/** These make rows of the tenant that asks, or are about tenants themselves: there is nothing of another to see. */
const OWN_ROWS = [
  "users.ensureOwner",
  "agents.ensureDefault",
  "campaigns.schedule",
  "conversations.create",
  "usage.add",
  "calls.liveCounts",
  "dnd.add",
  "dnd.addAll",
  "dnd.addForAll",
];

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
