import type { ReadCommand } from "../agents/command-reader.ts";
import { maskPhone } from "../core/phone.ts";
import type { Call } from "../core/store/call-record.ts";
import type { TaskStatus } from "../core/task.ts";

/** What the agent does on a call that was asked for without saying why. */
const NO_ERRAND = "Greet the callee, say that this is a short test call, thank them and say goodbye.";

/** A command in plain words, understood. */
export type SpokenCommand =
  | { is: "greeting" }
  | { is: "call"; number: string; errand: string; calleeName: string }
  | { is: "call-without-number" }
  | { is: "status" }
  /** More than one call to one number. */
  | { is: "plan" }
  | { is: "unknown" };

/** Reads a command in plain words by rules. */
export const readCommand = (text: string): SpokenCommand => {
  // Single spaces keep the patterns below from trying every way to share out a long gap.
  const said = text.replace(/\s+/g, " ").trim();
  if (/^(?:hello|hi|hey)(?: there)?[.!]*$/i.test(said)) return { is: "greeting" };
  if (/^(?:status|what(?:'s| is) (?:running|going on|happening))[.!?]*$/i.test(said)) return { is: "status" };
  const call = /^(?:please )?(?:call|dial|phone|ring) (.+)$/i.exec(said)?.[1];
  if (call === undefined)
    return /^(?:please )?call[.!]*$/i.test(said) ? { is: "call-without-number" } : { is: "unknown" };
  const [target = "", ...rest] = call.split(/,? (?:to|and) /i);
  if (!/\d/.test(target)) return { is: "call-without-number" };
  const errand = call.slice(target.length).replace(/^,? (?:to|and) /i, "");
  return { is: "call", number: target.trim(), errand: rest.length === 0 ? NO_ERRAND : errand, calleeName: "" };
};

/** Whether the rules have understood all of a command, so that nobody else need be asked. */
export const isClear = (command: SpokenCommand): boolean =>
  command.is === "greeting" ||
  command.is === "status" ||
  (command.is === "call" && /^[+(]?[\d\s().\-/]+$/.test(command.number));

/** A command as a model read it. */
export const commandOf = (read: ReadCommand): SpokenCommand => {
  if (read.wants === "other") return { is: "unknown" };
  if (read.wants !== "call") return { is: read.wants };
  const { phone: number, errand, calleeName } = read;
  return number === null
    ? { is: "call-without-number" }
    : { is: "call", number, errand: errand === "" ? NO_ERRAND : errand, calleeName };
};

const STAGE: Partial<Record<Call["status"], string>> = {
  pending_initiation: "is about to be dialed",
  initiating: "is about to be dialed",
  dialing: "is being dialed",
  "in-progress": "is talking",
};
/** Calls told one by one. */
const MAX_NAMED = 5;

const count = (n: number, one: string, many = `${one}s`): string => `${n === 0 ? "No" : n} ${n === 1 ? one : many}`;

/** What runs and what waits, as sentences. `liveCount` may be more than the calls given. */
export const statusSentence = (
  live: readonly Call[],
  liveCount: number,
  tasks: Partial<Record<TaskStatus, number>>,
): string => {
  const named = live.slice(0, MAX_NAMED).map((call) => {
    const whom = call.calleeName || maskPhone(call.to);
    return `${whom} ${STAGE[call.status] ?? "is running"}`;
  });
  const more = liveCount - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  const { pending = 0, pending_analysis: judged = 0, on_hold: held = 0 } = tasks;
  return [
    liveCount === 0 ? "No call is running." : `${count(liveCount, "call is", "calls are")} running: ${list}.`,
    `${count(pending, "task waits", "tasks wait")} to be dialed.`,
    judged > 0 ? `${count(judged, "call is", "calls are")} being judged.` : "",
    held > 0 ? `${count(held, "task needs", "tasks need")} you: see the list of tasks.` : "",
  ]
    .filter(Boolean)
    .join(" ");
};
