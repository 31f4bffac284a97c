import type { Confirmed, Scheduled } from "../agents/orchestrator.ts";
import type { Planner, SayRefusal } from "../agents/planner.ts";
import type { ProcessHours } from "../core/callee-hours.ts";
import type { Conversation, ConversationMessage } from "../core/store/conversation-record.ts";
import type { Store } from "../core/store/open.ts";
import { Problem } from "./problem.ts";

/** What pages and API need to plan and to confirm. */
export interface Planning {
  planner: Planner;
  /** All tasks of a confirmed plan, or none; the same key again gives the same campaign. */
  schedule(tenantId: string, confirmed: Confirmed): Promise<Scheduled>;
  /** Hours of every call on this installation, whatever a plan says. */
  hours: ProcessHours;
  /** What a minute of talk costs about, in USD; null where it is not known. */
  usdPerMinute: number | null;
  /** The text model and its look-ups are played by rules. */
  isScripted: boolean;
  /** Number that callees see; null leaves it to the trunk. */
  from: string | null;
  /** IANA zone of the people who plan. */
  zone: string;
}

/** How long a confirmed plan can be taken back, in ms. */
export const UNDO_MS = 10_000;

/** A conversation with everything that was said. */
export interface OpenPlan {
  conversation: Conversation;
  messages: ConversationMessage[];
}

/** The user's conversation of this id. Throws a `Problem` when there is none. */
export const openPlan = async (
  { store }: { store: Store },
  actor: { tenantId: string; userId: string },
  id: string,
): Promise<OpenPlan> => {
  const conversation = id.length <= 60 ? await store.conversations.get(actor.tenantId, id) : null;
  if (conversation === null || conversation.userId !== actor.userId) {
    throw new Problem("not-found", { detail: "There is no such plan." });
  }
  return { conversation, messages: await store.conversations.messages(actor.tenantId, id) };
};

const REFUSALS: Record<Exclude<SayRefusal, "unknown-conversation">, readonly [detail: string, fix: string]> = {
  busy: ["An answer is being written.", "Wait for it or stop it, then send this again."],
  scheduled: ["The plan was confirmed and its calls are scheduled.", "Start a new plan, or steer the campaign."],
  "too-long": ["The conversation has become too long.", "Start a new plan."],
  "nothing-to-answer": ["There is nothing to answer.", "Write a message."],
};

/** A refusal of the planner as an answer. */
export const planRefused = (reason: SayRefusal): Problem => {
  if (reason === "unknown-conversation") return new Problem("not-found", { detail: "There is no such plan." });
  const [detail, fix] = REFUSALS[reason];
  return new Problem("plan-state", { detail, fix });
};

/** Names a confirmation: the same plan of the same conversation is scheduled once, however often it is confirmed. */
export const confirmationKey = ({ id, plan }: Pick<Conversation, "id" | "plan">): string =>
  `plan:${id}:${Bun.hash(JSON.stringify(plan)).toString(36)}`;
