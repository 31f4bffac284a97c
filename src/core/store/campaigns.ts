import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { AFTER_ALL_IDS, type Ledger } from "./ledger.ts";

/** Tasks planned together. */
export interface Campaign {
  id: string;
  tenantId: string;
  title: string;
  /** A paused campaign dials nobody. */
  status: "active" | "paused" | "completed";
  createdAt: number;
}

/** Verbs and questions on campaigns. */
export interface Campaigns {
  create(tenantId: string, campaign: { title: string }): Promise<Campaign>;
  get(tenantId: string, campaignId: string): Promise<Campaign | null>;
  /** Newest first; `before` is the id of the last campaign of the page before. */
  list(tenantId: string, page: { limit: number; before?: string }): Promise<Campaign[]>;
  /** Pauses a campaign, or lets it dial again; null when there is none. */
  setStatus(tenantId: string, campaignId: string, status: Campaign["status"]): Promise<Campaign | null>;
}

const COLUMNS = "id, tenant_id AS tenantId, title, status, created_at AS createdAt";

/** The campaigns of a database. */
export const campaignsOf = ({ db, clock }: Ledger): Campaigns => {
  const one = db.query<Campaign, { tenantId: string; campaignId: string }>(
    `SELECT ${COLUMNS} FROM campaigns WHERE tenant_id = $tenantId AND id = $campaignId`,
  );
  const list = db.query<Campaign, { tenantId: string; before: string; limit: number }>(
    `SELECT ${COLUMNS} FROM campaigns
     WHERE tenant_id = $tenantId AND id < $before ORDER BY id DESC LIMIT $limit`,
  );
  const insert = db.query<Campaign, { tenantId: string; id: string; title: string; now: number }>(
    `INSERT INTO campaigns (tenant_id, id, title, created_at) VALUES ($tenantId, $id, $title, $now) RETURNING ${COLUMNS}`,
  );
  const setStatus = db.query<Campaign, { tenantId: string; campaignId: string; status: string }>(
    `UPDATE campaigns SET status = $status WHERE tenant_id = $tenantId AND id = $campaignId RETURNING ${COLUMNS}`,
  );

  return {
    async create(tenantId, { title }) {
      const now = clock.now();
      const campaign = insert.get({ tenantId, id: newId("cmp", now), title, now });
      assert(campaign !== null, "an inserted campaign comes back");
      return campaign;
    },
    async get(tenantId, campaignId) {
      return one.get({ tenantId, campaignId });
    },
    async list(tenantId, { limit, before = AFTER_ALL_IDS }) {
      return list.all({ tenantId, before, limit });
    },
    async setStatus(tenantId, campaignId, status) {
      return setStatus.get({ tenantId, campaignId, status });
    },
  };
};
