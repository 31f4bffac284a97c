import type { CampaignPlan } from "../campaign-plan.ts";
import type { ConversationStage } from "../conversation.ts";

/** A planning conversation. Instants are epoch ms. */
export interface Conversation {
  id: string;
  tenantId: string;
  userId: string;
  /** What the assistant is called in it; fixed with the first message. */
  displayName: string;
  stage: ConversationStage;
  /** The newest plan; null until there is one. */
  plan: CampaignPlan | null;
  /** What became of it. */
  campaignId: string | null;
  createdAt: number;
  updatedAt: number;
}

/** One message. */
export interface ConversationMessage {
  id: string;
  tenantId: string;
  conversationId: string;
  role: "user" | "assistant" | "tool";
  text: string;
  /** What goes with the text (a form, its answers, sources, a tool's result) as plain JSON; null: nothing. */
  data: unknown;
  at: number;
}

/** Verbs and questions on conversations. All but `create` give null when there is no such conversation. */
export interface Conversations {
  /** A new one in the stage `clarifying`. */
  create(tenantId: string, conversation: { userId: string; displayName: string }): Promise<Conversation>;
  get(tenantId: string, conversationId: string): Promise<Conversation | null>;
  /** Of one user, newest first; `before` is the id of the last conversation of the page before. */
  list(tenantId: string, page: { userId: string; limit: number; before?: string }): Promise<Conversation[]>;
  /** Adds a message at the end. */
  append(
    tenantId: string,
    conversationId: string,
    message: { role: ConversationMessage["role"]; text: string; data?: unknown },
  ): Promise<ConversationMessage | null>;
  /** In the order they were said. */
  messages(tenantId: string, conversationId: string): Promise<ConversationMessage[]>;
  /** Replaces the plan and moves to a stage; null takes the plan away. A plan that is scheduled stays: null. */
  setPlan(
    tenantId: string,
    conversationId: string,
    plan: CampaignPlan | null,
    stage: ConversationStage,
  ): Promise<Conversation | null>;
  /** Null also for a conversation that is scheduled: only its campaign can be taken back. */
  setStage(tenantId: string, conversationId: string, stage: ConversationStage): Promise<Conversation | null>;
  /** Gives the assistant another name; `fixed` once there is a message. */
  rename(
    tenantId: string,
    conversationId: string,
    displayName: string,
  ): Promise<{ ok: true; conversation: Conversation } | { ok: false; reason: "unknown-conversation" | "fixed" }>;
}
