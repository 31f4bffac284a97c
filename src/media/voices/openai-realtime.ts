import type { OpenAiRealtimeSettings } from "../engine/protocol.ts";
import { type AudioDelta, AudioDeltaReader } from "./audio-delta.ts";
import { CalleeStream } from "./callee-stream.ts";
import {
  type CalleeTurn,
  Conversation,
  noteItem,
  outputItem,
  receivedMs,
  type Utterance,
} from "./openai-conversation.ts";
import type { ServerEvent, ServerEventOf } from "./openai-events.ts";
import { type LinkOwner, RealtimeLink } from "./openai-link.ts";
import { responseUsage, transcriptionUsage } from "./openai-prices.ts";
import { PREFIX_PADDING_MS, TRANSCRIPTION_MODEL, TURN_END_SILENCE_MS } from "./openai-session.ts";
import { type Ask, ResponseGate } from "./response-gate.ts";
import { Truncations } from "./truncations.ts";
import type { CutItem, Voice, VoiceSink } from "./voice.ts";

/** Age at which the next session is opened beside the running one, in ms: the service ends one after 60 minutes. */
const ROTATE_AFTER_MS = 54 * 60_000;
/** Age at which it takes over even in the middle of a sentence, in ms. */
const ROTATE_AT_LAST_MS = 58 * 60_000;
/** Pause before another try to open the next session, in ms. */
const ROTATE_AGAIN_MS = 30_000;
/** Silence on the line while a lost session is replaced, at most, in ms; then the call is given up. */
const RECOVERY_MS = 3000;
/** Sessions tried in a row, the first included. */
const TRIES = 2;
/** Sessions lost in one call before it is given up: a service that keeps dropping is not worth the callee's time. */
const MAX_LOSSES = 6;
/** A turn the service should answer by itself is answered on our request after this long, in ms. */
const OWED_MS = 2500;
/** The agent was cut, but the service heard nobody: it is told to go on after this long, in ms. */
const CUT_MS = 2500;
/** Longest arguments of a tool, in characters. */
const MAX_ARGUMENTS = 16_384;

/** Errors of a response that the next one would meet too. */
const FINAL_ERRORS = new Set(["insufficient_quota", "rate_limit_exceeded", "invalid_api_key", "model_not_found"]);
/** Errors that mean nothing: what was to be stopped or taken had already ended. */
const HARMLESS = new Set(["response_cancel_not_active", "input_audio_buffer_commit_empty", "item_not_found"]);

const INAUDIBLE = "[inaudible]";
const CUT_OFF = JSON.stringify({ error: "The callee spoke before this was done; it was not done." });
const RESUME =
  "The line dropped for a moment. Carry on as if nothing had happened; do not greet or introduce yourself again.";
const CONTINUE = `${RESUME} Go on from exactly where your last sentence broke off.`;

/** What is known of a response of the running session. */
interface Response {
  id: string;
  ask: Ask | null;
  /** Cancelled: what still comes of it is dropped. */
  muted: boolean;
  spoke: boolean;
  calledTools: boolean;
}

/** A voice of the OpenAI Realtime API (GA): speech in, speech out, G.711 µ-law both ways. Connects at once. */
export const openAiRealtimeVoice = (
  settings: OpenAiRealtimeSettings,
  sink: VoiceSink,
  deps: { nowMs: () => number },
): Voice => new OpenAiRealtimeVoice(settings, sink, deps.nowMs());

/**
 * Keeps one session with the service talking: who speaks first, one response at a time, barge-in, tools, and another
 * session with the same conversation when the running one breaks or grows old.
 */
class OpenAiRealtimeVoice implements Voice, LinkOwner {
  readonly #settings: OpenAiRealtimeSettings;
  readonly #sink: VoiceSink;
  readonly #stream = new CalleeStream();
  readonly #delta = new AudioDeltaReader();
  readonly #conversation = new Conversation();
  readonly #gate: ResponseGate;
  readonly #truncations = new Truncations();
  /** The session that carries the call. */
  #link: RealtimeLink | null = null;
  /** The one that is to carry it. */
  #next: RealtimeLink | null = null;
  #nowMs: number;
  #closed = false;
  #wasReady = false;
  #openingAsked = false;
  #openingCut = false;
  #mayAnswer = false;
  /** A turn ended before the voice may answer. */
  #heldTurn = false;
  /** All that was told has been played. */
  #idle = true;

  // Of the running session.
  readonly #responses = new Map<string, Response>();
  readonly #utterances = new Map<string, Utterance>();
  readonly #turns = new Map<string, CalleeTurn>();
  readonly #openCalls = new Set<string>();
  readonly #unseenOutputs = new Set<string>();
  #hotResponse: Response | null = null;
  #hotUtterance: Utterance | null = null;
  #calleeSpeaking = false;
  #lastTurn: CalleeTurn | null = null;
  /** Start of speech that no answer has followed yet; −1 if there is none. */
  #unansweredFromMs = -1;
  /** A turn ended while a cancelled response was not yet over, so the service cannot answer it by itself. */
  #answerAfter = false;
  #owedSinceMs = -1;
  #cutSinceMs = -1;
  #respondAfterTools = false;
  #failures = 0;
  #count = 0;

  // Of the change to another session.
  #lostAtMs = -1;
  #lostDetail = "";
  #lostStreamMs = 0;
  /** It was lost in the middle of a sentence. */
  #brokeOff = false;
  #tries = 1;
  #losses = 0;
  #rotateAfterMs = ROTATE_AFTER_MS;

  /** Utterances that may still be cut, by tag. */
  readonly #unheard = new Map<number, Utterance>();

  constructor(settings: OpenAiRealtimeSettings, sink: VoiceSink, nowMs: number) {
    this.#settings = settings;
    this.#sink = sink;
    this.#nowMs = nowMs;
    this.#gate = new ResponseGate((eventId, response) =>
      this.#link?.send({ type: "response.create", event_id: eventId, response }),
    );
    this.#next = this.#open(false);
  }

  #open(urgent: boolean): RealtimeLink {
    return new RealtimeLink({
      settings: this.#settings,
      delta: this.#delta,
      owner: this,
      answers: this.#mayAnswer,
      urgent,
      nowMs: this.#nowMs,
    });
  }

  // What the bridge wants.

  prepare(): void {
    if (this.#openingAsked || this.#closed) return;
    this.#openingAsked = true;
    this.#gate.ask({ kind: "opening", body: { instructions: this.#openingInstructions(), tool_choice: "none" } });
  }

  answered(): void {
    this.prepare();
  }

  /** Instructions of one response replace those of the session, so they repeat them. */
  #openingInstructions(): string {
    const { instructions, opening } = this.#settings.brief;
    return `${instructions}\n\nThe callee has just picked up. You speak first. ${opening}`;
  }

  hear(frame: Uint8Array): void {
    this.#stream.push(frame);
    if (this.#link !== null) this.#link.hear(frame);
  }

  openingOver(): void {
    if (this.#mayAnswer || this.#closed) return;
    this.#mayAnswer = true;
    this.#link?.startAnswering();
    this.#next?.startAnswering();
    // The speech that cut the opening ended before the service was told to answer: it is answered on request.
    if (this.#openingCut && this.#heldTurn && !this.#calleeSpeaking) this.#gate.ask({ kind: "turn", body: {} });
    this.#heldTurn = false;
  }

  playedOut(): void {
    this.#idle = true;
    for (const [tag, utterance] of this.#unheard) if (utterance.audioEnded) this.#unheard.delete(tag);
  }

  interrupted(cuts: readonly CutItem[]): void {
    if (this.#closed) return;
    this.#idle = true;
    if (!this.#mayAnswer) this.#openingCut = true;
    this.#gate.answered(true);
    const active = this.#gate.active === null ? undefined : this.#responses.get(this.#gate.active);
    if (active && !active.muted) this.#cancel(active);
    for (const cut of cuts) {
      const utterance = this.#unheard.get(cut.item);
      if (utterance) this.#cut(utterance, cut.heardMs);
    }
    this.#unheard.clear();
    if (!this.#calleeSpeaking) this.#cutSinceMs = this.#nowMs;
  }

  #cancel(response: Response): void {
    response.muted = true;
    this.#link?.send({ type: "response.cancel", event_id: `cancel-${++this.#count}`, response_id: response.id });
  }

  #cut(utterance: Utterance, heardMs: number): void {
    const ms = Math.max(0, Math.min(Math.floor(heardMs), receivedMs(utterance)));
    utterance.heardMs = ms;
    // Another session knows this utterance only as text.
    if (this.#utterances.get(utterance.itemId) !== utterance) return;
    this.#link?.send(this.#truncations.cut(utterance.itemId, ms));
  }

  toolResult(toolCallId: string, output: string, respond: boolean): void {
    if (this.#closed) return;
    if (!this.#conversation.toolOutput(toolCallId, output)) {
      this.log("warn", "voice: an outcome of no open tool call was dropped");
      return;
    }
    this.#openCalls.delete(toolCallId);
    this.#sendOutput(toolCallId, output);
    if (respond) this.#respondAfterTools = true;
    if (this.#openCalls.size > 0 || !this.#respondAfterTools) return;
    this.#respondAfterTools = false;
    // The answer to what the callee is saying now will see the outcomes too.
    if (this.#calleeSpeaking && this.#link?.answers) return;
    this.#gate.ask({ kind: "tool", body: {} });
  }

  #sendOutput(toolCallId: string, output: string): void {
    if (!this.#link) return;
    const id = `out_${++this.#count}`;
    this.#unseenOutputs.add(id);
    const item = { ...outputItem(toolCallId, output), id };
    this.#link.send({ type: "conversation.item.create", event_id: id, item });
  }

  say(instructions: string): void {
    if (this.#closed) return;
    this.#note(instructions);
    if (!this.#gate.ask({ kind: "say", body: {} })) this.log("warn", "voice: too many responses wait, one was dropped");
  }

  /** Tells the agent something without a turn. An item, not other instructions: those would empty the prompt's cache. */
  #note(text: string): void {
    this.#conversation.note(text);
    const event_id = `note-${++this.#count}`;
    this.#link?.send({ type: "conversation.item.create", event_id, item: noteItem(text) });
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#closed) return;
    const awaiting = this.#gate.isBusy || this.#owedSinceMs >= 0;
    this.#link?.tick(nowMs, awaiting);
    this.#next?.tick(nowMs, false);
    if (this.#lostAtMs >= 0 && nowMs - this.#lostAtMs > RECOVERY_MS) {
      this.#fail(`${this.#lostDetail}; no other session came in time`);
    } else if (this.#link) {
      this.#chase(nowMs);
      this.#rotate(this.#link, nowMs);
    }
  }

  /** Nobody is left waiting for an answer that the service forgot. */
  #chase(nowMs: number): void {
    const owed = this.#owedSinceMs >= 0 && nowMs - this.#owedSinceMs > OWED_MS;
    const cut = this.#cutSinceMs >= 0 && nowMs - this.#cutSinceMs > CUT_MS;
    if (!owed && !cut) return;
    this.#owedSinceMs = this.#cutSinceMs = -1;
    if (this.#mayAnswer && !this.#gate.isBusy && !this.#calleeSpeaking) this.#gate.ask({ kind: "turn", body: {} });
  }

  close(): void {
    this.#closed = true;
    this.#link?.close();
    this.#next?.close();
    this.#link = this.#next = null;
  }

  // Sessions come and go.

  linkReady(link: RealtimeLink): void {
    if (this.#closed || link !== this.#next) return;
    // A planned change waits for a quiet moment.
    if (this.#link === null) this.#carryOn(link);
  }

  linkLost(link: RealtimeLink, detail: string, final: boolean): void {
    if (this.#closed) return;
    if (link === this.#link) this.#lost(detail, final);
    else if (link === this.#next) this.#notOpened(detail, final);
  }

  #notOpened(detail: string, final: boolean): void {
    this.#next = null;
    if (this.#link) {
      this.#rotateAfterMs = this.#nowMs - this.#link.openedAtMs + ROTATE_AGAIN_MS;
      this.log("warn", `voice: the next session could not be opened: ${detail}`);
    } else if (final || this.#tries >= TRIES) {
      this.#fail(detail);
    } else {
      this.#tries++;
      this.#next = this.#open(this.#lostAtMs >= 0);
    }
  }

  #lost(detail: string, final: boolean): void {
    this.log("warn", `voice: session lost: ${detail}`);
    if (++this.#losses > MAX_LOSSES || final) return this.#fail(detail);
    this.#lostAtMs = this.#nowMs;
    this.#lostDetail = detail;
    this.#tries = 1;
    this.#breakOff();
    // One that was being opened for a planned change serves as well.
    if (this.#next?.isReady) this.#carryOn(this.#next);
    else this.#next ??= this.#open(true);
  }

  /** Leaves the running session: what it was saying ends here, what it owed is kept for the next one. */
  #breakOff(): void {
    this.#link = null;
    this.#lostStreamMs = this.#stream.ms;
    const active = this.#gate.active === null ? null : this.#responses.get(this.#gate.active);
    this.#gate.shut();
    this.#brokeOff = active?.spoke === true && !active.muted;
    if (this.#brokeOff) this.#gate.ask({ kind: "continue", body: {} });
    else if (active && !active.muted) this.#gate.ask(active.ask ?? { kind: "turn", body: {} });
    for (const utterance of this.#utterances.values()) {
      if (utterance.audioEnded && utterance.textFinal) continue;
      this.#conversation.breakOff(utterance);
      this.#sink.voiceText(utterance.tag, utterance.text, true);
      this.#sink.voiceItemEnded(utterance.tag);
    }
    if (this.#owedSinceMs >= 0 || this.#answerAfter) this.#gate.ask({ kind: "turn", body: {} });
    this.#utterances.clear();
    this.#responses.clear();
    this.#turns.clear();
    this.#unseenOutputs.clear();
    this.#truncations.clear();
    this.#hotResponse = this.#hotUtterance = null;
    this.#calleeSpeaking = this.#answerAfter = false;
    this.#owedSinceMs = this.#cutSinceMs = -1;
  }

  /** Makes a session that is ready the running one, with the conversation so far. */
  #carryOn(link: RealtimeLink): void {
    this.#link = link;
    this.#next = null;
    this.#rotateAfterMs = ROTATE_AFTER_MS;
    // Speech whose words the last session did not write down is said again to this one, which then answers it.
    const turn = this.#lastTurn;
    const again = this.#wasReady && this.#unansweredFromMs >= 0 && turn !== null && !turn.final;
    if (again) {
      turn.text = "";
      turn.final = true;
      this.#sink.calleeText(turn.key, "", turn.startMs, turn.endMs, true);
      if (this.#mayAnswer) this.#gate.answered(false);
    }
    if (this.#wasReady) this.#conversation.note(this.#brokeOff && !again ? CONTINUE : RESUME);
    for (const event of this.#conversation.replay()) link.send(event);
    // A little earlier than the speech, so that its padding is whole and its time can be told.
    const speechMs = this.#unansweredFromMs - PREFIX_PADDING_MS;
    const fromMs = this.#wasReady ? (again ? speechMs : this.#lostStreamMs) : 0;
    link.streamStartMs = this.#stream.replay(fromMs, (frame) => link.hear(frame));
    this.#unansweredFromMs = -1;
    const recovered = this.#lostAtMs >= 0 && this.#wasReady;
    this.#lostAtMs = -1;
    this.#tries = 1;
    const first = !this.#wasReady;
    this.#wasReady = true;
    if (first) this.#sink.voiceReady();
    else if (recovered) this.#sink.voiceLost(true, this.#lostDetail);
    this.#gate.open();
  }

  #rotate(link: RealtimeLink, nowMs: number): void {
    const age = nowMs - link.openedAtMs;
    if (age < this.#rotateAfterMs) return;
    this.#next ??= this.#open(false);
    if (!this.#next.isReady) return;
    if (age < ROTATE_AT_LAST_MS && !this.#isQuiet()) return;
    this.log("info", "voice: the session is old, another one takes over");
    const next = this.#next;
    this.#breakOff();
    link.close();
    this.#carryOn(next);
  }

  #isQuiet(): boolean {
    const nothingAsked = !this.#gate.isBusy && !this.#gate.isWaiting && this.#openCalls.size === 0;
    return nothingAsked && this.#idle && !this.#calleeSpeaking && this.#owedSinceMs < 0 && this.#unansweredFromMs < 0;
  }

  #fail(detail: string): void {
    if (this.#closed) return;
    this.close();
    this.log("error", `voice: lost for good: ${detail}`);
    this.#sink.voiceLost(false, detail);
  }

  log(level: "info" | "warn" | "error", message: string): void {
    this.#sink.log(level, message);
  }

  // What the service says.

  linkAudio(link: RealtimeLink, delta: AudioDelta): void {
    if (link !== this.#link || delta.length === 0) return;
    let response = this.#hotResponse;
    if (response === null || response.id !== delta.responseId) {
      response = this.#hotResponse = this.#response(delta.responseId);
    }
    if (response.muted) return;
    let utterance = this.#hotUtterance;
    if (utterance === null || utterance.itemId !== delta.itemId) {
      utterance = this.#hotUtterance = this.#utterance(delta.itemId, delta.responseId);
    }
    if (utterance.audioEnded) return;
    if (utterance.receivedBytes === 0) this.#spoke(response, utterance);
    utterance.receivedBytes += delta.length;
    this.#sink.voiceAudio(utterance.tag, delta.bytes, 0, delta.length);
  }

  #spoke(response: Response, utterance: Utterance): void {
    response.spoke = true;
    this.#idle = false;
    this.#unheard.set(utterance.tag, utterance);
    if (!this.#calleeSpeaking) this.#unansweredFromMs = -1;
  }

  #response(id: string): Response {
    let response = this.#responses.get(id);
    if (!response) {
      response = { id, ask: null, muted: false, spoke: false, calledTools: false };
      this.#responses.set(id, response);
    }
    return response;
  }

  #utterance(itemId: string, responseId: string): Utterance {
    let utterance = this.#utterances.get(itemId);
    if (!utterance) {
      utterance = this.#conversation.utterance(itemId, responseId);
      this.#utterances.set(itemId, utterance);
    }
    return utterance;
  }

  linkEvent(link: RealtimeLink, event: ServerEvent): void {
    if (link !== this.#link || this.#closed) return;
    switch (event.type) {
      case "response.created":
        return this.#created(event);
      case "response.output_item.added":
        if (event.item.type === "message") this.#utterance(event.item.id, event.response_id);
        return;
      case "response.output_audio_transcript.delta":
        return this.#words(event.item_id, event.response_id, event.delta, false);
      case "response.output_audio_transcript.done":
        return this.#words(event.item_id, event.response_id, event.transcript, true);
      case "response.output_audio.done":
        return this.#audioDone(event);
      case "response.output_item.done":
        if (event.item.type === "function_call") this.#called(event);
        return;
      case "response.done":
        return this.#done(event);
      case "input_audio_buffer.speech_started":
        return this.#speechStarted(link, event);
      case "input_audio_buffer.speech_stopped":
        return this.#speechStopped(link, event);
      case "input_audio_buffer.committed":
        return this.#committed(link, event.item_id);
      case "conversation.item.input_audio_transcription.delta":
      case "conversation.item.input_audio_transcription.completed":
      case "conversation.item.input_audio_transcription.failed":
        return this.#transcribed(event);
      case "conversation.item.added":
        this.#unseenOutputs.delete(event.item.id);
        return;
      case "error":
        return this.#refused(event);
    }
  }

  #created({ response: { id, metadata, conversation_id } }: ServerEventOf<"response.created">): void {
    if (conversation_id === null) return;
    const ask = this.#gate.created(id, metadata?.ask);
    const response = this.#response(id);
    response.ask = ask;
    this.#owedSinceMs = this.#cutSinceMs = -1;
    this.#answerAfter = false;
    if (ask === null) this.#gate.answered(this.#unseenOutputs.size === 0);
    // The callee has begun to speak since it was asked for, and will be answered with it in sight.
    else if (this.#calleeSpeaking && (ask.kind === "turn" || ask.kind === "tool")) this.#cancel(response);
  }

  #words(itemId: string, responseId: string, words: string, final: boolean): void {
    const utterance = this.#utterance(itemId, responseId);
    utterance.text = final ? words : utterance.text + words;
    utterance.textFinal = final;
    if (!this.#response(responseId).muted) this.#sink.voiceText(utterance.tag, utterance.text, final);
  }

  #audioDone({ item_id, response_id }: ServerEventOf<"response.output_audio.done">): void {
    const utterance = this.#utterances.get(item_id);
    if (!utterance || utterance.audioEnded || this.#response(response_id).muted) return;
    utterance.audioEnded = true;
    this.#sink.voiceItemEnded(utterance.tag);
  }

  #called({ response_id, item }: ServerEventOf<"response.output_item.done">): void {
    const { call_id, name, arguments: json } = item;
    // Arguments of a call that was cut off are not whole: such a call never runs.
    if (item.status !== "completed" || !call_id || !name) return;
    const response = this.#response(response_id);
    response.calledTools = true;
    const args = json && json.length <= MAX_ARGUMENTS ? json : "{}";
    if (!this.#conversation.toolCall(call_id, name, args)) return;
    if (response.muted) {
      this.#conversation.toolOutput(call_id, CUT_OFF);
      this.#sendOutput(call_id, CUT_OFF);
      return;
    }
    this.#openCalls.add(call_id);
    this.#sink.toolCall(call_id, name, args);
  }

  #done({ response: data }: ServerEventOf<"response.done">): void {
    if (data.usage) this.#sink.usage(responseUsage(this.#settings.model, data.usage));
    if (data.conversation_id === null) return;
    const response = this.#response(data.id);
    this.#responses.delete(data.id);
    this.#hotResponse = this.#hotUtterance = null;
    for (const utterance of this.#utterances.values()) {
      if (utterance.responseId === data.id) this.#finish(utterance, response.muted);
    }
    if (!response.muted && data.status !== "cancelled") this.#judge(response, data);
    if (this.#closed) return;
    if (this.#answerAfter) {
      this.#answerAfter = false;
      this.#gate.ask({ kind: "turn", body: {} });
    }
    this.#gate.done(data.id);
  }

  /** Nothing more of an utterance comes. */
  #finish(utterance: Utterance, muted: boolean): void {
    const { tag, itemId } = utterance;
    if (!utterance.textFinal) this.#sink.voiceText(tag, utterance.text, true);
    if (!utterance.audioEnded) this.#sink.voiceItemEnded(tag);
    utterance.textFinal = utterance.audioEnded = true;
    if (!muted) this.#conversation.complete(utterance);
    // Of a cancelled response nothing was heard unless it was cut: the model must not believe that it was.
    else if (utterance.receivedBytes === 0) {
      this.#link?.send({ type: "conversation.item.delete", event_id: `delete-${++this.#count}`, item_id: itemId });
      this.#utterances.delete(itemId);
    }
  }

  /** Decides what follows a response that ended by itself. */
  #judge(response: Response, data: ServerEventOf<"response.done">["response"]): void {
    const code = data.status_details?.error?.code ?? data.status_details?.error?.type ?? data.status_details?.reason;
    if (data.status === "failed" && FINAL_ERRORS.has(code ?? "")) return this.#fail(`a response failed: ${code}`);
    if (data.status === "incomplete") this.log("warn", `voice: a response was not finished: ${code ?? "unknown"}`);
    if (data.status !== "failed" && (response.spoke || response.calledTools)) {
      this.#failures = 0;
      return;
    }
    const what = data.status === "failed" ? `a response failed: ${code ?? "unknown"}` : "a response had no speech";
    if (++this.#failures > 1) return this.#fail(`${what}, twice`);
    this.log("warn", `voice: ${what}; asking once more`);
    if (response.spoke) this.#note(CONTINUE);
    this.#gate.ask({ kind: "again", body: response.spoke ? {} : (response.ask?.body ?? {}) });
  }

  #speechStarted(link: RealtimeLink, event: ServerEventOf<"input_audio_buffer.speech_started">): void {
    const paddedMs = link.streamStartMs + event.audio_start_ms;
    // At the start of a session there may be less padding than was asked for.
    const padding = event.audio_start_ms > 0 ? PREFIX_PADDING_MS : 0;
    const turn = this.#conversation.calleeTurn(paddedMs + padding);
    this.#turns.set(event.item_id, turn);
    this.#lastTurn = turn;
    this.#calleeSpeaking = true;
    this.#cutSinceMs = -1;
    if (this.#unansweredFromMs < 0) this.#unansweredFromMs = paddedMs;
  }

  #speechStopped(link: RealtimeLink, event: ServerEventOf<"input_audio_buffer.speech_stopped">): void {
    const turn = this.#turns.get(event.item_id);
    // The service counts the silence that told it.
    if (turn) turn.endMs = Math.max(turn.startMs, link.streamStartMs + event.audio_end_ms - TURN_END_SILENCE_MS);
  }

  #committed(link: RealtimeLink, itemId: string): void {
    this.#calleeSpeaking = false;
    // A turn that nobody spoke is one the service made up.
    if (!this.#turns.has(itemId)) return;
    const active = this.#gate.active === null ? null : this.#response(this.#gate.active);
    const wasIdle = this.#idle;
    this.#sink.calleeTurnEnded();
    if (this.#closed) return;
    this.#cutSinceMs = -1;
    if (!this.#mayAnswer) {
      this.#heldTurn = true;
      this.#unansweredFromMs = -1;
    } else if (!link.answers) this.#gate.ask({ kind: "turn", body: {} });
    else if (active === null) this.#owedSinceMs = this.#nowMs;
    // A running response keeps the service from answering. What the callee put in while it sounded needs no answer
    // unless the bridge cut it.
    else if (active.muted || wasIdle) {
      this.#answerAfter = true;
      // It would answer what the callee has meanwhile gone beyond, and be followed by another answer.
      const isStale = !active.muted && !active.spoke && !active.calledTools;
      if (isStale && (active.ask === null || active.ask.kind === "turn")) this.#cancel(active);
    } else this.#unansweredFromMs = -1;
  }

  #transcribed(
    event: ServerEventOf<
      | "conversation.item.input_audio_transcription.delta"
      | "conversation.item.input_audio_transcription.completed"
      | "conversation.item.input_audio_transcription.failed"
    >,
  ): void {
    const done = event.type === "conversation.item.input_audio_transcription.completed";
    if (done && event.usage) this.#sink.usage(transcriptionUsage(TRANSCRIPTION_MODEL, event.usage));
    const turn = this.#turns.get(event.item_id);
    if (!turn || turn.final) return;
    if (done) turn.text = event.transcript.trim();
    else if (event.type === "conversation.item.input_audio_transcription.failed") turn.text = turn.text || INAUDIBLE;
    else turn.text += event.delta ?? "";
    turn.final = event.type !== "conversation.item.input_audio_transcription.delta";
    const endMs = turn.endMs > turn.startMs ? turn.endMs : this.#stream.ms;
    this.#sink.calleeText(turn.key, turn.text, turn.startMs, endMs, turn.final);
    if (turn.final) this.#turns.delete(event.item_id);
  }

  #refused({ error }: ServerEventOf<"error">): void {
    const code = error.code ?? error.type ?? "unknown";
    const repair = this.#truncations.refused(error.event_id, error.code, error.message);
    if (repair === "other") {
      const outcome = this.#gate.failed(error.event_id, error.code);
      if (outcome === "queued") return;
      if (FINAL_ERRORS.has(code)) return this.#fail(`the service refuses: ${code}`);
      if (outcome === "refused") {
        if (++this.#failures > 1) return this.#fail(`responses are refused: ${code}`);
        this.#gate.ask({ kind: "again", body: {} });
      }
    } else if (repair) this.#link?.send(repair);
    if (HARMLESS.has(code)) return;
    this.log("warn", `voice: the service refused an event: ${code} ${error.param ?? ""}`.trim());
  }
}
