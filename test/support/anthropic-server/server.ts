import { type Fault, pieces, type Recorded, type Script, ScriptedHttp, type StreamEnd, sse } from "../scripted-http.ts";

/** The key the service takes. */
export const ANTHROPIC_KEY = "sk-ant-test-0123456789";

type Json = Record<string, unknown>;

/** What the model does in answer to one request. */
export type ClaudeStep =
  /** Says a text, or a value as JSON, after a signed thought. */
  | { say: unknown; end?: StreamEnd; stopReason?: string }
  | { call: { name: string; input: Json }[]; say?: string }
  /** An error event comes after the stream has begun. */
  | { failInStream: string };

/** An error as the service tells it. */
export const claudeError = (
  status: number,
  type: string,
  message = "It cannot be done.",
  headers: Record<string, string> = {},
): Fault => ({ status, headers, body: { type: "error", error: { type, message }, request_id: "req_1" } });

const USAGE = { input_tokens: 50, cache_read_input_tokens: 40, cache_creation_input_tokens: 10, output_tokens: 20 };

/** Anthropic's Messages API as a client sees it from outside, with a script instead of a model. */
export class AnthropicServer extends ScriptedHttp<ClaudeStep> {
  constructor(script: Script<ClaudeStep>) {
    let number = 0;
    super({ script, refuse: refusal, answer: (step, request) => play(step, request, ++number) });
  }
}

const refusal = ({ path, headers, body }: Recorded): Response | null => {
  const refuse = (status: number, type: string, message: string): Response =>
    Response.json({ type: "error", error: { type, message }, request_id: "req_1" }, { status });
  if (headers.get("authorization") !== `Bearer ${ANTHROPIC_KEY}`) {
    return refuse(401, "authentication_error", "invalid bearer token");
  }
  if (headers.get("anthropic-version") === null) return refuse(400, "invalid_request_error", "no version");
  if (path !== "/v1/messages") return refuse(404, "not_found_error", "Not found");
  const problem = bodyProblem(body);
  return problem === null ? null : refuse(400, "invalid_request_error", problem);
};

const bodyProblem = (body: {
  max_tokens?: unknown;
  temperature?: unknown;
  messages: { role: string; content: string | Json[] }[];
  output_config?: { format?: { schema: Json } };
}): string | null => {
  if (typeof body.max_tokens !== "number") return "max_tokens: Field required";
  if (body.temperature !== undefined) return "temperature: Extra inputs are not permitted";
  if (body.messages.at(-1)?.role !== "user") return "This model does not support assistant message prefill.";
  const schema = JSON.stringify(body.output_config?.format?.schema ?? {});
  const refused = /"(minLength|maxLength|minimum|maximum|multipleOf|oneOf|const)":/.exec(schema)?.[1];
  if (refused !== undefined) return `output_config.format.schema: property '${refused}' is not supported`;
  return historyProblem(body.messages);
};

/** Thoughts come back signed, and every tool that was asked for has its result in the next message. */
const historyProblem = (messages: { role: string; content: string | Json[] }[]): string | null => {
  for (const [i, { role, content }] of messages.entries()) {
    if (content.length === 0) return `messages.${i}: content must not be empty`;
    if (role !== "assistant" || typeof content === "string") continue;
    const thought = content.find((block) => block.type === "thinking");
    if (thought && thought.signature !== "c2lnbmVk")
      return `messages.${i}.content.0: Invalid signature in thinking block`;
    const asked = content.filter((block) => block.type === "tool_use").map((block) => block.id);
    const next = messages[i + 1]?.content;
    const given = Array.isArray(next) ? next.map((block) => block.tool_use_id) : [];
    const missing = asked.find((id) => !given.includes(id));
    if (missing !== undefined)
      return `tool_use ids were found without tool_result blocks immediately after: ${missing}`;
  }
  return null;
};

const play = (step: ClaudeStep, { body }: Recorded, number: number): Response => {
  const shell = {
    id: `msg_${number}`,
    type: "message",
    role: "assistant",
    model: body.model,
    stop_sequence: null,
    container: null,
    stop_details: null,
  };
  const content = contentOf(step, number);
  const stop_reason = "call" in step ? "tool_use" : "say" in step ? (step.stopReason ?? "end_turn") : null;
  if (body.stream !== true) return Response.json({ ...shell, content, stop_reason, usage: USAGE });
  const start = {
    type: "message_start",
    message: { ...shell, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 1 } },
  };
  const events: Json[] = [start, ...content.flatMap(blockEvents)];
  if ("failInStream" in step) {
    events.push({ type: "error", error: { type: step.failInStream, message: "It cannot be done." } });
    return sse(events.map(frame));
  }
  const end = "say" in step && "end" in step ? (step.end ?? "close") : "close";
  if (end === "close") {
    const delta = { stop_reason, stop_sequence: null, container: null, stop_details: null };
    events.push({ type: "message_delta", delta, usage: { output_tokens: USAGE.output_tokens } });
    events.push({ type: "message_stop" });
  }
  return sse(events.map(frame), end);
};

const frame = (event: Json): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const contentOf = (step: ClaudeStep, number: number): Json[] => {
  const thought = { type: "thinking", thinking: "Let me think.", signature: "c2lnbmVk" };
  const text = (said: unknown): Json => ({
    type: "text",
    text: typeof said === "string" ? said : JSON.stringify(said),
    citations: null,
  });
  if ("failInStream" in step) return [text('{"reply": "Wait')];
  if (!("call" in step)) return step.say === "" ? [] : [thought, text(step.say)];
  const uses = step.call.map(({ name, input }, i) => ({
    type: "tool_use",
    id: `toolu_${number}_${i}`,
    name,
    input,
    caller: { type: "direct" },
  }));
  return [thought, ...(step.say === undefined ? [] : [text(step.say)]), ...uses];
};

const blockEvents = (block: Json, index: number): Json[] => {
  const begun: Json =
    block.type === "text"
      ? { type: "text", text: "", citations: null }
      : block.type === "thinking"
        ? { type: "thinking", thinking: "", signature: "" }
        : { ...block, input: {} };
  const deltas: Json[] =
    block.type === "text"
      ? pieces(String(block.text), 7).map((text) => ({ type: "text_delta", text }))
      : block.type === "thinking"
        ? [
            { type: "thinking_delta", thinking: block.thinking },
            { type: "signature_delta", signature: block.signature },
          ]
        : ["", ...pieces(JSON.stringify(block.input), 5)].map((partial_json) => ({
            type: "input_json_delta",
            partial_json,
          }));
  return [
    { type: "content_block_start", index, content_block: begun },
    { type: "ping" },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
};
