import { expect, test } from "bun:test";
import { type ScriptedRole, scriptedModel } from "../../src/agents/models/scripted.ts";
import { createOrchestrator } from "../../src/agents/orchestrator.ts";
import type { CampaignPlan } from "../../src/core/campaign-plan.ts";
import { createLog } from "../../src/core/log.ts";
import type { Task } from "../../src/core/store/task-record.ts";
import { contactsOf, type FreshStore, freshStore, planOf } from "../core/store/fresh-store.ts";

const TENANT = "default";
const confirmation = (plan: CampaignPlan = planOf(), idempotencyKey: string | null = "key") => ({
  plan,
  userId: null,
  conversationId: null,
  idempotencyKey,
});

const batchOf = (plan: CampaignPlan) => ({
  title: plan.title,
  contacts: plan.contacts.map(({ name, phone }) => ({ name, phone })),
});

const rig = async (role: ScriptedRole | null) => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const log = createLog({ level: "silent" });
  const asked: number[] = [];
  const model =
    role &&
    scriptedModel({
      roles: {
        orchestrator: (ask) => {
          asked.push(1);
          return role(ask);
        },
      },
    });
  return { ...fresh, asked, orchestrator: createOrchestrator({ store, clock, log, model, undoMs: 10_000 }) };
};

/** What a task is, but for what names it. */
const rowsOf = (tasks: readonly Task[]) => tasks.map(({ id: _, campaignId: __, ...row }) => row);
const campaigns = ({ store }: FreshStore) => store.campaigns.list(TENANT, { limit: 9 });

test("a model that schedules the batch and the way without one give the same rows", async () => {
  const plan = planOf({ contacts: contactsOf(5) });
  const byModel = await rig(async (ask) => {
    expect(await ask.useTool("schedule_call_batch", batchOf(plan))).toMatchObject({ tasks: 5 });
    return { note: "Scheduled." };
  });
  const byRules = await rig(null);
  const modelled = await byModel.orchestrator.execute(TENANT, confirmation(plan));
  const ruled = await byRules.orchestrator.execute(TENANT, confirmation(plan));
  expect(byModel.asked).toHaveLength(1);
  expect(rowsOf(modelled.tasks)).toEqual(rowsOf(ruled.tasks));
  expect(modelled).toMatchObject({ created: true, campaign: { undoUntil: byModel.clock.now() + 10_000 } });
});

test("a batch that is not the confirmed plan schedules nothing, and the model is told how it differs", async () => {
  const plan = planOf();
  const [, second, third] = batchOf(plan).contacts;
  const told: string[] = [];
  const world = await rig(async (ask) => {
    const wrong = { title: "t", contacts: [{ name: "Eve", phone: "+12025550199" }, second, third, third] };
    await ask.useTool("schedule_call_batch", wrong).catch((thrown: Error) => told.push(thrown.message));
    expect(await campaigns(world)).toEqual([]);
    await ask.useTool("schedule_call_batch", batchOf(plan));
    return { note: "Scheduled." };
  });
  const { tasks } = await world.orchestrator.execute(TENANT, confirmation(plan));
  expect(tasks.map(({ phone }) => phone)).toEqual(plan.contacts.map(({ phone }) => phone));
  expect(told[0]).toContain("1 numbers are not in it, 1 of it are missing, 1 are repeated");
  expect(told[0]).not.toContain("+1202");
});

test("a model that calls the tool twice schedules once, with a key or without", async () => {
  for (const key of ["key", null]) {
    const plan = planOf();
    const world = await rig(async (ask) => {
      await ask.useTool("schedule_call_batch", batchOf(plan));
      await ask.useTool("schedule_call_batch", batchOf(plan));
      return { note: "Scheduled twice, as it thinks." };
    });
    await world.orchestrator.execute(TENANT, confirmation(plan, key));
    expect(await campaigns(world)).toHaveLength(1);
  }
});

test("a plan is scheduled once when the model fails, before or after its tool ran, or does nothing", async () => {
  const plan = planOf();
  const roles: ScriptedRole[] = [
    async () => {
      throw new Error("out of order");
    },
    async (ask) => {
      await ask.useTool("schedule_call_batch", batchOf(plan));
      throw new Error("out of order");
    },
    async () => ({ note: "I would rather not." }),
    async (ask) => {
      await ask.useTool("schedule_call_batch", { title: "t", contacts: [] }).catch(() => {});
      return { note: "Scheduled nobody." };
    },
  ];
  for (const role of roles) {
    const world = await rig(role);
    const scheduled = await world.orchestrator.execute(TENANT, confirmation(plan));
    expect(scheduled).toMatchObject({ created: true });
    expect(scheduled.tasks).toHaveLength(3);
    expect(await campaigns(world)).toHaveLength(1);
  }
});

test("the same confirmation again gives the same answer without asking the model", async () => {
  const plan = planOf();
  const world = await rig(async (ask) => {
    await ask.useTool("schedule_call_batch", batchOf(plan));
    return { note: "Scheduled." };
  });
  const first = await world.orchestrator.execute(TENANT, confirmation(plan));
  const again = await world.orchestrator.execute(TENANT, confirmation(plan));
  expect(again).toEqual({ ...first, created: false });
  expect(world.asked).toHaveLength(1);
});

test("two confirmations at the same moment schedule once", async () => {
  const plan = planOf();
  const world = await rig(async (ask) => {
    await ask.useTool("schedule_call_batch", batchOf(plan));
    return { note: "Scheduled." };
  });
  const both = await Promise.all([1, 2].map(() => world.orchestrator.execute(TENANT, confirmation(plan))));
  expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
  expect(both[0]!.tasks).toEqual(both[1]!.tasks);
  expect(await campaigns(world)).toHaveLength(1);
});

test("a plan of many contacts is scheduled without a model", async () => {
  const world = await rig(async () => ({ note: "" }));
  const { tasks } = await world.orchestrator.execute(TENANT, confirmation(planOf({ contacts: contactsOf(51) })));
  expect(tasks).toHaveLength(51);
  expect(world.asked).toEqual([]);
});

test("no model is asked where none is wanted, and the rows are those of the plan", async () => {
  const plan = planOf();
  const world = await rig(async () => ({ note: "Nothing was scheduled." }));
  const { tasks } = await world.orchestrator.execute(TENANT, { ...confirmation(plan), withoutModel: true });
  expect(world.asked).toEqual([]);
  expect(tasks.map(({ phone }) => phone)).toEqual(plan.contacts.map(({ phone }) => phone));
});
