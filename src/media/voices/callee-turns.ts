import type { VoiceUsage } from "../engine/protocol.ts";
import type { CalleeTurn, Conversation } from "./openai-conversation.ts";
import type { ServerEventOf } from "./openai-events.ts";
import { transcriptionUsage } from "./openai-prices.ts";
import { PREFIX_PADDING_MS, TRANSCRIPTION_MODEL, TURN_END_SILENCE_MS } from "./openai-session.ts";

/** Words of a turn that the transcription gave up on: that something was said belongs in the transcript. */
const INAUDIBLE = "[inaudible]";

/** What a session says about the callee's words. */
export type TranscriptionEvent = ServerEventOf<
  | "conversation.item.input_audio_transcription.delta"
  | "conversation.item.input_audio_transcription.completed"
  | "conversation.item.input_audio_transcription.failed"
>;

/**
 * The callee's turns of one session after the other: where each began and ended, and its words, which come whenever they
 * like. All times are ms of the stream of callee frames.
 */
export class CalleeTurns {
  /** Between the start of speech and the end of its turn. */
  isSpeaking = false;
  /** Start of speech that no answer has followed yet, padding included; −1 if there is none. */
  unansweredFromMs = -1;
  readonly #conversation: Conversation;
  readonly #tell: (turn: CalleeTurn, endMs: number) => void;
  readonly #turns = new Map<string, CalleeTurn>();
  #last: CalleeTurn | null = null;

  /** @param tell takes a turn whose words changed, with its end so far */
  constructor(conversation: Conversation, tell: (turn: CalleeTurn, endMs: number) => void) {
    this.#conversation = conversation;
    this.#tell = tell;
  }

  /** Speech began; `paddedMs` lies before its onset, unless the session began with it. */
  started(itemId: string, paddedMs: number, isPadded: boolean): void {
    const turn = this.#conversation.calleeTurn(isPadded ? paddedMs + PREFIX_PADDING_MS : paddedMs);
    this.#turns.set(itemId, turn);
    this.#last = turn;
    this.isSpeaking = true;
    if (this.unansweredFromMs < 0) this.unansweredFromMs = paddedMs;
  }

  /** Speech ended; `ms` counts the silence that told it. */
  stopped(itemId: string, ms: number): void {
    const turn = this.#turns.get(itemId);
    if (turn) turn.endMs = Math.max(turn.startMs, ms - TURN_END_SILENCE_MS);
  }

  /** The turn is over; false for one that nobody spoke. */
  committed(itemId: string): boolean {
    this.isSpeaking = false;
    return this.#turns.has(itemId);
  }

  /** Words; returns what they cost, if the service told. */
  transcribed(event: TranscriptionEvent, nowMs: number): VoiceUsage | null {
    const turn = this.#turns.get(event.item_id);
    const isDone = event.type === "conversation.item.input_audio_transcription.completed";
    if (turn && !turn.final) {
      if (isDone) turn.text = event.transcript.trim();
      else if (event.type === "conversation.item.input_audio_transcription.failed") turn.text ||= INAUDIBLE;
      else turn.text += event.delta ?? "";
      turn.final = event.type !== "conversation.item.input_audio_transcription.delta";
      this.#tell(turn, turn.endMs > turn.startMs ? turn.endMs : nowMs);
    }
    return isDone && event.usage ? transcriptionUsage(TRANSCRIPTION_MODEL, event.usage) : null;
  }

  /** Words of a turn are still being written down. */
  get isOwed(): boolean {
    for (const turn of this.#turns.values()) if (!turn.final) return true;
    return false;
  }

  /** The session is gone. */
  breakOff(): void {
    this.#turns.clear();
    this.isSpeaking = false;
  }

  /**
   * Where another session has to hear the callee again, because the words of the last turn went with the session that
   * broke; −1 if nothing was lost. That turn is withdrawn: the new session makes its own of it.
   */
  hearAgainFrom(): number {
    const turn = this.#last;
    const fromMs = this.unansweredFromMs;
    this.unansweredFromMs = -1;
    if (fromMs < 0 || turn === null || turn.final) return -1;
    turn.text = "";
    turn.final = true;
    this.#tell(turn, turn.endMs);
    // A little earlier than the speech, so that its padding is whole and its time can be told.
    return Math.max(0, fromMs - PREFIX_PADDING_MS);
  }
}
