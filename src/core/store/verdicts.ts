import type { Ledger } from "./ledger.ts";
import type { Verdict, Verdicts } from "./verdict-record.ts";

/** A row of `VERDICT_COLUMNS`. */
export interface VerdictRow extends Omit<Verdict, "facts" | "taskCompleted" | "dndRequested"> {
  facts: string;
  taskCompleted: number;
  dndRequested: number;
}

/** The columns of a `Verdict`, of a table named `v`. */
export const VERDICT_COLUMNS = `v.id, v.tenant_id AS tenantId, v.task_id AS taskId, v.call_id AS callId, v.attempt,
  v.task_completed AS taskCompleted, v.reason, v.summary, v.facts, v.sentiment, v.disposition, v.moved_to AS "to",
  v.next_action_at AS nextActionAt, v.next_action_words AS nextActionWords, v.next_prompt AS nextPrompt,
  v.dnd_requested AS dndRequested, v.judged_by AS judgedBy, v.at`;

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
    `SELECT ${VERDICT_COLUMNS} FROM verdicts v WHERE v.tenant_id = $tenantId AND v.task_id = $taskId ORDER BY v.attempt`,
  );
  const ofCall = db.query<VerdictRow, { tenantId: string; callId: string }>(
    `SELECT ${VERDICT_COLUMNS} FROM verdicts v WHERE v.tenant_id = $tenantId AND v.call_id = $callId`,
  );
  const ofCampaign = db.query<VerdictRow, { tenantId: string; campaignId: string }>(
    `SELECT ${VERDICT_COLUMNS} FROM tasks t JOIN verdicts v ON v.tenant_id = t.tenant_id AND v.task_id = t.id
     WHERE t.tenant_id = $tenantId AND t.campaign_id = $campaignId ORDER BY v.at, v.id`,
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
