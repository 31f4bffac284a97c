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
}
