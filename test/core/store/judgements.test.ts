import { expect, test } from "bun:test";
import { answered, dial, freshStore, newCampaign, newTask, PHONE, toJudge, verdictOn } from "./fresh-store.ts";

const TENANT = "default";
const MEMORY = { answeredBy: ["Dana"], menuPath: ["2"], promises: ["will look it up"], notes: [] };

test("a verdict stores what was found, moves the task and tells both", async () => {
  const fresh = await freshStore();
  const { store, clock, heard } = fresh;
  const { id } = await newTask(store);
  const call = await answered(fresh);
  const { leaseToken } = await toJudge(fresh, call);
  const at = clock.now() + 60_000;
  const applied = await store.tasks.applyVerdict(
    TENANT,
    id,
    leaseToken,
    verdictOn(call.id, {
      to: "pending",
      taskCompleted: false,
      reason: "asked to be called later",
      nextActionAt: at,
      nextActionWords: "call me in a minute",
      nextPrompt: "Refer to the first call.",
      memory: MEMORY,
    }),
  );
  expect(applied).toMatchObject({
    ok: true,
    task: { status: "pending", nextActionAt: at, attempts: 1, lastVerdict: "asked to be called later" },
    verdict: { callId: call.id, attempt: 1, to: "pending", nextActionAt: at, nextActionWords: "call me in a minute" },
  });
  const [verdict] = await store.verdicts.of(TENANT, id);
  expect(verdict).toMatchObject({ facts: verdictOn(call.id).facts, taskCompleted: false, dndRequested: false });
  expect(await store.verdicts.ofCall(TENANT, call.id)).toEqual(verdict!);
  expect(await store.tasks.get(TENANT, id)).toMatchObject({
    memory: MEMORY,
    nextPrompt: "Refer to the first call.",
    lastVerdictId: verdict!.id,
  });
  expect(heard.slice(-2)).toMatchObject([
    { type: "task.judged", taskId: id, callId: call.id, to: "pending" },
    { type: "task.changed", taskId: id, from: "pending_analysis", to: "pending" },
  ]);
});

test("memory and prompt stay for the next attempt unless a verdict replaces them", async () => {
  const fresh = await freshStore();
  const { store } = fresh;
  const { id } = await newTask(store);
  for (const changes of [{ memory: MEMORY, nextPrompt: "Be brief." }, {}, { nextPrompt: null }]) {
    const call = await dial(fresh);
    const { leaseToken } = await toJudge(fresh, call);
    const to = "nextPrompt" in changes && changes.nextPrompt === null ? "on_hold" : "pending";
    await store.tasks.applyVerdict(TENANT, id, leaseToken, verdictOn(call.id, { to, ...changes }));
    const nextPrompt = to === "on_hold" ? null : "Be brief.";
    expect(await store.tasks.get(TENANT, id)).toMatchObject({ memory: MEMORY, nextPrompt });
  }
});

test("an attempt beyond the cap is refused, and the claim can still be applied with another end", async () => {
  const fresh = await freshStore();
  const { store } = fresh;
  const { id } = await newTask(store, { maxAttempts: 1 });
  const call = await dial(fresh);
  const { leaseToken } = await toJudge(fresh, call);
  const again = await store.tasks.applyVerdict(TENANT, id, leaseToken, verdictOn(call.id, { to: "pending" }));
  expect(again).toEqual({ ok: false, reason: "too-many-attempts" });
  expect(await store.verdicts.of(TENANT, id)).toEqual([]);
  const lost = verdictOn(call.id, { to: "failed_conclusive", reason: "nobody is ever there" });
  expect(await store.tasks.applyVerdict(TENANT, id, leaseToken, lost)).toMatchObject({ ok: true });
});

test("who asks not to be called is on the list with the verdict itself", async () => {
  const fresh = await freshStore();
  const { store, heard } = fresh;
  const { id } = await newTask(store);
  const call = await dial(fresh);
  const { leaseToken } = await toJudge(fresh, call);
  const never = verdictOn(call.id, { to: "failed_conclusive", dnd: { reason: "asked in a call" } });
  await store.tasks.applyVerdict(TENANT, id, leaseToken, never);
  expect(await store.dnd.has(TENANT, PHONE)).toBe(true);
  expect(await store.dnd.list(TENANT, { limit: 9 })).toMatchObject([{ reason: "asked in a call", source: "callee" }]);
  expect(await store.verdicts.of(TENANT, id)).toMatchObject([{ dndRequested: true }]);
  expect(heard.map(({ type }) => type)).toContain("dnd.added");
});

test("two analysts never judge one attempt twice: the lease that lapsed opens nothing", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const { id } = await newTask(store);
  const call = await dial(fresh);
  const slow = await toJudge(fresh, call);
  const claim = { leaseMs: 30_000, limit: 9 };
  expect(await store.tasks.claimAnalysis(TENANT, { now: clock.now(), ...claim })).toEqual([]);
  clock.advance(30_000);
  const [quick] = await store.tasks.claimAnalysis(TENANT, { now: clock.now(), ...claim });
  expect(quick).toMatchObject({ id, leaseToken: slow.leaseToken + 1 });
  const stale = { ok: false, reason: "stale-lease" } as const;
  const verdict = verdictOn(call.id);
  expect(await store.tasks.applyVerdict(TENANT, id, slow.leaseToken, verdict)).toEqual(stale);
  expect(await store.tasks.analysisFailed(TENANT, id, slow.leaseToken, { retryAt: 0 })).toEqual(stale);
  expect(await store.tasks.applyVerdict(TENANT, id, quick!.leaseToken, verdict)).toMatchObject({ ok: true });
  expect(await store.tasks.applyVerdict(TENANT, id, quick!.leaseToken, verdict)).toEqual(stale);
});

test("a failed analysis leaves the task waiting for it, with its next try and how often it failed", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const { id } = await newTask(store);
  const call = await dial(fresh);
  let { leaseToken } = await toJudge(fresh, call);
  for (let failures = 1; failures <= 2; failures++) {
    const retryAt = clock.now() + 60_000;
    const put = await store.tasks.analysisFailed(TENANT, id, leaseToken, { retryAt });
    expect(put).toMatchObject({ ok: true, task: { status: "pending_analysis", analysisFailures: failures } });
    clock.advance(59_999);
    expect(await store.tasks.claimAnalysis(TENANT, { now: clock.now(), leaseMs: 1_000, limit: 9 })).toEqual([]);
    clock.advance(1);
    const [claimed] = await store.tasks.claimAnalysis(TENANT, { now: clock.now(), leaseMs: 1_000, limit: 9 });
    leaseToken = claimed!.leaseToken;
  }
  const done = await store.tasks.applyVerdict(TENANT, id, leaseToken, verdictOn(call.id, { to: "pending" }));
  expect(done).toMatchObject({ ok: true, task: { analysisFailures: 0 } });
});

/** A call in which the owner was asked something, with as long as given to answer. */
const asking = async (timeoutMs: number, maxAttempts = 3) => {
  const fresh = await freshStore();
  const { store } = fresh;
  const user = await store.users.ensureOwner(TENANT);
  const { id: taskId } = await newTask(store, { maxAttempts });
  const call = await answered(fresh);
  const given = { userId: user.id, taskId, callId: call.id, text: "Is Friday 9:30 fine?", timeoutMs };
  return { fresh, ...fresh, user, taskId, call, question: await store.questions.ask(TENANT, given) };
};

test("the owner sees a question until its time is over, and an answer in time is noted as such", async () => {
  const { store, clock, heard, user, question } = await asking(30_000);
  expect(question).toMatchObject({ status: "open", expiresAt: clock.now() + 30_000, answer: null, inTime: false });
  clock.advance(29_999);
  expect(await store.questions.openOf(TENANT, user.id, clock.now())).toEqual([question]);
  expect(await store.questions.expireDue(TENANT, clock.now())).toEqual([]);
  const answer = await store.questions.answer(TENANT, question.id, "Yes.");
  expect(answer).toMatchObject({
    ok: true,
    question: { status: "answered", answer: "Yes.", inTime: true },
    task: null,
  });
  expect(heard.at(-1)).toMatchObject({ type: "question.answered", questionId: question.id, inTime: true });
  const again = await store.questions.answer(TENANT, question.id, "No.");
  expect(again).toEqual({ ok: false, reason: "already-answered" });
  expect(await store.questions.expire(TENANT, question.id)).toBe(false);
});

test("a late answer makes the task that waits for it due at once", async () => {
  const { fresh, store, clock, user, taskId, call, question } = await asking(10_000);
  clock.advance(10_000);
  expect(await store.questions.openOf(TENANT, user.id, clock.now())).toEqual([]);
  expect(await store.questions.expireDue(TENANT, clock.now())).toMatchObject([{ id: question.id, status: "expired" }]);
  const { leaseToken } = await toJudge(fresh, call);
  const held = verdictOn(call.id, { to: "on_hold", questionId: question.id });
  await store.tasks.applyVerdict(TENANT, taskId, leaseToken, held);
  expect((await store.questions.lateOf(TENANT, user.id)).map(({ id }) => id)).toEqual([question.id]);
  const late = await store.questions.answer(TENANT, question.id, "Yes.");
  expect(late).toMatchObject({
    ok: true,
    question: { inTime: false },
    task: { id: taskId, status: "pending", nextActionAt: clock.now(), questionId: null },
  });
  expect(await store.questions.ofTask(TENANT, taskId)).toMatchObject([{ answer: "Yes." }]);
});

test("an answer that came before the verdict put the task on hold is not waited for", async () => {
  const { fresh, store, taskId, call, question } = await asking(10_000);
  await store.questions.expire(TENANT, question.id);
  const { leaseToken } = await toJudge(fresh, call);
  expect(await store.questions.answer(TENANT, question.id, "Yes.")).toMatchObject({ ok: true, task: null });
  const held = verdictOn(call.id, { to: "on_hold", questionId: question.id });
  const applied = await store.tasks.applyVerdict(TENANT, taskId, leaseToken, held);
  expect(applied).toMatchObject({ ok: true, task: { status: "pending" }, verdict: { to: "pending" } });
});

test("a late answer gives no attempt beyond the cap", async () => {
  const { fresh, store, taskId, call, question } = await asking(0, 1);
  const { leaseToken } = await toJudge(fresh, call);
  expect(await store.questions.expireDue(TENANT, call.createdAt)).toHaveLength(1);
  const held = verdictOn(call.id, { to: "on_hold", questionId: question.id });
  await store.tasks.applyVerdict(TENANT, taskId, leaseToken, held);
  expect(await store.questions.answer(TENANT, question.id, "Yes.")).toMatchObject({ ok: true, task: null });
  expect(await store.tasks.get(TENANT, taskId)).toMatchObject({ status: "on_hold", attempts: 1 });
});

test("a question whose call is over can no longer be answered in time", async () => {
  const { fresh, store, clock, user, call, question } = await asking(60_000);
  await toJudge(fresh, call);
  expect(await store.questions.openOf(TENANT, user.id, clock.now())).toEqual([]);
  expect(await store.questions.expireDue(TENANT, clock.now())).toHaveLength(1);
  expect(await store.questions.answer(TENANT, question.id, "Yes.")).toMatchObject({ question: { inTime: false } });
});

test("a verdict is about the newest call of its task, or it is a mistake of ours", async () => {
  const fresh = await freshStore();
  const { store } = fresh;
  const { tasks } = await newCampaign(store, 1);
  const first = await dial(fresh);
  const { leaseToken } = await toJudge(fresh, first);
  await store.tasks.applyVerdict(TENANT, first.taskId, leaseToken, verdictOn(first.id, { to: "pending" }));
  const second = await dial(fresh);
  const claimed = await toJudge(fresh, second);
  const wrong = store.tasks.applyVerdict(TENANT, tasks[0]!.id, claimed.leaseToken, verdictOn(first.id));
  await expect(wrong).rejects.toThrow("newest call");
});
