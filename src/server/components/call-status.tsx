import type { Disposition, HangupCause } from "../../core/call.ts";
import type { Call } from "../../core/store/call-record.ts";

/** What came of an attempt, in a word and the class of its badge. */
export const DISPOSITION_WORDS: Record<Disposition, readonly [word: string, look: string]> = {
  answered: ["Answered", "ok"],
  busy: ["Busy", "warn"],
  "no-answer": ["No answer", "warn"],
  rejected: ["Declined", "warn"],
  voicemail: ["Voicemail", "info"],
  "invalid-number": ["Number does not exist", "bad"],
  "trunk-failure": ["Network failed", "bad"],
  cancelled: ["Cancelled", "plain"],
  failed: ["Failed", "bad"],
};

const CAUSE: Record<HangupCause, string> = {
  "callee-hung-up": "The person hung up",
  "agent-hung-up": "The agent said goodbye and hung up",
  "user-hung-up": "Hung up from here",
  busy: "The line was busy",
  "no-answer": "Nobody answered",
  rejected: "The call was declined",
  "invalid-number": "The network does not know the number",
  "trunk-failure": "The phone network failed",
  cancelled: "Cancelled before anybody answered",
  "carrier-lost": "The phone network was lost during the call",
  "voice-lost": "The voice model was lost during the call",
  "media-lost": "The sound was lost during the call",
  "process-restarted": "The server was restarted during the call",
  "time-limit": "The call reached its longest time",
  failed: "The call failed",
};

/** What a call is doing or what came of it, in a word and the class of its badge. */
export const callWord = (call: Call): readonly [word: string, look: string] => {
  if (call.status === "in-progress") return ["Talking", "live"];
  if (call.status === "dialing") return call.rangAt === null ? ["Dialing", "ringing"] : ["Ringing", "ringing"];
  if (call.status === "pending_initiation" || call.status === "initiating") return ["Starting", "ringing"];
  if (call.status === "dropped_connection") return ["Cut off", "bad"];
  return call.disposition === null ? ["Over", "plain"] : DISPOSITION_WORDS[call.disposition];
};

/** Why a call ended, as a sentence without its full stop; null for words that are no cause. */
export const causeSentence = (cause: HangupCause | (string & {})): string | null =>
  Object.hasOwn(CAUSE, cause) ? CAUSE[cause as HangupCause] : null;

/** Whom a call is with: the name, else the number; who tries an agent out in a browser may have neither. */
export const whoOf = (of: { calleeName: string; to: string }): string => of.calleeName.trim() || of.to || "a browser";

/** The same where it stands alone, as a heading or in a list. */
export const headingOf = (of: { calleeName: string; to: string }): string =>
  of.calleeName.trim() || of.to || "Try-out in a browser";

/** Status of a call as a badge. */
export const CallBadge = ({ call }: { call: Call }) => {
  const [word, look] = callWord(call);
  return <span class={`badge ${look}`}>{word}</span>;
};

/** Whether a call has its sound, so that somebody may join it: from the moment its phone is asked to ring. */
export const canListen = (call: Call): boolean => call.status === "dialing" || call.status === "in-progress";
