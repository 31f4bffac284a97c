import { z } from "zod";
import type { CampaignPlan } from "../core/campaign-plan.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf, OutsideError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Campaign } from "../core/store/campaign-record.ts";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";
import { accountFor } from "./model-account.ts";
import { type Model, modelTool } from "./models/model.ts";
import { orchestratorPrompt } from "./prompts/orchestrator.ts";

/** What scheduling needs of the rest. */
export interface OrchestratorParts {
  store: Store;
  clock: Clock;
  log: Log;
  /** Null: plans are scheduled without one, which gives the same rows. */
  model: Model | null;
  /** How long a campaign can be undone, in ms. */
  undoMs: number;
}

/** A plan a person confirmed, as `readPlan` gave it. */
export interface Confirmed {
  plan: CampaignPlan;
  userId: string | null;
  conversationId: string | null;
  /** The same key again gives the first answer; null: every confirmation is a new one. */
  idempotencyKey: string | null;
  /** 0. */
  priority?: number;
  /** Null. */
  maxConcurrent?: number | null;
  agentId?: string | null;
  /** No model is asked, so that a program has its answer at once; false unless said. */
  withoutModel?: boolean;
}

/** What became of a confirmation. */
export interface Scheduled {
  campaign: Campaign;
  tasks: Task[];
  /** False when the key was known. */
  created: boolean;
}

/** Contacts above which no model is asked: repeating them would only be slow and dear. */
const MOST_CONTACTS = 50;
/** Longest wait for the model, in ms; somebody looks at the button they pressed. */
const TIMEOUT_MS = 15_000;
/** Times the model may call its tool: once, and again when it was told what differs. */
const MOST_CALLS = 3;

const Batch = z.object({
  title: z.string().describe("The plan's title."),
  contacts: z
    .array(z.object({ name: z.string(), phone: z.string().describe("E.164, exactly as in the plan.") }))
    .describe("Every contact of the plan, once."),
});

const Done = z.object({ note: z.string().describe("One sentence about what was scheduled.") });

/** How a batch differs from the confirmed plan, for the model; null when it does not. */
const differenceOf = (plan: CampaignPlan, batch: z.infer<typeof Batch>): string | null => {
  const asked = batch.contacts.map(({ phone }) => phone);
  const confirmed = plan.contacts.map(({ phone }) => phone);
  const added = asked.filter((phone) => !confirmed.includes(phone)).length;
  const missing = confirmed.filter((phone) => !asked.includes(phone)).length;
  const repeated = asked.length - new Set(asked).size;
  if (added + missing + repeated === 0) return null;
  return (
    "Nothing was scheduled, because the batch is not the confirmed plan: " +
    `${added} numbers are not in it, ${missing} of it are missing, ${repeated} are repeated.`
  );
};

/**
 * Makes what turns a confirmed plan into a campaign: a model is asked to call `schedule_call_batch`, and whatever it
 * does, the rows are those of the plan and of nothing else. A model that fails, refuses or insists on another batch is
 * passed over.
 */
export const createOrchestrator = (parts: OrchestratorParts) => {
  const { store, clock, log, model, undoMs } = parts;

  /** Lets the model schedule; it answers with the rows when it did. */
  const byModel = async (
    asked: Model,
    tenantId: string,
    confirmed: Confirmed,
    schedule: () => Promise<Scheduled>,
  ): Promise<Scheduled | null> => {
    const done: { scheduled: Scheduled | null } = { scheduled: null };
    const tool = modelTool({
      name: "schedule_call_batch",
      description: "Schedules all calls of the confirmed plan at once, or none.",
      parameters: Batch,
      run: async (batch) => {
        const difference = differenceOf(confirmed.plan, batch);
        if (difference !== null) throw new OutsideError(difference, { retryable: true });
        done.scheduled ??= await schedule();
        return { campaign_id: done.scheduled.campaign.id, tasks: done.scheduled.tasks.length };
      },
    });
    const { system, message } = orchestratorPrompt(confirmed.plan);
    try {
      const account = {
        tenantId,
        // What it cost belongs to the campaign once there is one.
        get subjectId() {
          return done.scheduled?.campaign.id ?? confirmed.conversationId ?? "orchestrator";
        },
      };
      await accountFor(parts, account, () =>
        asked.complete({
          purpose: "orchestrator",
          system,
          messages: [{ role: "user", text: message }],
          schema: Done,
          tools: [tool],
          maxToolRounds: MOST_CALLS,
          timeoutMs: TIMEOUT_MS,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        }),
      );
    } catch (thrown) {
      log.warn({ problem: messageOf(thrown) }, "the model did not schedule a confirmed plan");
    }
    return done.scheduled;
  };

  return {
    /** Schedules a confirmed plan, all of it or nothing. */
    async execute(tenantId: string, confirmed: Confirmed): Promise<Scheduled> {
      // A key of its own keeps a model that calls its tool twice from scheduling twice.
      const idempotencyKey = confirmed.idempotencyKey ?? newId("req", clock.now());
      let campaignIsNew = false;
      const schedule = async (): Promise<Scheduled> => {
        const scheduled = await store.campaigns.schedule(tenantId, { ...confirmed, idempotencyKey, undoMs });
        campaignIsNew ||= scheduled.created;
        return { ...scheduled, created: campaignIsNew };
      };
      const isKnown = (await store.campaigns.byKey(tenantId, idempotencyKey)) !== null;
      const mayAsk = confirmed.withoutModel !== true && confirmed.plan.contacts.length <= MOST_CONTACTS;
      const scheduled =
        mayAsk && !isKnown && model !== null ? await byModel(model, tenantId, confirmed, schedule) : null;
      return scheduled ?? (await schedule());
    },
  };
};
