import type { Bus } from "../core/bus.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Campaign } from "../core/store/campaign-record.ts";
import type { Store } from "../core/store/open.ts";
import type { NewReport } from "../core/store/report-record.ts";
import type { Task } from "../core/store/task-record.ts";
import { taskIsOver } from "../core/task.ts";
import { accountFor } from "./model-account.ts";
import type { Model } from "./models/model.ts";
import { VendorError } from "./models/vendor-error.ts";
import { reportAnswer, reportMessage, SUMMARIZER_SYSTEM } from "./prompts/summarizer.ts";
import { answeredRows, type CampaignRecord, plainWords, reportCase, reportRows } from "./report-rows.ts";
import { createWorkLoop, type WorkLoop } from "./work-loop.ts";

/** Campaigns taken in one look; those that failed before come on top. */
const BATCH = 20;
/** Looks at least this often, so that a missed wake-up costs no more, in ms. */
const POLL_MS = 2000;
/** Longest time for one try of the model, in ms. */
const TRY_MS = 90_000;
/** After a failure the model is asked again after this long, twice as long each time, in ms. */
const FIRST_RETRY_MS = 15_000;
/** Failures after which the report is written without a model: late words are worth less than a table now. */
const MOST_TRIES = 5;
/** Tasks read at once. */
const PAGE = 500;

/** What the summarizer needs from its surroundings. */
export interface SummarizerDeps {
  store: Store;
  bus: Bus;
  /** Null where none is configured: reports are then written by rules. */
  model: Model | null;
  clock: Clock;
  schedule: Schedule;
  log: Log;
}

/**
 * Writes one report for each campaign whose last task is over, exactly once, however often it looks and however many of
 * it look. Rows, quotes and cost come from the store; the model only words the answer.
 */
export const createSummarizer = (deps: SummarizerDeps): WorkLoop => {
  const { store, bus, clock, log } = deps;
  /** Campaigns for which the model failed: how often, and when it is asked again. */
  const failures = new Map<string, { times: number; retryAt: number }>();
  let stopping = new AbortController();
  let unsubscribe: (() => void) | null = null;

  const look = async (): Promise<void> => {
    for (const { id: tenantId } of await store.tenants.all()) {
      for (const campaignId of await store.campaigns.done(tenantId, BATCH)) {
        await store.campaigns.completeIfDone(tenantId, campaignId);
      }
      for (const campaign of await store.campaigns.withoutReport(tenantId, BATCH + failures.size)) {
        if (stopping.signal.aborted) return;
        if ((failures.get(campaign.id)?.retryAt ?? 0) > clock.now()) continue;
        try {
          await write(campaign);
        } catch (thrown) {
          fail(campaign.id, thrown);
        }
      }
    }
  };

  const fail = (campaignId: string, thrown: unknown): void => {
    if (stopping.signal.aborted) return;
    const times = (failures.get(campaignId)?.times ?? 0) + 1;
    const asked = thrown instanceof VendorError ? (thrown.retryAfterMs ?? 0) : 0;
    failures.set(campaignId, { times, retryAt: clock.now() + Math.max(asked, FIRST_RETRY_MS * 2 ** (times - 1)) });
    log.warn({ campaignId, times, problem: messageOf(thrown) }, "a report could not be written; it is tried again");
  };

  const write = async (campaign: Campaign): Promise<void> => {
    const { tenantId, id: campaignId } = campaign;
    const record: CampaignRecord = {
      campaign,
      tasks: await allTasks(tenantId, campaignId),
      verdicts: await store.verdicts.ofCampaign(tenantId, campaignId),
      progress: await store.campaigns.progress(tenantId, campaignId),
    };
    const words = await wordsFor(record);
    const { costUsd } = await store.campaigns.cost(tenantId, campaignId);
    const { created } = await store.reports.put(tenantId, { campaignId, ...words, costUsd });
    failures.delete(campaignId);
    if (created) log.info({ campaignId, writtenBy: words.writtenBy }, "a report was written");
  };

  const wordsFor = async (record: CampaignRecord): Promise<Omit<NewReport, "campaignId" | "costUsd">> => {
    const { campaign } = record;
    const rows = reportRows(record);
    const byRules = { ...plainWords(record, rows), rows, writtenBy: "rules" } as const;
    const { the, told } = reportCase(record, clock.now());
    // Where nobody said anything there is nothing to word.
    const isSilent = the.contacts.every(({ facts }) => facts.length === 0);
    const isTired = (failures.get(campaign.id)?.times ?? 0) >= MOST_TRIES;
    if (deps.model === null || isSilent || isTired) return byRules;
    const { model } = deps;
    const about = { tenantId: campaign.tenantId, subjectId: campaign.id };
    const answer = await accountFor({ store, clock, log }, about, () =>
      model.complete({
        purpose: "summarizer",
        system: SUMMARIZER_SYSTEM,
        messages: [{ role: "user", text: reportMessage(the) }],
        schema: reportAnswer(the),
        signal: stopping.signal,
        timeoutMs: TRY_MS,
      }),
    );
    const { headline, summary } = answer;
    return { headline, summary, rows: answeredRows(rows, answer, told), writtenBy: "model" };
  };

  const allTasks = async (tenantId: string, campaignId: string): Promise<Task[]> => {
    const tasks: Task[] = [];
    for (let before: string | undefined; ; ) {
      const filter = { campaignId, limit: PAGE, ...(before === undefined ? {} : { before }) };
      const page = await store.tasks.list(tenantId, filter);
      tasks.push(...page);
      if (page.length < PAGE) return tasks.reverse();
      before = page.at(-1)?.id;
    }
  };

  const loop = createWorkLoop({ name: "summarizer", look, pollMs: POLL_MS, schedule: deps.schedule, log });
  return {
    start: () => {
      stopping = new AbortController();
      unsubscribe ??= bus.subscribe((event) => {
        if ((event.type === "task.changed" && taskIsOver(event.to)) || event.type === "campaign.ended") loop.kick();
      });
      loop.start();
    },
    kick: loop.kick,
    stop: async () => {
      unsubscribe?.();
      unsubscribe = null;
      stopping.abort();
      await loop.stop();
    },
  };
};
