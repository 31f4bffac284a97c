import pino from "pino";
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

const REDACTED = "[redacted]";

/** Fields that hold people's data or secrets, compared without case, `_` and `-`. */
const PRIVATE_FIELDS = new Set(
  `phone phonenumber userphone to from number e164 caller callee calleename callername name email address
   text transcript instructions instruction prompt message body action context opening content
   apikey authorization token authtoken accesstoken password secret clientsecret cookie setcookie credentials`.split(
    /\s+/,
  ),
);
const PRIVATE_ENDINGS = /(?:phone|apikey|secret|password|authtoken)$/;

/** Bounds of one line: what is deeper, wider or longer is cut. */
const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
const MAX_TEXT = 4_000;

/**
 * One pattern, tried in this order at each place. Kept: our ids, UUIDs, dates and IPv4 addresses, which also are long
 * runs of digits. Redacted: key shapes, credentials in URLs and headers, and seven digits or more with what people write
 * between them.
 */
const SENSITIVE = new RegExp(
  [
    String.raw`(?<kept>\b(?:ten|usr|agt|cmp|tsk|call|rec|dnd|turn|cev|req|seat|cmd)_[0-9a-z]{20}\b` +
      String.raw`|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b` +
      String.raw`|(?<![\d.+-])\d{4}-\d{2}-\d{2}(?![\d-])|(?<![\d.+])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]))`,
    String.raw`(?<key>\bsk-[\w-]{8,}|\bAIza[\w-]{20,}|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?|\b(?:AC|SK)?[0-9a-f]{32,}\b` +
      String.raw`|\b(?:Bearer|Basic)\s+\S+|(?<=:\/\/)[^\s/@]+(?=@)` +
      String.raw`|(?<=\b(?:api[_-]?key|key|token|secret|password)=)[^\s&"']+)`,
    String.raw`(?<number>[+(]?\d(?:[\s().\/\u00a0\u2010-\u2015-]{0,3}\d){6,})`,
  ].join("|"),
  "gi",
);

const scrubbedText = (text: string): string => {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return bounded.replace(SENSITIVE, (match, ...rest) => {
    const groups: Record<string, string | undefined> = rest.at(-1);
    if (groups.kept !== undefined) return match;
    return groups.key !== undefined ? "[key]" : "[number]";
  });
};

const isPrivate = (field: string): boolean => {
  const plain = field.toLowerCase().replaceAll(/[_-]/g, "");
  return PRIVATE_FIELDS.has(plain) || PRIVATE_ENDINGS.test(plain);
};

const scrubbed = (value: unknown, depth: number): unknown => {
  if (typeof value === "string") return scrubbedText(value);
  if (typeof value === "bigint") return scrubbedText(String(value));
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[deep]";
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const parts = { type: name, problem: message, stack, ...(cause !== undefined && { cause }) };
    return scrubbedFields(parts, depth);
  }
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => scrubbed(item, depth + 1));
  return scrubbedFields(value, depth);
};

const scrubbedFields = (fields: object, depth: number): LogFields => {
  const clean: LogFields = {};
  for (const [field, value] of Object.entries(fields).slice(0, MAX_ENTRIES)) {
    const isEmpty = value === null || value === undefined || value === "";
    clean[scrubbedText(field)] = isPrivate(field) && !isEmpty ? REDACTED : scrubbed(value, depth + 1);
  }
  return clean;
};

const logOver = (lines: pino.Logger): Log => {
  const say = (level: "debug" | "info" | "warn" | "error") => (fields: LogFields, message: string) => {
    if (lines.isLevelEnabled(level)) lines[level](scrubbedFields(fields, 0), scrubbedText(message));
  };
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (fields) => logOver(lines.child(scrubbedFields(fields, 0))),
  };
};

/**
 * A log of this process; lines go to standard output unless a destination is given. Fields with private names are
 * redacted at any depth; phone numbers and keys inside any string become `[number]` and `[key]`.
 */
export const createLog = ({ level, destination }: { level: LogLevel; destination?: LogDestination }): Log =>
  logOver(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination ?? process.stdout));

/** Lets work run on its own; a failure is logged under the name of the work. */
export const inBackground = (log: Log, what: string, promise: Promise<unknown>): void => {
  promise.catch((thrown: unknown) => {
    log.error({ what, problem: messageOf(thrown), error: thrown }, "background work failed");
  });
};
