import type { Disposition } from "../call.ts";
import type { TaskStatus } from "../task.ts";
import type { Ledger } from "./ledger.ts";

/**
 * What came of a contact so far: `reached` the goal · `talked` without reaching it · `refused` by declining the call or
 * asking not to be called · `blocked` by the do-not-call list · `open` without a result yet · `not-called` and not to be.
 */
export type ContactOutcome =
  | "reached"
  | "talked"
  | "voicemail"
  | "no-answer"
  | "busy"
  | "refused"
  | "wrong-number"
  | "blocked"
  | "outside-hours"
  | "failed"
  | "open"
  | "not-called";

/** Questions about what came of contacts. */
export interface ContactOutcomes {
  /** How many contacts of a campaign came to what; outcomes of nobody are left out. */
  ofCampaign(tenantId: string, campaignId: string): Promise<Partial<Record<ContactOutcome, number>>>;
}

interface Row {
  status: TaskStatus;
  refusal: string | null;
  disposition: Disposition | null;
  dndRequested: number | null;
  count: number;
}

const BY_DISPOSITION: Record<Disposition, ContactOutcome> = {
  answered: "talked",
  busy: "busy",
  "no-answer": "no-answer",
  rejected: "refused",
  voicemail: "voicemail",
  "invalid-number": "wrong-number",
  "trunk-failure": "failed",
  cancelled: "failed",
  failed: "failed",
};

const outcomeOf = ({ status, refusal, disposition, dndRequested }: Omit<Row, "count">): ContactOutcome => {
  if (status === "completed") return "reached";
  if (dndRequested === 1) return "refused";
  if (refusal === "do-not-call") return "blocked";
  if (refusal === "invalid-number") return "wrong-number";
  if (disposition !== null) return BY_DISPOSITION[disposition];
  if (status === "cancelled") return "not-called";
  return refusal === "outside-calling-window" ? "outside-hours" : "open";
};

/** The outcomes of a database. */
export const contactOutcomesOf = ({ db }: Ledger): ContactOutcomes => {
  const counts = db.query<Row, { tenantId: string; campaignId: string }>(
    `SELECT t.status, t.last_refusal AS refusal, v.disposition, v.dnd_requested AS dndRequested, COUNT(*) AS count
     FROM tasks t LEFT JOIN verdicts v ON v.tenant_id = t.tenant_id AND v.id = t.last_verdict_id
     WHERE t.tenant_id = $tenantId AND t.campaign_id = $campaignId GROUP BY 1, 2, 3, 4`,
  );
  return {
    async ofCampaign(tenantId, campaignId) {
      const outcomes: Partial<Record<ContactOutcome, number>> = {};
      for (const { count, ...row } of counts.all({ tenantId, campaignId })) {
        const outcome = outcomeOf(row);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
      }
      return outcomes;
    },
  };
};
