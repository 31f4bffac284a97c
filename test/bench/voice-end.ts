import type { ServerWebSocket } from "bun";
import { agentStamp, type CarrierEnd } from "./carrier-end.ts";
import { HEAD_FRAMES, NOTICE_FRAMES, OPENING_FRAMES, TURN_END_FRAMES, type TurnScript } from "./script.ts";
import { readStamp, writeStamp } from "./stamp.ts";

const APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"';
/** Base64 characters that hold a frame's stamp. */
const STAMP_CHARS = 8;
const FRAME_MS = 20;
/** A word of the agent comes every 200 ms. */
const WORD_FRAMES = 10;

/** What the load learns while a call runs. */
export interface VoiceReports {
  toVoice(ms: number): void;
  /** The host says how much was heard of an utterance. */
  truncated(call: VoiceEnd, utterance: number, heardMs: number): void;
}

interface Reply {
  number: number;
  responseId: string;
  itemId: string;
  frames: number;
  given: number;
  metadata: Record<string, string> | null;
}

type ClientEvent = {
  type: string;
  event_id?: string;
  session?: Record<string, unknown> & { audio?: { input?: object; output?: object } };
  response?: { metadata?: Record<string, string> };
  item_id?: string;
  audio_end_ms?: number;
};

/**
 * The service's end of one Realtime session, for speed: it answers the events a voice sends in a call without faults,
 * and speaks by a script instead of listening.
 */
export class VoiceEnd {
  /** Utterances begun; the opening is number 0. */
  utterances = 0;
  #socket: ServerWebSocket<unknown> | null = null;
  readonly #carrier: CarrierEnd;
  readonly #script: TurnScript;
  readonly #speech: readonly Uint8Array[];
  readonly #reports: VoiceReports;
  readonly #stampBytes = Buffer.alloc(6);
  readonly #frame = new Uint8Array(160);
  #session: { audio: { input: Record<string, unknown>; output: Record<string, unknown> } } & Record<string, unknown> = {
    audio: { input: {}, output: {} },
  };
  #reply: Reply | null = null;
  #heardFrames = 0;
  #turn: string | null = null;
  #turns = 0;

  constructor(deps: {
    carrier: CarrierEnd;
    script: TurnScript;
    speech: readonly Uint8Array[];
    reports: VoiceReports;
  }) {
    this.#carrier = deps.carrier;
    this.#script = deps.script;
    this.#speech = deps.speech;
    this.#reports = deps.reports;
  }

  connected(socket: ServerWebSocket<unknown>): void {
    this.#socket = socket;
    this.#send({ type: "session.created", event_id: "event_0", session: this.#session });
  }

  message(text: string): void {
    if (text.startsWith(APPEND_HEAD)) {
      const now = performance.now();
      this.#heardFrames++;
      this.#stampBytes.write(text.slice(APPEND_HEAD.length, APPEND_HEAD.length + STAMP_CHARS), 0, "base64");
      const ms = this.#carrier.reachedVoice(readStamp(this.#stampBytes, 0), now);
      if (ms >= 0) this.#reports.toVoice(ms);
      return;
    }
    this.#event(JSON.parse(text) as ClientEvent);
  }

  #event(event: ClientEvent): void {
    switch (event.type) {
      case "session.update": {
        const { audio, ...rest } = event.session ?? {};
        Object.assign(this.#session, rest);
        Object.assign(this.#session.audio.input, audio?.input);
        Object.assign(this.#session.audio.output, audio?.output);
        return this.#send({ type: "session.updated", event_id: "event_1", session: this.#session });
      }
      case "response.create":
        return this.#asked(event);
      case "response.cancel":
        if (this.#reply) this.#end(this.#reply, "cancelled");
        return;
      case "conversation.item.truncate": {
        const { item_id = "", audio_end_ms = 0 } = event;
        this.#reports.truncated(this, Number(item_id.slice("item_".length)), audio_end_ms);
        this.#send({ type: "conversation.item.truncated", item_id, content_index: 0, audio_end_ms });
      }
    }
  }

  #asked(event: ClientEvent): void {
    const metadata = event.response?.metadata ?? null;
    if (this.#reply) {
      const error = { type: "invalid_request_error", code: "conversation_already_has_active_response" };
      return this.#send({ type: "error", error: { ...error, message: "busy", event_id: event.event_id ?? null } });
    }
    const isOpening = this.utterances === 0;
    this.#begin(isOpening ? OPENING_FRAMES : this.#script.replyFrames, metadata);
    // The opening is made whole before anybody hears it.
    while (isOpening && this.#reply) this.#give(this.#reply);
  }

  #begin(frames: number, metadata: Record<string, string> | null): void {
    const number = this.utterances++;
    const reply: Reply = { number, responseId: `resp_${number}`, itemId: `item_${number}`, frames, given: 0, metadata };
    this.#reply = reply;
    const response = { id: reply.responseId, status: "in_progress", conversation_id: "conv_0", metadata, usage: null };
    this.#send({ type: "response.created", response });
    const item = { id: reply.itemId, type: "message", status: "in_progress", role: "assistant" };
    this.#send({ type: "response.output_item.added", response_id: reply.responseId, output_index: 0, item });
    this.#send({ type: "conversation.item.added", previous_item_id: null, item });
    this.#carrier.beginUtterance(number);
    for (let i = 0; i < HEAD_FRAMES && this.#reply; i++) this.#give(reply);
  }

  /** Gives one frame of speech. */
  #give(reply: Reply): void {
    const { responseId, itemId, number } = reply;
    this.#frame.set(this.#speech[reply.given % this.#speech.length]!);
    writeStamp(this.#frame, 0, agentStamp(number, reply.given));
    if (reply.given % WORD_FRAMES === 0) {
      const at = { response_id: responseId, item_id: itemId, output_index: 0, content_index: 0 };
      this.#send({ type: "response.output_audio_transcript.delta", ...at, delta: ` word${reply.given / WORD_FRAMES}` });
    }
    if (reply.given++ === 0) this.#carrier.utterance(number).givenAtMs = performance.now();
    this.#socket?.send(
      `{"type":"response.output_audio.delta","event_id":"event_2","response_id":"${responseId}","item_id":"${itemId}","output_index":0,"content_index":0,"delta":"${this.#frame.toBase64()}"}`,
    );
    if (reply.given === reply.frames) this.#end(reply, "completed");
  }

  #end(reply: Reply, status: "completed" | "cancelled"): void {
    this.#reply = null;
    const words = Array.from({ length: Math.ceil(reply.given / WORD_FRAMES) }, (_, i) => `word${i}`).join(" ");
    const at = { response_id: reply.responseId, item_id: reply.itemId, output_index: 0, content_index: 0 };
    if (status === "completed") {
      this.#send({ type: "response.output_audio.done", ...at });
      this.#send({ type: "response.output_audio_transcript.done", ...at, transcript: words });
    }
    const done = status === "completed" ? status : "incomplete";
    const item = { id: reply.itemId, type: "message", status: done, role: "assistant" };
    this.#send({ type: "response.output_item.done", response_id: reply.responseId, output_index: 0, item });
    const usage = {
      total_tokens: 200,
      input_tokens: 120,
      output_tokens: 80,
      input_token_details: { text_tokens: 60, audio_tokens: 60, cached_tokens: 0 },
      output_token_details: { text_tokens: 20, audio_tokens: 60 },
    };
    const { responseId: id, metadata } = reply;
    this.#send({ type: "response.done", response: { id, status, conversation_id: "conv_0", metadata, usage } });
  }

  /** One slot of 20 ms, at this place of the script's cycle. */
  step(position: number): void {
    const { calleeFrames } = this.#script;
    if (position === NOTICE_FRAMES) this.#speechStarted();
    else if (position === calleeFrames + TURN_END_FRAMES) this.#speechEnded();
    if (this.#reply) this.#give(this.#reply);
  }

  #speechStarted(): void {
    this.#turn = `turn_${this.#turns++}`;
    const audio_start_ms = Math.max(0, (this.#heardFrames - NOTICE_FRAMES) * FRAME_MS);
    this.#send({ type: "input_audio_buffer.speech_started", audio_start_ms, item_id: this.#turn });
  }

  #speechEnded(): void {
    const item_id = this.#turn;
    if (item_id === null) return;
    this.#turn = null;
    const audio_end_ms = this.#heardFrames * FRAME_MS;
    this.#send({ type: "input_audio_buffer.speech_stopped", audio_end_ms, item_id });
    this.#send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id });
    const item = { id: item_id, type: "message", status: "completed", role: "user" };
    this.#send({ type: "conversation.item.added", previous_item_id: null, item });
    const turns = this.#session.audio.input.turn_detection as { create_response?: boolean } | undefined;
    if (turns?.create_response && !this.#reply) this.#begin(this.#script.replyFrames, null);
    const words = { item_id, content_index: 0 };
    this.#send({ type: "conversation.item.input_audio_transcription.delta", ...words, delta: "some words" });
    const transcript = "some words of the callee";
    const usage = { type: "duration", seconds: 2 };
    this.#send({ type: "conversation.item.input_audio_transcription.completed", ...words, transcript, usage });
  }

  #send(event: object): void {
    this.#socket?.send(JSON.stringify(event));
  }

  close(): void {
    this.#socket?.close();
  }
}
