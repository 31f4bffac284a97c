import { type Bus, createBus } from "../../../src/core/bus.ts";
import { ManualClock } from "../../../src/core/clock.ts";
import type { StoredEvent } from "../../../src/core/events.ts";
import { createLog } from "../../../src/core/log.ts";
import type { Call } from "../../../src/core/store/call-record.ts";
import { openStore, type Store } from "../../../src/core/store/open.ts";
import type { NewTask, Task } from "../../../src/core/store/task-record.ts";

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
