import type { Disposition } from "../call.ts";
import type { TaskStatus } from "../task.ts";

/** Something that was said and matters for the task. */
export interface VerdictFact {
  /** Such as `earliest slot`. */
  name: string;
  value: string;
  /** The words it comes from, and when they were said, in ms after the answer; null when nobody said it in words. */
  quote: string | null;
  atMs: number | null;
}

/** How one attempt was judged. Instants are epoch ms. */
export interface Verdict {
  id: string;
  tenantId: string;
  taskId: string;
  callId: string;
  /** 1 for the first try. */
  attempt: number;
  /** Whether the objective was reached. */
  taskCompleted: boolean;
  /** Short, such as `asked to be called tomorrow`. */
  reason: string;
  summary: string;
  facts: VerdictFact[];
  /** Of the callee; null when nobody spoke. */
  sentiment: "positive" | "neutral" | "negative" | null;
  disposition: Disposition;
  /** Where the task went. */
  to: TaskStatus;
  /** When it is tried again, on hold not before; null when it is not. */
  nextActionAt: number | null;
  /** The callee's own words that the time comes from. */
  nextActionWords: string | null;
  nextPrompt: string | null;
  dndRequested: boolean;
  /** `rules` where no model was asked. */
  judgedBy: "model" | "rules";
  at: number;
}

/** What later attempts and people know of the ones before. */
export interface TaskMemory {
  /** Who answered so far, newest last. */
  answeredBy: string[];
  /** Keys or words that led through the menu; empty when there was none. */
  menuPath: string[];
  /** What was promised, by either side. */
  promises: string[];
  /** Anything else worth knowing. */
  notes: string[];
}

/** A verdict and what follows from it. */
export interface NewVerdict {
  callId: string;
  /** `pending` is another try. */
  to: "pending" | "completed" | "failed_conclusive" | "on_hold" | "cancelled";
  taskCompleted: boolean;
  reason: string;
  summary: string;
  facts: VerdictFact[];
  sentiment: Verdict["sentiment"];
  disposition: Disposition;
  /** For `pending`, now unless given; for `on_hold` not before, whenever the owner answers. */
  nextActionAt?: number | null;
  nextActionWords?: string | null;
  /** What to say differently the next time; kept as it is unless given. */
  nextPrompt?: string | null;
  /** Replaces what was remembered; kept as it is unless given. */
  memory?: TaskMemory;
  /** The callee asked not to be called: the number enters the tenant's list with this reason. */
  dnd?: { reason: string } | null;
  /**
   * With `on_hold`: the question to the owner whose answer the task waits for. When it was answered meanwhile, the task
   * goes to `pending` at once.
   */
  questionId?: string | null;
  judgedBy: Verdict["judgedBy"];
}

/** Questions about verdicts; `Tasks.applyVerdict` writes them. */
export interface Verdicts {
  /** Of a task, oldest first. */
  of(tenantId: string, taskId: string): Promise<Verdict[]>;
  ofCall(tenantId: string, callId: string): Promise<Verdict | null>;
  /** Of all tasks of a campaign, oldest first. */
  ofCampaign(tenantId: string, campaignId: string): Promise<Verdict[]>;
}
