import type { Disposition } from "../core/call.ts";
import type { NewVerdict, TaskMemory, VerdictFact } from "../core/store/verdict-record.ts";
import { dndWordsIn } from "./dnd-words.ts";
import type { FinishedAttempt } from "./finished-attempt.ts";
import type { VerdictAnswer } from "./prompts/analyst.ts";
import { hasWords, lineOfQuote } from "./quote-search.ts";
import { type CallbackWish, nextAttempt, type RetryAnswer, type RetryDelays } from "./retry-policy.ts";

/** What verdicts are made with. `nowMs` is epoch ms. */
export interface Judging {
  nowMs: number;
  delays: RetryDelays;
}

/** Newest things remembered of a kind. */
const REMEMBERED = 10;

const HAPPENED: Record<Disposition, string> = {
  answered: "the call was answered, but nobody spoke",
  busy: "the line was busy",
  "no-answer": "nobody answered",
  rejected: "the call was declined",
  voicemail: "a mailbox answered",
  "invalid-number": "the number does not exist",
  "trunk-failure": "the phone network failed",
  cancelled: "you hung up before anybody answered",
  failed: "the call failed",
};

/** Whether the callee said anything a judgement could rest on. */
export const calleeSpoke = ({ turns }: FinishedAttempt): boolean =>
  turns.some(({ speaker, text }) => speaker === "callee" && hasWords(text));

/** The callee's words that ask not to be called again, when they are plain enough to need no model; else null. */
export const plainDndWords = ({ turns }: FinishedAttempt): string | null => {
  for (const { speaker, text } of turns) {
    const words = speaker === "callee" ? dndWordsIn(text) : null;
    if (words !== null) return words;
  }
  return null;
};

/** The verdict on an attempt in which nobody spoke: its disposition says all. */
export const verdictOfDisposition = (attempt: FinishedAttempt, judging: Judging): NewVerdict => {
  const { call } = attempt;
  const disposition = call.disposition ?? "failed";
  const happened = HAPPENED[disposition];
  const plain = { ...PLAIN, callId: call.id, disposition, summary: sentence(happened) };
  // Withdrawn by a person: only a person may dial it again.
  if (disposition === "cancelled") return { ...plain, to: "on_hold", reason: happened };
  // A silent line is more like one that nobody answered than like a talk.
  const waitsLike = disposition === "answered" ? "no-answer" : disposition;
  const next = retry(attempt, judging, { disposition, waitsLike, wish: null });
  return { ...plain, ...outcome(next, happened, attempt) };
};

/** The verdict on a conversation that no model can be asked about: a person has to read it. */
export const verdictWithoutModel = (attempt: FinishedAttempt, why: string): NewVerdict => {
  const words = plainDndWords(attempt);
  const { call } = attempt;
  const plain = { ...PLAIN, callId: call.id, disposition: call.disposition ?? "failed", summary: sentence(why) };
  if (words === null) return { ...plain, to: "on_hold", reason: why };
  return { ...plain, to: "failed_conclusive", reason: ASKED_NOT_TO_BE_CALLED, dnd: { reason: dndReason(words) } };
};

/**
 * The verdict that follows from a model's judgement. Code has the last word: quotes that nobody said are dropped, a time
 * nobody named is not taken, a plain wish not to be called counts whatever the model made of it, attempts end at the cap.
 */
export const verdictOfAnswer = (attempt: FinishedAttempt, answer: VerdictAnswer, judging: Judging): NewVerdict => {
  const { call, turns, task, lateQuestion } = attempt;
  const dndWords = plainDndWords(attempt) ?? (answer.dnd_requested ? (answer.dnd_words ?? answer.reason) : null);
  const talked = call.disposition === "answered" || call.disposition === "voicemail";
  const disposition = talked ? answer.disposition : (call.disposition ?? "failed");
  const verdict = {
    callId: call.id,
    taskCompleted: answer.task_completed,
    summary: answer.summary,
    facts: answer.facts.map((fact) => supported(fact, turns)),
    sentiment: answer.callee_sentiment,
    disposition,
    nextPrompt: answer.next_call_prompt_suggestion,
    memory: remembered(task.memory, answer, call.attempt),
    dnd: dndWords === null ? null : { reason: dndReason(dndWords) },
    judgedBy: "model",
  } as const;
  if (answer.task_completed) return { ...verdict, to: "completed", reason: answer.reason };
  if (dndWords !== null) return { ...verdict, to: "failed_conclusive", reason: ASKED_NOT_TO_BE_CALLED };
  const wish = wishIn(attempt, answer);
  const next = retry(attempt, judging, { disposition, waitsLike: disposition, wish });
  const asked = next.again && next.why === "callee-asked" ? next.at : null;
  const nextActionWords = asked === null ? null : (wish?.words ?? null);
  if (lateQuestion !== null) {
    const reason = "waits for your answer to a question of the call";
    const wait = { to: "on_hold", reason, questionId: lateQuestion.id, nextActionAt: asked, nextActionWords } as const;
    if (task.attempts < task.maxAttempts) return { ...verdict, ...wait };
    return { ...verdict, to: "failed_conclusive", reason: `${reason}; all attempts are used up` };
  }
  if (!answer.next_call_needed) return { ...verdict, to: "failed_conclusive", reason: answer.reason };
  return { ...verdict, ...outcome(next, answer.reason, attempt), nextActionWords };
};

const PLAIN = {
  taskCompleted: false,
  facts: [],
  sentiment: null,
  judgedBy: "rules",
} as const satisfies Partial<NewVerdict>;

const ASKED_NOT_TO_BE_CALLED = "asked not to be called any more";

const dndReason = (words: string): string => `Said in a call: “${words.slice(0, 200)}”`;

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** Attempts in a row, this one counted, that ended in the same way. */
const streakOf = ({ earlier }: FinishedAttempt, disposition: Disposition): number => {
  const others = earlier.length - 1 - earlier.findLastIndex((one) => one.disposition !== disposition);
  return others + 1;
};

const retry = (
  attempt: FinishedAttempt,
  { nowMs, delays }: Judging,
  ended: { disposition: Disposition; waitsLike: Disposition; wish: CallbackWish | null },
): RetryAnswer => {
  const { task, call, callee } = attempt;
  return nextAttempt({
    nowMs,
    endedAt: call.endedAt ?? nowMs,
    disposition: ended.waitsLike,
    streak: streakOf(attempt, ended.disposition),
    wish: ended.wish,
    attempts: task.attempts,
    maxAttempts: task.maxAttempts,
    deadlineAt: task.deadlineAt,
    ...callee,
    delays,
  });
};

const END_WORDS: Record<Extract<RetryAnswer, { again: false }>["why"], string> = {
  "attempts-used-up": "all attempts are used up",
  "deadline-passed": "the deadline comes before another attempt",
  "never-open": "the calling hours never open",
  "number-does-not-exist": "",
};

const outcome = (
  next: RetryAnswer,
  reason: string,
  { task }: FinishedAttempt,
): Pick<NewVerdict, "to" | "reason" | "nextActionAt"> => {
  if (next.again) return { to: "pending", reason, nextActionAt: next.at };
  const why = next.why === "attempts-used-up" && task.maxAttempts === 1 ? "" : END_WORDS[next.why];
  return { to: "failed_conclusive", reason: why === "" ? reason : `${reason}; ${why}` };
};

/** The time the callee named; null when it stands in no words of the callee and in no tool call of the agent. */
const wishIn = ({ turns, tools }: FinishedAttempt, answer: VerdictAnswer): CallbackWish | null => {
  const { next_call_words: words, next_call_local_time: localTime, next_call_delay_minutes: delayMinutes } = answer;
  if (words === null || (localTime === null && delayMinutes === null)) return null;
  const said = turns.filter(({ speaker }) => speaker === "callee");
  const noted = tools.map((text) => ({ text, atMs: 0 }));
  if (lineOfQuote(words, [...said, ...noted]) === null) return null;
  return { localTime, delayMinutes: localTime === null ? delayMinutes : null, zone: answer.next_call_zone, words };
};

const supported = (fact: VerdictAnswer["facts"][number], turns: FinishedAttempt["turns"]): VerdictFact => {
  const { name, value, quote } = fact;
  const aloud = turns.filter(({ whispered }) => !whispered);
  const said = aloud.filter(({ speaker }) => speaker === "callee");
  const line = quote === null ? null : (lineOfQuote(quote, said) ?? lineOfQuote(quote, aloud));
  return line === null ? { name, value, quote: null, atMs: null } : { name, value, quote, atMs: line.atMs };
};

const remembered = (before: TaskMemory | null, answer: VerdictAnswer, attempt: number): TaskMemory => {
  const newest = (old: readonly string[] = [], fresh: readonly string[]): string[] =>
    [...new Set([...old, ...fresh.filter((one) => one.trim() !== "")])].slice(-REMEMBERED);
  const who = answer.answered_by === null ? [] : [`call ${attempt}: ${answer.answered_by}`];
  return {
    answeredBy: newest(before?.answeredBy, who),
    menuPath: answer.menu_path.length > 0 ? answer.menu_path : (before?.menuPath ?? []),
    promises: newest(before?.promises, answer.promises),
    notes: newest(before?.notes, answer.notes),
  };
};
