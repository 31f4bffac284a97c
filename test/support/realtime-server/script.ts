/** What the model says and does in one response. */
export interface Reply {
  /** Words of the transcript; defaults to `Reply n.`. */
  text?: string;
  /** Seconds of sound; 0 gives a response without speech. Default 1. */
  seconds?: number;
  /** Pitch of the sound; default 400 Hz and 100 more for each reply. */
  toneHz?: number;
  tools?: ScriptedTool[];
  /** How it ends; a failed one stops before any sound unless `seconds` is given. */
  status?: "completed" | "failed" | "incomplete";
  error?: { type: string; code: string; message: string };
  /** From the request to the first sound, in ms; default the script's. */
  thinkMs?: number;
}

export interface ScriptedTool {
  name: string;
  /** An object, or text that need not be JSON. */
  arguments: Record<string, unknown> | string;
  callId?: string;
  /** `incomplete` is a call that was cut off in its arguments. */
  status?: "completed" | "incomplete";
}

/** What the transcription makes of one of the callee's turns. */
export interface Hearing {
  text: string;
  /** After the turn was committed, in ms; default 0, which is before the response is told. */
  delayMs?: number;
  failed?: boolean;
  /** Words are told one by one first. */
  deltas?: boolean;
}

/** How one connection behaves. All of it is optional. */
export interface ConnectionScript {
  /** One a response, in order; then `otherwise`. */
  replies?: Reply[];
  otherwise?: Reply;
  /** One a committed turn, in order; then `Turn n.`. */
  hears?: (string | Hearing)[];
  /** HTTP status instead of a connection, or no answer at all. */
  handshake?: number | "never";
  /** Before `session.updated` is told, in ms; `never` keeps it back. */
  updatedAfterMs?: number | "never";
  /** Members changed in the session that comes back, to act a service that does not do as it was told. */
  overrideSession?: Record<string, unknown>;
  /** The session ends after this long, in ms. Default an hour. */
  expiresAfterMs?: number;
  /** Bytes of G.711 (or of PCM) in one delta; any size. Default 2000. */
  chunkBytes?: number;
  /** How much faster than real time audio is made. Default 10. */
  speed?: number;
  /** From the request to the first sound, in ms. Default 0. */
  thinkMs?: number;
  /** Deltas still sent after a response was cancelled. Default 2. */
  stragglers?: number;
  /** Ends the connection right after the nth server event of a type. 1006 drops it without a word. */
  dropAfter?: { type: string; count: number; code: number };
  /** Text messages sent right before the nth server event of a type, as they are. */
  inject?: { type: string; count: number; messages: string[] };
  /** Does not create responses at all, though asked. */
  deaf?: boolean;
}
