import { expect, test } from "bun:test";
import { answered, dial, freshStore, newTask } from "./fresh-store.ts";

test("what a dead process left open is settled: nobody keeps ringing, and each task waits to be judged", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const [first, second, held] = [await newTask(store), await newTask(store), await newTask(store)];
  const talking = await answered(fresh);
  const created = await dial(fresh);
  await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 1e9, limit: 1 });
  clock.advance(5_000);

  const settled = await store.settleDead("default", clock.now());
  expect(settled.map(({ callId, was, status }) => ({ callId, was, status }))).toEqual(
    [
      { callId: talking.id, was: "in-progress" as const, status: "dropped_connection" as const },
      { callId: created.id, was: "pending_initiation" as const, status: "failed_attempt" as const },
    ].sort((a, b) => (a.callId < b.callId ? -1 : 1)),
  );
  expect(await store.calls.get("default", talking.id)).toMatchObject({
    hangupCause: "process-restarted",
    disposition: "failed",
    durationMs: 5_000,
  });
  const statuses = [];
  for (const { id } of [first!, second!, held!]) statuses.push((await store.tasks.get("default", id))?.status);
  expect(statuses.sort()).toEqual(["pending", "pending_analysis", "pending_analysis"]);
  // The lease of the dead process does not keep the third task from being dialed.
  expect(await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 1, limit: 9 })).toHaveLength(1);
  expect(await store.settleDead("default", clock.now())).toEqual([]);
});

test("a recorded call of a dead process ended where its sound ends, however long nobody was there", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  await newTask(fresh.store);
  const talking = await answered(fresh);
  const answeredAt = talking.answeredAt ?? Number.NaN;
  clock.advance(3_600_000);
  await store.settleDead("default", clock.now(), new Map([[talking.id, 7_500]]));
  expect(await store.calls.get("default", talking.id)).toMatchObject({
    endedAt: answeredAt + 7_500,
    durationMs: 7_500,
  });
  expect((await store.callEvents.of("default", talking.id)).at(-1)).toMatchObject({
    kind: "ended",
    at: answeredAt + 7_500,
  });
});
