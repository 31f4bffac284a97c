/**
 * Where a planning conversation is. `clarifying` nothing was asked yet or questions are open · `needs_more_info` answers
 * were not enough · `plan_complete` a plan is shown · `scheduled` it was confirmed and became a campaign.
 */
export type ConversationStage = "clarifying" | "needs_more_info" | "plan_complete" | "scheduled";
