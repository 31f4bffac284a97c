import { expect, test } from "bun:test";
import fc from "fast-check";
import { type CallStatus, callIsOver, callMayBecome, type HangupCause } from "../../../src/core/call.ts";
import type { CallEnd } from "../../../src/core/store/call-record.ts";
import type { ClaimedTask } from "../../../src/core/store/task-record.ts";
import { type TaskStatus, taskMayBecome } from "../../../src/core/task.ts";
import { type FreshStore, freshStore, newTask } from "./fresh-store.ts";

const TASKS = 6;
const CAUSES: HangupCause[] = ["callee-hung-up", "busy", "carrier-lost", "user-hung-up", "process-restarted", "failed"];
const VERDICTS = ["pending", "completed", "failed_conclusive", "on_hold", "cancelled"] as const;

type Step =
  | { do: "claim"; leaseMs: number; limit: number }
  | { do: "wait"; ms: number }
  | { do: "create" | "release"; claim: number }
  | { do: "refuse"; claim: number; status: "pending" | "on_hold" | "failed_conclusive" }
  | { do: "initiating" | "dialing" | "ringing" | "answer" | "next"; call: number }
  | { do: "settle"; call: number; cause: HangupCause }
  | { do: "cancel"; task: number }
  | { do: "judge"; task: number; to: (typeof VERDICTS)[number] }
  | { do: "settleDead" };

/** Counted from the newest, so that most steps meet something alive. */
const nth = fc.constantFrom(0, 0, 0, 1, 2, 5);
/** Mostly another try: worlds in which all tasks are over soon would show little. */
const verdict = fc.oneof(
  { weight: 8, arbitrary: fc.constant("pending") },
  { weight: 1, arbitrary: fc.constantFrom(...VERDICTS) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("claim"),
      leaseMs: fc.constantFrom(1, 500),
      limit: fc.constantFrom(1, 1, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1, 49, 60) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("create", "create", "create", "release"), claim: nth }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("refuse"),
      claim: nth,
      status: fc.constantFrom("pending", "pending", "on_hold", "failed_conclusive"),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("next", "next", "next", "initiating", "dialing", "ringing", "answer"),
      call: nth,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("settle"), call: nth, cause: fc.constantFrom(...CAUSES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel"), task: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("judge"), task: fc.nat(9), to: verdict }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("settleDead") }) },
) as fc.Arbitrary<Step>;

/** One world: tasks with two attempts each, every claim ever given, and every call ever made. */
const worldOf = async (fresh: FreshStore) => {
  const taskIds: string[] = [];
  for (let i = 0; i < TASKS; i++) taskIds.push((await newTask(fresh.store, { maxAttempts: 2 })).id);
  return { ...fresh, taskIds, claims: [] as ClaimedTask[], callIds: [] as string[] };
};
type World = Awaited<ReturnType<typeof worldOf>>;

const NEXT: Partial<Record<CallStatus, "initiating" | "dialing" | "answer">> = {
  pending_initiation: "initiating",
  initiating: "dialing",
};

const pick = <T>(list: readonly T[], n: number): T | undefined =>
  list[list.length - 1 - (n % Math.max(1, list.length))];

const take = async (world: World, step: Step): Promise<void> => {
  const { store, clock } = world;
  const now = clock.now();
  if (step.do === "claim") {
    world.claims.push(...(await store.tasks.claimDue("default", { now, leaseMs: step.leaseMs, limit: step.limit })));
  } else if (step.do === "wait") {
    clock.advance(step.ms);
  } else if (step.do === "create" || step.do === "release" || step.do === "refuse") {
    const claim = pick(world.claims, step.claim);
    if (claim === undefined) return;
    if (step.do === "release") {
      await store.tasks.release("default", claim.id, claim.leaseToken, { nextActionAt: now + 10 });
    } else if (step.do === "refuse") {
      const refusal = { reason: "test", nextActionAt: now, status: step.status };
      await store.tasks.refuse("default", claim.id, claim.leaseToken, refusal);
    } else {
      const call = {
        taskId: claim.id,
        leaseToken: claim.leaseToken,
        carrier: "s",
        voice: "s",
        to: claim.phone,
        at: now,
      };
      const created = await store.calls.create("default", call);
      if (created.ok) world.callIds.push(created.call.id);
    }
  } else if (step.do === "settle") {
    const end: CallEnd = { cause: step.cause, disposition: "failed", at: now };
    const callId = pick(world.callIds, step.call);
    if (callId !== undefined) await store.calls.settle("default", callId, end);
  } else if (step.do === "cancel") {
    await store.tasks.cancel("default", pick(world.taskIds, step.task)!);
  } else if (step.do === "judge") {
    await store.tasks.judge("default", pick(world.taskIds, step.task)!, { to: step.to, reason: "test" });
  } else if (step.do === "settleDead") {
    await store.settleDead("default", now);
    expect(await store.calls.liveCount("default")).toBe(0);
  } else if ("call" in step) {
    const callId = pick(world.callIds, step.call);
    if (callId === undefined) return;
    const { status } = (await store.calls.get("default", callId))!;
    await store.calls[step.do === "next" ? (NEXT[status] ?? "answer") : step.do]("default", callId);
  }
};

const statuses = async ({ store, taskIds, callIds }: World) => {
  const tasks = new Map<string, TaskStatus>();
  const calls = new Map<string, CallStatus>();
  for (const id of taskIds) tasks.set(id, (await store.tasks.get("default", id))!.status);
  for (const id of callIds) calls.set(id, (await store.calls.get("default", id))!.status);
  return { tasks, calls };
};

/** What must be true after each step, whatever it was. */
const holds = async (world: World, before: Awaited<ReturnType<typeof statuses>>): Promise<void> => {
  const after = await statuses(world);
  for (const [id, to] of after.calls) {
    const from = before.calls.get(id);
    if (from !== undefined && from !== to) expect(callMayBecome(from, to), `call ${from} -> ${to}`).toBe(true);
  }
  for (const [id, to] of after.tasks) {
    const from = before.tasks.get(id)!;
    if (from !== to) expect(taskMayBecome(from, to), `task ${from} -> ${to}`).toBe(true);
  }
  for (const id of world.taskIds) {
    const task = (await world.store.tasks.get("default", id))!;
    const calls = await world.store.calls.list("default", { taskId: id, limit: 99 });
    const live = calls.filter((call) => !callIsOver(call.status));
    expect(live.length, "live calls of a task").toBe(task.status === "in-progress" ? 1 : 0);
    expect(task.attempts).toBe(calls.length);
    expect(task.attempts).toBeLessThanOrEqual(task.maxAttempts);
    expect(calls.map((call) => call.attempt).sort()).toEqual(calls.map((_, i) => i + 1));
    for (const call of calls) expect(call.endedAt !== null).toBe(callIsOver(call.status));
  }
};

test("no order of events takes a task or a call off its table, and a task is in progress iff it has one live call", async () => {
  let created = 0;
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80, size: "max" }), async (steps) => {
      const world = await worldOf(await freshStore());
      for (const step of steps) {
        const before = await statuses(world);
        await take(world, step);
        await holds(world, before);
      }
      created += world.callIds.length;
      answered += world.heard.filter((event) => event.type === "call.answered").length;
      // What was told is what is stored, with rising ids.
      expect(await world.store.events.after("default", 0, 10_000)).toEqual(world.heard);
      expect(world.heard.every((event, i) => i === 0 || event.id > world.heard[i - 1]!.id)).toBe(true);
      world.store.close();
    }),
    { numRuns: 50 },
  );
  expect(created, "the steps reach far enough to make calls").toBeGreaterThan(30);
  expect(answered, "and to answer some").toBeGreaterThan(0);
});

test("two claimers of one task never both make a call, in whatever order they claim, wait and create", async () => {
  const turn = fc.record({
    who: fc.constantFrom(0, 1),
    do: fc.constantFrom("claim", "create", "release"),
    waitMs: fc.constantFrom(0, 0, 5, 11),
  });
  let both = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 20 }), async (turns) => {
      const { store, clock } = await freshStore();
      const task = await newTask(store);
      const held: (number | undefined)[] = [undefined, undefined];
      let calls = 0;
      for (const { who, do: what, waitMs } of turns) {
        clock.advance(waitMs);
        const token = held[who];
        if (what === "claim") {
          const [claimed] = await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 10, limit: 1 });
          if (claimed === undefined) continue;
          expect(held.every((other) => other === undefined || other < claimed.leaseToken)).toBe(true);
          held[who] = claimed.leaseToken;
          if (held[1 - who] !== undefined) both++;
        } else if (token !== undefined && what === "release") {
          await store.tasks.release("default", task.id, token, { nextActionAt: clock.now() });
        } else if (token !== undefined) {
          const newest = Math.max(...held.map((other) => other ?? 0));
          const call = {
            taskId: task.id,
            leaseToken: token,
            carrier: "s",
            voice: "s",
            to: task.phone,
            at: clock.now(),
          };
          const created = await store.calls.create("default", call);
          if (created.ok) {
            calls++;
            expect(token, "only the newest claim may dial").toBe(newest);
          }
        }
      }
      expect(calls).toBeLessThanOrEqual(1);
      expect(await store.calls.liveCount("default")).toBe(calls);
      store.close();
    }),
    { numRuns: 100 },
  );
  expect(both, "some runs had two claimers").toBeGreaterThan(5);
});
