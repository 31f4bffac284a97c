import { expect, test } from "bun:test";
import fc from "fast-check";
import { freshStore, newCampaign, verdictOn } from "./fresh-store.ts";

/** Mostly another try: histories that are over soon would show little. */
const TO = fc.oneof(
  { weight: 9, arbitrary: fc.constant("pending" as const) },
  { weight: 1, arbitrary: fc.constantFrom("completed", "failed_conclusive", "on_hold", "cancelled") },
);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("dial" as const), twice: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("verdict" as const), to: TO }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("person" as const), to: TO }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("die", "pause", "resume", "answer", "lapse") }) },
);

test("attempts never exceed the cap under 1,000 random histories", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  let worlds = 0;
  let capped = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { minLength: 10, maxLength: 26 }),
      async (cap, steps) => {
        const tenantId = `tenant-${worlds++}`;
        await store.tenants.create({ id: tenantId, name: tenantId });
        const user = await store.users.ensureOwner(tenantId);
        const contact = { name: "", phone: "+12025550100", source: { kind: "user" as const, at: "" } };
        const plan = {
          title: "t",
          question: "",
          master_agent_prompt: "a",
          contacts: [contact],
          schedule: {},
          max_attempts: cap,
        };
        const { campaign, tasks } = await newCampaign(store, 1, { plan }, tenantId);
        const taskId = tasks[0]!.id;
        let questionId: string | null = null;
        for (const one of steps) {
          clock.advance(1);
          const now = clock.now();
          const [live] = await store.calls.live(tenantId);
          if (one.do === "dial") {
            const [claimed] = await store.tasks.claimDue(tenantId, { now, leaseMs: 10, limit: 1 });
            if (claimed === undefined) continue;
            const { leaseToken, phone: to } = claimed;
            const call = { taskId, leaseToken, carrier: "s", voice: "s", to, at: now };
            const made = await store.calls.create(tenantId, call);
            if (made.ok) {
              const asked = { userId: user.id, taskId, callId: made.call.id, text: "?", timeoutMs: 0 };
              questionId = (await store.questions.ask(tenantId, asked)).id;
            }
            if (one.twice) expect((await store.calls.create(tenantId, call)).ok).toBe(false);
          } else if (one.do === "settle" && live !== undefined) {
            await store.calls.settle(tenantId, live.id, { cause: "busy", disposition: "busy", at: now });
          } else if (one.do === "verdict") {
            const [claimed] = await store.tasks.claimAnalysis(tenantId, { now, leaseMs: 10, limit: 1 });
            const [newest] = (await store.calls.list(tenantId, { taskId, limit: 9 })).sort(
              (a, b) => b.attempt - a.attempt,
            );
            if (claimed === undefined || newest === undefined) continue;
            const verdict = verdictOn(newest.id, { to: one.to, questionId });
            const applied = await store.tasks.applyVerdict(tenantId, taskId, claimed.leaseToken, verdict);
            if (!applied.ok) {
              expect(applied.reason).toBe("too-many-attempts");
              capped += 1;
              const end = { ...verdict, to: "on_hold" as const };
              await store.tasks.applyVerdict(tenantId, taskId, claimed.leaseToken, end);
            }
          } else if (one.do === "person") {
            await store.tasks.judge(tenantId, taskId, { to: one.to, reason: "a person says so" });
          } else if (one.do === "answer" && questionId !== null) {
            await store.questions.expireDue(tenantId, now);
            await store.questions.answer(tenantId, questionId, "yes");
          } else if (one.do === "die") await store.settleDead(tenantId, now);
          else if (one.do === "pause") await store.campaigns.pause(tenantId, campaign.id);
          else if (one.do === "resume") await store.campaigns.resume(tenantId, campaign.id);
          else if (one.do === "lapse") clock.advance(11);
        }
        // Neither attempts nor calls ever become fewer, so the end tells of every step.
        const task = (await store.tasks.get(tenantId, taskId))!;
        const calls = await store.calls.list(tenantId, { taskId, limit: 9 });
        expect(task.attempts).toBeLessThanOrEqual(cap);
        expect(calls.map(({ attempt }) => attempt).sort()).toEqual(Array.from(calls, (_, i) => i + 1));
        expect(task.attempts).toBe(calls.length);
      },
    ),
    { numRuns: 1_000 },
  );
  // The histories do reach the cap.
  expect(capped).toBeGreaterThan(100);
});
