/**
 * Where one call is. A call is one attempt at a task: it exists before anything rings and never just vanishes.
 *
 * `pending_initiation` row written, nothing asked of a carrier · `initiating` media and carrier are being prepared ·
 * `dialing` the carrier has the request, the phone may ring · `in-progress` answered, both legs bridged ·
 * `completed_attempt` a conversation that one side ended · `failed_attempt` nobody was reached ·
 * `dropped_connection` answered, then lost through no will of either side.
 */
export type CallStatus =
  | "pending_initiation"
  | "initiating"
  | "dialing"
  | "in-progress"
  | "completed_attempt"
  | "failed_attempt"
  | "dropped_connection";

/** Final results of attempts in business words. */
export const DISPOSITIONS = [
  "answered",
  "voicemail",
  "no-answer",
  "busy",
  "rejected",
  "invalid-number",
  "trunk-failure",
  "cancelled",
  "failed",
] as const;

/** One of `DISPOSITIONS`; null while an attempt runs. */
export type Disposition = (typeof DISPOSITIONS)[number];

/** What ended the connection: who hung up, or what was lost. */
export type HangupCause =
  | "callee-hung-up"
  | "agent-hung-up"
  | "user-hung-up"
  | "busy"
  | "no-answer"
  | "rejected"
  | "invalid-number"
  | "trunk-failure"
  | "cancelled"
  | "carrier-lost"
  | "voice-lost"
  | "media-lost"
  | "process-restarted"
  | "time-limit"
  | "failed";

/** The carrier of calls with a person in a browser. They dial no number, so theirs is empty. */
export const BROWSER_CARRIER = "browser";

/** Who said a turn. */
export type Speaker = "callee" | "agent" | "supervisor";

const NEXT: Record<CallStatus, readonly CallStatus[]> = {
  pending_initiation: ["initiating", "failed_attempt"],
  initiating: ["dialing", "failed_attempt"],
  dialing: ["in-progress", "failed_attempt"],
  "in-progress": ["completed_attempt", "dropped_connection"],
  completed_attempt: [],
  failed_attempt: [],
  dropped_connection: [],
};

/** Whether a call may go from one status to another. */
export const callMayBecome = (from: CallStatus, to: CallStatus): boolean => NEXT[from].includes(to);

/** Whether a call in this status is over. */
export const callIsOver = (status: CallStatus): boolean => NEXT[status].length === 0;

/** All statuses of calls that are not over, for SQL and filters. */
export const LIVE_CALL_STATUSES = ["pending_initiation", "initiating", "dialing", "in-progress"] as const;

/** The end status of a call, from where it was and what ended it. */
export const endStatus = (from: CallStatus, cause: HangupCause): CallStatus => {
  if (from !== "in-progress") return "failed_attempt";
  const byWill =
    cause === "callee-hung-up" || cause === "agent-hung-up" || cause === "user-hung-up" || cause === "time-limit";
  return byWill ? "completed_attempt" : "dropped_connection";
};
