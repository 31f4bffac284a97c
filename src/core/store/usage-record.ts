/** What one request to a text model or a lookup consumed. */
export interface Usage {
  /** Such as `planner`, `analyst`, `summarizer`, `orchestrator`, `search_internet`, `places`, `command`. */
  purpose: string;
  provider: string;
  model: string;
  /** The provider's own counters. */
  counters: Record<string, number>;
  /** Its price at the time; null for a model without a known price. */
  costUsd: number | null;
  /** Epoch ms. */
  at: number;
  /** Id of the conversation, task or campaign it was for. */
  subjectId?: string | null;
}

/** Verbs and questions on what text models and lookups cost; what calls cost is with the calls. */
export interface Usages {
  add(tenantId: string, usage: Usage): Promise<void>;
  /** Everything since then (epoch ms), by purpose and altogether. */
  total(
    tenantId: string,
    since: number,
  ): Promise<{ requests: number; costUsd: number; byPurpose: Record<string, { requests: number; costUsd: number }> }>;
}
