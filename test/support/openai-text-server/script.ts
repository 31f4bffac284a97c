import type { StreamEnd } from "../scripted-http.ts";

/** A tool the model asks for; `args` is JSON, or text as it stands. */
export interface ScriptedCall {
  name: string;
  args: unknown;
}

/** What the model does in answer to one request. */
export type TextStep =
  /** Says a text, or a value as JSON. `end` tells how its stream ends, `size` in pieces of how many characters. */
  | { say: unknown; end?: StreamEnd; size?: number }
  | { call: ScriptedCall[]; say?: unknown }
  | { refuse: string }
  /** Says so much and runs into the limit of tokens. */
  | { cutOff: string }
  /** The output filter steps in. */
  | { filtered: string }
  /** The response fails with this code after it was begun. */
  | { fail: string };

/** The step's text. */
export const textOf = (said: unknown): string =>
  said === undefined ? "" : typeof said === "string" ? said : JSON.stringify(said);
