import type { z } from "zod";

/** One line of a conversation with a model, without the system's words. */
export interface ModelMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** Something a model may ask for while it answers. */
export interface ModelTool {
  /** `[A-Za-z_][A-Za-z0-9_]{0,63}`, the form every vendor takes. */
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** Checked before `run`; every field is required, `nullable` where it may be missing. */
  readonly parameters: z.ZodObject;
  /**
   * Answers with anything that JSON can hold. An `OutsideError` is told to the model in its own words; anything else
   * thrown is a bug and ends the completion.
   */
  run(args: never, context: { signal: AbortSignal }): Promise<unknown>;
}

/** A tool whose arguments have the type of its parameters. */
export const modelTool = <P extends z.ZodObject>(tool: {
  name: string;
  description: string;
  parameters: P;
  run(args: z.output<P>, context: { signal: AbortSignal }): Promise<unknown>;
}): ModelTool => tool;

/** Follows one string field of the answer while it is being written. */
export interface ReplyListener {
  /** Name of a string field at the top of the answer. */
  readonly field: string;
  /** The next piece of that field's text, unescaped. */
  onDelta(delta: string): void;
  /** Everything told so far is void and the field begins again: another try, a tool call, or a repaired answer. */
  onRestart(): void;
}

/** What to ask a model. */
export interface ModelRequest<T> {
  /** What the answer is for, `[a-z_]{1,40}`; names the schema to the vendor and the usage in accounts. */
  readonly purpose: string;
  readonly system: string;
  /** At least one; the last is the user's. */
  readonly messages: readonly ModelMessage[];
  /**
   * An object whose fields are all required, `nullable` where they may be missing. Refinements, async ones too, are
   * checked after the answer and their messages told to the model, so they must be sentences it can act on.
   */
  readonly schema: z.ZodType<T>;
  readonly tools?: readonly ModelTool[];
  /** Ends everything under way, tools included. */
  readonly signal?: AbortSignal;
  readonly reply?: ReplyListener;
  /** Rounds in which tools are run; then the model must answer without. Default 8. */
  readonly maxToolRounds?: number;
  /** Times the model is told what is wrong with its answer. Default 1. */
  readonly maxRepairs?: number;
  /** Times one round is tried while it fails in a way that passes. Default 4. */
  readonly tries?: number;
  /** Longest time for one try of one round, in ms. Default 90,000. */
  readonly timeoutMs?: number;
  /** Bounds one round's answer, reasoning included. Default 16,384. */
  readonly maxOutputTokens?: number;
}

/** What one completion used, all its rounds together. */
export interface ModelUsage {
  readonly vendor: string;
  readonly model: string;
  readonly purpose: string;
  /** Answered requests. */
  readonly rounds: number;
  readonly inputTokens: number;
  /** Part of `inputTokens` that came from the vendor's cache. */
  readonly cachedTokens: number;
  /** Reasoning included. */
  readonly outputTokens: number;
  /** Null for a model without a known price. */
  readonly costUsd: number | null;
}

/** A checked answer. */
export interface Completion<T> {
  readonly value: T;
  readonly usage: ModelUsage;
  /** Tool calls that were run, refused ones not counted. */
  readonly toolCalls: number;
  /** Times the answer had to be repaired. */
  readonly repairs: number;
}

/** A model that reads and writes text. */
export interface Model {
  readonly vendor: string;
  readonly name: string;
  /** Asks until the answer fits the schema. Throws a `VendorError` that says why there is none. */
  complete<T>(request: ModelRequest<T>): Promise<Completion<T>>;
}
