import { z } from "zod";

/** A line of text: no control characters, trimmed; at most `max` characters. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `At most ${max} characters`)
    // Names end up in prompts and headers, where a line break would start something new.
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "No control characters or line breaks");

/** Text of several lines, trimmed; at most `max` characters. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `At most ${max} characters`)
    .regex(/^[^\p{Cs}\0]*$/u, "No control characters");

const idempotencyKey = z
  .string()
  .trim()
  .min(1)
  .max(200, "At most 200 characters")
  .regex(/^[\x21-\x7e]+$/, "Printable ASCII characters without spaces");

/** One call as a request asks for it. */
export const CallRequest = z
  .object({
    phone_number: line(32).min(1, "Say which number to call").describe("Number to call, E.164 with +"),
    action: text(2000).min(1, "Say what the call should achieve").describe("What the call is to achieve"),
    context: text(8000).default("").describe("What the agent should know"),
    callee_name: line(120).default("").describe("Who is expected to answer"),
    agent_name: line(80).default("").describe("Name the agent gives"),
    organization: line(120).default("").describe("On whose behalf the agent calls"),
    idempotency_key: idempotencyKey
      .optional()
      .describe("The same key again gives the first answer; also taken from the Idempotency-Key header"),
  })
  .describe("One call");
/** One call as a request asks for it, checked. */
export type CallRequest = z.output<typeof CallRequest>;

/** A task that is registered without being dialed now. */
export const RegisterRequest = CallRequest.extend({
  scheduled_at: z.iso
    .datetime({ offset: true, message: "A time such as 2027-01-31T09:30:00+01:00" })
    .optional()
    .describe("Not dialed before this time; without it the task stays a draft until it is released"),
}).describe("A task for later");
/** A task for later, checked. */
export type RegisterRequest = z.output<typeof RegisterRequest>;

/** The short form of a call. */
export const StartCallRequest = z
  .object({
    userPhone: line(32).min(1, "Say which number to call").describe("Number to call, E.164 with +"),
    instruction: text(2000).min(1, "Say what the call should achieve").describe("What the call is to achieve"),
    idempotency_key: idempotencyKey.optional(),
  })
  .describe("One call in short form");
