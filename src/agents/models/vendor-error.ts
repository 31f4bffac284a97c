import { OutsideError } from "../../core/errors.ts";
import type { ModelUsage } from "./model.ts";

/** Why a vendor gave no answer that can be used. */
export type VendorFailure = keyof typeof FAILURES;

/** What people read, and whether the same request may succeed later. */
const FAILURES = {
  "key-missing": { says: "has no key", retryable: false },
  "key-refused": { says: "refused the key or does not allow this use of it", retryable: false },
  "quota-used-up": { says: "says that the account's quota or credit is used up", retryable: false },
  "rate-limited": { says: "has had too many requests for now", retryable: true },
  overloaded: { says: "is out of order or overloaded", retryable: true },
  unreachable: { says: "could not be reached, or broke off", retryable: true },
  "timed-out": { says: "took too long", retryable: true },
  unreadable: { says: "sent something that is not its protocol", retryable: true },
  "not-found": { says: "does not know the model or the address", retryable: false },
  "request-refused": { says: "refused the request as wrong", retryable: false },
  declined: { says: "declined to answer this", retryable: false },
  "cut-off": { says: "was cut off before its answer was complete", retryable: false },
  "invalid-answer": { says: "gave an answer that does not fit, also when told so", retryable: true },
  "too-many-tool-calls": { says: "kept asking for tools instead of answering", retryable: true },
  stopped: { says: "was stopped", retryable: false },
} as const;

/** A failure with what the vendor said about trying again. */
export interface Failed {
  readonly failure: VendorFailure;
  /** When to try again, in ms from now, as the vendor asked. */
  readonly retryAfterMs?: number;
}

/** An answer that did not come, from a model or a look-up. The message names the vendor and the reason, nothing else. */
export class VendorError extends OutsideError {
  override name = "VendorError";
  readonly failure: VendorFailure;
  /** When the vendor wants to be asked again, in ms from the failure; null where it said nothing. */
  readonly retryAfterMs: number | null;
  /** What was used until then; null where nothing is counted. */
  usage: ModelUsage | null = null;
  constructor(vendor: string, failed: Failed, options: { cause?: unknown; advice?: string } = {}) {
    const { says, retryable } = FAILURES[failed.failure];
    super(`${vendor} ${says}.${options.advice === undefined ? "" : ` ${options.advice}`}`, {
      retryable,
      cause: options.cause,
    });
    this.failure = failed.failure;
    this.retryAfterMs = failed.retryAfterMs ?? null;
  }
}

/** Whether to ask again by ourselves within the same completion. */
export const isPassing = (failure: VendorFailure): boolean =>
  failure === "rate-limited" ||
  failure === "overloaded" ||
  failure === "unreachable" ||
  failure === "timed-out" ||
  failure === "unreadable";

/** A failure by its HTTP status (RFC 9110 §15, and 529 where a vendor is overloaded). */
export const failureOfStatus = (status: number): VendorFailure => {
  if (status === 401 || status === 402 || status === 403) return status === 402 ? "quota-used-up" : "key-refused";
  if (status === 404) return "not-found";
  if (status === 408) return "timed-out";
  if (status === 429) return "rate-limited";
  return status === 409 || status >= 500 ? "overloaded" : "request-refused";
};

/**
 * What a `Retry-After` asks for, in ms: seconds or a date (RFC 9110 §10.2.3), or the finer `retry-after-ms` that some
 * vendors send beside it. Undefined when there is none to understand.
 */
export const retryAfterMs = (headers: Headers | undefined, nowMs: number): number | undefined => {
  const fine = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (Number.isFinite(fine) && fine >= 0) return fine;
  const text = headers?.get("retry-after") ?? "";
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? Math.max(0, at - nowMs) : undefined;
};
