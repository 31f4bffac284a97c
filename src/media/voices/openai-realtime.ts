import type { OpenAiRealtimeSettings } from "../engine/protocol.ts";
import { AgentSpeech, type Response } from "./agent-speech.ts";
import { type AudioDelta, AudioDeltaReader } from "./audio-delta.ts";
import { CalleeTurns, type TranscriptionEvent } from "./callee-turns.ts";
import { Floor } from "./floor.ts";
import { Conversation, noteItem } from "./openai-conversation.ts";
import type { ServerEvent, ServerEventOf } from "./openai-events.ts";
import { type LinkOwner, RealtimeLink } from "./openai-link.ts";
import { responseUsage } from "./openai-prices.ts";
import { RecentFrames } from "./recent-frames.ts";
import { ResponseGate } from "./response-gate.ts";
import { type KeeperOwner, SessionKeeper } from "./session-keeper.ts";
import { guidanceNote, handBackNote } from "./supervisor-notes.ts";
import { ToolRound } from "./tool-round.ts";
import { Truncations } from "./truncations.ts";
import type { CutItem, LastWords, Voice, VoiceSink } from "./voice.ts";

/** The callee's last speech that is kept for another session, in ms; late speech helps nobody. */
const KEPT_MS = 5000;
/** The service tells after this long, in ms, that it heard somebody speak. */
const LAST_SPEECH_MS = 400;

/** Errors of a response that the next one would meet too. */
const FINAL_ERRORS = new Set(["insufficient_quota", "rate_limit_exceeded", "invalid_api_key", "model_not_found"]);
/** Errors that mean nothing: what was to be stopped or taken had already ended. */
const HARMLESS = new Set(["response_cancel_not_active", "input_audio_buffer_commit_empty", "item_not_found"]);

/** What is still of interest after the line was cut: the callee's words, and what was spent. */
const LAST_EVENTS = new Set<ServerEvent["type"]>([
  "input_audio_buffer.speech_started",
  "input_audio_buffer.speech_stopped",
  "input_audio_buffer.committed",
  "conversation.item.input_audio_transcription.delta",
  "conversation.item.input_audio_transcription.completed",
  "conversation.item.input_audio_transcription.failed",
  "response.done",
]);

const RESUME =
  "The line dropped for a moment. Carry on as if nothing had happened; do not greet or introduce yourself again.";
const CONTINUE = `${RESUME} Go on from exactly where your last sentence broke off.`;

/** A voice of the OpenAI Realtime API (GA): speech in, speech out, G.711 µ-law both ways. Connects at once. */
export const openAiRealtimeVoice = (
  settings: OpenAiRealtimeSettings,
  sink: VoiceSink,
  deps: { nowMs: () => number },
): Voice & LastWords => new OpenAiRealtimeVoice(settings, sink, deps.nowMs());

/**
 * Keeps one session with the service talking: who speaks first, one response at a time, barge-in, tools, and another
 * session with the same conversation when the running one breaks or grows old.
 */
class OpenAiRealtimeVoice implements Voice, LastWords, LinkOwner, KeeperOwner {
  readonly #settings: OpenAiRealtimeSettings;
  readonly #sink: VoiceSink;
  readonly #stream = new RecentFrames(KEPT_MS);
  readonly #delta = new AudioDeltaReader();
  readonly #conversation = new Conversation();
  readonly #gate: ResponseGate;
  readonly #truncations = new Truncations();
  readonly #keeper: SessionKeeper;
  readonly #speech: AgentSpeech;
  readonly #turns: CalleeTurns;
  readonly #tools: ToolRound;
  readonly #floor = new Floor();
  #nowMs: number;
  #closed = false;
  #wasReady = false;
  /** The line was cut then; −1 before. */
  #endedAtMs = -1;
  #openingAsked = false;
  #failures = 0;
  #count = 0;

  /** The last note that the agent is to speak with in sight, while the service has not said that it has it. */
  #unseenNote: string | null = null;

  // Of the change to another session.
  #lostStreamMs = 0;
  /** It was lost in the middle of a sentence. */
  #brokeOff = false;

  constructor(settings: OpenAiRealtimeSettings, sink: VoiceSink, nowMs: number) {
    this.#settings = settings;
    this.#sink = sink;
    this.#nowMs = nowMs;
    this.#gate = new ResponseGate((eventId, response) =>
      this.#link?.send({ type: "response.create", event_id: eventId, response }),
    );
    this.#speech = new AgentSpeech(this.#conversation, sink);
    this.#turns = new CalleeTurns(this.#conversation, ({ key, text, startMs, final }, endMs) =>
      sink.calleeText(key, text, startMs, endMs, final),
    );
    this.#tools = new ToolRound({
      conversation: this.#conversation,
      sink,
      send: (event) => {
        this.#link?.send(event);
        return this.#link !== null;
      },
    });
    this.#keeper = new SessionKeeper(this);
    this.#keeper.start();
  }

  /** The session that carries the call. */
  get #link(): RealtimeLink | null {
    return this.#keeper.current;
  }

  openLink(urgent: boolean): RealtimeLink {
    return new RealtimeLink({
      settings: this.#settings,
      delta: this.#delta,
      owner: this,
      answers: this.#floor.answers,
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
    this.#link?.hear(frame);
  }

  openingOver(): void {
    if (this.#floor.mayAnswer || this.#closed) return;
    const ask = this.#floor.openingOver(this.#turns.isSpeaking);
    this.#keeper.answer(this.#floor.answers);
    if (ask) this.#gate.ask({ kind: "turn", body: {} });
  }

  playedOut(): void {
    this.#speech.playedOut();
  }

  interrupted(cuts: readonly CutItem[]): void {
    if (this.#closed) return;
    this.#gate.answered(true);
    this.#cancelActive();
    for (const { itemId, ms } of this.#speech.cut(cuts)) this.#link?.send(this.#truncations.cut(itemId, ms));
    this.#floor.cut(this.#nowMs, this.#turns.isSpeaking);
  }

  /** The response that is being made. */
  get #active(): Response | null {
    return this.#gate.active === null ? null : this.#speech.response(this.#gate.active);
  }

  #cancelActive(): void {
    const active = this.#active;
    if (active && !active.muted) this.#cancel(active);
  }

  #cancel(response: Response): void {
    response.muted = true;
    this.#link?.send({ type: "response.cancel", event_id: `cancel-${++this.#count}`, response_id: response.id });
  }

  toolResult(toolCallId: string, output: string, respond: boolean): void {
    if (this.#closed || this.#endedAtMs >= 0) return;
    if (!this.#tools.outcome(toolCallId, output, respond)) return;
    // The answer to what the callee is saying now will see the outcomes too.
    if (this.#turns.isSpeaking && this.#link?.answers) return;
    this.#gate.ask({ kind: "tool", body: {} });
  }

  say(instructions: string, now = false): void {
    if (this.#closed || this.#endedAtMs >= 0 || this.#floor.held) return;
    if (now) {
      this.#gate.forget();
      this.#cancelActive();
    }
    this.#note(instructions);
    if (!this.#gate.ask({ kind: "say", body: {} })) this.log("warn", "voice: too many responses wait, one was dropped");
  }

  guide(text: string, now: boolean): void {
    if (this.#closed || this.#endedAtMs >= 0) return;
    const note = this.#note(guidanceNote(text));
    if (!now || !this.#floor.answers) return;
    this.#unseenNote = note;
    // What is being made was begun without it.
    this.#cancelActive();
    // Somebody who is speaking is answered with it in sight.
    if (!this.#turns.isSpeaking) this.#gate.ask({ kind: "turn", body: {} });
  }

  hold(): void {
    if (this.#closed || this.#endedAtMs >= 0 || this.#floor.held) return;
    this.#floor.hold();
    this.#gate.hold();
    this.#cancelActive();
    this.#keeper.answer(false);
  }

  resume(said: readonly string[], note: string): void {
    if (this.#closed || this.#endedAtMs >= 0 || !this.#floor.held) return;
    this.#floor.release();
    this.#gate.release();
    this.#unseenNote = this.#note(handBackNote({ said, note, wasHeard: this.#conversation.agentWasHeard }));
    this.#keeper.answer(true);
    if (!this.#turns.isSpeaking) this.#gate.ask({ kind: "turn", body: {} });
  }

  /**
   * Tells the agent something without a turn. An item, not other instructions: those would empty the prompt's cache.
   * Gives the item's id; null without a session, as the next one gets it with the conversation.
   */
  #note(text: string): string | null {
    this.#conversation.note(text);
    if (!this.#link) return null;
    const id = `note_${++this.#count}`;
    this.#link.send({ type: "conversation.item.create", event_id: id, item: { ...noteItem(text), id } });
    return id;
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#closed) return;
    const awaiting = this.#gate.isBusy || this.#floor.isOwed;
    this.#keeper.tick(nowMs, awaiting);
    if (this.#link && this.#endedAtMs < 0) this.#chase(nowMs);
  }

  /** Nobody is left waiting for an answer that the service forgot. */
  #chase(nowMs: number): void {
    if (!this.#floor.isLate(nowMs) || this.#gate.isBusy || this.#turns.isSpeaking) return;
    this.#gate.ask({ kind: "turn", body: {} });
  }

  hearOut(): void {
    if (this.#closed || this.#endedAtMs >= 0) return;
    this.#endedAtMs = this.#nowMs;
    this.#cancelActive();
    this.#gate.shut();
    this.#link?.hearOut();
  }

  get owesWords(): boolean {
    if (this.#closed || this.#endedAtMs < 0 || !this.#link) return false;
    return this.#turns.isOwed || this.#nowMs - this.#endedAtMs < LAST_SPEECH_MS;
  }

  close(): void {
    this.#closed = true;
    this.#keeper.close();
  }

  // Sessions come and go.

  linkReady(link: RealtimeLink): void {
    this.#keeper.ready(link);
  }

  linkLost(link: RealtimeLink, detail: string, final: boolean): void {
    if (this.#endedAtMs >= 0) this.close();
    else this.#keeper.lost(link, detail, final);
  }

  /** Leaves the running session: what it was saying ends here, what it owed is kept for the next one. */
  breakOff(): void {
    this.#lostStreamMs = this.#stream.ms;
    const active = this.#active;
    this.#gate.shut();
    this.#brokeOff = active?.spoke === true && !active.muted;
    if (this.#brokeOff) this.#gate.ask({ kind: "continue", body: {} });
    else if (active && !active.muted) this.#gate.ask(active.ask ?? { kind: "turn", body: {} });
    this.#speech.breakOff();
    if (this.#floor.breakOff()) this.#gate.ask({ kind: "turn", body: {} });
    this.#turns.breakOff();
    this.#tools.moved();
    this.#truncations.clear();
    this.#unseenNote = null;
  }

  /** Tells a session that is ready all that the one before knew. */
  carryOn(link: RealtimeLink, lost: string | null): void {
    const isFirst = !this.#wasReady;
    this.#wasReady = true;
    // Speech whose words the last session did not write down is said again to this one, which then answers it.
    const againMs = this.#turns.hearAgainFrom();
    const again = !isFirst && againMs >= 0;
    if (again && this.#floor.answers) this.#gate.answered(false);
    // Who is on hold was not speaking, and hears what has happened when it is given the call back.
    if (!isFirst && !this.#floor.held) this.#conversation.note(this.#brokeOff && !again ? CONTINUE : RESUME);
    for (const event of this.#conversation.replay()) link.send(event);
    const fromMs = isFirst ? 0 : again ? againMs : this.#lostStreamMs;
    link.streamStartMs = this.#stream.replay(fromMs, (frame) => link.hear(frame));
    if (isFirst) this.#sink.voiceReady();
    else if (lost !== null) this.#sink.voiceLost(true, lost);
    this.#gate.open();
  }

  isQuiet(): boolean {
    const nothingAsked = !this.#gate.isBusy && !this.#gate.isWaiting && !this.#tools.isOpen;
    return (
      nothingAsked &&
      this.#speech.isIdle &&
      !this.#turns.isSpeaking &&
      !this.#floor.isOwed &&
      this.#turns.unansweredFromMs < 0
    );
  }

  giveUp(detail: string): void {
    if (this.#closed) return;
    this.#speech.breakOff();
    this.close();
    this.log("error", `voice: lost for good: ${detail}`);
    this.#sink.voiceLost(false, detail);
  }

  log(level: "info" | "warn" | "error", message: string): void {
    this.#sink.log(level, message);
  }

  // What the service says.

  linkAudio(link: RealtimeLink, delta: AudioDelta): void {
    if (link !== this.#link || delta.length === 0 || this.#endedAtMs >= 0) return;
    if (this.#speech.audio(delta) && !this.#turns.isSpeaking) this.#turns.unansweredFromMs = -1;
  }

  linkEvent(link: RealtimeLink, event: ServerEvent): void {
    if (link !== this.#link || this.#closed) return;
    if (this.#endedAtMs >= 0) {
      if (event.type === "response.created") return this.#cancel(this.#speech.response(event.response.id));
      if (!LAST_EVENTS.has(event.type)) return;
    }
    switch (event.type) {
      case "response.created":
        return this.#created(event);
      case "response.output_item.added":
        if (event.item.type === "message") this.#speech.begin(event.item.id, event.response_id);
        return;
      case "response.output_audio_transcript.delta":
        return this.#speech.words(event.item_id, event.response_id, event.delta, false);
      case "response.output_audio_transcript.done":
        return this.#speech.words(event.item_id, event.response_id, event.transcript, true);
      case "response.output_audio.done":
        return this.#speech.audioEnded(event.item_id, event.response_id);
      case "response.output_item.done":
        if (event.item.type === "function_call") {
          this.#tools.called(event.item, this.#speech.response(event.response_id));
        }
        return;
      case "response.done":
        return this.#done(event);
      case "input_audio_buffer.speech_started":
        this.#floor.calleeSpeaks();
        if (this.#floor.held && !this.#turns.isOwed) this.#turns.unansweredFromMs = -1;
        return this.#turns.started(event.item_id, link.streamStartMs + event.audio_start_ms, event.audio_start_ms > 0);
      case "input_audio_buffer.speech_stopped":
        return this.#turns.stopped(event.item_id, link.streamStartMs + event.audio_end_ms);
      case "input_audio_buffer.committed":
        return this.#committed(link, event.item_id);
      case "conversation.item.input_audio_transcription.delta":
      case "conversation.item.input_audio_transcription.completed":
      case "conversation.item.input_audio_transcription.failed":
        return this.#transcribed(event);
      case "conversation.item.added":
        this.#tools.seen(event.item.id);
        if (event.item.id === this.#unseenNote) this.#unseenNote = null;
        return;
      case "error":
        return this.#refused(event);
    }
  }

  #created({ response: { id, metadata, conversation_id } }: ServerEventOf<"response.created">): void {
    if (conversation_id === null) return;
    const ask = this.#gate.created(id, metadata?.ask);
    const response = this.#speech.response(id);
    response.ask = ask;
    // One that the service began by itself before it had the note would be spoken without it, and in place of ours.
    const isBlind = ask === null && this.#unseenNote !== null;
    // No more than one was on its way, also where the service never confirms the note.
    if (isBlind) this.#unseenNote = null;
    if (this.#floor.held || ask?.stale || isBlind) return this.#cancel(response);
    this.#floor.answering();
    if (ask === null) this.#gate.answered(this.#tools.isSeen);
    // The callee has begun to speak since it was asked for, and will be answered with it in sight.
    else if (this.#turns.isSpeaking && (ask.kind === "turn" || ask.kind === "tool")) this.#cancel(response);
  }

  #done({ response: data }: ServerEventOf<"response.done">): void {
    if (data.usage) this.#sink.usage(responseUsage(this.#settings.model, data.usage));
    if (data.conversation_id === null || this.#endedAtMs >= 0) return;
    const response = this.#speech.response(data.id);
    for (const item_id of this.#speech.over(response)) {
      this.#link?.send({ type: "conversation.item.delete", event_id: `delete-${++this.#count}`, item_id });
    }
    if (!response.muted && data.status !== "cancelled") this.#judge(response, data);
    if (this.#closed) return;
    if (this.#floor.responseOver()) this.#gate.ask({ kind: "turn", body: {} });
    this.#gate.done(data.id);
  }

  /** Decides what follows a response that ended by itself. */
  #judge(response: Response, data: ServerEventOf<"response.done">["response"]): void {
    const code = data.status_details?.error?.code ?? data.status_details?.error?.type ?? data.status_details?.reason;
    if (data.status === "failed" && FINAL_ERRORS.has(code ?? "")) return this.giveUp(`a response failed: ${code}`);
    if (data.status === "incomplete") this.log("warn", `voice: a response was not finished: ${code ?? "unknown"}`);
    if (data.status !== "failed" && (response.spoke || response.calledTools)) {
      this.#failures = 0;
      return;
    }
    const what = data.status === "failed" ? `a response failed: ${code ?? "unknown"}` : "a response had no speech";
    if (++this.#failures > 1) return this.giveUp(`${what}, twice`);
    this.log("warn", `voice: ${what}; asking once more`);
    if (response.spoke) this.#note(CONTINUE);
    this.#gate.ask({ kind: "again", body: response.spoke ? {} : (response.ask?.body ?? {}) });
  }

  #committed(link: RealtimeLink, itemId: string): void {
    // A turn that nobody spoke is one the service made up.
    if (!this.#turns.committed(itemId) || this.#endedAtMs >= 0) return;
    // While somebody else speaks in its place, turns are not for it.
    if (this.#floor.held) return;
    const active = this.#active;
    const wasIdle = this.#speech.isIdle;
    this.#sink.calleeTurnEnded();
    if (this.#closed) return;
    const running = active !== null;
    switch (this.#floor.turnEnded({ nowMs: this.#nowMs, serviceAnswers: link.answers, running })) {
      case "held":
        this.#turns.unansweredFromMs = -1;
        return;
      case "ask":
        this.#gate.ask({ kind: "turn", body: {} });
        return;
      case "after-response":
        if (active) this.#turnWhile(active, wasIdle);
    }
  }

  /**
   * A running response keeps the service from answering. What the callee put in while it sounded needs no answer unless
   * the bridge cut it.
   */
  #turnWhile(active: Response, wasIdle: boolean): void {
    if (!active.muted && !wasIdle) {
      this.#turns.unansweredFromMs = -1;
      return;
    }
    this.#floor.answerAfter();
    // It would answer what the callee has meanwhile gone beyond, and be followed by another answer.
    const isStale = !active.muted && !active.spoke && !active.calledTools;
    if (isStale && (active.ask === null || active.ask.kind === "turn")) this.#cancel(active);
  }

  #transcribed(event: TranscriptionEvent): void {
    const usage = this.#turns.transcribed(event, this.#stream.ms);
    if (usage) this.#sink.usage(usage);
  }

  #refused({ error }: ServerEventOf<"error">): void {
    const code = error.code ?? error.type ?? "unknown";
    // A note that was not taken is not waited for.
    if (error.event_id === this.#unseenNote) this.#unseenNote = null;
    const repair = this.#truncations.refused(error.event_id, error.code, error.message);
    if (repair === "other") {
      const outcome = this.#gate.failed(error.event_id, error.code);
      if (outcome === "queued") return;
      if (FINAL_ERRORS.has(code)) return this.giveUp(`the service refuses: ${code}`);
      if (outcome === "refused") {
        if (++this.#failures > 1) return this.giveUp(`responses are refused: ${code}`);
        this.#gate.ask({ kind: "again", body: {} });
      }
    } else if (repair) this.#link?.send(repair);
    if (HARMLESS.has(code)) return;
    this.log("warn", `voice: the service refused an event: ${code} ${error.param ?? ""}`.trim());
  }
}
