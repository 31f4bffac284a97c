import { createBus } from "../../src/core/bus.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { openStore, type Store } from "../../src/core/store/open.ts";

const TENANT = "default";

/** A fresh store on a file. */
export const openBenchStore = async (path: string): Promise<Store> => {
  const store = await openStore({ path, clock: systemClock, bus: createBus(createLog({ level: "silent" })) });
  await store.tenants.ensureDefault();
  return store;
};

/** Stores as many answered calls; gives their ids. */
export const storeAnsweredCalls = async (store: Store, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    await store.tasks.create(TENANT, { phone: "+12025550100", action: "measure" });
    const [task] = await store.tasks.claimDue(TENANT, { now: Date.now(), leaseMs: 30_000, limit: 1 });
    if (!task) throw new Error("the task is not due");
    const { id, phone: to, leaseToken } = task;
    const at = Date.now();
    const created = await store.calls.create(TENANT, {
      taskId: id,
      leaseToken,
      carrier: "bench",
      voice: "bench",
      to,
      at,
    });
    if (!created.ok) throw new Error(created.reason);
    const callId = created.call.id;
    await store.calls.initiating(TENANT, callId);
    await store.calls.dialing(TENANT, callId);
    await store.calls.answer(TENANT, callId);
    ids.push(callId);
  }
  return ids;
};
