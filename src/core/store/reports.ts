import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { AFTER_ALL_IDS, type Ledger } from "./ledger.ts";
import type { Report, Reports } from "./report-record.ts";

type ReportRowOfTable = Omit<Report, "rows"> & { contacts: string };

const COLUMNS = `id, tenant_id AS tenantId, campaign_id AS campaignId, headline, summary, contacts, cost_usd AS costUsd,
  written_by AS writtenBy, written_at AS writtenAt`;

// Only the store writes these rows, so the JSON in them is what it says it is.
const reportOf = ({ contacts, ...row }: ReportRowOfTable): Report => ({ ...row, rows: JSON.parse(contacts) });

/** The reports of a database. */
export const reportsOf = (ledger: Ledger): Reports => {
  const { db, clock } = ledger;
  const one = db.query<ReportRowOfTable, { tenantId: string; campaignId: string }>(
    `SELECT ${COLUMNS} FROM reports WHERE tenant_id = $tenantId AND campaign_id = $campaignId`,
  );
  const list = db.query<ReportRowOfTable, { tenantId: string; before: string; limit: number }>(
    `SELECT ${COLUMNS} FROM reports WHERE tenant_id = $tenantId AND id < $before ORDER BY id DESC LIMIT $limit`,
  );
  const insert = db.query<ReportRowOfTable, ReportRowOfTable>(
    `INSERT INTO reports (tenant_id, id, campaign_id, headline, summary, contacts, cost_usd, written_by, written_at)
     VALUES ($tenantId, $id, $campaignId, $headline, $summary, $contacts, $costUsd, $writtenBy, $writtenAt)
     RETURNING ${COLUMNS}`,
  );

  return {
    async put(tenantId, { campaignId, headline, summary, rows, costUsd, writtenBy }) {
      return ledger.commit((append) => {
        const known = one.get({ tenantId, campaignId });
        if (known !== null) return { report: reportOf(known), created: false };
        const now = clock.now();
        const row = insert.get({
          tenantId,
          id: newId("rep", now),
          campaignId,
          headline,
          summary,
          contacts: JSON.stringify(rows),
          costUsd,
          writtenBy,
          writtenAt: now,
        });
        assert(row !== null, "an inserted report comes back");
        append(tenantId, { type: "report.written", campaignId, reportId: row.id }, now);
        return { report: reportOf(row), created: true };
      });
    },
    async get(tenantId, campaignId) {
      const row = one.get({ tenantId, campaignId });
      return row && reportOf(row);
    },
    async list(tenantId, { limit, before = AFTER_ALL_IDS }) {
      return list.all({ tenantId, before, limit }).map(reportOf);
    },
  };
};
