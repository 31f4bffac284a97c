import { callIsOver } from "../core/call.ts";
import { zoneOfPhone } from "../core/phone-zone.ts";
import type { Call } from "../core/store/call-record.ts";
import type { Campaign, CampaignProgress } from "../core/store/campaign-record.ts";
import type { ContactOutcome } from "../core/store/contact-outcomes.ts";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";
import type { Verdict } from "../core/store/verdict-record.ts";

/** Contacts on a page. */
const PAGE = 50;
/** Attempts drawn for one contact; plans allow no more. */
const MOST_ATTEMPTS = 10;

/** One try at a contact; no verdict while it runs or waits to be judged. */
export interface ContactAttempt {
  call: Call;
  verdict: Verdict | null;
}

/** A contact of a campaign with everything tried so far, oldest first. */
export interface CampaignContact {
  task: Task;
  attempts: readonly ContactAttempt[];
  /** The call under way. */
  live: Call | null;
  /** IANA zone of the contact; null where it is in doubt. */
  zone: string | null;
}

/** Everything the page of a campaign shows, as of one moment. */
export interface CampaignPicture {
  campaign: Campaign;
  progress: CampaignProgress;
  outcomes: Partial<Record<ContactOutcome, number>>;
  spent: { calls: number; talkMs: number; costUsd: number; unpriced: number };
  contacts: readonly CampaignContact[];
  /** Where the next page of contacts begins; null when there is none. */
  before: string | null;
  hasReport: boolean;
}

const contactOf = async (store: Store, task: Task): Promise<CampaignContact> => {
  const { tenantId, id } = task;
  const zone = task.timezone ?? zoneOfPhone(task.phone);
  if (task.attempts === 0) return { task, attempts: [], live: null, zone };
  const [calls, verdicts] = await Promise.all([
    store.calls.list(tenantId, { taskId: id, limit: MOST_ATTEMPTS }),
    store.verdicts.of(tenantId, id),
  ]);
  const byCall = new Map(verdicts.map((verdict) => [verdict.callId, verdict]));
  const attempts = calls.reverse().map((call) => ({ call, verdict: byCall.get(call.id) ?? null }));
  return { task, attempts, live: calls.find(({ status }) => !callIsOver(status)) ?? null, zone };
};

/**
 * Looks up a campaign; null when there is none. A campaign that fits on one page is in the order of its plan, of a longer
 * one the last contacts come first, and `before` is the last contact of the page before.
 */
export const campaignPicture = async (
  { store }: { store: Store },
  tenantId: string,
  campaignId: string,
  before = "",
): Promise<CampaignPicture | null> => {
  const campaign = campaignId.length > 60 ? null : await store.campaigns.get(tenantId, campaignId);
  if (campaign === null) return null;
  const [progress, outcomes, spent, report, found] = await Promise.all([
    store.campaigns.progress(tenantId, campaignId),
    store.outcomes.ofCampaign(tenantId, campaignId),
    store.campaigns.cost(tenantId, campaignId),
    store.reports.get(tenantId, campaignId),
    store.tasks.list(tenantId, { campaignId, limit: PAGE + 1, ...(before === "" ? {} : { before }) }),
  ]);
  const tasks = found.slice(0, PAGE);
  const isWhole = before === "" && found.length <= PAGE;
  const contacts = await Promise.all((isWhole ? tasks.reverse() : tasks).map((task) => contactOf(store, task)));
  return {
    campaign,
    progress,
    outcomes,
    spent,
    contacts,
    before: found.length > PAGE ? (tasks.at(-1)?.id ?? null) : null,
    hasReport: report !== null,
  };
};
