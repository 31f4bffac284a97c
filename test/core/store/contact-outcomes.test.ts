import { expect, test } from "bun:test";
import type { Disposition, HangupCause } from "../../../src/core/call.ts";
import type { NewVerdict } from "../../../src/core/store/verdict-record.ts";
import { callAndEnd } from "../../support/judged-call.ts";
import { freshStore } from "./fresh-store.ts";

test("each contact of a campaign counts once, by what came of it last", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const at = new Date(clock.now()).toISOString();
  const contacts = Array.from({ length: 8 }, (_, i) => ({
    name: "",
    phone: `+1202555010${i}`,
    source: { kind: "user" as const, at },
  }));
  const plan = { title: "A", question: "", master_agent_prompt: "Ask.", contacts, schedule: {}, max_attempts: 2 };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
  const { campaign } = await store.campaigns.schedule("default", made);
  const outcomes = () => store.outcomes.ofCampaign("default", campaign.id);
  expect(await outcomes()).toEqual({ open: 8 });

  const judge = async (
    disposition: Disposition,
    cause: HangupCause,
    verdict: Pick<Partial<NewVerdict>, "dnd"> & {
      to?: NewVerdict["to"];
      taskCompleted?: boolean;
      nextActionAt?: number;
    },
  ): Promise<void> => {
    const call = await callAndEnd(fresh, [], { disposition, cause });
    const [task] = await store.tasks.claimAnalysis("default", { now: clock.now(), leaseMs: 1000, limit: 1 });
    if (task === undefined) throw new Error("nothing is to be judged");
    const plain = { reason: "", summary: "", facts: [], sentiment: null, taskCompleted: false };
    const full: NewVerdict = {
      ...plain,
      judgedBy: "rules",
      callId: call.id,
      to: "failed_conclusive",
      disposition,
      ...verdict,
    };
    const applied = await store.tasks.applyVerdict("default", task.id, task.leaseToken, full);
    expect(applied.ok).toBe(true);
  };
  await judge("answered", "agent-hung-up", { to: "completed", taskCompleted: true });
  await judge("answered", "agent-hung-up", {});
  await judge("answered", "agent-hung-up", { dnd: { reason: "said so" } });
  await judge("invalid-number", "invalid-number", {});
  await judge("busy", "busy", { to: "pending", nextActionAt: clock.now() + 1e9 });
  expect(await outcomes()).toEqual({ reached: 1, talked: 1, refused: 1, "wrong-number": 1, busy: 1, open: 3 });

  const [listed] = await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 1000, limit: 1 });
  const blocked = { reason: "do-not-call", nextActionAt: null, status: "failed_conclusive" } as const;
  await store.tasks.refuse("default", listed?.id ?? "", listed?.leaseToken ?? 0, blocked);
  const [late] = await store.tasks.claimDue("default", { now: clock.now(), leaseMs: 1000, limit: 1 });
  const closed = { reason: "outside-calling-window", nextActionAt: clock.now() + 1e9, status: "pending" } as const;
  await store.tasks.refuse("default", late?.id ?? "", late?.leaseToken ?? 0, closed);
  expect(await outcomes()).toMatchObject({ blocked: 1, "outside-hours": 1, open: 1 });
  await store.campaigns.end("default", campaign.id, "enough");
  expect(await outcomes()).toMatchObject({ blocked: 1, "not-called": 2, busy: 1 });
  expect(Object.values(await outcomes()).reduce((sum, count) => sum + count, 0)).toBe(8);
});
