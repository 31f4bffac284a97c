import type OpenAI from "openai";
import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions/completions";
import { z } from "zod";
import { ResponseFailed } from "./openai-client.ts";
import { UnreadableAnswer, type WireAnswer, type WireConversation, type WireRound, type WireSetup } from "./wire.ts";

const count = z.number().int().nonnegative().catch(0);
const usageShape = z
  .object({
    prompt_tokens: count,
    completion_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }).nullish(),
  })
  .nullish();
const completionShape = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: usageShape,
});
const chunkShape = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.string().nullish(),
      delta: z
        .object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                index: z.number().int().min(0).max(63),
                id: z.string().nullish(),
                function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
              }),
            )
            .nullish(),
        })
        .nullish(),
    }),
  ),
  usage: usageShape,
});

/** Parts of an answer, whole or gathered from a stream. */
interface Gathered {
  text: string;
  isRefused: boolean;
  calls: { id: string; name: string; argumentsJson: string }[];
  finish: string;
  usage: z.output<typeof usageShape>;
}

/**
 * A conversation by Chat Completions, for servers without the Responses API. Local servers that hold a model to a JSON
 * schema keep it from calling tools, so while tools are on offer the schema is only told; such servers know no
 * `tool_choice` either, so a round without tools offers none.
 */
export const chatConversation = (client: OpenAI, model: string, setup: WireSetup): WireConversation => {
  const schema = JSON.stringify(setup.schema);
  const messages: ChatCompletionMessageParam[] = [
    { role: "system", content: setup.system },
    ...setup.messages.map(({ role, text }) => ({ role, content: text })),
  ];
  const told: ChatCompletionMessageParam = {
    role: "system",
    content: `${setup.system}\n\nUse the tools as you need them. When you answer, answer with one JSON object that fits this JSON schema, and with nothing else:\n${schema}`,
  };
  return {
    async next(round) {
      const params: ChatCompletionCreateParamsBase = {
        model,
        messages: round.mayUseTools ? [told, ...messages.slice(1)] : messages,
        // The older name: servers that know only Chat Completions know it.
        max_tokens: setup.maxOutputTokens,
        ...(round.mayUseTools
          ? { tools: setup.tools.map((tool) => ({ type: "function", function: tool })) }
          : {
              response_format: {
                type: "json_schema",
                json_schema: { name: setup.schemaName, schema: setup.schema, strict: true },
              },
            }),
      };
      const gathered = await send(client, params, round);
      messages.push({
        role: "assistant",
        content: gathered.text,
        ...(gathered.calls.length > 0 && {
          tool_calls: gathered.calls.map(({ id, name, argumentsJson }) => ({
            id,
            type: "function",
            function: { name, arguments: argumentsJson },
          })),
        }),
      });
      return answerOf(gathered);
    },
    results(results) {
      for (const { call, text, isError } of results) {
        const content = isError ? JSON.stringify({ error: text }) : text;
        messages.push({ role: "tool", tool_call_id: call.id, content });
      }
    },
    say: (text) => messages.push({ role: "user", content: text }),
  };
};

const answerOf = ({ text, isRefused, calls, finish, usage }: Gathered): WireAnswer => ({
  text,
  calls,
  end: isRefused || finish === "content_filter" ? "declined" : finish === "length" ? "cut-off" : "complete",
  tokens: {
    input: usage?.prompt_tokens ?? 0,
    cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    cacheWritten: 0,
    output: usage?.completion_tokens ?? 0,
  },
});

const send = async (
  client: OpenAI,
  params: ChatCompletionCreateParamsBase,
  { signal, onText }: WireRound,
): Promise<Gathered> => {
  if (onText === null) {
    const { choices, usage } = read(
      completionShape,
      await client.chat.completions.create({ ...params, stream: false }, { signal }),
    );
    const [{ message, finish_reason } = { message: {}, finish_reason: "" }] = choices;
    return {
      text: message.content ?? "",
      isRefused: typeof message.refusal === "string",
      calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: argumentsJson } }) => ({
        id,
        name,
        argumentsJson,
      })),
      finish: finish_reason ?? "",
      usage,
    };
  }
  const stream = await client.chat.completions.create(
    { ...params, stream: true, stream_options: { include_usage: true } },
    { signal },
  );
  const gathered: Gathered = { text: "", isRefused: false, calls: [], finish: "", usage: null };
  for await (const chunk of stream) {
    const { choices, usage } = read(chunkShape, chunk);
    gathered.usage = usage ?? gathered.usage;
    const piece = gather(gathered, choices[0]);
    onText(piece);
  }
  if (gathered.finish === "") throw new ResponseFailed("", "the stream ended before its answer did");
  return gathered;
};

const gather = (gathered: Gathered, choice: z.output<typeof chunkShape>["choices"][number] | undefined): string => {
  const { delta } = choice ?? {};
  const piece = delta?.content ?? "";
  gathered.finish = choice?.finish_reason ?? gathered.finish;
  gathered.text += piece;
  if (typeof delta?.refusal === "string") gathered.isRefused = true;
  for (const { index, id, function: named } of delta?.tool_calls ?? []) {
    while (gathered.calls.length <= index) gathered.calls.push({ id: "", name: "", argumentsJson: "" });
    const call = gathered.calls[index]!;
    call.id ||= id ?? "";
    call.name ||= named?.name ?? "";
    call.argumentsJson += named?.arguments ?? "";
  }
  return piece;
};

const read = <T>(shape: z.ZodType<T>, value: unknown): T => {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new UnreadableAnswer("no chat completion", { cause: parsed.error });
  return parsed.data;
};
