import { pieces, type Recorded, sse } from "../scripted-http.ts";
import { type TextStep, textOf } from "./script.ts";

type Item = Record<string, unknown>;

/** Usage of every answer: easy to add up. */
export const CHAT_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 40 },
};

/** Why Chat Completions refuses the conversation so far; null when it is in order. */
export const messagesProblem = (messages: Item[]): string | null => {
  let open = new Set<unknown>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) {
        return "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
      }
    } else if (open.size > 0) {
      return "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
    }
    if (Array.isArray(message.tool_calls)) open = new Set(message.tool_calls.map((call: Item) => call.id));
  }
  return null;
};

/** Plays one step as Chat Completions, whole or streamed as the request asks. */
export const chat = (step: TextStep, { body }: Recorded, number: number): Response => {
  const shell = { id: `chatcmpl-${number}`, created: 1_790_000_000, model: body.model, system_fingerprint: "fp_1" };
  const { message, finish_reason } = outcomeOf(step, number);
  if (body.stream !== true) {
    const choice = { index: 0, message: { role: "assistant", ...message }, finish_reason, logprobs: null };
    return Response.json({ ...shell, object: "chat.completion", choices: [choice], usage: CHAT_USAGE });
  }
  const chunk = (delta: Item, finish: string | null): Item => ({
    ...shell,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
    usage: null,
  });
  const deltas: Item[] = [{ role: "assistant", content: "" }];
  if (typeof message.content === "string") deltas.push(...pieces(message.content, 7).map((content) => ({ content })));
  if (typeof message.refusal === "string") deltas.push({ refusal: message.refusal });
  for (const [index, call] of ((message.tool_calls ?? []) as Item[]).entries()) {
    const { name, arguments: args } = call.function as { name: string; arguments: string };
    deltas.push({ tool_calls: [{ index, id: call.id, type: "function", function: { name, arguments: "" } }] });
    for (const piece of pieces(args, 5)) deltas.push({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
  const end = "say" in step && "end" in step ? (step.end ?? "close") : "close";
  const chunks = deltas.map((delta) => chunk(delta, null));
  if (end === "close") {
    chunks.push(chunk({}, finish_reason));
    if (body.stream_options?.include_usage) {
      chunks.push({ ...shell, object: "chat.completion.chunk", choices: [], usage: CHAT_USAGE });
    }
  }
  const frames = chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`);
  return sse(end === "close" ? [...frames, "data: [DONE]\n\n"] : frames, end);
};

const outcomeOf = (step: TextStep, number: number): { message: Item; finish_reason: string } => {
  if ("call" in step) {
    const tool_calls = step.call.map(({ name, args }, i) => ({
      id: `call_${number}_${i}`,
      type: "function",
      function: { name, arguments: textOf(args) },
    }));
    const content = step.say === undefined ? null : textOf(step.say);
    return { message: { content, refusal: null, tool_calls }, finish_reason: "tool_calls" };
  }
  if ("say" in step) return { message: { content: textOf(step.say), refusal: null }, finish_reason: "stop" };
  if ("refuse" in step) return { message: { content: null, refusal: step.refuse }, finish_reason: "stop" };
  if ("cutOff" in step) return { message: { content: step.cutOff, refusal: null }, finish_reason: "length" };
  const filtered = "filtered" in step ? step.filtered : "";
  return { message: { content: filtered, refusal: null }, finish_reason: "content_filter" };
};
