import type { JsonSchema } from "./answer-schema.ts";
import type { ModelMessage } from "./model.ts";
import type { Failed } from "./vendor-error.ts";

/** A tool as a model sees it. */
export interface WireTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
}

/** Everything a conversation begins with. */
export interface WireSetup {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  /** `[a-z_]{1,40}` */
  readonly schemaName: string;
  readonly schema: JsonSchema;
  readonly tools: readonly WireTool[];
  readonly maxOutputTokens: number;
}

/** How one round is asked. */
export interface WireRound {
  readonly signal: AbortSignal;
  /** Whether the model may ask for tools in this round. */
  readonly mayUseTools: boolean;
  /** Gets the answer's text while it is written, an empty piece for any other sign of life; null asks for no stream. */
  readonly onText: ((piece: string) => void) | null;
}

/** A tool the model asks for. */
export interface WireCall {
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
}

/** What a tool gave; `text` is JSON or, with `isError`, a sentence. */
export interface WireResult {
  readonly call: WireCall;
  readonly text: string;
  readonly isError: boolean;
}

/** Tokens of one round. */
export interface TokenCount {
  /** Cached and newly cached ones included. */
  readonly input: number;
  readonly cached: number;
  /** Put into the vendor's cache, where that has a price of its own. */
  readonly cacheWritten: number;
  /** Reasoning included. */
  readonly output: number;
}

/** One round's answer. */
export interface WireAnswer {
  readonly text: string;
  readonly calls: readonly WireCall[];
  readonly end: "complete" | "cut-off" | "declined";
  readonly tokens: TokenCount;
}

/** One conversation in a vendor's own form. */
export interface WireConversation {
  /** Sends all that was said and keeps the answer. Nothing is kept when it throws, so it may be called again. */
  next(round: WireRound): Promise<WireAnswer>;
  /** What the tools of the last answer gave, in the order of its calls. */
  results(results: readonly WireResult[]): void;
  /** The user's next words. */
  say(text: string): void;
}

/** A vendor's text model. */
export interface Wire {
  /** As people know the vendor. */
  readonly vendor: string;
  readonly model: string;
  open(setup: WireSetup): WireConversation;
  /** What an error of the client means. */
  explain(thrown: unknown, nowMs: number): Failed;
}

/** A vendor answered with something that is not its protocol. */
export class UnreadableAnswer extends Error {
  override name = "UnreadableAnswer";
}
