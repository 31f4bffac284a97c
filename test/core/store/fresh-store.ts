import { type Bus, createBus } from "../../../src/core/bus.ts";
import type { CampaignPlan, PlanContact } from "../../../src/core/campaign-plan.ts";
import { ManualClock } from "../../../src/core/clock.ts";
import type { StoredEvent } from "../../../src/core/events.ts";
import { createLog } from "../../../src/core/log.ts";
import type { Call, CallEnd } from "../../../src/core/store/call-record.ts";
import type { Campaign, NewCampaign } from "../../../src/core/store/campaign-record.ts";
import { openStore, type Store } from "../../../src/core/store/open.ts";
import type { ClaimedTask, NewTask, Task } from "../../../src/core/store/task-record.ts";
import type { NewVerdict } from "../../../src/core/store/verdict-record.ts";

/** A migrated database with the tenant `default`, a clock that stands, and all that the bus announced. */
export interface FreshStore {
  store: Store;
  clock: ManualClock;
  bus: Bus;
  heard: StoredEvent[];
}

export const freshStore = async (path = ":memory:", clock = new ManualClock()): Promise<FreshStore> => {
  const bus = createBus(createLog({ level: "silent" }));
  const heard: StoredEvent[] = [];
  bus.subscribe((event) => heard.push(event));
  const store = await openStore({ path, clock, bus });
  await store.tenants.ensureDefault();
  return { store, clock, bus, heard };
};

export const PHONE = "+12025550100";

export const newTask = async (store: Store, task: Partial<NewTask> = {}, tenantId = "default"): Promise<Task> =>
  (await store.tasks.create(tenantId, { phone: PHONE, action: "book a table", ...task })).task;

/** Contacts of Washington, each with a number of its own. */
export const contactsOf = (count: number): PlanContact[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `Contact ${i + 1}`,
    phone: `+1202555${String(100 + i).padStart(4, "0")}`,
    source: { kind: "user", at: "2026-06-10T16:00:00Z" },
  }));

export const planOf = (changes: Partial<CampaignPlan> = {}): CampaignPlan => ({
  title: "Dentists",
  question: "Who has the earliest slot?",
  master_agent_prompt: "Ask for the earliest cleaning after Thursday 3 pm.",
  contacts: contactsOf(3),
  schedule: {},
  max_attempts: 3,
  ...changes,
});

/** What a user confirms, with nothing to undo. */
export const confirmed = (changes: Partial<NewCampaign> = {}): NewCampaign => ({
  plan: planOf(),
  userId: null,
  conversationId: null,
  idempotencyKey: null,
  undoMs: 0,
  ...changes,
});

/** A campaign of so many contacts and its tasks. */
export const newCampaign = (
  store: Store,
  contacts: number,
  changes: Partial<NewCampaign> = {},
  tenantId = "default",
): Promise<{ campaign: Campaign; tasks: Task[] }> =>
  store.campaigns.schedule(tenantId, confirmed({ plan: planOf({ contacts: contactsOf(contacts) }), ...changes }));

/** A verdict that finds the objective reached. */
export const verdictOn = (callId: string, changes: Partial<NewVerdict> = {}): NewVerdict => ({
  callId,
  to: "completed",
  taskCompleted: true,
  reason: "booked",
  summary: "The callee booked a slot.",
  facts: [{ name: "slot", value: "Friday 9:30", quote: "Friday at half past nine", atMs: 12_000 }],
  sentiment: "positive",
  disposition: "answered",
  judgedBy: "model",
  ...changes,
});

/** A call's end that leaves its task to be judged, and the claim of whoever judges it. */
export const toJudge = async (
  { store, clock }: FreshStore,
  call: Call,
  end: Partial<CallEnd> = {},
): Promise<ClaimedTask> => {
  const { tenantId } = call;
  const at = clock.now();
  await store.calls.settle(tenantId, call.id, { cause: "callee-hung-up", disposition: "answered", at, ...end });
  const claimed = await store.tasks.claimAnalysis(tenantId, { now: at, leaseMs: 30_000, limit: 99 });
  const task = claimed.find(({ id }) => id === call.taskId);
  if (task === undefined) throw new Error("nothing is to be judged");
  return task;
};

/** Claims the task that is due and makes its call. */
export const dial = async ({ store, clock }: FreshStore, tenantId = "default"): Promise<Call> => {
  const [claimed] = await store.tasks.claimDue(tenantId, { now: clock.now(), leaseMs: 30_000, limit: 1 });
  if (claimed === undefined) throw new Error("nothing is due");
  const created = await store.calls.create(tenantId, {
    taskId: claimed.id,
    leaseToken: claimed.leaseToken,
    carrier: "scripted",
    voice: "scripted",
    to: claimed.phone,
    at: clock.now(),
  });
  if (!created.ok) throw new Error(created.reason);
  return created.call;
};

/** A call that was just answered. */
export const answered = async (fresh: FreshStore, tenantId = "default"): Promise<Call> => {
  const { id } = await dial(fresh, tenantId);
  const { calls } = fresh.store;
  await calls.initiating(tenantId, id);
  await calls.dialing(tenantId, id);
  await calls.ringing(tenantId, id);
  const moved = await calls.answer(tenantId, id);
  if (!moved.ok) throw new Error(moved.reason);
  return moved.call;
};

/** Figures of a call in which nothing went wrong. */
export const FIGURES = {
  lateFrames: 0,
  framesSent: 100,
  packetsReceived: 100,
  packetsLost: 0,
  packetsLate: 0,
  packetsReordered: 0,
  packetsDuplicate: 0,
  framesConcealed: 0,
  jitterMs: 1,
  maxQueueMs: 40,
  droppedSpeechMs: 0,
  bargeIns: 0,
  turnLatenciesMs: [300, 100, 200],
  firstWordMs: 12,
};
