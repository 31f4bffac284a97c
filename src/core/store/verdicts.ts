import type { Ledger } from "./ledger.ts";
import type { Verdict, Verdicts } from "./verdict-record.ts";

/** A row of `VERDICT_COLUMNS`. */
export interface VerdictRow extends Omit<Verdict, "facts" | "taskCompleted" | "dndRequested"> {
  facts: string;
  taskCompleted: number;
  dndRequested: number;
}

/** The columns of a `Verdict`, for every statement that gives verdicts. */
export const VERDICT_COLUMNS = `id, tenant_id AS tenantId, task_id AS taskId, call_id AS callId, attempt,
  task_completed AS taskCompleted, reason, summary, facts, sentiment, disposition, moved_to AS "to",
  next_action_at AS nextActionAt, next_action_words AS nextActionWords, next_prompt AS nextPrompt,
  dnd_requested AS dndRequested, judged_by AS judgedBy, at`;

/** A verdict from its row. Only the store writes these rows, so the JSON in them is what it says it is. */
export const verdictOf = (row: VerdictRow): Verdict => ({
  ...row,
  facts: JSON.parse(row.facts),
  taskCompleted: row.taskCompleted === 1,
  dndRequested: row.dndRequested === 1,
});

/** The verdicts of a database. */
export const verdictsOf = ({ db }: Ledger): Verdicts => {
  const of = db.query<VerdictRow, { tenantId: string; taskId: string }>(
    `SELECT ${VERDICT_COLUMNS} FROM verdicts WHERE tenant_id = $tenantId AND task_id = $taskId ORDER BY attempt`,
  );
  const ofCall = db.query<VerdictRow, { tenantId: string; callId: string }>(
    `SELECT ${VERDICT_COLUMNS} FROM verdicts WHERE tenant_id = $tenantId AND call_id = $callId`,
  );
  const ofCampaign = db.query<VerdictRow, { tenantId: string; campaignId: string }>(
    `SELECT ${VERDICT_COLUMNS} FROM verdicts
     WHERE tenant_id = $tenantId
       AND task_id IN (SELECT id FROM tasks WHERE tenant_id = $tenantId AND campaign_id = $campaignId)
     ORDER BY at, id`,
  );

  return {
    async of(tenantId, taskId) {
      return of.all({ tenantId, taskId }).map(verdictOf);
    },
    async ofCall(tenantId, callId) {
      const row = ofCall.get({ tenantId, callId });
      return row && verdictOf(row);
    },
    async ofCampaign(tenantId, campaignId) {
      return ofCampaign.all({ tenantId, campaignId }).map(verdictOf);
    },
  };
};
