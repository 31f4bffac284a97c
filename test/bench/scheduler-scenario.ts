import { join } from "node:path";
import type { CampaignPlan } from "../../src/core/campaign-plan.ts";
import type { Store } from "../../src/core/store/open.ts";
import { openBenchStore } from "./call-rows.ts";
import { Distribution } from "./distribution.ts";
import type { Outcome } from "./figure.ts";
import { withFolder } from "./temporary-folder.ts";

const TENANT = "default";
const PENDING = 10_000;
const CAMPAIGNS = 20;
/** Share of the contacts that are due; the others wait for a later day. */
const DUE_EVERY = 4;

const planOf = (campaign: number, later: string): CampaignPlan => ({
  title: `Campaign ${campaign}`,
  question: "",
  master_agent_prompt: "Ask for the opening hours.",
  contacts: Array.from({ length: PENDING / CAMPAIGNS }, (_, i) => ({
    name: `Contact ${i}`,
    phone: `+1202555${String((campaign * 500 + i) % 10_000).padStart(4, "0")}`,
    source: { kind: "csv", at: "2026-06-10T16:00:00Z" },
  })),
  schedule: campaign % DUE_EVERY === 0 ? {} : { not_before: later },
  max_attempts: 3,
});

const timed = async (samples: Distribution, run: () => Promise<unknown>): Promise<void> => {
  const start = performance.now();
  await run();
  samples.push(performance.now() - start);
};

/** Claims the most pressing of 10,000 pending tasks with `calls` calls under way, as the scheduler does for each dial. */
export const schedulerScenario = (calls: number, seconds: number): Promise<Outcome> =>
  withFolder(async (directory) => {
    const store = await openBenchStore(join(directory, "store.sqlite"));
    const later = new Date(Date.now() + 86_400_000).toISOString();
    const scheduling = new Distribution();
    for (let i = 0; i < CAMPAIGNS; i++) {
      const campaign = {
        plan: planOf(i, later),
        userId: null,
        conversationId: null,
        idempotencyKey: null,
        undoMs: 0,
      };
      await timed(scheduling, () => store.campaigns.schedule(TENANT, campaign));
    }
    await startCalls(store, calls);
    const due = new Distribution();
    const none = new Distribution();
    const next = new Distribution();
    const progress = new Distribution();
    const page = new Distribution();
    const [campaign] = await store.campaigns.list(TENANT, { limit: 1 });
    const end = performance.now() + seconds * 1000;
    while (due.count === 0 || performance.now() < end) {
      const now = Date.now();
      let claimed: Awaited<ReturnType<Store["tasks"]["claimDue"]>> = [];
      await timed(due, async () => {
        claimed = await store.tasks.claimDue(TENANT, { now, leaseMs: 30_000, limit: 1 });
      });
      for (const task of claimed) {
        const back = { nextActionAt: task.nextActionAt ?? now };
        await store.tasks.release(TENANT, task.id, task.leaseToken, back);
      }
      await timed(none, () => store.tasks.claimDue(TENANT, { now: 0, leaseMs: 30_000, limit: 1 }));
      await timed(next, () => store.tasks.nextDueAt(TENANT));
      await timed(progress, () => store.campaigns.progress(TENANT, campaign?.id ?? ""));
      await timed(page, () => store.tasks.list(TENANT, { limit: 50, status: "pending" }));
    }
    store.close();
    const figure = (name: string, samples: Distribution, share: number, budget?: number) => ({
      name,
      unit: "ms",
      value: samples.quantile(share),
      floor: null,
      ...(budget !== undefined && { budget: { value: budget } }),
    });
    return {
      scenario: "scheduler",
      calls,
      seconds,
      figures: [
        figure(`claim the most pressing of ${PENDING} pending tasks, p50`, due, 0.5, 1),
        figure(`claim the most pressing of ${PENDING} pending tasks, p99`, due, 0.99, 1),
        figure("look for due tasks when there are none, p99", none, 0.99, 1),
        figure("ask when the next task is due, p99", next, 0.99),
        figure("progress of a campaign of 500 contacts, p99", progress, 0.99),
        figure("a page of 50 pending tasks, p99", page, 0.99),
        figure("schedule a campaign of 500 contacts, p50", scheduling, 0.5),
      ],
    };
  });

const startCalls = async (store: Store, calls: number): Promise<void> => {
  const now = Date.now();
  for (const task of await store.tasks.claimDue(TENANT, { now, leaseMs: 30_000, limit: calls })) {
    await store.calls.create(TENANT, {
      taskId: task.id,
      leaseToken: task.leaseToken,
      carrier: "scripted",
      voice: "scripted",
      to: task.phone,
      at: now,
    });
  }
};
