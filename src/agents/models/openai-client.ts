import OpenAI, { APIConnectionError, APIError } from "openai";
import { type Failed, failureOfStatus, retryAfterMs, type VendorFailure } from "./vendor-error.ts";
import { UnreadableAnswer } from "./wire.ts";

/** An account at OpenAI or at anything that speaks its protocol. */
export interface OpenAiAccount {
  readonly apiKey: string;
  /** With `/v1` where the service has it. */
  readonly baseUrl: string;
}

/** The vendor's client, which neither tries again nor gives up by itself: both are decided in one place for all vendors. */
export const openAiClient = (account: OpenAiAccount): OpenAI =>
  new OpenAI({
    apiKey: account.apiKey,
    baseURL: account.baseUrl,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: "off",
  });

/** Codes of errors, of the API and of failed responses, that say more than the status. */
const CODES: Record<string, VendorFailure> = {
  insufficient_quota: "quota-used-up",
  billing_hard_limit_reached: "quota-used-up",
  rate_limit_exceeded: "rate-limited",
  server_error: "overloaded",
  model_not_found: "not-found",
  invalid_api_key: "key-refused",
};

/** The service says within a stream or a response that it failed. */
export class ResponseFailed extends Error {
  override name = "ResponseFailed";
  /** As the API names it, such as `server_error`; empty when it has no name. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What an error of the client means. */
export const explainOpenAi = (thrown: unknown, nowMs: number): Failed => {
  if (thrown instanceof UnreadableAnswer || thrown instanceof SyntaxError) return { failure: "unreadable" };
  if (thrown instanceof ResponseFailed) return { failure: CODES[thrown.code] ?? "overloaded" };
  if (thrown instanceof APIConnectionError || !(thrown instanceof APIError)) return { failure: "unreachable" };
  const code = typeof thrown.code === "string" ? thrown.code : "";
  // Within a stream an error has no status of its own.
  const failure = CODES[code] ?? (thrown.status === undefined ? "overloaded" : failureOfStatus(thrown.status));
  const after = retryAfterMs(thrown.headers, nowMs);
  return { failure, ...(after !== undefined && { retryAfterMs: after }) };
};
