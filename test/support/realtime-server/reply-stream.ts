import type { RealtimeConnection } from "./connection.ts";
import type { Item } from "./items.ts";
import type { Reply } from "./script.ts";
import { BYTES_PER_SECOND, type Chunks } from "./sound.ts";

/** How one response was asked for. */
export interface ReplyRequest {
  id: string;
  outOfBand: boolean;
  metadata: Record<string, string> | null;
  format: string;
  toolChoice: unknown;
  instructions: string;
}

/** One response being made: sends its events in the order of the service, its audio faster than real time. */
export class ReplyStream {
  readonly id: string;
  readonly request: ReplyRequest;
  readonly #connection: RealtimeConnection;
  readonly #reply: Reply;
  readonly #item: Item;
  readonly #chunks: Chunks;
  readonly #words: string[];
  readonly #output: Item[] = [];
  readonly #startAtMs: number;
  readonly #bytesPerMs: number;
  readonly #input: { text: number; audio: number };
  #begun = false;
  #next = 0;
  #sentBytes = 0;
  #transcript = "";
  #wordsSent = 0;
  isOver = false;

  constructor(connection: RealtimeConnection, reply: Reply, request: ReplyRequest, number: number, nowMs: number) {
    this.#connection = connection;
    this.#reply = reply;
    this.request = request;
    this.id = request.id;
    const seconds = reply.seconds ?? (reply.status === "failed" ? 0 : 1);
    const { script } = connection;
    this.#chunks = connection.server.tones.chunks(
      request.format,
      reply.toneHz ?? 400 + 100 * number,
      seconds,
      script.chunkBytes ?? 2000,
    );
    this.#words = (reply.text ?? `Reply ${number}.`).split(/(?<= )/);
    this.#bytesPerMs = BYTES_PER_SECOND[request.format]! / 1000;
    this.#startAtMs = nowMs + (reply.thinkMs ?? script.thinkMs ?? 0);
    this.#input = connection.items.tokens();
    const content = [{ type: "output_audio", transcript: "" }];
    const shape = { object: "realtime.item", status: "in_progress", role: "assistant", phase: "final_answer", content };
    this.#item = { id: connection.newId("item"), type: "message", ...shape } as Item;
    connection.send({ type: "response.created", response: this.#response("in_progress", null) });
  }

  get #hasSpeech(): boolean {
    return this.#chunks.total > 0;
  }

  /** Sends what is due. */
  advance(nowMs: number): void {
    if (this.isOver || nowMs < this.#startAtMs) return;
    if (!this.#begun) this.#begin();
    const { speed = 10 } = this.#connection.script;
    // One chunk goes ahead of the clock, as the service's first one does.
    const due = (nowMs - this.#startAtMs) * speed * this.#bytesPerMs;
    while (!this.isOver && this.#next < this.#chunks.base64.length && this.#sentBytes <= due) this.#sendChunk();
    if (!this.isOver && this.#next === this.#chunks.base64.length) this.#finish();
  }

  #begin(): void {
    this.#begun = true;
    if (!this.#hasSpeech) return;
    this.#addItem(this.#item, 0);
    const part = { type: "audio", transcript: "" };
    this.#connection.send({ type: "response.content_part.added", ...this.#place, part });
  }

  get #place() {
    return { response_id: this.id, item_id: this.#item.id, output_index: 0, content_index: 0 };
  }

  #addItem(item: Item, output_index: number): void {
    const { items } = this.#connection;
    this.#connection.send({ type: "response.output_item.added", response_id: this.id, output_index, item });
    if (this.request.outOfBand) return;
    const previous_item_id = items.insert(item, undefined);
    this.#connection.send({ type: "conversation.item.added", previous_item_id, item });
  }

  #sendChunk(): void {
    // The words run ahead of their sound, about twice as fast.
    const share = Math.min(1, ((this.#next + 1) / this.#chunks.base64.length) * 2);
    while (this.#wordsSent < Math.ceil(this.#words.length * share)) this.#sendWord();
    this.#audio(this.#chunks.base64[this.#next]!);
    this.#sentBytes += this.#chunks.bytes[this.#next]!;
    this.#next++;
    this.#connection.items.setAudioMs(this.#item.id, Math.floor(this.#sentBytes / this.#bytesPerMs));
  }

  #sendWord(): void {
    const delta = this.#words[this.#wordsSent++]!;
    this.#transcript += delta;
    this.#connection.send({
      type: "response.output_audio_transcript.delta",
      ...this.#place,
      delta,
      obfuscation: "x7Gq",
    });
  }

  #audio(base64: string): void {
    this.#connection.sendAudio(this.id, this.#item.id, base64);
  }

  #finish(): void {
    if (this.#hasSpeech) this.#endSpeech("completed");
    const tools = this.request.toolChoice === "none" ? [] : (this.#reply.tools ?? []);
    tools.forEach((tool, n) => {
      const json = typeof tool.arguments === "string" ? tool.arguments : JSON.stringify(tool.arguments);
      const item: Item = {
        id: this.#connection.newId("item"),
        object: "realtime.item",
        type: "function_call",
        status: "in_progress",
        name: tool.name,
        call_id: tool.callId ?? this.#connection.newId("call"),
        arguments: "",
      };
      const output_index = (this.#hasSpeech ? 1 : 0) + n;
      this.#addItem({ ...item }, output_index);
      const place = { response_id: this.id, item_id: item.id, output_index, call_id: item.call_id };
      const half = Math.ceil(json.length / 2);
      this.#connection.send({ type: "response.function_call_arguments.delta", ...place, delta: json.slice(0, half) });
      if (tool.status !== "incomplete") {
        this.#connection.send({ type: "response.function_call_arguments.delta", ...place, delta: json.slice(half) });
        const done = { ...place, name: tool.name, arguments: json };
        this.#connection.send({ type: "response.function_call_arguments.done", ...done });
      }
      item.status = tool.status ?? "completed";
      item.arguments = tool.status === "incomplete" ? json.slice(0, half) : json;
      this.#doneItem(item, output_index);
    });
    this.#end(this.#reply.status ?? "completed", this.#details());
  }

  #details(): Record<string, unknown> | null {
    const { status, error } = this.#reply;
    if (status === "failed") return { type: "failed", error: error ?? { type: "server_error", code: "server_error" } };
    if (status === "incomplete") return { type: "incomplete", reason: "max_output_tokens" };
    return null;
  }

  #endSpeech(status: string): void {
    const transcript = this.#transcript;
    this.#connection.send({ type: "response.output_audio.done", ...this.#place });
    this.#connection.send({ type: "response.output_audio_transcript.done", ...this.#place, transcript });
    const part = { type: "audio", transcript };
    this.#connection.send({ type: "response.content_part.done", ...this.#place, part });
    this.#item.content = [{ type: "output_audio", transcript }];
    this.#item.status = status;
    this.#doneItem(this.#item, 0);
  }

  #doneItem(item: Item, output_index: number): void {
    const kept = this.#connection.items.get(item.id);
    if (kept) Object.assign(kept, item);
    if (!this.request.outOfBand) {
      this.#connection.send({ type: "conversation.item.done", previous_item_id: null, item });
    }
    this.#connection.send({ type: "response.output_item.done", response_id: this.id, output_index, item });
    this.#output.push(item);
  }

  /** Stops it; some deltas that were on their way still come. */
  cancel(reason: "client_cancelled" | "turn_detected"): void {
    if (this.isOver) return;
    if (this.#begun && this.#hasSpeech) {
      for (let n = this.#connection.script.stragglers ?? 2; n > 0 && this.#next < this.#chunks.base64.length; n--) {
        this.#sendChunk();
      }
      this.#endSpeech("incomplete");
    }
    this.#end("cancelled", { type: "cancelled", reason });
  }

  #end(status: string, details: Record<string, unknown> | null): void {
    this.isOver = true;
    this.#connection.replyOver(this);
    this.#connection.send({ type: "response.done", response: this.#response(status, details) });
    const limit = { name: "tokens", limit: 800_000, remaining: 799_000, reset_seconds: 0.05 };
    this.#connection.send({ type: "rate_limits.updated", rate_limits: [limit] });
  }

  #response(status: string, status_details: Record<string, unknown> | null) {
    const isOver = status !== "in_progress";
    return {
      object: "realtime.response",
      id: this.id,
      status,
      status_details,
      output: this.#output,
      conversation_id: this.request.outOfBand ? null : this.#connection.conversationId,
      output_modalities: ["audio"],
      max_output_tokens: "inf",
      audio: { output: { format: { type: this.request.format } } },
      usage: isOver ? this.#usage(status) : null,
      metadata: this.request.metadata,
    };
  }

  #usage(status: string) {
    if (status === "failed") return null;
    const text = this.#input.text + Math.ceil(this.request.instructions.length / 4);
    const { audio } = this.#input;
    const audioOut = Math.round((this.#sentBytes / this.#bytesPerMs / 1000) * 20);
    const textOut = Math.ceil(this.#transcript.length / 4);
    const cached = Math.floor((text * 0.5) / 64) * 64;
    return {
      total_tokens: text + audio + textOut + audioOut,
      input_tokens: text + audio,
      output_tokens: textOut + audioOut,
      input_token_details: {
        text_tokens: text,
        audio_tokens: audio,
        image_tokens: 0,
        cached_tokens: cached,
        cached_tokens_details: { text_tokens: cached, audio_tokens: 0, image_tokens: 0 },
      },
      output_token_details: { text_tokens: textOut, audio_tokens: audioOut },
    };
  }
}
