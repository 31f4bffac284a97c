import type { SpokenLine, VoiceUsage } from "../engine/protocol.ts";

/**
 * What a voice tells the bridge of its call. Calls are plain and synchronous. An `item` is one utterance of the agent,
 * named by a rising integer that the voice chooses; audio of items comes in order and never interleaved.
 */
export interface VoiceSink {
  /** Configured; from now on it can speak. */
  voiceReady(): void;
  /** G.711 µ-law of an utterance, any length, as fast as the voice likes. The bytes are copied before this returns. */
  voiceAudio(item: number, bytes: Uint8Array, offset: number, length: number): void;
  /** No more audio of this utterance will come. */
  voiceItemEnded(item: number): void;
  /** All the words of an utterance so far; `final` once nothing will be added. */
  voiceText(item: number, text: string, final: boolean): void;
  /**
   * The callee's words as the voice understood them; times in ms of the stream of frames given to `hear`.
   * `key` is stable for the turn; `final` once the transcript is complete. Empty final text is no turn.
   */
  calleeText(key: string, text: string, startMs: number, endMs: number, final: boolean): void;
  /** The voice takes the callee's turn as ended and is about to answer it. */
  calleeTurnEnded(): void;
  toolCall(toolCallId: string, name: string, argumentsJson: string): void;
  usage(usage: VoiceUsage): void;
  /** The session broke. `recovered`: a new one carries on with the conversation so far. Not recovered: no more calls here. */
  voiceLost(recovered: boolean, detail: string): void;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** What was heard of an utterance that a barge-in cut: `heardMs` of `receivedMs` were really sent to the callee. */
export interface CutItem {
  item: number;
  heardMs: number;
  receivedMs: number;
}

/**
 * A model's voice as one end of a call, on the media thread. It owns its socket and no timer: `tick` gives it time.
 * No method throws; what fails is told through `voiceLost`.
 */
export interface Voice {
  /** The phone rings: makes the opening ready so that it plays at the answer. At most once; before `answered`. */
  prepare(): void;
  /** The callee answered. `hear` follows for every frame. Makes the opening if `prepare` was not called. */
  answered(): void;
  /** One 160-byte µ-law frame of the callee, without gaps in time. The bytes are only valid during the call. */
  hear(frame: Uint8Array): void;
  /**
   * The callee talked over the agent: everything that waited was dropped. Called once per barge-in with all utterances
   * not fully heard, also when the model had long finished making them.
   */
  interrupted(cuts: readonly CutItem[]): void;
  /** The opening has been played to its end or was cut: the voice may answer the callee from now on. */
  openingOver(): void;
  /** Nothing waits to be played any more (called on each change to idle). */
  playedOut(): void;
  /** `spoken` is what to say about it, for voices that speak no words of their own; others leave it aside. */
  toolResult(toolCallId: string, output: string, respond: boolean, spoken?: SpokenLine): void;
  /**
   * Says something, following these instructions. With `now` it says nothing else any more of what it was about to say;
   * what it was saying has then been cut already. `spoken` as in `toolResult`.
   */
  say(instructions: string, now?: boolean, spoken?: SpokenLine): void;
  /**
   * Private guidance of a supervisor, used from the next sentence on. With `now` it acts on it at once; what it was
   * saying has then been cut already.
   */
  guide(text: string, now: boolean): void;
  /**
   * A supervisor speaks in its place: it says and does nothing until `resume`, and goes on hearing and writing down what
   * the callee says. What it was saying has been cut already. May be called twice.
   */
  hold(): void;
  /**
   * It is its turn again: told what was said meanwhile by others than the callee (`said`, in order) and the supervisor's
   * `note` (may be empty), it goes on without greeting anew. Without a `hold` before it does nothing.
   */
  resume(said: readonly string[], note: string): void;
  /** Every tick, 20 ms apart; `nowMs` is the engine's monotonic time. */
  tick(nowMs: number): void;
  /** Ends the session. May be called twice; tells nobody. */
  close(): void;
}

/** A voice that learns the callee's words some time after they were said: a model's transcription. */
export interface LastWords {
  /** The line is cut: it says and does nothing more, and finds out what the callee said last. At most once. */
  hearOut(): void;
  /** After `hearOut`: words of the callee may still come. */
  readonly owesWords: boolean;
}

/** Words that both scripted parties speak are known, not recognised: a leg tells them to the voice that hears them. */
export interface Listener {
  /** The callee finished saying `text`, which started and ended at these ms of the stream. */
  overhear(text: string, startMs: number, endMs: number): void;
}
