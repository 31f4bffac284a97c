import type { OwnerQuestion } from "../core/store/question-record.ts";
import type { Task } from "../core/store/task-record.ts";
import type { AppParts } from "./app-parts.ts";
import type { Actor } from "./auth/actor.ts";
import { Problem } from "./problem.ts";

/** Questions of each kind drawn at once; the rest is counted. */
const SHOWN = 5;

/** A question with the name or number of who waits for the answer. */
export interface AskedQuestion {
  question: OwnerQuestion;
  callee: string;
}

/** What a user is asked now. */
export interface QuestionsPicture {
  /** The callee holds the line for these; the most pressing first. */
  open: readonly AskedQuestion[];
  /** The call is over; the next one about the same waits for these. */
  late: readonly AskedQuestion[];
  /** How many more there are. */
  more: number;
}

/** Nothing is asked. */
export const NO_QUESTIONS: QuestionsPicture = { open: [], late: [], more: 0 };

/** Looks up what a user is asked. */
export const loadQuestions = async (
  { store, clock }: Pick<AppParts, "store" | "clock">,
  { tenantId, userId }: Pick<Actor, "tenantId" | "userId">,
): Promise<QuestionsPicture> => {
  const [open, late] = await Promise.all([
    store.questions.openOf(tenantId, userId, clock.now()),
    store.questions.lateOf(tenantId, userId),
  ]);
  const named = async (question: OwnerQuestion): Promise<AskedQuestion> => {
    const task = await store.tasks.get(tenantId, question.taskId);
    return { question, callee: task?.calleeName.trim() || task?.phone || "somebody" };
  };
  return {
    open: await Promise.all(open.slice(0, SHOWN).map(named)),
    late: await Promise.all(late.slice(0, SHOWN).map(named)),
    more: Math.max(0, open.length - SHOWN) + Math.max(0, late.length - SHOWN),
  };
};

/** What became of an answer: the question as it is now, and what follows in one sentence. */
export interface AnswerTaken {
  question: OwnerQuestion;
  /** The task that is called again because of it; null when none is. */
  task: Task | null;
  follows: string;
}

/**
 * Takes a user's answer: to the call while the callee waits, else to the next call about the same. Throws a `Problem`
 * for a question that is not the user's or has its answer.
 */
export const answerQuestion = async (
  { store, clock, attempts, scheduler }: Pick<AppParts, "store" | "clock" | "attempts" | "scheduler">,
  { tenantId, userId }: Pick<Actor, "tenantId" | "userId">,
  questionId: string,
  answer: string,
): Promise<AnswerTaken> => {
  const asked = questionId.length <= 60 ? await store.questions.get(tenantId, questionId) : null;
  if (asked === null || asked.userId !== userId)
    throw new Problem("not-found", { detail: "There is no such question." });
  const stored = await store.questions.answer(tenantId, questionId, answer, clock.now());
  if (!stored.ok) throw new Problem("question-answered");
  const isMissed =
    stored.question.inTime && !attempts.ownerAnswered(tenantId, stored.question.callId, { questionId, answer });
  // The call was about to end: what it cannot tell any more is for the next one.
  const late = isMissed ? await store.questions.missed(tenantId, questionId, clock.now()) : stored;
  const { question, task } = late.ok ? late : stored;
  if (task !== null) scheduler.kick();
  const follows = question.inTime
    ? "Passed on: the callee hears it now."
    : task !== null
      ? "The next call about it knows your answer. It is placed as soon as calling hours allow."
      : "The call was over. Your answer is kept for the next one about it.";
  return { question, task, follows };
};
