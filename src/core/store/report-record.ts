import type { TaskStatus } from "../task.ts";

/** What came of one contact. */
export interface ReportRow {
  taskId: string;
  name: string;
  /** E.164, with `+`. */
  phone: string;
  status: TaskStatus;
  /** The contact's answer to the question; empty when there is none. */
  answer: string;
  /** Words that support it: which call, and when, in ms after the answer. */
  quote: { text: string; callId: string; atMs: number } | null;
  /** Why there is no answer; empty when there is one. */
  reason: string;
  attempts: number;
}

/** What a campaign came to. Instants are epoch ms. */
export interface Report {
  id: string;
  tenantId: string;
  campaignId: string;
  /** The answer to the user's question in one sentence. */
  headline: string;
  /** A paragraph or two. */
  summary: string;
  rows: ReportRow[];
  costUsd: number;
  /** `rules` where no model was asked. */
  writtenBy: "model" | "rules";
  writtenAt: number;
}

/** What is written. */
export type NewReport = Omit<Report, "id" | "tenantId" | "writtenAt">;

/** Verbs and questions on reports. */
export interface Reports {
  /** Writes the report of a campaign; `created` is false when there was one, which comes back unchanged. */
  put(tenantId: string, report: NewReport): Promise<{ report: Report; created: boolean }>;
  get(tenantId: string, campaignId: string): Promise<Report | null>;
  /** Newest first; `before` is the id of the last report of the page before. */
  list(tenantId: string, page: { limit: number; before?: string }): Promise<Report[]>;
}
