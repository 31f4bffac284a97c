import Anthropic, { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import type {
  ContentBlockParam,
  MessageCreateParamsBase,
  MessageParam,
} from "@anthropic-ai/sdk/resources/messages/messages";
import { z } from "zod";
import { type Failed, failureOfStatus, retryAfterMs, type VendorFailure } from "./vendor-error.ts";
import {
  UnreadableAnswer,
  type Wire,
  type WireAnswer,
  type WireCall,
  type WireConversation,
  type WireRound,
  type WireSetup,
} from "./wire.ts";

/** Model when nothing else is configured. */
export const ANTHROPIC_MODEL = "claude-haiku-5-5";
/** Where Anthropic serves it. */
export const ANTHROPIC_URL = "https://api.anthropic.com";

/** Never reached; without one of its own the client refuses long answers that are not streamed. */
const CLIENT_TIMEOUT_MS = 600_000;

const count = z.number().int().nonnegative().nullish().catch(0);

/** What is read of a message; its blocks are kept as they came, to be sent back. */
const messageShape = z.object({
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.object({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
  }),
});
const textShape = z.object({ text: z.string() });
const callShape = z.object({ id: z.string(), name: z.string(), input: z.unknown() });

/** Errors by their `type`, which holds within a stream too, where there is no status. */
const TYPES: Record<string, VendorFailure> = {
  authentication_error: "key-refused",
  permission_error: "key-refused",
  billing_error: "quota-used-up",
  not_found_error: "not-found",
  rate_limit_error: "rate-limited",
  timeout_error: "timed-out",
  overloaded_error: "overloaded",
  api_error: "overloaded",
};

/** Anthropic's Claude as a text model. */
export const anthropicWire = (settings: { apiKey: string; model: string; baseUrl?: string | undefined }): Wire => {
  const client = new Anthropic({
    apiKey: settings.apiKey,
    authToken: null,
    baseURL: settings.baseUrl ?? ANTHROPIC_URL,
    // Tries and time are decided in one place for all vendors.
    maxRetries: 0,
    timeout: CLIENT_TIMEOUT_MS,
    logLevel: "off",
  });
  const { model } = settings;
  return { vendor: "Claude", model, open: (setup) => conversation(client, model, setup), explain };
};

const explain = (thrown: unknown, nowMs: number): Failed => {
  if (thrown instanceof UnreadableAnswer || thrown instanceof SyntaxError) return { failure: "unreadable" };
  if (thrown instanceof APIConnectionError || !(thrown instanceof APIError)) return { failure: "unreachable" };
  // An account without credit is told as a wrong request.
  const isBroke = /credit balance/i.test(thrown.apiMessage ?? "");
  const byStatus = thrown.status === undefined ? "overloaded" : failureOfStatus(thrown.status);
  const after = retryAfterMs(thrown.headers, nowMs);
  return {
    failure: isBroke ? "quota-used-up" : (TYPES[thrown.type ?? ""] ?? byStatus),
    ...(after !== undefined && { retryAfterMs: after }),
  };
};

const conversation = (client: Anthropic, model: string, setup: WireSetup): WireConversation => {
  const messages: MessageParam[] = setup.messages.map(({ role, text }) => ({ role, content: text }));
  const base: Omit<MessageCreateParamsBase, "messages"> = {
    model,
    max_tokens: setup.maxOutputTokens,
    system: setup.system,
    output_config: { format: { type: "json_schema", schema: setup.schema } },
    // Moves along with the conversation: each round reads what the one before wrote.
    cache_control: { type: "ephemeral" },
    ...(setup.tools.length > 0 && {
      tools: setup.tools.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: { ...parameters, type: "object" as const },
        strict: true,
      })),
    }),
  };
  return {
    async next(round) {
      const params = {
        ...base,
        messages,
        ...(setup.tools.length > 0 && {
          tool_choice: { type: round.mayUseTools ? ("auto" as const) : ("none" as const) },
        }),
      };
      const message = read(messageShape, await send(client, params, round));
      const answer = answerOf(message);
      // Verbatim, thoughts included: the vendor checks their signatures.
      const blocks = message.content as unknown as ContentBlockParam[];
      if (blocks.length > 0) messages.push({ role: "assistant", content: blocks });
      return answer;
    },
    results(results) {
      messages.push({
        role: "user",
        content: results.map(({ call, text, isError }) => ({
          type: "tool_result",
          tool_use_id: call.id,
          content: text,
          is_error: isError,
        })),
      });
    },
    say: (text) => messages.push({ role: "user", content: text }),
  };
};

const send = async (
  client: Anthropic,
  params: MessageCreateParamsBase,
  { signal, onText }: WireRound,
): Promise<unknown> => {
  if (onText === null) return await client.messages.create({ ...params, stream: false }, { signal });
  const stream = client.messages.stream({ ...params, stream: true }, { signal });
  for await (const event of stream) {
    onText(event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : "");
  }
  return await stream.finalMessage();
};

const answerOf = ({ content, stop_reason, usage }: z.output<typeof messageShape>): WireAnswer => {
  let text = "";
  const calls: WireCall[] = [];
  for (const block of content) {
    if (block.type === "text") text += read(textShape, block).text;
    if (block.type === "tool_use") {
      const { id, name, input } = read(callShape, block);
      calls.push({ id, name, argumentsJson: JSON.stringify(input ?? {}) });
    }
  }
  const isCut = stop_reason === "max_tokens" || stop_reason === "model_context_window_exceeded";
  const cached = usage.cache_read_input_tokens ?? 0;
  const cacheWritten = usage.cache_creation_input_tokens ?? 0;
  return {
    text,
    calls,
    end: stop_reason === "refusal" ? "declined" : isCut ? "cut-off" : "complete",
    tokens: {
      input: (usage.input_tokens ?? 0) + cached + cacheWritten,
      cached,
      cacheWritten,
      output: usage.output_tokens ?? 0,
    },
  };
};

const read = <T>(shape: z.ZodType<T>, value: unknown): T => {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new UnreadableAnswer("no message", { cause: parsed.error });
  return parsed.data;
};
