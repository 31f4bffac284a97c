import type { Task } from "./task-record.ts";

/** Something the agent asks the owner during a call. Instants are epoch ms. */
export interface OwnerQuestion {
  id: string;
  tenantId: string;
  userId: string;
  taskId: string;
  callId: string;
  text: string;
  askedAt: number;
  /** From then on an answer is late. */
  expiresAt: number;
  status: "open" | "answered" | "expired";
  answer: string | null;
  answeredAt: number | null;
  /** Whether the answer came while the call could use it. */
  inTime: boolean;
}

/** Outcome of an answer. */
export type QuestionAnswered =
  | {
      ok: true;
      question: OwnerQuestion;
      /** Set when the task waited for this answer and is now due. */
      task: Task | null;
    }
  | { ok: false; reason: "unknown-question" | "already-answered" };

/** Verbs and questions on what the owner is asked. */
export interface Questions {
  ask(
    tenantId: string,
    question: { userId: string; taskId: string; callId: string; text: string; timeoutMs: number; at?: number },
  ): Promise<OwnerQuestion>;
  /**
   * In time: before `expiresAt`, while the question is open and its call runs. A late answer to a task that waits for it
   * on hold makes the task due now, unless its attempts are used up or its campaign is over.
   */
  answer(tenantId: string, questionId: string, text: string, at?: number): Promise<QuestionAnswered>;
  /**
   * The call ended without the answer that had come in time: it is late after all, and moves the task as a late one does.
   */
  missed(tenantId: string, questionId: string, at?: number): Promise<QuestionAnswered>;
  /** Gives up on one question; false when it is not open. */
  expire(tenantId: string, questionId: string, at?: number): Promise<boolean>;
  /** Gives up on all open ones whose time has passed or whose call is over. */
  expireDue(tenantId: string, at: number): Promise<OwnerQuestion[]>;
  get(tenantId: string, questionId: string): Promise<OwnerQuestion | null>;
  /** Open ones a user can still answer in time, the most pressing first. */
  openOf(tenantId: string, userId: string, now: number): Promise<OwnerQuestion[]>;
  /** Expired ones whose task waits for the answer, oldest first. */
  lateOf(tenantId: string, userId: string): Promise<OwnerQuestion[]>;
  /** Of a task, oldest first: what prompts of later attempts know. */
  ofTask(tenantId: string, taskId: string): Promise<OwnerQuestion[]>;
}
