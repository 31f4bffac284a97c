/** Why a dial was refused: one word for each rule, shown to people and counted. */
export type GateReason =
  | "invalid-number"
  | "emergency-number"
  | "premium-number"
  | "do-not-call"
  | "outside-calling-window"
  | "unknown-timezone"
  | "no-calling-hours"
  | "too-many-attempts"
  | "daily-cap"
  | "deadline-passed"
  | "tenant-suspended";

const SENTENCE: Record<GateReason, string> = {
  "invalid-number": "No such number exists.",
  "emergency-number": "Emergency and other short numbers are never called.",
  "premium-number": "Premium-rate and shared-cost numbers are never called.",
  "do-not-call": "The number is on the do-not-call list.",
  "outside-calling-window": "It is outside calling hours, or a public holiday, where the callee is.",
  "unknown-timezone": "The callee's time zone is not known, so calling hours cannot be kept.",
  "no-calling-hours": "The task's calling hours and those allowed here have nothing in common.",
  "too-many-attempts": "The task has used all its attempts.",
  "daily-cap": "This number was called often enough in the last 24 hours.",
  "deadline-passed": "The task is past its deadline.",
  "tenant-suspended": "This account is suspended.",
};

/** A refusal of the dial gate in words; reasons it does not know are shown as they are. */
export const refusalSentence = (reason: string): string =>
  SENTENCE[reason as GateReason] ?? `Not dialed: ${reason.replace(/[-_]/g, " ").slice(0, 200)}.`;

/** The same inside a sentence: without its capital and its full stop. */
export const refusalClause = (reason: string): string => {
  const sentence = refusalSentence(reason).replace(/\.$/, "");
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
};
