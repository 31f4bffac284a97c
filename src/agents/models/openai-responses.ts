import type OpenAI from "openai";
import type {
  Response,
  ResponseCreateParamsBase,
  ResponseInputItem,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import { z } from "zod";
import { ResponseFailed } from "./openai-client.ts";
import {
  UnreadableAnswer,
  type WireAnswer,
  type WireCall,
  type WireConversation,
  type WireRound,
  type WireSetup,
} from "./wire.ts";

const count = z.number().int().nonnegative().catch(0);

/** What is read of a response; all else of an item is kept to be sent back. */
const responseShape = z.object({
  status: z.enum(["completed", "incomplete", "failed", "cancelled", "in_progress", "queued"]),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  output: z.array(z.looseObject({ type: z.string() })),
  usage: z
    .object({
      input_tokens: count,
      output_tokens: count,
      input_tokens_details: z.object({ cached_tokens: count }).nullish(),
    })
    .nullish(),
});
const messageShape = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })),
});
const callShape = z.object({ call_id: z.string(), name: z.string(), arguments: z.string() });

/** Models that reason before they answer; asking them to do so little keeps people from waiting. */
const REASONS = /^(?:gpt-[5-9]|o\d)/;

/** A conversation by OpenAI's Responses API. Nothing of it is stored there. */
export const responsesConversation = (client: OpenAI, model: string, setup: WireSetup): WireConversation => {
  const input: ResponseInputItem[] = setup.messages.map(({ role, text }) => ({ role, content: text }));
  const reasons = REASONS.test(model);
  const base: ResponseCreateParamsBase = {
    model,
    instructions: setup.system,
    text: { format: { type: "json_schema", name: setup.schemaName, schema: setup.schema, strict: true } },
    max_output_tokens: setup.maxOutputTokens,
    store: false,
    ...(reasons && { reasoning: { effort: "low" }, include: ["reasoning.encrypted_content"] }),
    ...(setup.tools.length > 0 && {
      tools: setup.tools.map((tool) => ({ type: "function", strict: true, ...tool })),
    }),
  };
  return {
    async next(round) {
      const params = {
        ...base,
        input,
        ...(setup.tools.length > 0 && { tool_choice: round.mayUseTools ? ("auto" as const) : ("none" as const) }),
      };
      const response = await send(client, params, round);
      const answer = readResponse(response);
      for (const item of response.output) input.push(item as ResponseInputItem);
      return answer;
    },
    results(results) {
      for (const { call, text, isError } of results) {
        const output = isError ? JSON.stringify({ error: text }) : text;
        input.push({ type: "function_call_output", call_id: call.id, output });
      }
    },
    say: (text) => input.push({ role: "user", content: text }),
  };
};

const send = async (client: OpenAI, params: ResponseCreateParamsBase, round: WireRound): Promise<Response> => {
  const { signal, onText } = round;
  if (onText === null) return checked(await client.responses.create({ ...params, stream: false }, { signal }));
  const stream = await client.responses.create({ ...params, stream: true }, { signal });
  for await (const event of stream) {
    const ended = endOf(event);
    if (ended !== null) return checked(ended);
    onText(event.type === "response.output_text.delta" && typeof event.delta === "string" ? event.delta : "");
  }
  throw new ResponseFailed("", "the stream ended before its response did");
};

const endOf = (event: ResponseStreamEvent): unknown => {
  if (event.type === "error") throw new ResponseFailed(event.code ?? "", "the stream told an error");
  const isEnd =
    event.type === "response.completed" || event.type === "response.incomplete" || event.type === "response.failed";
  return isEnd ? event.response : null;
};

/** The response itself, once all that is read of it is known to be there. */
const checked = (response: unknown): Response => {
  const parsed = responseShape.safeParse(response);
  if (!parsed.success) throw new UnreadableAnswer("no response", { cause: parsed.error });
  const { status, error } = parsed.data;
  if (status === "completed" || status === "incomplete") return response as Response;
  throw new ResponseFailed(error?.code ?? "", `response ${status}`);
};

const readResponse = (response: Response): WireAnswer => {
  const { status, incomplete_details, output, usage } = responseShape.parse(response);
  let text = "";
  let isRefused = false;
  const calls: WireCall[] = [];
  for (const item of output) {
    if (item.type === "message") {
      for (const part of read(messageShape, item).content) {
        if (part.type === "refusal") isRefused = true;
        if (part.type === "output_text") text += part.text ?? "";
      }
    }
    if (item.type === "function_call") {
      const call = read(callShape, item);
      calls.push({ id: call.call_id, name: call.name, argumentsJson: call.arguments });
    }
  }
  const isFiltered = incomplete_details?.reason === "content_filter";
  return {
    text,
    calls,
    end: isRefused || isFiltered ? "declined" : status === "completed" ? "complete" : "cut-off",
    tokens: {
      input: usage?.input_tokens ?? 0,
      cached: usage?.input_tokens_details?.cached_tokens ?? 0,
      cacheWritten: 0,
      output: usage?.output_tokens ?? 0,
    },
  };
};

const read = <T>(shape: z.ZodType<T>, value: unknown): T => {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new UnreadableAnswer("an item of a response", { cause: parsed.error });
  return parsed.data;
};
