import { type Fault, pieces, type Recorded, type Script, ScriptedHttp, type StreamEnd, sse } from "../scripted-http.ts";

/** The key the service takes. */
export const GEMINI_KEY = "AIza-test-0123456789";

type Json = Record<string, unknown>;

/** A web page that grounds an answer. */
export interface ScriptedSource {
  uri: string;
  title: string;
}

/** What the model does in answer to one request. */
export type GeminiStep =
  /** Says a text, or a value as JSON; a thought stands before it. */
  | { say: unknown; end?: StreamEnd; finishReason?: string }
  /** Asks for functions, with ids unless `withoutIds`. */
  | { call: { name: string; args: Json }[]; withoutIds?: boolean }
  /** The prompt itself is blocked. */
  | { block: string }
  /** Answers from searches; `supports` says which words rest on which sources. */
  | {
      ground: string;
      queries: string[];
      sources: ScriptedSource[];
      supports: { text: string; sources: number[] }[];
    };

/** An error as Google's APIs tell it. */
export const googleError = (status: number, name: string, details: Json[] = []): Fault => ({
  status,
  body: { error: { code: status, message: "It cannot be done.", status: name, details } },
});

/** Detail of an error that names its reason. */
export const errorInfo = (reason: string): Json => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "googleapis.com",
});

/** Usage of every answer: easy to add up. */
export const GEMINI_USAGE = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 15,
  thoughtsTokenCount: 5,
  totalTokenCount: 120,
};

/**
 * Google's generateContent as a client sees it from outside, with a script instead of a model. `isOld` makes it a model
 * that takes functions or a form of the answer, not both.
 */
export class GeminiServer extends ScriptedHttp<GeminiStep> {
  constructor(script: Script<GeminiStep>, options: { isOld?: boolean } = {}) {
    let number = 0;
    super({
      script,
      refuse: (request) => refusal(request, options.isOld ?? false),
      answer: (step, request) => play(step, request, ++number),
    });
  }
}

const PATH = /^\/v1(?:beta)?\/models\/([\w.-]+):(generateContent|streamGenerateContent)$/;

const respond = (fault: Fault): Response => {
  const { status, body } = fault as { status: number; body: unknown };
  return Response.json(body, { status });
};

const refusal = ({ path, headers, body }: Recorded, isOld: boolean): Response | null => {
  if (headers.get("x-goog-api-key") !== GEMINI_KEY) {
    return respond(googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")]));
  }
  if (!PATH.test(path)) return respond(googleError(404, "NOT_FOUND"));
  const problem = contentsProblem(body.contents);
  if (problem !== null) return wrong(problem);
  const hasFunctions = body.tools?.some((tool: Json) => "functionDeclarations" in tool) === true;
  const isJson = body.generationConfig?.responseMimeType === "application/json";
  if (isOld && hasFunctions && isJson) {
    return wrong("Function calling with a response mime type: 'application/json' is unsupported");
  }
  const isAsked = body.generationConfig?.responseJsonSchema !== undefined;
  return isAsked && !isJson ? wrong("responseJsonSchema needs responseMimeType application/json") : null;
};

const wrong = (message: string): Response =>
  Response.json({ error: { code: 400, message, status: "INVALID_ARGUMENT" } }, { status: 400 });

/** Calls must be answered by the very next content, name by name, and come back with the signature they had. */
const contentsProblem = (contents: { role: string; parts: Json[] }[]): string | null => {
  for (const [i, { parts }] of contents.entries()) {
    if (parts.length === 0) return "contents.parts must not be empty.";
    const calls = parts.filter((part) => "functionCall" in part);
    if (calls.length === 0) continue;
    if (calls[0]?.thoughtSignature !== "c2lnbmVk") return "Function call is missing a thought_signature.";
    const names = calls.map((part) => (part.functionCall as Json).name);
    const answers = (contents[i + 1]?.parts ?? []).filter((part) => "functionResponse" in part);
    const answered = answers.map((part) => (part.functionResponse as Json).name);
    if (names.join() !== answered.join()) {
      return "Please ensure that the number of function response parts is equal to the number of function call parts.";
    }
  }
  return null;
};

const play = (step: GeminiStep, { path, query }: Recorded, number: number): Response => {
  const shell = { modelVersion: PATH.exec(path)?.[1], responseId: `r${number}` };
  const chunks = chunksOf(step).map((chunk) => ({ ...shell, ...chunk }));
  if (!path.endsWith(":streamGenerateContent")) return Response.json(merged(chunks));
  if (query.get("alt") !== "sse") return wrong("alt must be sse");
  const end = "say" in step ? (step.end ?? "close") : "close";
  const sent = end === "close" ? chunks : chunks.slice(0, -1);
  return sse(
    sent.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`),
    end,
  );
};

const candidate = (parts: Json[], finishReason?: string, more: Json = {}): Json => ({
  candidates: [{ content: { role: "model", parts }, index: 0, ...(finishReason && { finishReason }), ...more }],
  usageMetadata: GEMINI_USAGE,
});

const chunksOf = (step: GeminiStep): Json[] => {
  if ("block" in step)
    return [{ promptFeedback: { blockReason: step.block }, usageMetadata: { promptTokenCount: 100 } }];
  if ("call" in step) {
    const parts = step.call.map(({ name, args }, i) => ({
      functionCall: { ...(!step.withoutIds && { id: `c${i}` }), name, args },
      ...(i === 0 && { thoughtSignature: "c2lnbmVk" }),
    }));
    return [candidate(parts, "STOP")];
  }
  if ("ground" in step) {
    const bytes = (text: string): number => new TextEncoder().encode(text).length;
    const groundingSupports = step.supports.map(({ text, sources }) => {
      const startIndex = bytes(step.ground.slice(0, step.ground.indexOf(text)));
      return { segment: { startIndex, endIndex: startIndex + bytes(text), text }, groundingChunkIndices: sources };
    });
    const groundingMetadata = {
      webSearchQueries: step.queries,
      searchEntryPoint: { renderedContent: "<div>searches</div>" },
      groundingChunks: step.sources.map((web) => ({ web })),
      groundingSupports,
    };
    return [candidate([{ text: step.ground }], "STOP", { groundingMetadata })];
  }
  const text = typeof step.say === "string" ? step.say : JSON.stringify(step.say);
  return [
    candidate([{ text: "Let me think.", thought: true }]),
    ...pieces(text, 7).map((piece) => candidate([{ text: piece }])),
    candidate([], step.finishReason ?? "STOP"),
  ];
};

/** What the call without a stream gives: the same parts in one answer. */
const merged = (chunks: Json[]): Json => {
  const last = chunks.at(-1) as { candidates?: { content: { parts: Json[] } }[] };
  if (!last.candidates) return last;
  const all = chunks.flatMap((chunk) => (chunk as typeof last).candidates?.[0]?.content.parts ?? []);
  const thoughts = all.filter((part) => part.thought === true);
  const text = all.map((part) => (part.thought ? "" : (part.text ?? ""))).join("");
  const others = all.filter((part) => !("text" in part));
  const parts = [...thoughts, ...(text === "" ? [] : [{ text }]), ...others];
  return { ...last, candidates: [{ ...last.candidates[0], content: { role: "model", parts } }] };
};
