import {
  ApiError,
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  type GenerateContentParameters,
  type GenerateContentResponse,
  type GoogleGenAI,
  type Part,
} from "@google/genai";
import { z } from "zod";
import { explainGemini, geminiClient, geminiTokens } from "./gemini-client.ts";
import {
  UnreadableAnswer,
  type Wire,
  type WireAnswer,
  type WireCall,
  type WireConversation,
  type WireRound,
  type WireSetup,
} from "./wire.ts";

/** What is read of an answer or of one piece of it; parts are kept as they came, to be sent back. */
const responseShape = z.object({
  candidates: z
    .array(
      z.object({
        content: z
          .object({
            parts: z
              .array(
                z.looseObject({
                  text: z.string().optional(),
                  thought: z.boolean().optional(),
                  functionCall: z
                    .looseObject({
                      id: z.string().optional(),
                      name: z.string(),
                      args: z.record(z.string(), z.unknown()).optional(),
                    })
                    .optional(),
                }),
              )
              .optional(),
          })
          .optional(),
        finishReason: z.string().optional(),
      }),
    )
    .optional(),
  promptFeedback: z.object({ blockReason: z.string().optional() }).optional(),
  usageMetadata: z.unknown(),
});
type Piece = z.output<typeof responseShape>;

/** Ends of an answer that are not its own (`FinishReason` of the API); a name that is not here is a policy's. */
const CUT_OFF = new Set(["MAX_TOKENS", "CONTINUATION"]);
/** The model did it wrong; another try may not. */
const GARBLED = new Set([
  "MALFORMED_FUNCTION_CALL",
  "MALFORMED_RESPONSE",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "OTHER",
]);

/** Google's Gemini as a text model. */
export const geminiWire = (settings: { apiKey: string; model: string; baseUrl?: string | undefined }): Wire => {
  const client = geminiClient(settings);
  const { model } = settings;
  return {
    vendor: "Gemini",
    model,
    open: (setup) => conversation(client, model, setup),
    explain: explainGemini,
  };
};

const conversation = (client: GoogleGenAI, model: string, setup: WireSetup): WireConversation => {
  const contents: Content[] = setup.messages.map(({ role, text }) => ({
    role: role === "user" ? "user" : "model",
    parts: [{ text }],
  }));
  let canMix = true;
  const config = (round: WireRound): GenerateContentConfig => {
    const isTold = round.mayUseTools && !canMix;
    return {
      abortSignal: round.signal,
      systemInstruction: isTold
        ? `${setup.system}\n\nUse the functions as you need them. When you answer, answer with one JSON object that fits this JSON schema, and with nothing else:\n${JSON.stringify(setup.schema)}`
        : setup.system,
      maxOutputTokens: setup.maxOutputTokens,
      ...(!isTold && { responseMimeType: "application/json", responseJsonSchema: setup.schema }),
      // What was asked of functions stays in the conversation, so they stay declared.
      ...(setup.tools.length > 0 && {
        tools: [
          {
            functionDeclarations: setup.tools.map(({ name, description, parameters }) => ({
              name,
              description,
              parametersJsonSchema: parameters,
            })),
          },
        ],
        toolConfig: {
          functionCallingConfig: {
            mode: round.mayUseTools ? FunctionCallingConfigMode.AUTO : FunctionCallingConfigMode.NONE,
          },
        },
      }),
    };
  };
  const ask = async (round: WireRound): Promise<Piece[]> => {
    try {
      return await send(client, { model, contents, config: config(round) }, round);
    } catch (thrown) {
      if (!canMix || !refusesMixing(thrown)) throw thrown;
      canMix = false;
      return await send(client, { model, contents, config: config(round) }, round);
    }
  };
  return {
    async next(round) {
      const pieces = await ask(round);
      const parts = pieces.flatMap((piece) => piece.candidates?.[0]?.content?.parts ?? []);
      const answer = answerOf(pieces, parts, contents.length);
      // Kept as it came: the signatures of thoughts belong to their places.
      if (parts.length > 0) contents.push({ role: "model", parts: parts as Part[] });
      return answer;
    },
    results(results) {
      const parts = results.map(({ call, text, isError }): Part => {
        const id = call.id.startsWith(OWN_ID) ? {} : { id: call.id };
        return { functionResponse: { ...id, name: call.name, response: isError ? { error: text } : { output: text } } };
      });
      contents.push({ role: "user", parts });
    },
    say: (text) => contents.push({ role: "user", parts: [{ text }] }),
  };
};

/** Older models take functions or a form of the answer, not both, and answer 400 naming the type of the answer. */
const refusesMixing = (thrown: unknown): boolean =>
  thrown instanceof ApiError && thrown.status === 400 && /mime.?type/i.test(thrown.message);

/** Begins the ids that we give to calls which came without one. */
const OWN_ID = "own-";

const send = async (
  client: GoogleGenAI,
  request: GenerateContentParameters,
  { onText }: WireRound,
): Promise<Piece[]> => {
  if (onText === null) return [read(await client.models.generateContent(request))];
  const pieces: Piece[] = [];
  for await (const chunk of await client.models.generateContentStream(request)) {
    const piece = read(chunk);
    pieces.push(piece);
    onText(textOf(piece.candidates?.[0]?.content?.parts ?? []));
  }
  return pieces;
};

const read = (response: GenerateContentResponse): Piece => {
  const parsed = responseShape.safeParse(response);
  if (!parsed.success) throw new UnreadableAnswer("no answer of generateContent", { cause: parsed.error });
  return parsed.data;
};

type AnswerPart = { text?: string | undefined; thought?: boolean | undefined };

const textOf = (parts: readonly AnswerPart[]): string =>
  parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join("");

const answerOf = (
  pieces: readonly Piece[],
  parts: NonNullable<NonNullable<NonNullable<Piece["candidates"]>[number]["content"]>["parts"]>,
  turn: number,
): WireAnswer => {
  const finish = pieces.findLast((piece) => piece.candidates?.[0]?.finishReason)?.candidates?.[0]?.finishReason;
  const isBlocked = pieces.some((piece) => piece.promptFeedback?.blockReason !== undefined);
  if (!isBlocked && finish === undefined) throw new UnreadableAnswer("the answer has no end");
  if (finish !== undefined && GARBLED.has(finish)) throw new UnreadableAnswer(`the model ended with ${finish}`);
  const calls = parts.flatMap(({ functionCall: call }, i): WireCall[] =>
    call
      ? [{ id: call.id ?? `${OWN_ID}${turn}-${i}`, name: call.name, argumentsJson: JSON.stringify(call.args ?? {}) }]
      : [],
  );
  return {
    text: textOf(parts),
    calls,
    end: isBlocked ? "declined" : finish === "STOP" ? "complete" : CUT_OFF.has(finish ?? "") ? "cut-off" : "declined",
    // Counts grow from piece to piece; the last ones hold.
    tokens: geminiTokens(pieces.findLast((piece) => piece.usageMetadata)?.usageMetadata),
  };
};
