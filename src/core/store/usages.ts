import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";
import type { Usages } from "./usage-record.ts";

/** The usage of a database. */
export const usagesOf = ({ db }: Ledger): Usages => {
  const insert = db.query<
    null,
    {
      tenantId: string;
      id: string;
      purpose: string;
      provider: string;
      model: string;
      counters: string;
      costUsd: number | null;
      subjectId: string | null;
      at: number;
    }
  >(
    `INSERT INTO model_usage (tenant_id, id, purpose, provider, model, counters, cost_usd, subject_id, at)
     VALUES ($tenantId, $id, $purpose, $provider, $model, $counters, $costUsd, $subjectId, $at)`,
  );
  const byPurpose = db.query<
    { purpose: string; requests: number; costUsd: number },
    { tenantId: string; since: number }
  >(
    `SELECT purpose, COUNT(*) AS requests, COALESCE(SUM(cost_usd), 0) AS costUsd FROM model_usage
     WHERE tenant_id = $tenantId AND at >= $since GROUP BY purpose ORDER BY purpose`,
  );

  return {
    async add(tenantId, { purpose, provider, model, counters, costUsd, at, subjectId = null }) {
      const id = newId("use", at);
      insert.run({
        tenantId,
        id,
        purpose,
        provider,
        model,
        counters: JSON.stringify(counters),
        costUsd,
        subjectId,
        at,
      });
    },
    async total(tenantId, since) {
      const rows = byPurpose.all({ tenantId, since });
      return {
        requests: rows.reduce((sum, { requests }) => sum + requests, 0),
        costUsd: rows.reduce((sum, { costUsd }) => sum + costUsd, 0),
        byPurpose: Object.fromEntries(rows.map(({ purpose, requests, costUsd }) => [purpose, { requests, costUsd }])),
      };
    },
  };
};
