import { type Fault, type Recorded, type Script, ScriptedHttp } from "../scripted-http.ts";
import { chat, messagesProblem } from "./chat.ts";
import { inputProblem, respond } from "./responses.ts";
import type { TextStep } from "./script.ts";
import { strictProblem } from "./strict-schema.ts";

/** The key the service takes. */
export const OPENAI_KEY = "sk-test-0123456789";

/** An error as the service tells it. */
export const openAiError = (
  status: number,
  code: string | null,
  headers: Record<string, string> = {},
  message = "It cannot be done.",
): Fault => ({ status, headers, body: { error: { message, type: "invalid_request_error", param: null, code } } });

/**
 * OpenAI's text APIs as a client sees them from outside: what they refuse, their answers, their streams, with a script
 * instead of a model. `isPlain` makes it a server of the kind people run at home: Chat Completions only, no key.
 */
export class OpenAiTextServer extends ScriptedHttp<TextStep> {
  readonly url: string;

  constructor(script: Script<TextStep>, options: { isPlain?: boolean; models?: string[] } = {}) {
    const { isPlain = false, models } = options;
    let number = 0;
    super({
      script,
      refuse: (request) => refusal(request, isPlain, models),
      answer: (step, request) =>
        request.path.endsWith("/responses") ? respond(step, request, ++number) : chat(step, request, ++number),
    });
    this.url = `${this.origin}/v1`;
  }
}

const refuse = (status: number, code: string | null, message: string): Response =>
  Response.json({ error: { message, type: "invalid_request_error", param: null, code } }, { status });

const refusal = (request: Recorded, isPlain: boolean, models: string[] | undefined): Response | null => {
  const { path, body, headers } = request;
  if (path === "/v1/responses" && isPlain) return new Response("404 page not found", { status: 404 });
  if (path !== "/v1/responses" && path !== "/v1/chat/completions") return refuse(404, null, "Unknown URL.");
  if (!isPlain && headers.get("authorization") !== `Bearer ${OPENAI_KEY}`) {
    return refuse(401, "invalid_api_key", "Incorrect API key provided.");
  }
  if (models && !models.includes(body.model)) return refuse(404, "model_not_found", "The model does not exist.");
  const schemas = path === "/v1/responses" ? strictOfResponses(body) : strictOfChat(body);
  for (const [where, schema] of schemas) {
    const problem = strictProblem(schema);
    if (problem !== null) return refuse(400, "invalid_json_schema", `Invalid schema for ${where}: ${problem}`);
  }
  const problem = path === "/v1/responses" ? inputProblem(body.input) : messagesProblem(body.messages);
  return problem === null ? null : refuse(400, null, problem);
};

type Strict = { strict?: boolean; name: string; schema?: unknown; parameters?: unknown };

const strictOfResponses = (body: { text?: { format?: Strict }; tools?: Strict[] }): [string, unknown][] => [
  ...(body.text?.format?.strict ? [["response_format", body.text.format.schema] as [string, unknown]] : []),
  ...(body.tools ?? []).filter((tool) => tool.strict).map((tool): [string, unknown] => [tool.name, tool.parameters]),
];

const strictOfChat = (body: { response_format?: { json_schema?: Strict } }): [string, unknown][] =>
  body.response_format?.json_schema?.strict ? [["response_format", body.response_format.json_schema.schema]] : [];
