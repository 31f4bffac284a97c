import { z } from "zod";
import type { Schedule } from "../../core/clock.ts";
import { OutsideError } from "../../core/errors.ts";
import type { ModelTool } from "./model.ts";
import type { WireCall, WireResult } from "./wire.ts";

/** More calls than this in one answer are not run. */
const MAX_CALLS_AT_ONCE = 8;
/** A tool that gives nothing for so long is given up, in ms; the model is told. */
const TOOL_TIMEOUT_MS = 60_000;
/** Longest result a model gets to read, in characters; the rest is cut. */
const MAX_RESULT = 20_000;

/** What tool calls gave, in their order, and how many were run. */
export interface ToolRun {
  readonly results: readonly WireResult[];
  readonly ran: number;
}

/**
 * Runs the tools a model asked for, side by side. What cannot be run comes back as a sentence the model can act on.
 * Rejects when a tool has a bug, and with the signal's reason when that ends first.
 */
export const runToolCalls = async (
  calls: readonly WireCall[],
  deps: { tools: readonly ModelTool[]; schedule: Schedule; signal: AbortSignal | undefined },
): Promise<ToolRun> => {
  const end = new AbortController();
  const stop = (): void => end.abort(deps.signal?.reason);
  if (deps.signal?.aborted) stop();
  deps.signal?.addEventListener("abort", stop, { once: true });
  let ran = 0;
  const run = async (call: WireCall, place: number): Promise<WireResult> => {
    const prepared = place < MAX_CALLS_AT_ONCE ? prepare(call, deps.tools) : TOO_MANY;
    if (!prepared.ok) return { call, text: prepared.problem, isError: true };
    ran++;
    return { call, ...(await outcomeOf(prepared.run, deps.schedule, end.signal)) };
  };
  try {
    return { results: await Promise.all(calls.map(run)), ran };
  } finally {
    // After a bug in one tool the others have nobody to work for.
    end.abort();
    deps.signal?.removeEventListener("abort", stop);
  }
};

type Prepared = { ok: true; run: (signal: AbortSignal) => Promise<unknown> } | { ok: false; problem: string };

const TOO_MANY: Prepared = {
  ok: false,
  problem: `Not run: at most ${MAX_CALLS_AT_ONCE} tools at once. Ask for the rest in your next answer.`,
};

const prepare = (call: WireCall, tools: readonly ModelTool[]): Prepared => {
  const tool = tools.find((one) => one.name === call.name);
  if (!tool)
    return { ok: false, problem: `There is no such tool. There are: ${tools.map((one) => one.name).join(", ")}.` };
  let given: unknown;
  try {
    given = JSON.parse(call.argumentsJson === "" ? "{}" : call.argumentsJson);
  } catch {
    return { ok: false, problem: "The arguments were not valid JSON. Call the tool again." };
  }
  const parsed = tool.parameters.safeParse(given);
  if (!parsed.success) return { ok: false, problem: `The arguments do not fit: ${z.prettifyError(parsed.error)}` };
  // The arguments were checked with this very tool's schema.
  return { ok: true, run: (signal) => tool.run(parsed.data as never, { signal }) };
};

const outcomeOf = async (
  run: (signal: AbortSignal) => Promise<unknown>,
  schedule: Schedule,
  signal: AbortSignal,
): Promise<{ text: string; isError: boolean }> => {
  let cancel = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    const late = new OutsideError("The tool took too long.", { retryable: true });
    cancel = schedule(() => reject(late), TOOL_TIMEOUT_MS);
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const text = JSON.stringify(await Promise.race([run(signal), ended])) ?? "null";
    return { text: text.length > MAX_RESULT ? `${text.slice(0, MAX_RESULT)} … (cut)` : text, isError: false };
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof OutsideError)) throw thrown;
    return { text: thrown.message, isError: true };
  } finally {
    cancel();
  }
};
