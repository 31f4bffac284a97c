import { pieces, type Recorded, sse } from "../scripted-http.ts";
import { type TextStep, textOf } from "./script.ts";

type Item = Record<string, unknown>;

/** Usage of every answer: easy to add up. */
export const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};

/** Why the Responses API refuses the conversation so far; null when it is in order. */
export const inputProblem = (input: Item[]): string | null => {
  const known = new Set<unknown>();
  const reasonings = new Set(input.filter((item) => item.type === "reasoning").map((item) => item.id));
  for (const item of input) {
    if (item.type === "function_call") {
      known.add(item.call_id);
      // A call that came with its reasoning must come back with it.
      const reasoning = String(item.id).replace("fc_", "rs_");
      if (!reasonings.has(reasoning)) {
        return `Item '${item.id}' of type 'function_call' was provided without its required 'reasoning' item: '${reasoning}'.`;
      }
    }
    if (item.type === "function_call_output" && !known.has(item.call_id)) {
      return `No tool call found for function call output with call_id ${item.call_id}.`;
    }
  }
  const answered = new Set(input.filter((item) => item.type === "function_call_output").map((item) => item.call_id));
  const open = [...known].find((id) => !answered.has(id));
  return open === undefined ? null : `No tool output found for function call ${open}.`;
};

/** Plays one step as the Responses API, whole or streamed as the request asks. */
export const respond = (step: TextStep, { body }: Recorded, number: number): Response => {
  const shell = {
    id: `resp_${number}`,
    object: "response",
    created_at: 1_790_000_000,
    model: body.model,
    parallel_tool_calls: true,
    tool_choice: body.tool_choice ?? "auto",
    tools: body.tools ?? [],
    text: body.text,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    metadata: {},
    temperature: 1,
    top_p: 1,
  };
  const response = { ...shell, ...outcomeOf(step, number) };
  if (body.stream !== true) return Response.json(response, { headers: { "x-request-id": `req_${number}` } });
  const end = "say" in step && "end" in step ? step.end : "close";
  const size = "say" in step && "size" in step ? (step.size ?? 7) : 7;
  const frames = framesOf(response, shell, size);
  return sse(end === "close" || end === undefined ? frames : frames.slice(0, -4), end);
};

const outcomeOf = (step: TextStep, number: number): { status: string; output: Item[] } & Item => {
  const message = (content: Item): Item => ({
    id: `msg_${number}`,
    type: "message",
    role: "assistant",
    status: "completed",
    content: [content],
  });
  const said = (text: string): Item => message({ type: "output_text", text, annotations: [], logprobs: [] });
  if ("call" in step) {
    const calls = step.call.flatMap(({ name, args }, i): Item[] => [
      { id: `rs_${number}_${i}`, type: "reasoning", summary: [], encrypted_content: "gAAAA" },
      {
        id: `fc_${number}_${i}`,
        type: "function_call",
        call_id: `call_${number}_${i}`,
        name,
        arguments: textOf(args),
        status: "completed",
      },
    ]);
    return {
      status: "completed",
      output: step.say === undefined ? calls : [said(textOf(step.say)), ...calls],
      usage: USAGE,
    };
  }
  if ("say" in step) return { status: "completed", output: [said(textOf(step.say))], usage: USAGE };
  if ("refuse" in step) {
    return { status: "completed", output: [message({ type: "refusal", refusal: step.refuse })], usage: USAGE };
  }
  if ("fail" in step) {
    return { status: "failed", output: [], error: { code: step.fail, message: "It went wrong." }, usage: null };
  }
  const isCut = "cutOff" in step;
  return {
    status: "incomplete",
    incomplete_details: { reason: isCut ? "max_output_tokens" : "content_filter" },
    output: [{ ...said(isCut ? step.cutOff : step.filtered), status: "incomplete" }],
    usage: USAGE,
  };
};

/** The events of one response in the order the service sends them; the last four end its text and itself. */
const framesOf = (response: { status: string; output: Item[] }, shell: Item, size: number): string[] => {
  const events: Item[] = [];
  const begun = { ...shell, status: "in_progress", output: [], usage: null };
  events.push({ type: "response.created", response: begun }, { type: "response.in_progress", response: begun });
  for (const [output_index, item] of response.output.entries()) {
    const item_id = item.id;
    events.push({
      type: "response.output_item.added",
      output_index,
      item: { ...item, status: "in_progress", content: [] },
    });
    const place = { item_id, output_index, content_index: 0 };
    const part = (item.content as Item[] | undefined)?.[0];
    if (part?.type === "output_text") {
      const text = String(part.text);
      events.push({ type: "response.content_part.added", ...place, part: { ...part, text: "" } });
      for (const delta of pieces(text, size)) {
        events.push({ type: "response.output_text.delta", ...place, delta, logprobs: [] });
      }
      events.push({ type: "response.output_text.done", ...place, text, logprobs: [] });
      events.push({ type: "response.content_part.done", ...place, part });
    }
    if (part?.type === "refusal") {
      events.push({ type: "response.refusal.delta", ...place, delta: part.refusal });
      events.push({ type: "response.refusal.done", ...place, refusal: part.refusal });
    }
    if (item.type === "function_call") {
      events.push({ type: "response.function_call_arguments.delta", item_id, output_index, delta: item.arguments });
      events.push({ type: "response.function_call_arguments.done", item_id, output_index, arguments: item.arguments });
    }
    events.push({ type: "response.output_item.done", output_index, item });
  }
  events.push({ type: `response.${response.status}`, response });
  return events.map(
    (event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
  );
};
