import type { CampaignPlan } from "../campaign-plan.ts";
import type { Task } from "./task-record.ts";

/** Where a campaign is: `ended` by a person before its time, `completed` when its last task was over. */
export type CampaignStatus = "active" | "paused" | "completed" | "ended";

/** Tasks planned together. Instants are epoch ms. */
export interface Campaign {
  id: string;
  tenantId: string;
  title: string;
  /** What the user wants to know, the headline of the report; empty: the title says it. */
  question: string;
  plan: CampaignPlan;
  /** Who confirmed it. */
  userId: string | null;
  conversationId: string | null;
  idempotencyKey: string | null;
  /** Higher is sooner; its tasks have the same. */
  priority: number;
  /** Calls of this campaign at the same time; null leaves it to the other limits. */
  maxConcurrent: number | null;
  /** Nothing is dialed before, and until then it can be undone; null: it never could. */
  undoUntil: number | null;
  /** A paused campaign dials nobody. */
  status: CampaignStatus;
  createdAt: number;
  /** When a person ended it, and why. */
  endedAt: number | null;
  endReason: string | null;
  /** When its last task was over. */
  doneAt: number | null;
}

/** What is confirmed. The plan is one that `readPlan` gave. */
export interface NewCampaign {
  plan: CampaignPlan;
  userId: string | null;
  conversationId: string | null;
  /** The same key again gives the first campaign; null: always a new one. */
  idempotencyKey: string | null;
  /** How long it can be undone; 0: not at all. */
  undoMs: number;
  /** 0. */
  priority?: number;
  /** Null. */
  maxConcurrent?: number | null;
  agentId?: string | null;
}

/** How far a campaign is: contacts by what is going on with them, each in one. */
export interface CampaignProgress {
  contacts: number;
  /** Not called yet; called before and to be called again. */
  waiting: number;
  retrying: number;
  calling: number;
  /** Called, not judged yet. */
  judging: number;
  onHold: number;
  completed: number;
  failed: number;
  cancelled: number;
}

/** Outcome of steering a campaign. */
export type CampaignMoved =
  | { ok: true; campaign: Campaign }
  | { ok: false; reason: "unknown-campaign" | "already-over" };

/** Verbs and questions on campaigns. The first argument is always the tenant. */
export interface Campaigns {
  /**
   * Makes the campaign and all its tasks, or nothing at all, in one transaction; a conversation it came from becomes
   * `scheduled`. `created` is false when the key was known or the conversation is scheduled: that campaign and its tasks
   * come back as they are now.
   */
  schedule(tenantId: string, campaign: NewCampaign): Promise<{ campaign: Campaign; tasks: Task[]; created: boolean }>;
  get(tenantId: string, campaignId: string): Promise<Campaign | null>;
  /** The campaign that was scheduled with a key; null when there is none, or it was undone. */
  byKey(tenantId: string, idempotencyKey: string): Promise<Campaign | null>;
  /** Newest first; `before` is the id of the last campaign of the page before. */
  list(tenantId: string, page: { limit: number; before?: string }): Promise<Campaign[]>;
  /** Nothing more is dialed until `resume`; running calls go on. A paused campaign stays paused, without an event. */
  pause(tenantId: string, campaignId: string): Promise<CampaignMoved>;
  resume(tenantId: string, campaignId: string): Promise<CampaignMoved>;
  /** Cancels every task that waits, also on hold; running calls finish and are judged, but never tried again. */
  end(tenantId: string, campaignId: string, reason: string): Promise<CampaignMoved>;
  /** Takes it back before anything was dialed, at `at` (now unless given); its key is free again. */
  undo(
    tenantId: string,
    campaignId: string,
    at?: number,
  ): Promise<CampaignMoved | { ok: false; reason: "too-late" | "dialed-already" }>;
  progress(tenantId: string, campaignId: string): Promise<CampaignProgress>;
  /**
   * Calls made, and what they and the models' work on its tasks cost so far. `unpriced`: requests of models and look-ups
   * that are not in the sum, because their price is not known.
   */
  cost(
    tenantId: string,
    campaignId: string,
  ): Promise<{ calls: number; talkMs: number; costUsd: number; unpriced: number }>;
  /** Notes that the last task is over: true exactly once, never for a campaign that was undone. */
  completeIfDone(tenantId: string, campaignId: string): Promise<boolean>;
  /** Ids of campaigns whose tasks are all over and for which `completeIfDone` was not called; oldest first. */
  done(tenantId: string, limit: number): Promise<string[]>;
  /** Campaigns that are done and have no report yet; oldest first. */
  withoutReport(tenantId: string, limit: number): Promise<Campaign[]>;
}
