import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { assert } from "../../core/errors.ts";
import { answerSchema } from "./answer-schema.ts";
import type { Completion, Model, ModelRequest, ModelUsage, ReplyListener } from "./model.ts";
import { ReplyStream } from "./reply-stream.ts";
import { textCost } from "./text-prices.ts";
import { runToolCalls, type ToolRun } from "./tool-calls.ts";
import { ownWork, type TryDeps, type TryRules, withTries } from "./tries.ts";
import { type Failed, VendorError } from "./vendor-error.ts";
import type { TokenCount, Wire, WireAnswer, WireConversation } from "./wire.ts";

const DEFAULT_TOOL_ROUNDS = 8;
const DEFAULT_REPAIRS = 1;
const DEFAULT_TIMEOUT_MS = 90_000;
const DEFAULT_OUTPUT_TOKENS = 16_384;
/** A stream that begins and then says nothing for so long is dead, in ms. */
const STREAM_SILENCE_MS = 20_000;
const DEFAULT_TRIES = 4;
/** Longest account of what is wrong with an answer, in characters. */
const MAX_PROBLEM = 2000;
/** Places named in the cause of a failure. */
const MAX_PLACES = 10;
const NO_JSON = "It is not JSON. It must be one JSON object and nothing else.";

/** A model on a vendor's wire: validated answers, tools, repairs, tries and accounts, the same for every vendor. */
export const createModel = (wire: Wire, deps: TryDeps): Model => ({
  vendor: wire.vendor,
  name: wire.model,
  complete: async <T>(request: ModelRequest<T>): Promise<Completion<T>> => {
    const usage = new UsageSum(wire, request.purpose, deps.clock);
    try {
      return await converse(wire, deps, request, usage);
    } catch (thrown) {
      if (thrown instanceof VendorError) thrown.usage = usage.sum;
      throw thrown;
    }
  },
});

const converse = async <T>(
  wire: Wire,
  deps: TryDeps,
  request: ModelRequest<T>,
  usage: UsageSum,
): Promise<Completion<T>> => {
  const { tools = [], signal, maxToolRounds = DEFAULT_TOOL_ROUNDS, maxRepairs = DEFAULT_REPAIRS } = request;
  assert(/^[a-z_]{1,40}$/.test(request.purpose), "a purpose is a short name");
  assert(request.messages.at(-1)?.role === "user", "the user has the last word");
  const conversation = wire.open({
    system: request.system,
    messages: request.messages,
    schemaName: request.purpose,
    schema: answerSchema(request.schema),
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters: answerSchema(parameters),
    })),
    maxOutputTokens: request.maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS,
  });
  const rules: TryRules = {
    vendor: wire.vendor,
    tries: request.tries ?? DEFAULT_TRIES,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    silenceMs: STREAM_SILENCE_MS,
    signal,
    explain: wire.explain,
  };
  const fail = (failed: Failed, cause?: unknown): VendorError => new VendorError(wire.vendor, failed, { cause });
  const follower = request.reply ? new Follower(request.reply) : null;
  let toolRounds = 0;
  let toolCalls = 0;
  let repairs = 0;
  let isJson = true;
  for (;;) {
    // An answer that was no JSON at all comes from a model that needs to be held to its form; some vendors can do that
    // only without tools.
    const mayUseTools = tools.length > 0 && toolRounds < maxToolRounds && isJson;
    const answer = await ask(conversation, { rules, deps, mayUseTools, follower });
    usage.add(answer.tokens);
    if (answer.end !== "complete") throw fail({ failure: answer.end });
    if (answer.calls.length > 0) {
      if (!mayUseTools) throw fail({ failure: "too-many-tool-calls" });
      const run = await toolsRun(answer, { request, deps, fail });
      conversation.results(run.results);
      toolCalls += run.ran;
      toolRounds++;
      continue;
    }
    const read = await readAnswer(request.schema, answer.text);
    if (read.ok) return { value: read.value, usage: usage.sum, toolCalls, repairs };
    if (repairs >= maxRepairs) throw fail({ failure: "invalid-answer" }, read.places);
    repairs++;
    isJson = read.isJson;
    conversation.say(
      `Your answer cannot be used:\n${read.problem}\nAnswer again, whole and corrected. Say nothing about this.`,
    );
  }
};

const ask = (
  conversation: WireConversation,
  how: { rules: TryRules; deps: TryDeps; mayUseTools: boolean; follower: Follower | null },
): Promise<WireAnswer> =>
  withTries(how.rules, how.deps, ({ signal, alive }) => {
    const { follower, mayUseTools } = how;
    follower?.begin();
    const onText = (piece: string): void => {
      alive();
      if (!signal.aborted) ownWork(() => follower?.take(piece));
    };
    return conversation.next({ signal, mayUseTools, onText: follower && onText });
  });

const toolsRun = async <T>(
  answer: WireAnswer,
  how: { request: ModelRequest<T>; deps: TryDeps; fail: (failed: Failed, cause?: unknown) => VendorError },
): Promise<ToolRun> => {
  const { tools = [], signal } = how.request;
  try {
    return await runToolCalls(answer.calls, { tools, schedule: how.deps.schedule, signal });
  } catch (thrown) {
    if (signal?.aborted) throw how.fail({ failure: "stopped" }, thrown);
    throw thrown;
  }
};

/** `problem` is for the model and may repeat what it said; `places` only says where, for logs. */
type Read<T> = { ok: true; value: T } | { ok: false; isJson: boolean; problem: string; places: string };

const readAnswer = async <T>(schema: z.ZodType<T>, text: string): Promise<Read<T>> => {
  let given: unknown;
  try {
    given = JSON.parse(withoutFence(text));
  } catch {
    return { ok: false, isJson: false, problem: NO_JSON, places: "no JSON" };
  }
  const parsed = await schema.safeParseAsync(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  const places = parsed.error.issues.slice(0, MAX_PLACES).map(({ path, code }) => `${path.join(".")}: ${code}`);
  const problem = z.prettifyError(parsed.error).slice(0, MAX_PROBLEM);
  return { ok: false, isJson: true, problem, places: places.join(", ") };
};

/** Models that are only asked for JSON like to put it between marks of code. */
const withoutFence = (text: string): string => /^\s*```(?:json)?\s*\n([\s\S]*)\n\s*```\s*$/.exec(text)?.[1] ?? text;

/** Tells the reply as it grows, and when what was told no longer holds. */
class Follower {
  readonly #listener: ReplyListener;
  #stream: ReplyStream;
  #hasTold = false;
  constructor(listener: ReplyListener) {
    this.#listener = listener;
    this.#stream = new ReplyStream(listener.field);
  }
  /** Another answer begins. */
  begin(): void {
    this.#stream = new ReplyStream(this.#listener.field);
    if (this.#hasTold) ownWork(() => this.#listener.onRestart());
    this.#hasTold = false;
  }
  take(piece: string): void {
    const added = this.#stream.push(piece);
    if (added === "") return;
    this.#hasTold = true;
    this.#listener.onDelta(added);
  }
}

class UsageSum {
  readonly #clock: Clock;
  sum: ModelUsage;
  constructor(wire: Wire, purpose: string, clock: Clock) {
    this.#clock = clock;
    const { vendor, model } = wire;
    this.sum = { vendor, model, purpose, rounds: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, costUsd: 0 };
  }
  add(tokens: TokenCount): void {
    const { sum } = this;
    const cost = textCost(sum.model, tokens, this.#clock.now());
    this.sum = {
      ...sum,
      rounds: sum.rounds + 1,
      inputTokens: sum.inputTokens + tokens.input,
      cachedTokens: sum.cachedTokens + tokens.cached,
      outputTokens: sum.outputTokens + tokens.output,
      costUsd: cost === null || sum.costUsd === null ? null : sum.costUsd + cost,
    };
  }
}
