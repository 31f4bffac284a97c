import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { DndListing } from "./dnd.ts";
import type { Ledger } from "./ledger.ts";
import type { TaskMoves } from "./task-moves.ts";
import { type ClaimedTask, TASK_COLUMNS, type TaskRow, type Tasks, taskOf } from "./task-record.ts";
import { VERDICT_COLUMNS, type VerdictRow, verdictOf } from "./verdicts.ts";

type Held = { tenantId: string; taskId: string; token: number };

const HELD = `tenant_id = $tenantId AND id = $taskId AND lease_token = $token AND lease_until IS NOT NULL
  AND status = 'pending_analysis'`;

/** Judging the attempts of a database: see `Tasks`. */
export const judgementsOf = (
  ledger: Ledger,
  moves: TaskMoves,
  listNumber: DndListing,
): Pick<Tasks, "claimAnalysis" | "analysisFailed" | "applyVerdict"> => {
  const { db, clock } = ledger;
  const claim = db.query<
    TaskRow & Pick<ClaimedTask, "leaseToken" | "leaseUntil">,
    { tenantId: string; now: number; until: number; limit: number }
  >(
    `UPDATE tasks SET lease_until = $until, lease_token = lease_token + 1
     WHERE tenant_id = $tenantId AND id IN (
       SELECT id FROM tasks
       WHERE tenant_id = $tenantId AND status = 'pending_analysis' AND COALESCE(next_action_at, 0) <= $now
         AND (lease_until IS NULL OR lease_until <= $now)
       ORDER BY next_action_at, id LIMIT $limit)
     RETURNING ${TASK_COLUMNS}, lease_token AS leaseToken, lease_until AS leaseUntil`,
  );
  const held = db.query<TaskRow, Held>(`SELECT ${TASK_COLUMNS} FROM tasks WHERE ${HELD}`);
  const putOff = db.query<TaskRow, Held & { retryAt: number; now: number }>(
    `UPDATE tasks SET lease_until = NULL, next_action_at = $retryAt, analysis_failures = analysis_failures + 1,
       updated_at = $now
     WHERE ${HELD} RETURNING ${TASK_COLUMNS}`,
  );
  const callOfTask = db.query<{ attempt: number; over: number }, { tenantId: string; taskId: string; callId: string }>(
    `SELECT attempt, ended_at IS NOT NULL AS over FROM calls
     WHERE tenant_id = $tenantId AND id = $callId AND task_id = $taskId`,
  );
  const campaignIsOver = db.query<{ over: number }, { tenantId: string; campaignId: string }>(
    `SELECT status IN ('completed', 'ended') AS over FROM campaigns WHERE tenant_id = $tenantId AND id = $campaignId`,
  );
  const questionIsAnswered = db.query<{ answered: number }, { tenantId: string; questionId: string; taskId: string }>(
    `SELECT status = 'answered' AS answered FROM owner_questions
     WHERE tenant_id = $tenantId AND id = $questionId AND task_id = $taskId`,
  );
  const insert = db.query<VerdictRow, Pick<VerdictRow, keyof VerdictRow>>(
    `INSERT INTO verdicts (tenant_id, id, task_id, call_id, attempt, task_completed, reason, summary, facts, sentiment,
       disposition, moved_to, next_action_at, next_action_words, next_prompt, dnd_requested, judged_by, at)
     VALUES ($tenantId, $id, $taskId, $callId, $attempt, $taskCompleted, $reason, $summary, $facts, $sentiment,
       $disposition, $to, $nextActionAt, $nextActionWords, $nextPrompt, $dndRequested, $judgedBy, $at)
     RETURNING ${VERDICT_COLUMNS}`,
  );
  const remember = db.query<
    null,
    {
      tenantId: string;
      taskId: string;
      verdictId: string;
      reason: string;
      memory: string | null;
      hasPrompt: number;
      nextPrompt: string | null;
    }
  >(
    `UPDATE tasks SET last_verdict_id = $verdictId, last_verdict = $reason, memory = COALESCE($memory, memory),
       next_prompt = CASE WHEN $hasPrompt THEN $nextPrompt ELSE next_prompt END
     WHERE tenant_id = $tenantId AND id = $taskId`,
  );

  return {
    async claimAnalysis(tenantId, { now, leaseMs, limit }) {
      const claimed = ledger.commit(() => claim.all({ tenantId, now, until: now + leaseMs, limit }).map(taskOf));
      // RETURNING promises no order.
      return claimed.sort((a, b) => (a.nextActionAt ?? 0) - (b.nextActionAt ?? 0) || (a.id < b.id ? -1 : 1));
    },

    async analysisFailed(tenantId, taskId, token, { retryAt }) {
      return ledger.commit(() => {
        const row = putOff.get({ tenantId, taskId, token, retryAt, now: clock.now() });
        return row === null ? { ok: false, reason: "stale-lease" } : { ok: true, task: taskOf(row) };
      });
    },

    async applyVerdict(tenantId, taskId, token, verdict) {
      return ledger.commit((append) => {
        const row = held.get({ tenantId, taskId, token });
        if (row === null) return { ok: false, reason: "stale-lease" };
        const task = taskOf(row);
        const { callId, questionId = null } = verdict;
        const call = callOfTask.get({ tenantId, taskId, callId });
        assert(call?.over === 1 && call.attempt === task.attempts, "a verdict is about the task's newest call");

        const mayTryAgain = task.attempts < task.maxAttempts;
        const campaignId = task.campaignId;
        const isOver = campaignId !== null && campaignIsOver.get({ tenantId, campaignId })?.over === 1;
        const isAnswered =
          questionId !== null && questionIsAnswered.get({ tenantId, questionId, taskId })?.answered === 1;
        if (verdict.to === "pending" && !mayTryAgain) return { ok: false, reason: "too-many-attempts" };
        let to = verdict.to === "on_hold" && isAnswered && mayTryAgain ? "pending" : verdict.to;
        let reason = verdict.reason;
        // Nobody decides for a campaign that is over any more: what waits would wait for ever.
        if (isOver && (to === "pending" || to === "on_hold")) {
          to = "cancelled";
          reason = "campaign-ended";
        }

        const now = clock.now();
        const notBefore = to === "pending" || to === "on_hold" ? (verdict.nextActionAt ?? null) : null;
        const nextActionAt = to === "pending" ? (notBefore ?? now) : notBefore;
        const stored = insert.get({
          tenantId,
          id: newId("ver", now),
          taskId,
          callId,
          attempt: call.attempt,
          taskCompleted: verdict.taskCompleted ? 1 : 0,
          reason: verdict.reason,
          summary: verdict.summary,
          facts: JSON.stringify(verdict.facts),
          sentiment: verdict.sentiment,
          disposition: verdict.disposition,
          to,
          nextActionAt,
          nextActionWords: verdict.nextActionWords ?? null,
          nextPrompt: verdict.nextPrompt ?? null,
          dndRequested: verdict.dnd ? 1 : 0,
          judgedBy: verdict.judgedBy,
          at: now,
        });
        assert(stored !== null, "an inserted verdict comes back");
        remember.run({
          tenantId,
          taskId,
          verdictId: stored.id,
          reason: verdict.reason,
          memory: verdict.memory === undefined ? null : JSON.stringify(verdict.memory),
          hasPrompt: verdict.nextPrompt === undefined ? 0 : 1,
          nextPrompt: verdict.nextPrompt ?? null,
        });
        if (verdict.dnd) {
          listNumber(append, tenantId, { phone: task.phone, reason: verdict.dnd.reason, source: "callee" });
        }
        append(tenantId, { type: "task.judged", taskId, callId, verdictId: stored.id, to, reason: verdict.reason });
        const moved = moves.move(append, task, {
          to,
          nextActionAt,
          reason,
          questionId: to === "on_hold" ? questionId : null,
        });
        return { ok: true, task: moved, verdict: verdictOf(stored) };
      });
    },
  };
};
