import type { ServerWebSocket } from "bun";
import { type Item, Items } from "./items.ts";
import type { Message } from "./message.ts";
import { ReplyStream } from "./reply-stream.ts";
import type { ConnectionScript, Hearing, Reply } from "./script.ts";
import type { RealtimeServer } from "./server.ts";
import {
  type Complaint,
  complaint,
  freshSession,
  freshTranscriptionSession,
  itemSchema,
  mergeSession,
  responseSchema,
  type Session,
  sessionSchema,
  transcriptionSessionSchema,
} from "./session-schema.ts";
import { BYTES_PER_SECOND } from "./sound.ts";
import { TurnDetector } from "./turn-detector.ts";

const APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"';
const MAX_KEPT_EVENTS = 20_000;

/** A client event as it came, or a server event as it left. */
export interface Recorded {
  atMs: number;
  event: Message;
}

/** What the server holds of one client. */
export interface SocketData {
  number: number;
  /** Empty for a session that only writes down, which names its model later. */
  model: string;
  writesDown: boolean;
  headers: Record<string, string>;
  script: ConnectionScript;
  connection: RealtimeConnection | null;
}

interface Due {
  atMs: number;
  run: () => void;
}

/** One session of one client: speaks the GA protocol, acts by its script, and keeps what happened. */
export class RealtimeConnection {
  readonly server: RealtimeServer;
  readonly number: number;
  /** As the handshake chose it, until the server casts it by the session's instructions. */
  script: ConnectionScript;
  readonly model: string;
  /** The session writes down what it hears and makes no responses. */
  readonly writesDown: boolean;
  readonly headers: Record<string, string>;
  readonly items = new Items();
  readonly session: Session;
  readonly conversationId: string;
  /** Client events except appends, and server events except audio. */
  readonly received: Recorded[] = [];
  readonly sent: Recorded[] = [];
  readonly openedAtMs: number;
  /** Appends so far, and when the first and the last one came. */
  appends = 0;
  firstAppendAtMs = -1;
  lastAppendAtMs = -1;
  appendsBeforeUpdated = 0;
  isOpen = true;
  closeCode: number | null = null;
  readonly #socket: ServerWebSocket<SocketData>;
  readonly #detector: TurnDetector;
  readonly #due: Due[] = [];
  readonly #replies = new Set<ReplyStream>();
  readonly #counts = new Map<string, number>();
  readonly #scratch = Buffer.allocUnsafeSlow(65_536);
  #audio = new Uint8Array(0);
  #audioLength = 0;
  #active: ReplyStream | null = null;
  #ids = 0;
  #eventIds = 0;
  #repliesMade = 0;
  #turnsHeard = 0;
  #turnItem = "";
  #bufferedMs = 0;
  #committedMs = 0;
  #updated = false;
  #hasSpoken = false;

  constructor(server: RealtimeServer, socket: ServerWebSocket<SocketData>) {
    this.server = server;
    this.#socket = socket;
    const { number, model, writesDown, headers, script } = socket.data;
    this.writesDown = writesDown;
    this.number = number;
    this.model = model;
    this.headers = headers;
    this.script = script;
    this.openedAtMs = server.nowMs();
    this.conversationId = this.newId("conv");
    const expiresMs = script.expiresAfterMs ?? 3_600_000;
    const expiresAt = Math.floor((Date.now() + expiresMs) / 1000);
    const id = this.newId("sess");
    this.session = writesDown ? freshTranscriptionSession(id, expiresAt) : freshSession(id, model, expiresAt);
    this.#detector = new TurnDetector(
      (ms) => this.#speechStarted(ms),
      (ms) => this.#speechStopped(ms),
    );
    this.#configureDetector();
    if (script.expiresAfterMs !== undefined) this.#later(script.expiresAfterMs, () => this.expire());
    this.send({ type: "session.created", session: this.session });
  }

  /** Names count up, so that a run can be read again. */
  newId(kind: string): string {
    return `${kind}_${this.number}_${++this.#ids}`;
  }

  /** The callee's audio as it was appended; µ-law where the session was set up for it. */
  get appended(): Uint8Array {
    return this.#audio.subarray(0, this.#audioLength);
  }

  /** The response of the conversation that is being made. */
  get activeResponse(): string | null {
    return this.#active?.id ?? null;
  }

  /** Client events of a type, in order. */
  eventsOf(type: string): Message[] {
    return this.received.filter(({ event }) => event.type === type).map(({ event }) => event);
  }

  /** Server events of a type, in order; audio deltas are only counted. */
  sentOf(type: string): Message[] {
    return this.sent.filter(({ event }) => event.type === type).map(({ event }) => event);
  }

  /** Server events of a type so far, audio deltas too. */
  countOf(type: string): number {
    return this.#counts.get(type) ?? 0;
  }

  // What a test does to it.

  /** Ends the connection: 1006 without a word, others with a close frame. */
  drop(code: number, reason = ""): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (code === 1006) this.#socket.terminate();
    else this.#socket.close(code, reason);
  }

  /** The session reaches its hour. */
  expire(): void {
    const message = "Your session hit the maximum duration of 60 minutes.";
    this.#error(null, { code: "session_expired", message, param: "" }, "invalid_request_error");
    this.drop(1001, message);
  }

  /** A text message as it is, garbage too. */
  sendRaw(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  /** An error frame of the server's own. */
  sendError(code: string, type = "server_error"): void {
    this.#error(null, { code, message: `Something went wrong: ${code}.`, param: "" }, type);
  }

  // Sending.

  send(event: Message): void {
    if (!this.isOpen) return;
    const full = { type: event.type, event_id: `event_${this.number}_${++this.#eventIds}`, ...event };
    this.#count(event.type, () => {
      const message = JSON.stringify(full);
      this.#socket.send(message);
      if (this.server.keep && this.sent.length < MAX_KEPT_EVENTS) {
        this.sent.push({ atMs: this.server.nowMs(), event: JSON.parse(message) });
      }
    });
  }

  sendAudio(responseId: string, itemId: string, base64: string): void {
    if (!this.isOpen) return;
    this.#hasSpoken = true;
    this.#count("response.output_audio.delta", () => {
      const id = `event_${this.number}_${++this.#eventIds}`;
      this.#socket.send(
        `{"type":"response.output_audio.delta","event_id":"${id}","response_id":"${responseId}","item_id":"${itemId}","output_index":0,"content_index":0,"delta":"${base64}","obfuscation":"k2"}`,
      );
    });
  }

  #count(type: string, send: () => void): void {
    const count = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, count);
    const { inject, dropAfter } = this.script;
    if (inject?.type === type && inject.count === count) for (const text of inject.messages) this.sendRaw(text);
    send();
    if (dropAfter?.type === type && dropAfter.count === count) this.drop(dropAfter.code, "dropped by the script");
  }

  #error(eventId: unknown, { code, message, param }: Complaint, type = "invalid_request_error"): void {
    const event_id = typeof eventId === "string" ? eventId : null;
    this.send({ type: "error", error: { type, code, message, param: param || null, event_id } });
  }

  // Time.

  #later(ms: number, run: () => void): void {
    this.#due.push({ atMs: this.server.nowMs() + ms, run });
    this.server.wake(this);
  }

  /** Does what is due; false when nothing is left to wait for. */
  advance(nowMs: number): boolean {
    for (let i = 0; i < this.#due.length; i++) {
      const due = this.#due[i]!;
      if (due.atMs > nowMs) continue;
      this.#due.splice(i--, 1);
      due.run();
    }
    for (const reply of [...this.#replies]) reply.advance(nowMs);
    return this.isOpen && this.#due.length + this.#replies.size > 0;
  }

  closed(code: number): void {
    this.isOpen = false;
    this.closeCode = code;
    this.#due.length = 0;
    this.#replies.clear();
  }

  // Client events.

  message(text: string): void {
    if (!this.isOpen) return;
    if (text.startsWith(APPEND_HEAD) && text.endsWith('"}')) {
      const base64 = text.slice(APPEND_HEAD.length, -2);
      if (!base64.includes('"')) return this.#append(base64, null);
    }
    let event: Message;
    try {
      event = JSON.parse(text);
    } catch {
      return this.#error(null, { code: "invalid_json", message: "Invalid JSON.", param: "" });
    }
    if (event.type === "input_audio_buffer.append") return this.#append(String(event.audio), event.event_id);
    if (this.server.keep && this.received.length < MAX_KEPT_EVENTS)
      this.received.push({ atMs: this.server.nowMs(), event });
    this.#handle(event);
  }

  #handle(event: Message): void {
    switch (event.type) {
      case "session.update":
        return this.#updateSession(event);
      case "input_audio_buffer.commit":
        return this.#commitByHand(event);
      case "input_audio_buffer.clear":
        this.#detector.clear();
        this.#committedMs = this.#detector.ms;
        return this.send({ type: "input_audio_buffer.cleared" });
      case "conversation.item.create":
        return this.#createItem(event);
      case "conversation.item.retrieve":
        return this.#withItem(event, (item) => this.send({ type: "conversation.item.retrieved", item }));
      case "conversation.item.delete":
        return this.#withItem(event, (item) => {
          this.items.delete(item.id);
          this.send({ type: "conversation.item.deleted", item_id: item.id });
        });
      case "conversation.item.truncate":
        return this.#withItem(event, (item) => this.#truncate(event, item));
      case "response.create":
        return this.#createResponse(event);
      case "response.cancel":
        return this.#cancelResponse(event);
      default: {
        const message = `Invalid value: '${event.type}'.`;
        return this.#error(event.event_id, { code: "invalid_value", message, param: "type" });
      }
    }
  }

  #append(base64: string, eventId: unknown): void {
    const nowMs = this.server.nowMs();
    this.appends++;
    if (this.firstAppendAtMs < 0) this.firstAppendAtMs = nowMs;
    this.lastAppendAtMs = nowMs;
    if (!this.#updated) this.appendsBeforeUpdated++;
    const isLong = base64.length > this.#scratch.length;
    const bytes = isLong ? Buffer.from(base64, "base64") : this.#scratch;
    const length = isLong ? bytes.length : bytes.write(base64, 0, "base64");
    if (length === 0) {
      const message = "Invalid 'audio'. Expected base64-encoded audio bytes.";
      return this.#error(eventId, { code: "invalid_value", message, param: "audio" });
    }
    if (this.server.keep) this.#keep(bytes, length);
    this.server.onAppend?.(this, bytes, length, nowMs);
    this.#detector.push(bytes, length);
  }

  #keep(bytes: Uint8Array, length: number): void {
    if (this.#audioLength + length > this.#audio.length) {
      const grown = new Uint8Array(Math.max(65_536, this.#audio.length * 2, this.#audioLength + length));
      grown.set(this.appended);
      this.#audio = grown;
    }
    this.#audio.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.#audioLength);
    this.#audioLength += length;
  }

  #updateSession(event: Message): void {
    const update = event.session;
    let problem = complaint(this.writesDown ? transcriptionSessionSchema : sessionSchema, update, "session");
    const voice = update?.audio?.output?.voice;
    if (!problem && this.#hasSpoken && voice !== undefined && voice !== this.session.audio.output.voice) {
      const message = "Cannot update a conversation's voice if assistant audio is present.";
      problem = { code: "cannot_update_voice", message, param: "session.audio.output.voice" };
    }
    if (problem) return this.#error(event.event_id, problem);
    const first = !this.#updated;
    if (first) this.script = this.server.cast?.(String(update?.instructions ?? "")) ?? this.script;
    const { updatedAfterMs } = this.script;
    const apply = (): void => {
      mergeSession(this.session, update);
      if (this.script.overrideSession) mergeSession(this.session, this.script.overrideSession);
      this.#configureDetector();
      this.#updated = true;
      this.send({ type: "session.updated", session: this.session });
    };
    if (updatedAfterMs === "never") return;
    if (first && updatedAfterMs) this.#later(updatedAfterMs, apply);
    else apply();
  }

  #configureDetector(): void {
    const { format, turn_detection: turns } = this.session.audio.input;
    const settings = turns && {
      threshold: turns.threshold ?? 0.5,
      prefixMs: turns.prefix_padding_ms ?? 300,
      silenceMs: turns.silence_duration_ms ?? 500,
    };
    this.#detector.configure(format.type, settings);
  }

  // The callee.

  #speechStarted(audio_start_ms: number): void {
    this.#turnItem = this.newId("item");
    this.#bufferedMs = audio_start_ms;
    this.send({ type: "input_audio_buffer.speech_started", audio_start_ms, item_id: this.#turnItem });
    if (this.session.audio.input.turn_detection?.interrupt_response !== false) this.#active?.cancel("turn_detected");
  }

  #speechStopped(audio_end_ms: number): void {
    this.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms, item_id: this.#turnItem });
    this.#commit(this.#turnItem, audio_end_ms - this.#bufferedMs);
    const turns = this.session.audio.input.turn_detection;
    // A running response keeps the service from making another one.
    if (this.writesDown) return;
    if (turns && turns.create_response !== false && this.#active === null) this.#respond({});
  }

  #commitByHand(event: Message): void {
    const ms = this.#detector.ms - this.#committedMs;
    if (ms < 100) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${ms.toFixed(2)}ms of audio.`;
      return this.#error(event.event_id, { code: "input_audio_buffer_commit_empty", message, param: "" });
    }
    this.#commit(this.newId("item"), ms);
  }

  #commit(id: string, ms: number): void {
    this.#committedMs = this.#detector.ms;
    const content = [{ type: "input_audio", transcript: null }];
    const item: Item = { id, object: "realtime.item", type: "message", status: "completed", role: "user", content };
    const previous_item_id = this.items.all.at(-1)?.id ?? null;
    this.send({ type: "input_audio_buffer.committed", item_id: id, previous_item_id });
    this.items.insert(item, undefined);
    this.items.setAudioMs(id, ms);
    this.send({ type: "conversation.item.added", item, previous_item_id });
    this.send({ type: "conversation.item.done", item, previous_item_id: null });
    if (this.session.audio.input.transcription) this.#transcribe(id, ms);
  }

  #transcribe(item_id: string, ms: number): void {
    const scripted = this.script.hears?.[this.#turnsHeard++] ?? `Turn ${this.#turnsHeard}.`;
    const hearing: Hearing = typeof scripted === "string" ? { text: scripted } : scripted;
    const type = "conversation.item.input_audio_transcription";
    const tell = (): void => {
      if (hearing.failed) {
        const error = {
          type: "server_error",
          code: "audio_unintelligible",
          message: "Could not be understood.",
          param: null,
        };
        return this.send({ type: `${type}.failed`, item_id, content_index: 0, error });
      }
      if (hearing.deltas) {
        for (const delta of hearing.text.split(/(?<= )/)) {
          this.send({ type: `${type}.delta`, item_id, content_index: 0, delta, obfuscation: "aB" });
        }
      }
      const usage = { type: "duration", seconds: ms / 1000 };
      this.send({ type: `${type}.completed`, item_id, content_index: 0, transcript: hearing.text, usage });
    };
    if (hearing.delayMs) this.#later(hearing.delayMs, tell);
    else tell();
  }

  // Items.

  #withItem(event: Message, work: (item: Item) => void): void {
    const item = this.items.get(event.item_id);
    if (item) return work(item);
    const message = `Item with item_id not found: ${event.item_id}`;
    this.#error(event.event_id, { code: "item_not_found", message, param: "item_id" });
  }

  #createItem(event: Message): void {
    const problem = complaint(itemSchema, event.item, "item") ?? this.#itemProblem(event);
    if (problem) return this.#error(event.event_id, problem);
    const defaults = event.item.type === "function_call" ? { call_id: this.newId("call") } : {};
    const item: Item = {
      id: this.newId("item"),
      object: "realtime.item",
      status: "completed",
      ...defaults,
      ...event.item,
    };
    const previous_item_id = this.items.insert(item, event.previous_item_id ?? undefined);
    this.send({ type: "conversation.item.added", previous_item_id, item });
    this.send({ type: "conversation.item.done", previous_item_id, item });
  }

  #itemProblem({ item, previous_item_id: previous }: Message): Complaint | null {
    if (item.id !== undefined && this.items.has(item.id)) {
      return { code: "invalid_value", message: `Item with id ${item.id} already exists.`, param: "item.id" };
    }
    if (previous !== undefined && previous !== null && previous !== "root" && !this.items.has(previous)) {
      return { code: "item_not_found", message: `Previous item not found: ${previous}`, param: "previous_item_id" };
    }
    if (item.type === "function_call_output" && !this.items.hasCall(item.call_id)) {
      const message = `Tool call ID '${item.call_id}' not found in conversation.`;
      return { code: "invalid_tool_call_id", message, param: "item.call_id" };
    }
    return null;
  }

  #truncate(event: Message, item: Item): void {
    const has = this.items.audioMs(item.id);
    const ms = event.audio_end_ms;
    let message = "";
    if (item.role !== "assistant" || item.content?.[0]?.type !== "output_audio" || has === 0) {
      message = "Only model output audio messages can be truncated";
    } else if (!Number.isInteger(ms) || ms < 0) message = "Invalid value: 'audio_end_ms' must be a whole number.";
    else if (ms > has) message = `Audio content of ${has}ms is already shorter than ${ms}ms`;
    if (message) return this.#error(event.event_id, { code: "invalid_value", message, param: "audio_end_ms" });
    this.items.setAudioMs(item.id, ms);
    item.content = [{ type: "output_audio", transcript: null }];
    this.send({
      type: "conversation.item.truncated",
      item_id: item.id,
      content_index: event.content_index,
      audio_end_ms: ms,
    });
  }

  // Responses.

  #createResponse(event: Message): void {
    if (this.writesDown) {
      const message = "A transcription session makes no responses.";
      return this.#error(event.event_id, { code: "invalid_value", message, param: "type" });
    }
    const body = event.response ?? {};
    const problem = complaint(responseSchema, body, "response");
    if (problem) return this.#error(event.event_id, problem);
    if (body.conversation !== "none" && this.#active) {
      const message = `Conversation already has an active response in progress: ${this.#active.id}. Wait until the response is finished before creating a new one.`;
      return this.#error(event.event_id, { code: "conversation_already_has_active_response", message, param: "" });
    }
    this.#respond(body);
  }

  #respond(body: Message): void {
    if (this.script.deaf) return;
    const outOfBand = body.conversation === "none";
    const number = outOfBand ? 0 : ++this.#repliesMade;
    const reply: Reply = this.script.replies?.[number - 1] ?? this.script.otherwise ?? {};
    const request = {
      id: this.newId("resp"),
      outOfBand,
      metadata: body.metadata ?? null,
      format: body.audio?.output?.format?.type ?? this.session.audio.output.format.type,
      toolChoice: body.tool_choice ?? this.session.tool_choice,
      instructions: body.instructions ?? this.session.instructions,
    };
    if (BYTES_PER_SECOND[request.format] === undefined) return;
    const nowMs = this.server.nowMs();
    const stream = new ReplyStream(this, reply, request, number, nowMs);
    if (!outOfBand) this.#active = stream;
    this.#replies.add(stream);
    stream.advance(nowMs);
    if (!stream.isOver) this.server.wake(this);
  }

  #cancelResponse(event: Message): void {
    const id = event.response_id;
    const reply = id === undefined ? this.#active : [...this.#replies].find((one) => one.id === id);
    if (reply) return reply.cancel("client_cancelled");
    const message = "Cancellation failed: no active response found";
    this.#error(event.event_id, { code: "response_cancel_not_active", message, param: "" });
  }

  replyOver(reply: ReplyStream): void {
    this.#replies.delete(reply);
    if (this.#active === reply) this.#active = null;
  }
}
