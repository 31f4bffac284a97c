import { messageOf } from "../../core/errors.ts";
import type { SupervisionMode } from "../../core/supervision.ts";
import { FRAME_MS } from "../audio/frame.ts";
import type { OpenTranscriber, Transcriber, TranscriberSink } from "../voices/transcriber.ts";
import type { MediaEvent, TranscriberSettings, VoiceUsage } from "./protocol.ts";

/** Words that were said are waited for so long, in ms; what comes later is still told while the transcriber is open. */
const OWED_MS = 1500;
/** Quiet after which an utterance is over where no talk button says so, in frames: 700 ms. */
const PAUSE_FRAMES = 35;
/** Speech on its way when the talk button is let go belongs to what was said, in ms: jitter buffers and the network. */
const TAIL_MS = 120;
/** Interim words go out at most this often, in ms. */
const PARTIAL_MS = 250;
/** Changes of mode remembered. */
const MAX_MARKS = 64;
/** A stream this far behind the call's time, in ms, missed frames while the process stood still. */
const STALL_MS = 100;

/** What a scribe needs. */
export interface ScribeDeps {
  callId: string;
  emit: (event: MediaEvent) => void;
  openTranscriber: OpenTranscriber;
  /** A whole utterance, said in this mode. */
  onWords: (text: string, mode: SupervisionMode) => void;
}

/**
 * Writes down what supervisors say on one call and tells it as turns in the call's time. The transcriber is open while
 * somebody may speak, and afterwards until the words it owes have come. All times are ms since the answer.
 */
export class Scribe implements TranscriberSink {
  readonly #deps: ScribeDeps;
  #transcriber: Transcriber | null = null;
  /** Numbers transcribers, as each has its own keys. */
  #opened = 0;
  #startMs = 0;
  #heardMs = 0;
  #closeByMs = -1;
  readonly #marks: { fromMs: number; mode: SupervisionMode }[] = [];
  #mode: SupervisionMode = "listen";
  #quietFrames = 0;
  #endAtMs = -1;
  #partialAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ScribeDeps) {
    this.#deps = deps;
  }

  /** It takes frames. */
  get isOpen(): boolean {
    return this.#transcriber !== null;
  }

  /** Words of ended utterances are still to come. */
  get owesWords(): boolean {
    return this.#transcriber?.owesWords ?? false;
  }

  /** Another mode begins: what was said so far belongs to the last one. */
  turnTo(mode: SupervisionMode, settings: TranscriberSettings | null, atMs: number): void {
    this.#end();
    this.#mode = mode;
    if (mode === "listen") {
      this.#closeByMs = atMs + OWED_MS;
      return this.#closeIfDone(atMs);
    }
    this.#closeByMs = -1;
    if (!this.#transcriber && settings) this.#open(settings, atMs);
    if (this.#marks.length === MAX_MARKS) this.#marks.shift();
    this.#marks.push({ fromMs: this.#heardMs, mode });
  }

  #open(settings: TranscriberSettings, atMs: number): void {
    this.#opened++;
    this.#startMs = atMs;
    this.#heardMs = 0;
    this.#marks.length = 0;
    try {
      this.#transcriber = this.#deps.openTranscriber(settings, this);
    } catch (thrown) {
      this.transcriberLost(messageOf(thrown));
    }
  }

  /** The speaker's frame of this tick, or silence. */
  hear(frame: Uint8Array, voiced: boolean, atMs: number): void {
    if (!this.#transcriber) return;
    const behindMs = atMs - this.#startMs - this.#heardMs;
    if (behindMs > STALL_MS) this.#startMs += behindMs;
    this.#transcriber.hear(frame);
    this.#heardMs += FRAME_MS;
    this.#quietFrames = voiced ? 0 : this.#quietFrames + 1;
    if (this.#quietFrames === PAUSE_FRAMES && this.#mode !== "whisper") this.#end();
  }

  /** The speaker let the talk button go: what was said since the last end is a whole utterance. */
  talkEnded(atMs: number): void {
    this.#endAtMs = atMs + TAIL_MS;
  }

  /** Nothing more will be said: what was is a whole utterance. */
  hearOut(): void {
    this.#end();
  }

  #end(): void {
    this.#endAtMs = -1;
    this.#transcriber?.utteranceEnded();
  }

  /** Every tick. */
  tick(nowMs: number, atMs: number): void {
    if (this.#endAtMs >= 0 && atMs >= this.#endAtMs) this.#end();
    this.#transcriber?.tick(nowMs);
    if (this.#closeByMs >= 0) this.#closeIfDone(atMs);
  }

  #closeIfDone(atMs: number): void {
    if (!this.owesWords || atMs >= this.#closeByMs) this.close();
  }

  /** May be called twice. */
  close(): void {
    this.#closeByMs = -1;
    this.#transcriber?.close();
    this.#transcriber = null;
  }

  supervisorText(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    const { callId, emit, onWords } = this.#deps;
    const words = text.trim();
    const turn = {
      key: `${key}-${this.#opened}`,
      speaker: "supervisor" as const,
      text: words,
      atMs: Math.round(this.#startMs + startMs),
    };
    if (words === "") return;
    if (!final) {
      if (endMs - this.#partialAtMs >= 0 && endMs - this.#partialAtMs < PARTIAL_MS) return;
      this.#partialAtMs = endMs;
      return emit({ type: "partial", callId, ...turn });
    }
    const mode = this.#modeAt((startMs + endMs) / 2);
    const whispered = mode === "whisper";
    const endsMs = Math.round(this.#startMs + endMs);
    emit({ type: "turn", callId, turn: { ...turn, endMs: endsMs, interrupted: false, whispered } });
    onWords(words, mode);
  }

  #modeAt(streamMs: number): SupervisionMode {
    const mark = this.#marks.findLast(({ fromMs }) => fromMs <= streamMs) ?? this.#marks[0];
    return mark?.mode ?? "listen";
  }

  usage(usage: VoiceUsage): void {
    this.#deps.emit({ type: "usage", callId: this.#deps.callId, usage });
  }

  transcriberLost(detail: string): void {
    const { callId, emit } = this.#deps;
    emit({ type: "transcriber-lost", callId, detail });
    this.close();
  }
}
