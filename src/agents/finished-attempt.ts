import { type CalleeHours, calleeHours, type ProcessHours } from "../core/callee-hours.ts";
import type { CallingHours } from "../core/calling-hours.ts";
import type { Call } from "../core/store/call-record.ts";
import type { Campaign } from "../core/store/campaign-record.ts";
import type { Store } from "../core/store/open.ts";
import type { OwnerQuestion } from "../core/store/question-record.ts";
import type { ClaimedTask } from "../core/store/task-record.ts";
import type { StoredTurn } from "../core/store/transcripts.ts";
import type { Verdict } from "../core/store/verdict-record.ts";
import { type AnalystCase, clockTime, daysAfter } from "./prompts/analyst.ts";

/** Everything known about an attempt that is over and not judged yet. */
export interface FinishedAttempt {
  task: ClaimedTask;
  call: Call;
  turns: StoredTurn[];
  /** Verdicts on the attempts before, oldest first. */
  earlier: Verdict[];
  /** Tools the agent used, with their arguments, as the timeline tells them. */
  tools: string[];
  /** A question of this call to the owner that was not answered in time. */
  lateQuestion: OwnerQuestion | null;
  campaign: Campaign | null;
  callee: CalleeHours;
}

/** Looks up what is known about the newest attempt of a task that waits to be judged; null when there is none. */
export const loadAttempt = async (
  store: Store,
  task: ClaimedTask,
  process: ProcessHours,
): Promise<FinishedAttempt | null> => {
  const { tenantId } = task;
  const [call] = await store.calls.list(tenantId, { taskId: task.id, limit: 1 });
  if (!call) return null;
  const [turns, earlier, timeline, questions, campaign] = await Promise.all([
    store.transcripts.of(tenantId, call.id),
    store.verdicts.of(tenantId, task.id),
    store.callEvents.of(tenantId, call.id),
    store.questions.ofTask(tenantId, task.id),
    task.campaignId === null ? null : store.campaigns.get(tenantId, task.campaignId),
  ]);
  return {
    task,
    call,
    turns,
    earlier,
    tools: timeline.filter(({ kind }) => kind === "tool" || kind === "dtmf").map(({ detail }) => detail),
    lateQuestion: questions.findLast((one) => one.callId === call.id && !one.inTime) ?? null,
    campaign,
    callee: calleeHours(task, process),
  };
};

/** Days told to the analyst, so that weekdays are not miscounted. */
const DAYS_TOLD = 14;
/** Longest transcript that is sent, in turns; of a longer one the middle is left out, since ends decide. */
const MOST_TURNS = 400;

/** The attempt as the analyst reads it. */
export const analystCase = ({ task, call, turns, earlier, tools, campaign, callee }: FinishedAttempt): AnalystCase => {
  const zone = callee.zones[0] ?? "UTC";
  const endedAt = call.endedAt ?? call.createdAt;
  const half = MOST_TURNS / 2;
  const told = turns.length <= MOST_TURNS ? turns : [...turns.slice(0, half), ...turns.slice(-half)];
  return {
    goal: task.action,
    background: task.context,
    question: campaign?.question ?? "",
    callee: task.calleeName,
    attempt: call.attempt,
    max_attempts: task.maxAttempts,
    ended_at: clockTime(endedAt, zone),
    callee_zones: callee.zones,
    next_days: daysAfter(endedAt, zone, DAYS_TOLD),
    calling_hours: callee.hours.map(hoursInWords).join(" and "),
    deadline: task.deadlineAt === null ? null : clockTime(task.deadlineAt, zone),
    disposition: call.disposition ?? "failed",
    hangup_cause: call.hangupCause ?? "failed",
    tools: tools.slice(0, 50).map((one) => one.slice(0, 800)),
    earlier_attempts: earlier.map(({ attempt, at, disposition, summary }) => ({
      attempt,
      ended_at: clockTime(at, zone),
      disposition,
      summary,
    })),
    transcript: told.map(({ atMs, speaker, text, interrupted, whispered }) => ({
      at_ms: atMs,
      speaker,
      text,
      interrupted,
      whispered,
    })),
  };
};

const timeOfDay = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

const hoursInWords = ({ from, to, days }: CallingHours): string =>
  `${timeOfDay(from)}-${timeOfDay(to)}${days === null ? "" : ` on ${days.join(", ")}`}`;
