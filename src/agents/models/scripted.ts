import type { Schedule } from "../../core/clock.ts";
import type { Completion, Model, ModelMessage, ModelRequest } from "./model.ts";
import { VendorError } from "./vendor-error.ts";

/** What a role of the scripted model works with. */
export interface ScriptedAsk {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  /** Runs a tool by name; throws what the tool throws, and an error when it was not offered. */
  useTool(name: string, args: Record<string, unknown>): Promise<unknown>;
  hasTool(name: string): boolean;
  /** What was wrong with the answer before; empty the first time. */
  readonly problems: readonly string[];
}

/** Answers one purpose. The same question gives the same answer. */
export type ScriptedRole = (ask: ScriptedAsk) => Promise<unknown>;

/** What the scripted model is made of. */
export interface ScriptedModelParts {
  /** By the purpose of the request. */
  roles: Readonly<Record<string, ScriptedRole>>;
  /** Paces the words of a reply so that they can be watched; without it they come at once. */
  schedule?: Schedule;
}

/** Between two pieces of a reply, in ms, and the words in one. */
const PIECE_MS = 90;
const PIECE_WORDS = 2;

/**
 * A model that thinks by rules: for the demo and for tests. It goes through the same steps as a real one, tools, stream,
 * check, repair and stop, costs nothing and never claims to be more. A purpose without a role is answered as a model that
 * is not there.
 */
export const scriptedModel = (parts: ScriptedModelParts): Model => ({
  vendor: "scripted",
  name: "rules",
  complete: (request) => complete(parts, request),
});

const VENDOR = "The scripted model";

const complete = async <T>(
  { roles, schedule }: ScriptedModelParts,
  request: ModelRequest<T>,
): Promise<Completion<T>> => {
  const role = roles[request.purpose];
  if (role === undefined) throw new VendorError(VENDOR, { failure: "not-found" });
  const signal = request.signal ?? new AbortController().signal;
  const stopped = (): void => {
    if (signal.aborted) throw new VendorError(VENDOR, { failure: "stopped" });
  };
  let toolCalls = 0;
  const useTool = async (name: string, args: Record<string, unknown>): Promise<unknown> => {
    stopped();
    const tool = request.tools?.find((one) => one.name === name);
    if (tool === undefined) throw new Error(`the tool ${name} was not offered`);
    const answer = await tool.run(tool.parameters.parse(args) as never, { signal });
    toolCalls++;
    return answer;
  };
  const hasTool = (name: string): boolean => request.tools?.some((one) => one.name === name) ?? false;
  let problems: string[] = [];
  for (let repairs = 0; repairs <= (request.maxRepairs ?? 1); repairs++) {
    stopped();
    if (repairs > 0) request.reply?.onRestart();
    const { system, messages } = request;
    const answer = await role({ system, messages, useTool, hasTool, problems });
    stopped();
    await tellReply(request, answer, schedule, stopped);
    const parsed = await request.schema.safeParseAsync(answer);
    if (parsed.success) {
      const usage = {
        vendor: "scripted",
        model: "rules",
        purpose: request.purpose,
        rounds: repairs + 1,
        inputTokens: 0,
        cachedTokens: 0,
        outputTokens: 0,
        costUsd: 0,
      };
      return { value: parsed.data, usage, toolCalls, repairs };
    }
    problems = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  }
  throw new VendorError(VENDOR, { failure: "invalid-answer" });
};

const tellReply = async (
  { reply }: Pick<ModelRequest<unknown>, "reply">,
  answer: unknown,
  schedule: Schedule | undefined,
  stopped: () => void,
): Promise<void> => {
  const text = reply && (answer as Record<string, unknown> | null)?.[reply.field];
  if (!reply || typeof text !== "string") return;
  if (!schedule) return reply.onDelta(text);
  const words = text.match(/\S+\s*/g) ?? [];
  for (let i = 0; i < words.length; i += PIECE_WORDS) {
    await new Promise<void>((resolve) => schedule(resolve, PIECE_MS));
    stopped();
    reply.onDelta(words.slice(i, i + PIECE_WORDS).join(""));
  }
};
