import { expect, test } from "bun:test";
import fc from "fast-check";
import { dial, freshStore, newCampaign, newTask } from "./fresh-store.ts";

const TENANT = "default";

test("campaigns take turns, whatever their sizes and whoever came first", async () => {
  const { store, clock } = await freshStore();
  const big = await newCampaign(store, 30);
  const small = await newCampaign(store, 2);
  await newTask(store);
  const claimed = await store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 30_000, limit: 9 });
  const name = (id: string | null) => (id === big.campaign.id ? "big" : id === small.campaign.id ? "small" : "single");
  const names = claimed.map(({ campaignId }) => name(campaignId));
  expect(names.slice(0, 3).sort()).toEqual(["big", "single", "small"]);
  expect(names.slice(3, 5).sort()).toEqual(["big", "small"]);
  expect(names.slice(5)).toEqual(["big", "big", "big", "big"]);
});

test("the next call goes to the campaign with the fewest calls under way", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const first = await newCampaign(store, 5);
  for (let i = 0; i < 3; i++) await dial(fresh);
  const second = await newCampaign(store, 5);
  for (let i = 0; i < 3; i++) await dial(fresh);
  const calling = async (id: string) => (await store.campaigns.progress(TENANT, id)).calling;
  expect([await calling(first.campaign.id), await calling(second.campaign.id)]).toEqual([3, 3]);
  const next = await store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 30_000, limit: 2 });
  expect(new Set(next.map(({ campaignId }) => campaignId)).size).toBe(2);
});

test("a higher priority goes before any turn", async () => {
  const { store, clock } = await freshStore();
  await newCampaign(store, 3);
  const urgent = await newCampaign(store, 3, { priority: 5 });
  const claimed = await store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 30_000, limit: 4 });
  const isUrgent = claimed.map(({ campaignId }) => campaignId === urgent.campaign.id);
  expect(isUrgent).toEqual([true, true, true, false]);
});

test("a campaign has no more calls and claims at the same time than it may have", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  await newCampaign(store, 5, { maxConcurrent: 2 });
  const call = await dial(fresh);
  const claim = () => store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 1_000, limit: 9 });
  const [second, ...more] = await claim();
  expect(more).toEqual([]);
  expect(await claim()).toEqual([]);
  // A claim that was given up counts no longer.
  await store.tasks.release(TENANT, second!.id, second!.leaseToken, { nextActionAt: clock.now() });
  expect(await claim()).toHaveLength(1);
  clock.advance(1_000);
  expect(await claim()).toHaveLength(1);
  await store.calls.settle(TENANT, call.id, { cause: "busy", disposition: "busy", at: clock.now() });
  expect(await claim()).toHaveLength(1);
});

test("the due task found lane by lane is the one a plain search finds", async () => {
  const lane = fc.constantFrom("a", "b", "c", null);
  const task = fc.record({
    lane,
    priority: fc.constantFrom(-1, 0, 0, 3),
    dueInMs: fc.integer({ min: -5, max: 5 }),
  });
  const world = fc.record({
    tasks: fc.array(task, { maxLength: 12 }),
    paused: fc.constantFrom(null, "a", "b"),
  });
  await fc.assert(
    fc.asyncProperty(world, async ({ tasks, paused }) => {
      const { store, clock } = await freshStore();
      const now = clock.now();
      const ids = new Map<string, string>();
      for (const name of ["a", "b", "c"]) {
        const { campaign, tasks: own } = await newCampaign(store, 1);
        await store.tasks.cancel(TENANT, own[0]!.id);
        ids.set(name, campaign.id);
      }
      for (const { lane: name, priority, dueInMs } of tasks) {
        const campaignId = name === null ? null : (ids.get(name) ?? null);
        await newTask(store, { campaignId, priority, nextActionAt: now + dueInMs });
      }
      if (paused !== null) await store.campaigns.pause(TENANT, ids.get(paused)!);
      const open = tasks.filter(({ lane: name }) => name !== paused || name === null);
      const due = open.filter(({ dueInMs }) => dueInMs <= 0);
      const nextDueAt = open.length === 0 ? null : now + Math.min(...open.map(({ dueInMs }) => dueInMs));
      expect(await store.tasks.nextDueAt(TENANT)).toBe(nextDueAt);
      const claimed = await store.tasks.claimDue(TENANT, { now, leaseMs: 1_000, limit: 99 });
      expect(claimed.length).toBe(due.length);
      const priorities = claimed.map(({ priority }) => priority);
      expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
      store.close();
    }),
    { numRuns: 60 },
  );
});
