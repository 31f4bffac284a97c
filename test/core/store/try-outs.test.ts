import { expect, test } from "bun:test";
import { freshStore, newTask, PHONE } from "./fresh-store.ts";

const open = async () => {
  const fresh = await freshStore();
  const agent = await fresh.store.agents.ensureDefault("default");
  const begin = (changes: Partial<Parameters<typeof fresh.store.tryOuts.begin>[1]> = {}, tenantId = "default") =>
    fresh.store.tryOuts.begin(tenantId, {
      agentId: agent.id,
      action: "Tell me about yourself.",
      voice: "scripted",
      concurrent: 10,
      at: fresh.clock.now(),
      ...changes,
    });
  const begun = async () => {
    const answer = await begin();
    if (!answer.ok) throw new Error(answer.reason);
    return answer.call;
  };
  return { ...fresh, agent, begin, begun };
};

test("a try-out is a live call of its agent with a browser, and has no number", async () => {
  const { store, agent, begun, heard } = await open();
  const call = await begun();
  expect(call).toMatchObject({ carrier: "browser", to: "", from: null, attempt: 1, status: "pending_initiation" });
  expect(call.agentName).toBe(agent.name);
  expect(await store.tasks.get("default", call.taskId)).toMatchObject({ agentId: agent.id, phone: "", attempts: 1 });
  expect(heard.map(({ type }) => type)).toEqual(["task.created", "task.changed", "call.created"]);
});

test("with the end of its call a try-out is done: nobody judges it, tries it again or lists it", async () => {
  const { store, clock, begun, heard } = await open();
  const call = await begun();
  await newTask(store);
  const end = { cause: "callee-hung-up", disposition: "answered", at: clock.now() } as const;
  const settled = await store.calls.settle("default", call.id, end);
  expect(settled.ok && settled.task.status).toBe("completed");
  expect(heard.slice(-2).map((event) => "to" in event && event.to)).toEqual(["pending_analysis", "completed"]);
  const now = clock.now() + 1e9;
  expect(await store.tasks.claimAnalysis("default", { now, leaseMs: 1000, limit: 9 })).toEqual([]);
  const due = await store.tasks.claimDue("default", { now, leaseMs: 1000, limit: 9 });
  expect(due.map(({ phone }) => phone)).toEqual([PHONE]);
  expect((await store.tasks.list("default", { limit: 9 })).map(({ phone }) => phone)).toEqual([PHONE]);
  expect(await store.tasks.countByStatus("default")).toEqual({ pending: 1 });
});

test("a try-out of a process that died is settled as done", async () => {
  const { store, clock, begun } = await open();
  const call = await begun();
  await store.settleDead("default", clock.now());
  expect(await store.tasks.get("default", call.taskId)).toMatchObject({ status: "completed" });
  expect(await store.calls.get("default", call.id)).toMatchObject({ hangupCause: "process-restarted" });
});

test("try-outs take the places of live calls, all tenants' and their own tenant's", async () => {
  const { store, begin, begun, clock } = await open();
  await begun();
  expect(await begin({ concurrent: 1 })).toEqual({ ok: false, reason: "no-room" });
  await store.tenants.create({ id: "small", name: "Small", maxConcurrentCalls: 1 });
  const { id: agentId } = await store.agents.ensureDefault("small");
  expect(await begin({ agentId }, "small")).toMatchObject({ ok: true });
  expect(await begin({ agentId }, "small")).toEqual({ ok: false, reason: "no-room" });
  for (const call of await store.calls.live("small")) {
    await store.calls.settle("small", call.id, { cause: "failed", disposition: "failed", at: clock.now() });
  }
  expect(await begin({ agentId }, "small")).toMatchObject({ ok: true });
});

test("agents of another tenant and suspended tenants are not tried out", async () => {
  const { store, agent, begin } = await open();
  await store.tenants.create({ id: "other", name: "Other" });
  expect(await begin({ agentId: agent.id }, "other")).toEqual({ ok: false, reason: "unknown-agent" });
  await store.tenants.setStatus("default", "suspended");
  expect(await begin()).toEqual({ ok: false, reason: "tenant-suspended" });
  expect(await store.calls.live("default")).toEqual([]);
});

test("a profile is written anew for its own tenant only", async () => {
  const { store, agent } = await open();
  const profile = {
    name: "Mira",
    organization: "Acme",
    language: "cs",
    instructions: "Be brief.",
    farewell: "Thank you. Goodbye.",
    transferTargets: [{ name: "Reception", phone: "+12025550100" }],
  };
  await store.tenants.create({ id: "other", name: "Other" });
  expect(await store.agents.change("other", agent.id, profile)).toBeNull();
  expect(await store.agents.change("default", agent.id, profile)).toMatchObject(profile);
  expect(await store.agents.get("default", agent.id)).toMatchObject({ ...profile, createdAt: agent.createdAt });
});
