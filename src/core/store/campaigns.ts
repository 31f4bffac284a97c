import { contactTimes } from "../campaign-plan.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { TaskStatus } from "../task.ts";
import type { Campaign, CampaignProgress, CampaignStatus, Campaigns, NewCampaign } from "./campaign-record.ts";
import { AFTER_ALL_IDS, type Append, type Ledger } from "./ledger.ts";
import type { TaskMoves } from "./task-moves.ts";
import { type NewTask, TASK_COLUMNS, type Task, type TaskRow, taskOf } from "./task-record.ts";

interface CampaignRow extends Omit<Campaign, "plan"> {
  plan: string;
}

type Named = { tenantId: string; id: string };

const COLUMNS = `id, tenant_id AS tenantId, title, question, plan, user_id AS userId, conversation_id AS conversationId,
  idempotency_key AS idempotencyKey, priority, max_concurrent AS maxConcurrent, undo_until AS undoUntil, status,
  created_at AS createdAt, ended_at AS endedAt, end_reason AS endReason, done_at AS doneAt`;
const NOT_OVER = "('draft', 'pending', 'in-progress', 'pending_analysis', 'on_hold')";
const UNDONE = "undone";

// Only the store writes these rows, so the JSON in them is what it says it is.
const campaignOf = (row: CampaignRow): Campaign => ({ ...row, plan: JSON.parse(row.plan) });

const isOver = ({ status }: CampaignRow): boolean => status === "completed" || status === "ended";

/** The tasks of a plan, in its order. */
const tasksOfPlan = (
  { plan, priority = 0, agentId = null }: NewCampaign,
  campaignId: string,
  dialAt: number,
): NewTask[] =>
  plan.contacts.map((contact) => {
    const { notBefore, deadlineAt, timezone, hours } = contactTimes(plan.schedule, contact);
    return {
      campaignId,
      agentId,
      phone: contact.phone,
      calleeName: contact.name,
      organization: plan.organization ?? "",
      agentName: plan.agent_name ?? "",
      action: plan.master_agent_prompt,
      context: contact.context ?? "",
      ...(plan.language ? { language: plan.language } : {}),
      priority,
      maxAttempts: plan.max_attempts,
      nextActionAt: Math.max(dialAt, notBefore ?? 0),
      deadlineAt,
      timezone,
      source: contact.source,
      hours,
    };
  });

/** The campaigns of a database. */
export const campaignsOf = (ledger: Ledger, moves: TaskMoves): Campaigns => {
  const { db, clock } = ledger;
  const one = db.query<CampaignRow, Named>(`SELECT ${COLUMNS} FROM campaigns WHERE tenant_id = $tenantId AND id = $id`);
  const byKey = db.query<CampaignRow, { tenantId: string; key: string }>(
    `SELECT ${COLUMNS} FROM campaigns WHERE tenant_id = $tenantId AND idempotency_key = $key`,
  );
  const ofConversation = db.query<CampaignRow, { tenantId: string; conversationId: string }>(
    `SELECT ${COLUMNS} FROM campaigns
     WHERE tenant_id = $tenantId
       AND id = (SELECT campaign_id FROM conversations
                 WHERE tenant_id = $tenantId AND id = $conversationId AND stage = 'scheduled')`,
  );
  const list = db.query<CampaignRow, { tenantId: string; before: string; limit: number }>(
    `SELECT ${COLUMNS} FROM campaigns
     WHERE tenant_id = $tenantId AND id < $before ORDER BY id DESC LIMIT $limit`,
  );
  const tasksOf = db.query<TaskRow, Named>(
    `SELECT ${TASK_COLUMNS} FROM tasks WHERE tenant_id = $tenantId AND campaign_id = $id ORDER BY id`,
  );
  const insert = db.query<CampaignRow, Record<string, string | number | null>>(
    `INSERT INTO campaigns (tenant_id, id, title, question, plan, user_id, conversation_id, idempotency_key, priority,
       max_concurrent, undo_until, created_at)
     VALUES ($tenantId, $id, $title, $question, $plan, $userId, $conversationId, $key, $priority,
       $maxConcurrent, $undoUntil, $now) RETURNING ${COLUMNS}`,
  );
  const setStatus = db.query<CampaignRow, Named & { status: CampaignStatus }>(
    `UPDATE campaigns SET status = $status WHERE tenant_id = $tenantId AND id = $id RETURNING ${COLUMNS}`,
  );
  const setEnded = db.query<CampaignRow, Named & { at: number; reason: string }>(
    `UPDATE campaigns SET status = 'ended', ended_at = $at, end_reason = $reason
     WHERE tenant_id = $tenantId AND id = $id RETURNING ${COLUMNS}`,
  );
  const setUndone = db.query<CampaignRow, Named & { at: number }>(
    `UPDATE campaigns SET done_at = $at, idempotency_key = NULL
     WHERE tenant_id = $tenantId AND id = $id RETURNING ${COLUMNS}`,
  );
  const setDone = db.query<CampaignRow, Named & { at: number }>(
    `UPDATE campaigns SET done_at = $at, status = CASE status WHEN 'ended' THEN 'ended' ELSE 'completed' END
     WHERE tenant_id = $tenantId AND id = $id AND done_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.tenant_id = $tenantId AND t.campaign_id = $id
                         AND t.status IN ${NOT_OVER})
     RETURNING ${COLUMNS}`,
  );
  const stoppable = db.query<TaskRow, Named>(
    `SELECT ${TASK_COLUMNS} FROM tasks
     WHERE tenant_id = $tenantId AND campaign_id = $id AND status IN ('draft', 'pending', 'on_hold') ORDER BY id`,
  );
  const dialed = db.query<{ count: number }, Named>(
    `SELECT COUNT(*) AS count FROM calls c JOIN tasks t ON t.tenant_id = c.tenant_id AND t.id = c.task_id
     WHERE t.tenant_id = $tenantId AND t.campaign_id = $id`,
  );
  const progress = db.query<{ status: TaskStatus; tried: number; count: number }, Named>(
    `SELECT status, attempts > 0 AS tried, COUNT(*) AS count FROM tasks
     WHERE tenant_id = $tenantId AND campaign_id = $id GROUP BY status, tried`,
  );
  const callCost = db.query<{ calls: number; talkMs: number; costUsd: number }, Named>(
    `SELECT COUNT(*) AS calls, COALESCE(SUM(c.duration_ms), 0) AS talkMs, COALESCE(SUM(c.cost_usd), 0) AS costUsd
     FROM tasks t JOIN calls c ON c.tenant_id = t.tenant_id AND c.task_id = t.id
     WHERE t.tenant_id = $tenantId AND t.campaign_id = $id`,
  );
  const modelCost = db.query<{ costUsd: number; unpriced: number }, Named & { conversationId: string | null }>(
    `SELECT COALESCE(SUM(cost_usd), 0) AS costUsd, COUNT(*) - COUNT(cost_usd) AS unpriced FROM model_usage
     WHERE tenant_id = $tenantId AND subject_id IN (
       SELECT id FROM tasks WHERE tenant_id = $tenantId AND campaign_id = $id
       UNION ALL SELECT $id UNION ALL SELECT $conversationId)`,
  );
  const done = db.query<{ id: string }, { tenantId: string; limit: number }>(
    `SELECT c.id FROM campaigns c
     WHERE c.tenant_id = $tenantId AND c.done_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.tenant_id = c.tenant_id AND t.campaign_id = c.id
                         AND t.status IN ${NOT_OVER})
     ORDER BY c.id LIMIT $limit`,
  );
  const withoutReport = db.query<CampaignRow, { tenantId: string; limit: number }>(
    `SELECT ${COLUMNS} FROM campaigns
     WHERE tenant_id = $tenantId AND done_at IS NOT NULL AND end_reason IS NOT '${UNDONE}'
       AND NOT EXISTS (SELECT 1 FROM reports r
                       WHERE r.tenant_id = campaigns.tenant_id AND r.campaign_id = campaigns.id)
     ORDER BY id LIMIT $limit`,
  );
  const linkConversation = db.query<
    { stage: "scheduled" | "plan_complete" },
    Named & { campaignId: string | null; stage: "scheduled" | "plan_complete"; now: number }
  >(
    `UPDATE conversations SET campaign_id = $campaignId, stage = $stage, updated_at = $now
     WHERE tenant_id = $tenantId AND id = $id RETURNING stage`,
  );

  const link = (append: Append, { tenantId, conversationId }: CampaignRow, campaignId: string | null): void => {
    if (conversationId === null) return;
    const stage = campaignId === null ? "plan_complete" : "scheduled";
    const linked = linkConversation.get({ tenantId, id: conversationId, campaignId, stage, now: clock.now() });
    if (linked !== null) append(tenantId, { type: "conversation.changed", conversationId, stage });
  };

  /** Ends a campaign and cancels what waits. */
  const end = (append: Append, { tenantId, id }: CampaignRow, reason: string, at: number): CampaignRow => {
    const waiting = stoppable.all({ tenantId, id }).map(taskOf);
    for (const task of waiting) moves.move(append, task, { to: "cancelled", nextActionAt: null, reason });
    const row = setEnded.get({ tenantId, id, at, reason });
    assert(row !== null, "a campaign that was read is there");
    append(tenantId, { type: "campaign.ended", campaignId: id, reason, cancelled: waiting.length }, at);
    return row;
  };

  const turn = (tenantId: string, id: string, to: "active" | "paused") =>
    ledger.commit((append) => {
      const before = one.get({ tenantId, id });
      if (before === null) return { ok: false, reason: "unknown-campaign" } as const;
      if (isOver(before)) return { ok: false, reason: "already-over" } as const;
      if (before.status === to) return { ok: true, campaign: campaignOf(before) } as const;
      const row = setStatus.get({ tenantId, id, status: to });
      assert(row !== null, "a campaign that was read is there");
      append(tenantId, { type: to === "paused" ? "campaign.paused" : "campaign.resumed", campaignId: id });
      return { ok: true, campaign: campaignOf(row) } as const;
    });

  return {
    async schedule(tenantId, campaign) {
      return ledger.commit((append) => {
        const {
          plan,
          userId,
          conversationId,
          idempotencyKey: key,
          undoMs,
          priority = 0,
          maxConcurrent = null,
        } = campaign;
        const known =
          (key === null ? null : byKey.get({ tenantId, key })) ??
          (conversationId === null ? null : ofConversation.get({ tenantId, conversationId }));
        if (known !== null) {
          const tasks = tasksOf.all({ tenantId, id: known.id }).map(taskOf);
          return { campaign: campaignOf(known), tasks, created: false };
        }
        assert(plan.contacts.length > 0, "a campaign has contacts");
        const now = clock.now();
        const row = insert.get({
          tenantId,
          id: newId("cmp", now),
          title: plan.title,
          question: plan.question,
          plan: JSON.stringify(plan),
          userId,
          conversationId,
          key,
          priority,
          maxConcurrent,
          undoUntil: undoMs > 0 ? now + undoMs : null,
          now,
        });
        assert(row !== null, "an inserted campaign comes back");
        const tasks: Task[] = tasksOfPlan(campaign, row.id, now + undoMs).map((task) =>
          moves.insert(append, tenantId, task),
        );
        link(append, row, row.id);
        append(tenantId, { type: "campaign.scheduled", campaignId: row.id, tasks: tasks.length }, now);
        return { campaign: campaignOf(row), tasks, created: true };
      });
    },

    async get(tenantId, id) {
      const row = one.get({ tenantId, id });
      return row && campaignOf(row);
    },
    async byKey(tenantId, key) {
      const row = byKey.get({ tenantId, key });
      return row && campaignOf(row);
    },
    async list(tenantId, { limit, before = AFTER_ALL_IDS }) {
      return list.all({ tenantId, before, limit }).map(campaignOf);
    },
    async pause(tenantId, id) {
      return turn(tenantId, id, "paused");
    },
    async resume(tenantId, id) {
      return turn(tenantId, id, "active");
    },

    async end(tenantId, id, reason) {
      return ledger.commit((append) => {
        const row = one.get({ tenantId, id });
        if (row === null) return { ok: false, reason: "unknown-campaign" };
        if (isOver(row)) return { ok: false, reason: "already-over" };
        return { ok: true, campaign: campaignOf(end(append, row, reason, clock.now())) };
      });
    },
    async undo(tenantId, id, at = clock.now()) {
      return ledger.commit((append) => {
        const row = one.get({ tenantId, id });
        if (row === null) return { ok: false, reason: "unknown-campaign" };
        if (isOver(row)) return { ok: false, reason: "already-over" };
        if (row.undoUntil === null || at >= row.undoUntil) return { ok: false, reason: "too-late" };
        if ((dialed.get({ tenantId, id })?.count ?? 0) > 0) return { ok: false, reason: "dialed-already" };
        end(append, row, UNDONE, at);
        const undone = setUndone.get({ tenantId, id, at });
        assert(undone !== null, "a campaign that was read is there");
        link(append, row, null);
        return { ok: true, campaign: campaignOf(undone) };
      });
    },

    async progress(tenantId, id) {
      return progressOf(progress.all({ tenantId, id }));
    },
    async cost(tenantId, id) {
      const calls = callCost.get({ tenantId, id }) ?? { calls: 0, talkMs: 0, costUsd: 0 };
      const conversationId = one.get({ tenantId, id })?.conversationId ?? null;
      const models = modelCost.get({ tenantId, id, conversationId }) ?? { costUsd: 0, unpriced: 0 };
      return { ...calls, costUsd: calls.costUsd + models.costUsd, unpriced: models.unpriced };
    },

    async completeIfDone(tenantId, id) {
      return ledger.commit((append) => {
        if (setDone.get({ tenantId, id, at: clock.now() }) === null) return false;
        append(tenantId, { type: "campaign.completed", campaignId: id });
        return true;
      });
    },
    async done(tenantId, limit) {
      return done.all({ tenantId, limit }).map(({ id }) => id);
    },
    async withoutReport(tenantId, limit) {
      return withoutReport.all({ tenantId, limit }).map(campaignOf);
    },
  };
};

const progressOf = (rows: readonly { status: TaskStatus; tried: number; count: number }[]): CampaignProgress => {
  const progress: CampaignProgress = {
    contacts: 0,
    waiting: 0,
    retrying: 0,
    calling: 0,
    judging: 0,
    onHold: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  for (const { status, tried, count } of rows) {
    progress.contacts += count;
    progress[WORD[status === "pending" && tried === 1 ? "retrying" : status]] += count;
  }
  return progress;
};

const WORD: Record<TaskStatus | "retrying", Exclude<keyof CampaignProgress, "contacts">> = {
  draft: "waiting",
  pending: "waiting",
  retrying: "retrying",
  "in-progress": "calling",
  pending_analysis: "judging",
  on_hold: "onHold",
  completed: "completed",
  failed_conclusive: "failed",
  cancelled: "cancelled",
};
