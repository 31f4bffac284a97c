import { refusalClause } from "../core/dial-refusal.ts";
import type { Campaign, CampaignProgress } from "../core/store/campaign-record.ts";
import type { NewReport, ReportRow } from "../core/store/report-record.ts";
import type { Task } from "../core/store/task-record.ts";
import type { Verdict, VerdictFact } from "../core/store/verdict-record.ts";
import type { ReportAnswer, ReportCase } from "./prompts/summarizer.ts";

/** Everything a report is made from. */
export interface CampaignRecord {
  campaign: Campaign;
  /** In the plan's order. */
  tasks: readonly Task[];
  /** Of all tasks, oldest first. */
  verdicts: readonly Verdict[];
  progress: CampaignProgress;
}

/** Contacts told to a model; the answers come first, and what is left out stands in the table all the same. */
const MOST_TOLD = 200;
/** Longest prompt text of a plan that is repeated, in characters. */
const LONGEST_GOAL = 4000;

const WEEKDAY = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" });

/** The verdicts that count for each task: the newest, and the newest that learned something. */
const newest = (verdicts: readonly Verdict[]): Map<string, { last: Verdict; telling: Verdict | null }> => {
  const found = new Map<string, { last: Verdict; telling: Verdict | null }>();
  for (const verdict of verdicts) {
    const before = found.get(verdict.taskId);
    const tells = verdict.taskCompleted || verdict.facts.length > 0;
    found.set(verdict.taskId, { last: verdict, telling: tells ? verdict : (before?.telling ?? null) });
  }
  return found;
};

const withoutAnswer = (task: Task, last: Verdict | undefined, { endedAt }: Campaign): string => {
  if (task.status === "cancelled") {
    const by = endedAt === null ? "withdrawn" : "the campaign was ended";
    return last ? `${last.reason}; ${by}` : `not called: ${by}`;
  }
  // A call forgets the refusals before it, so this one came after the verdict.
  const refused = task.lastRefusal === null ? [] : [refusalClause(task.lastRefusal)];
  return [...(last ? [last.reason] : []), ...refused].join("; ") || "not called";
};

const quoteOf = (verdict: Verdict, fact: VerdictFact | undefined): ReportRow["quote"] =>
  fact?.quote == null || fact.atMs === null ? null : { text: fact.quote, callId: verdict.callId, atMs: fact.atMs };

/** What came of each contact, as far as rules can tell: a completed task's facts are its answer. */
export const reportRows = ({ campaign, tasks, verdicts }: Omit<CampaignRecord, "progress">): ReportRow[] => {
  const known = newest(verdicts);
  return tasks.map((task) => {
    const { last, telling } = known.get(task.id) ?? {};
    const facts = task.status === "completed" ? (telling?.facts ?? []) : [];
    const supporting = facts.find(({ quote }) => quote !== null) ?? facts[0];
    const answer =
      task.status !== "completed"
        ? ""
        : facts.length === 0
          ? (telling?.summary ?? last?.summary ?? "")
          : facts.map(({ name, value }) => `${name}: ${value}`).join("; ");
    return {
      taskId: task.id,
      name: task.calleeName,
      phone: task.phone,
      status: task.status,
      answer,
      quote: telling && task.status === "completed" ? quoteOf(telling, supporting) : null,
      reason: task.status === "completed" ? "" : withoutAnswer(task, last, campaign),
      attempts: task.attempts,
    };
  });
};

/** The case for a model, and which task each of its numbered contacts is. `nowMs` is epoch ms. */
export const reportCase = (
  { campaign, tasks, verdicts, progress }: CampaignRecord,
  nowMs: number,
): { the: ReportCase; told: Map<number, { task: Task; telling: Verdict | null }> } => {
  const known = newest(verdicts);
  const factsOf = (task: Task): number => known.get(task.id)?.telling?.facts.length ?? 0;
  const ordered = tasks.toSorted((a, b) => Number(factsOf(b) > 0) - Number(factsOf(a) > 0)).slice(0, MOST_TOLD);
  const told = new Map<number, { task: Task; telling: Verdict | null }>();
  const contacts = ordered.map((task, i) => {
    const { last, telling = null } = known.get(task.id) ?? {};
    told.set(i + 1, { task, telling });
    return {
      number: i + 1,
      name: task.calleeName,
      status: task.status,
      reason: task.status === "completed" ? (last?.reason ?? "") : withoutAnswer(task, last, campaign),
      summary: (telling ?? last)?.summary ?? "",
      attempts: task.attempts,
      facts: (telling?.facts ?? []).map(({ name, value, quote }, j) => ({ number: j + 1, name, value, quote })),
    };
  });
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO("UTC").toPlainDate();
  const the: ReportCase = {
    title: campaign.title,
    question: campaign.question || campaign.title,
    goal: campaign.plan.master_agent_prompt.slice(0, LONGEST_GOAL),
    today: `${today.toString()} ${WEEKDAY.format(nowMs)}`,
    totals: {
      contacts: progress.contacts,
      reached_goal: progress.completed,
      gave_up: progress.failed,
      cancelled: progress.cancelled,
      attempts: tasks.reduce((sum, { attempts }) => sum + attempts, 0),
    },
    contacts,
    left_out: tasks.length - ordered.length,
  };
  return { the, told };
};

/** The rows with a model's answers; the quote is always the stored one of the fact it named. */
export const answeredRows = (
  rows: readonly ReportRow[],
  answer: ReportAnswer,
  told: ReadonlyMap<number, { task: Task; telling: Verdict | null }>,
): ReportRow[] => {
  const byTask = new Map<string, Pick<ReportRow, "answer" | "quote">>();
  for (const { number, answer: text, fact } of answer.contacts) {
    const contact = told.get(number);
    if (contact?.telling == null || text.trim() === "") continue;
    const supporting = fact === null ? undefined : contact.telling.facts[fact - 1];
    byTask.set(contact.task.id, { answer: text, quote: quoteOf(contact.telling, supporting) });
  }
  return rows.map((row) => {
    const better = byTask.get(row.taskId);
    return better === undefined ? row : { ...row, ...better };
  });
};

const times = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** A report's words where no model wrote them. */
export const plainWords = (
  { campaign, progress, tasks }: CampaignRecord,
  rows: readonly ReportRow[],
): Pick<NewReport, "headline" | "summary"> => {
  const answers = rows.filter(({ answer }) => answer !== "");
  const attempts = tasks.reduce((sum, task) => sum + task.attempts, 0);
  const only = answers.length === 1 ? answers[0] : undefined;
  const headline = only
    ? `${only.name || "The contact"}: ${only.answer}`.slice(0, 300)
    : answers.length === 0
      ? `No contact gave an answer to: ${campaign.question || campaign.title}`.slice(0, 300)
      : `${answers.length} of ${progress.contacts} contacts gave an answer.`;
  const summary = [
    `${times(attempts, "call was", "calls were")} made to ${times(progress.contacts, "contact", "contacts")}.`,
    `${times(progress.completed, "contact", "contacts")} reached the goal.`,
    progress.failed === 0 ? "" : `${times(progress.failed, "contact was", "contacts were")} given up.`,
    progress.cancelled === 0 ? "" : `${times(progress.cancelled, "contact was", "contacts were")} not called any more.`,
  ];
  return { headline, summary: summary.filter((one) => one !== "").join(" ") };
};
