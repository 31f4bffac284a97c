import { messageOf } from "../../core/errors.ts";
import { FRAME_MS } from "../audio/frame.ts";
import type { TranscriberSettings } from "../engine/protocol.ts";
import type { TranscriptionEvent } from "./callee-turns.ts";
import type { ServerEvent, ServerEventOf } from "./openai-events.ts";
import { transcriptionUsage } from "./openai-prices.ts";
import { transcriptionProblems, transcriptionSetup } from "./openai-session.ts";
import { RealtimeSocket, type SocketEnd } from "./openai-socket.ts";
import { type OwedUtterance, OwedUtterances } from "./owed-utterances.ts";
import { RecentFrames } from "./recent-frames.ts";
import { SpeechStretches, STRAGGLERS_MS } from "./speech-stretches.ts";
import type { Transcriber, TranscriberSink } from "./transcriber.ts";

/** The supervisor's last speech that is kept for another session, in ms. */
const KEPT_MS = 60_000;
/** From connecting to a session that is set up, in ms; longer is taken as never. */
const SETUP_MS = 5000;
/** Words that did not come for so long after the end of their utterance are given up, in ms. */
const OWED_MS = 15_000;
/** The same with nothing at all from the service: the connection is dead, in ms. */
const SILENT_MS = 5000;
/** Audio the network has not taken: about 5 s of it means a dead connection, in bytes. */
const MAX_BACKLOG_BYTES = 65_536;
/** Waits before another session is opened, in ms; after the last one it is given up. A session that worked counts anew. */
const RETRY_MS = [0, 500, 2000] as const;
/** Sessions lost by one transcriber before it is given up, however well they worked. */
const MAX_LOSSES = 12;
/** Handshake answers that the next try gets too. */
const FINAL_STATUS = new Set([400, 401, 403, 404, 429]);
/** Errors that the next session would meet too. */
const FINAL_ERRORS = new Set(["insufficient_quota", "rate_limit_exceeded", "invalid_api_key", "model_not_found"]);
const SETUP_ID = "setup";

type OpenAiSettings = Extract<TranscriberSettings, { kind: "openai" }>;

/**
 * Writes a supervisor down with a transcription session of the OpenAI Realtime API (GA): only speech is sent, and the
 * end of each stretch is told by us, when the speaker pauses or says so. A session that breaks is replaced and hears
 * again what was not written down. Connects at once.
 */
export const openAiTranscriber = (
  settings: OpenAiSettings,
  sink: TranscriberSink,
  deps: { nowMs: () => number },
): Transcriber => new OpenAiTranscriber(settings, sink, deps.nowMs());

class OpenAiTranscriber implements Transcriber {
  readonly #settings: OpenAiSettings;
  readonly #sink: TranscriberSink;
  readonly #stream = new RecentFrames(KEPT_MS);
  readonly #speech = new SpeechStretches();
  readonly #utterances = new OwedUtterances();
  #nowMs: number;
  #closed = false;
  #socket: RealtimeSocket | null = null;
  #ready = false;
  #openedAtMs = 0;
  /** Sessions of the past are told from the running one by this number. */
  #session = 0;
  #tries = 0;
  #losses = 0;
  #retryAtMs: number;
  #commits = 0;
  #endingAtMs = 0;
  #failure = "";
  #messages = 0;
  #messageAtMs = 0;

  constructor(settings: OpenAiSettings, sink: TranscriberSink, nowMs: number) {
    this.#settings = settings;
    this.#sink = sink;
    this.#nowMs = this.#retryAtMs = nowMs;
    this.#connect();
  }

  get owesWords(): boolean {
    return !this.#closed && (this.#speech.isEnding || this.#utterances.areOwed);
  }

  hear(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#stream.push(frame);
    const wasOpen = this.#speech.isOpen;
    const ended = this.#speech.push(frame);
    if (!wasOpen && this.#speech.isOpen) this.#begin();
    if (ended) this.#utterances.end(this.#speech.to, this.#nowMs);
    if (wasOpen || this.#speech.isOpen) this.#send();
  }

  utteranceEnded(): void {
    if (this.#closed) return;
    if (this.#speech.end()) this.#end();
    else this.#endingAtMs = this.#nowMs;
  }

  #end(): void {
    this.#utterances.end(this.#speech.to, this.#nowMs);
    this.#send();
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#closed) return;
    if (this.#speech.isEnding && nowMs - this.#endingAtMs > STRAGGLERS_MS && this.#speech.finish()) this.#end();
    if (this.#failure !== "") return this.#lose(this.#failure, true);
    if (this.#socket === null) {
      if (nowMs >= this.#retryAtMs) this.#connect();
    } else if (!this.#ready) {
      if (nowMs - this.#openedAtMs > SETUP_MS) this.#lose("the session was not set up in time", false);
    } else this.#watch(this.#socket);
    this.#giveUpLate();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.close();
  }

  #begin(): void {
    const forgotten = this.#utterances.begin(this.#speech.from);
    if (forgotten) this.#tell(forgotten, true);
  }

  /** Gives the session what it has not got yet of each utterance, and tells it where they end. */
  #send(): void {
    if (!this.#ready || !this.#socket) return;
    for (const utterance of this.#utterances.all) {
      if (utterance.commitId !== "") continue;
      const to = utterance.to < 0 ? this.#stream.frames : utterance.to;
      if (utterance.sentTo < this.#stream.oldest) utterance.sentTo = this.#stream.oldest;
      while (utterance.sentTo < to) this.#socket.append(this.#stream.frame(utterance.sentTo++));
      // The next one has to wait: audio belongs to whatever is ended next.
      if (utterance.to < 0) return;
      utterance.commitId = `commit-${++this.#commits}`;
      this.#socket.send({ type: "input_audio_buffer.commit", event_id: utterance.commitId });
    }
  }

  #tell(utterance: OwedUtterance, final: boolean): void {
    const { key, text, from, to } = utterance;
    const endMs = (to < 0 ? this.#stream.frames : to) * FRAME_MS;
    this.#sink.supervisorText(key, text, from * FRAME_MS, endMs, final);
  }

  #settle(utterance: OwedUtterance): void {
    this.#utterances.settle(utterance);
    this.#tell(utterance, true);
  }

  #giveUpLate(): void {
    const first = this.#utterances.all[0];
    if (first && first.to >= 0 && this.#nowMs - first.endedAtMs > OWED_MS) this.#settle(first);
  }

  #watch(socket: RealtimeSocket): void {
    if (socket.messages !== this.#messages || !this.#utterances.areOwed) {
      this.#messages = socket.messages;
      this.#messageAtMs = this.#nowMs;
    }
    if (socket.backlogBytes > MAX_BACKLOG_BYTES) this.#lose("the connection takes no audio", false);
    else if (this.#nowMs - this.#messageAtMs > SILENT_MS) this.#lose("the service does not answer", false);
  }

  // Sessions come and go.

  #connect(): void {
    const session = ++this.#session;
    const isOld = (): boolean => session !== this.#session || this.#closed;
    const { apiKey, baseUrl, safetyId } = this.#settings;
    this.#openedAtMs = this.#messageAtMs = this.#nowMs;
    this.#messages = 0;
    try {
      this.#socket = new RealtimeSocket({ apiKey, baseUrl, safetyId, session: { intent: "transcription" } }, null, {
        audio: () => {},
        event: (event) => {
          if (!isOld()) this.#event(event);
        },
        // The session goes on; words that are missed are given up in time.
        unreadable: () => {},
        threw: (error) => {
          if (!isOld()) this.#lose(`handling a message failed: ${messageOf(error)}`, false);
        },
        ended: (end) => {
          if (!isOld()) this.#ended(end);
        },
      });
    } catch {
      // Told by the next tick: the owner does not expect calls while it is being made.
      this.#failure = "the base URL or key cannot be used";
    }
  }

  #ended(end: SocketEnd): void {
    this.#lose(end.detail, end.httpStatus !== null && FINAL_STATUS.has(end.httpStatus));
  }

  #drop(): void {
    this.#session++;
    this.#socket?.abandon();
    this.#socket = null;
    this.#ready = false;
  }

  #lose(detail: string, final: boolean): void {
    this.#drop();
    const waitMs = RETRY_MS[this.#tries++];
    if (final || waitMs === undefined || ++this.#losses > MAX_LOSSES) {
      this.#closed = true;
      this.#sink.transcriberLost(detail);
      return;
    }
    this.#retryAtMs = this.#nowMs + waitMs;
    this.#utterances.sayAgain(this.#stream.oldest);
  }

  // What the service says.

  #event(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
        this.#socket?.send(transcriptionSetup(this.#settings, SETUP_ID));
        return;
      case "session.updated":
        return this.#updated(event);
      case "input_audio_buffer.committed":
        return this.#utterances.named(event.item_id);
      case "conversation.item.input_audio_transcription.delta":
      case "conversation.item.input_audio_transcription.completed":
      case "conversation.item.input_audio_transcription.failed":
        return this.#transcribed(event);
      case "error":
        return this.#refused(event);
    }
  }

  #updated(event: ServerEventOf<"session.updated">): void {
    if (this.#ready) return;
    const problems = transcriptionProblems(event.session);
    if (problems.length > 0) return this.#lose(`the session differs from its set-up in ${problems.join(", ")}`, true);
    this.#ready = true;
    this.#send();
  }

  #transcribed(event: TranscriptionEvent): void {
    const utterance = this.#utterances.of(event.item_id);
    const isDone = event.type === "conversation.item.input_audio_transcription.completed";
    if (isDone && event.usage) this.#sink.usage(transcriptionUsage(this.#settings.model, event.usage));
    if (isDone) this.#tries = 0;
    if (!utterance) return;
    if (isDone) utterance.text = event.transcript.trim();
    else if (event.type === "conversation.item.input_audio_transcription.delta") {
      utterance.text += event.delta ?? "";
      return this.#tell(utterance, false);
    }
    this.#settle(utterance);
  }

  #refused({ error }: ServerEventOf<"error">): void {
    const code = error.code ?? error.type ?? "unknown";
    if (error.code === "session_expired") return this.#lose("the session expired", false);
    if (!this.#ready || FINAL_ERRORS.has(code)) {
      return this.#lose(`the service refuses: ${code} ${error.param ?? ""}`.trim(), true);
    }
    // Too short to be anything, or not wanted by the service: nothing will come of it.
    const utterance = this.#utterances.committedBy(error.event_id);
    if (utterance) this.#settle(utterance);
  }
}
