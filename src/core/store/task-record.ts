import type { CallingHours } from "../calling-hours.ts";
import type { ContactSource } from "../campaign-plan.ts";
import type { TaskStatus } from "../task.ts";
import type { NewVerdict, TaskMemory, Verdict } from "./verdict-record.ts";

/** A task as stored. Instants are epoch ms. */
export interface Task {
  id: string;
  tenantId: string;
  campaignId: string | null;
  agentId: string | null;
  /** E.164, with `+`; empty for a try-out in a browser, which dials none. */
  phone: string;
  calleeName: string;
  /** On whose behalf the agent calls. */
  organization: string;
  agentName: string;
  /** What the call is to reach. */
  action: string;
  /** What the agent should know. */
  context: string;
  /** BCP 47, such as `en`. */
  language: string;
  status: TaskStatus;
  /** Higher is sooner; 0 unless said. */
  priority: number;
  /** Calls made so far, and how many there may be. */
  attempts: number;
  maxAttempts: number;
  /** Not dialed before. */
  nextActionAt: number | null;
  /** Worth nothing after. */
  deadlineAt: number | null;
  /** Why the dial gate last said no; cleared by the next call. */
  lastRefusal: string | null;
  /** IANA zone of the callee where it is known. */
  timezone: string | null;
  idempotencyKey: string | null;
  /** Where the number comes from, where that is known. */
  source: ContactSource | null;
  /** The task's own calling hours, besides those of the process. */
  hours: CallingHours | null;
  /** What is known from earlier attempts. */
  memory: TaskMemory | null;
  /** What the next attempt is to say differently. */
  nextPrompt: string | null;
  /** The newest verdict, and its reason. */
  lastVerdictId: string | null;
  lastVerdict: string | null;
  /** The question to the owner whose answer it waits for on hold. */
  questionId: string | null;
  /** How often judging the present attempt failed. */
  analysisFailures: number;
  createdAt: number;
  updatedAt: number;
}

/** What makes a task; everything left out has the default named. */
export interface NewTask {
  /** E.164, with `+`, already validated. */
  phone: string;
  action: string;
  calleeName?: string;
  organization?: string;
  agentName?: string;
  context?: string;
  /** Its agent's, or that of the tenant's first agent where it names none; `en` without one. */
  language?: string;
  campaignId?: string | null;
  agentId?: string | null;
  /** `pending`. */
  status?: "draft" | "pending";
  /** 0. */
  priority?: number;
  /** `DEFAULT_MAX_ATTEMPTS`. */
  maxAttempts?: number;
  /** Now. */
  nextActionAt?: number;
  deadlineAt?: number | null;
  timezone?: string | null;
  source?: ContactSource | null;
  hours?: CallingHours | null;
  /** The same key again gives the first task. */
  idempotencyKey?: string | null;
}

/** A task that the claimer alone may dial or judge until `leaseUntil`, or longer while nobody else claimed it. */
export interface ClaimedTask extends Task {
  /** Fencing token: rises with each claim and is asked for by each later verb. */
  leaseToken: number;
  leaseUntil: number;
}

/** Verbs and questions on tasks. The first argument is always the tenant. */
export interface Tasks {
  /** `created` is false when the idempotency key was known; the first task comes back unchanged. */
  create(tenantId: string, task: NewTask): Promise<{ task: Task; created: boolean }>;
  get(tenantId: string, taskId: string): Promise<Task | null>;
  /** The task that was created with a key. */
  byKey(tenantId: string, idempotencyKey: string): Promise<Task | null>;
  /** Newest first, without try-outs; `before` is the id of the last task of the page before. */
  list(
    tenantId: string,
    filter: { status?: TaskStatus; campaignId?: string; limit: number; before?: string },
  ): Promise<Task[]>;
  /** How many tasks are in each status, try-outs aside; statuses without tasks are left out. */
  countByStatus(tenantId: string): Promise<Partial<Record<TaskStatus, number>>>;
  /**
   * Takes up to `limit` due tasks that nobody holds: the highest priority first; among campaigns of one priority (all
   * tasks without a campaign count as one) the one with the fewest calls under way, then the one that waited longest for
   * its turn; inside a campaign the longest due. Paused campaigns, those that can still be undone and those with as many
   * calls as they may have are passed over.
   */
  claimDue(tenantId: string, claim: { now: number; leaseMs: number; limit: number }): Promise<ClaimedTask[]>;
  /**
   * When the next pending task is due or its lease ends, whatever is later; null when nothing waits. Tasks of paused
   * campaigns do not count, those that can be undone do from the end of that time on.
   */
  nextDueAt(tenantId: string): Promise<number | null>;
  /** Gives a claimed task back undialed. */
  release(
    tenantId: string,
    taskId: string,
    token: number,
    back: { nextActionAt: number; reason?: string },
  ): Promise<{ ok: true; task: Task } | { ok: false; reason: "stale-lease" }>;
  /** The dial gate said no: stores why and where the task goes. Ends the lease. */
  refuse(
    tenantId: string,
    taskId: string,
    token: number,
    refusal: { reason: string; nextActionAt: number | null; status: "pending" | "on_hold" | "failed_conclusive" },
  ): Promise<{ ok: true; task: Task } | { ok: false; reason: "stale-lease" }>;
  /** Withdraws a task. A running call has to be hung up first. */
  cancel(
    tenantId: string,
    taskId: string,
  ): Promise<{ ok: true; task: Task } | { ok: false; reason: "unknown-task" | "in-progress" | "already-over" }>;
  /**
   * Moves a task that no call runs for: after an attempt was judged, or by a person's decision. To `pending` it becomes
   * due at `nextActionAt`, now unless given.
   */
  judge(
    tenantId: string,
    taskId: string,
    verdict: {
      to: "pending" | "completed" | "failed_conclusive" | "on_hold" | "cancelled";
      reason: string;
      nextActionAt?: number;
    },
  ): Promise<{ ok: true; task: Task } | { ok: false; reason: "unknown-task" | "not-allowed" | "too-many-attempts" }>;
  /** Takes up to `limit` tasks that wait to be judged and that nobody holds, the longest waiting first. */
  claimAnalysis(tenantId: string, claim: { now: number; leaseMs: number; limit: number }): Promise<ClaimedTask[]>;
  /** Judging did not work: the task keeps waiting, until `retryAt` (epoch ms). Ends the lease. */
  analysisFailed(
    tenantId: string,
    taskId: string,
    token: number,
    failure: { retryAt: number },
  ): Promise<{ ok: true; task: Task } | { ok: false; reason: "stale-lease" }>;
  /**
   * Stores the verdict on the newest call of a claimed task and all that follows from it, in one transaction: where the
   * task goes, what is remembered, the entry in the do-not-call list. Another try for a campaign that is over becomes
   * `cancelled`. `too-many-attempts` leaves the claim as it was, to be applied with another end.
   */
  applyVerdict(
    tenantId: string,
    taskId: string,
    token: number,
    verdict: NewVerdict,
  ): Promise<{ ok: true; task: Task; verdict: Verdict } | { ok: false; reason: "stale-lease" | "too-many-attempts" }>;
}

/** A row of `TASK_COLUMNS`. */
export interface TaskRow extends Omit<Task, "source" | "hours" | "memory"> {
  source: string | null;
  hours: string | null;
  memory: string | null;
}

/** A task from its row; a claim's token and lease stay with it. Only the store writes the JSON in these rows. */
export const taskOf = <Row extends TaskRow>(row: Row): Omit<Row, "source" | "hours" | "memory"> & Task => ({
  ...row,
  source: row.source === null ? null : JSON.parse(row.source),
  hours: row.hours === null ? null : JSON.parse(row.hours),
  memory: row.memory === null ? null : JSON.parse(row.memory),
});

/** The columns of a `Task`, for every statement that gives tasks. */
export const TASK_COLUMNS = `id, tenant_id AS tenantId, campaign_id AS campaignId, agent_id AS agentId, phone,
  callee_name AS calleeName, organization, agent_name AS agentName, action, context, language, status, priority,
  attempts, max_attempts AS maxAttempts, next_action_at AS nextActionAt, deadline_at AS deadlineAt,
  last_refusal AS lastRefusal, timezone, idempotency_key AS idempotencyKey, source, hours, memory,
  next_prompt AS nextPrompt, last_verdict_id AS lastVerdictId, last_verdict AS lastVerdict, question_id AS questionId,
  analysis_failures AS analysisFailures, created_at AS createdAt, updated_at AS updatedAt`;
