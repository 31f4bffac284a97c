import { messageOf } from "../../core/errors.ts";
import { FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS } from "../audio/frame.ts";
import { levelDbov, ulawEnergy } from "../audio/level.ts";
import { Playout, PlayoutCuts } from "../audio/playout.ts";
import { BargeIn } from "../audio/turn-taking.ts";
import { Vad } from "../audio/vad.ts";
import type { CarrierLeg, LegSink } from "../carriers/leg.ts";
import type { LastWords, Listener, Voice, VoiceSink } from "../voices/voice.ts";
import { Drain } from "./drain.ts";
import { METER, type Meters } from "./meters.ts";
import type { CallStats, MediaEvent, RecordingFile, SpokenLine, VoiceUsage } from "./protocol.ts";
import type { Recorder } from "./recorder.ts";
import { SpokenTurns } from "./spoken-turns.ts";
import type { Tap } from "./tap.ts";

/** Utterances that are not the voice's are numbered from here, far above any the voice makes. */
const OWN_ITEMS = 1_000_000;
/** A frame sent this much after its deadline counts as late, in ms. */
const LATE_MS = 5;
/** Ticks between two updates of a call's meters: ten updates a second. */
const METER_TICKS = 5;
/** A voice that has said nothing for so long after the answer is taken for lost, in ms: longer than it needs to try again. */
const FIRST_WORD_LIMIT_MS = 12_000;
/** How long the callee's last words are waited for after the end, in ms: people say "don't call again" and hang up. */
const LAST_WORDS_MS = 2000;
/** How fast a level falls back, per frame. */
const LEVEL_FALL = 0.6;
/** Turn latencies kept per call; later ones are told but not kept. */
const MAX_LATENCIES = 2000;

/** What a bridge needs from its engine. */
export interface BridgeDeps {
  callId: string;
  slot: number;
  meters: Meters;
  nowMs: () => number;
  emit: (event: MediaEvent) => void;
  recorder: Recorder | null;
}

/**
 * One live call on the media thread: joins the callee's leg and the voice, without transcoding. The callee's frames
 * reach the voice in the same turn of the event loop in which their packet arrived. The voice's audio waits in the
 * playout; the first frame of an utterance leaves at once, one frame ahead of its slot, all others on the tick. Silence
 * fills every other slot, so that the stream to the callee never stops.
 *
 * It decides barge-in, keeps the turns of the agent true to what was heard, and measures. It owns leg, voice, recorder
 * and taps, and closes them.
 */
export class Bridge implements LegSink, VoiceSink {
  readonly callId: string;
  readonly slot: number;
  readonly taps = new Map<string, Tap>();
  readonly #deps: BridgeDeps;
  readonly #playout = new Playout();
  readonly #cuts = new PlayoutCuts();
  readonly #frame = new Uint8Array(FRAME_SAMPLES);
  readonly #calleeVad = new Vad();
  readonly #agentVad = new Vad();
  readonly #bargeIn = new BargeIn();
  readonly #turns: SpokenTurns;
  #leg: CarrierLeg | null = null;
  #voice: (Voice & Partial<Listener & LastWords>) | null = null;
  /** Nothing is heard or sent any more. */
  #closed = false;
  #closing: Promise<void> | null = null;
  /** What the callee said last is waited for until then. */
  #lastWords: { untilMs: number; come: () => void } | null = null;
  #answeredAtMs = -1;
  #opening = true;
  #openingStarted = false;
  /** Something of the agent was heard, or will never be: the voice is lost. */
  #firstWordSettled = false;
  /** An utterance is being played, perhaps starved of audio for a moment. */
  #speaking = false;
  /** The last frame that was sent held speech. */
  #flowing = false;
  /** A frame was sent ahead of its slot: the next silent slot is already served. */
  #lead = false;
  #lastCalleeVoicedMs = -1;
  #awaitingReply = false;
  #drain: Drain | null = null;
  #calleeLevel = 0;
  #agentLevel = 0;
  #ticks = 0;
  #played = 0;
  #framesSent = 0;
  #lateFrames = 0;
  #maxQueueMs = 0;
  #bargeIns = 0;
  #firstWordMs: number | null = null;
  readonly #latencies: number[] = [];

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    this.callId = deps.callId;
    this.slot = deps.slot;
    this.#turns = new SpokenTurns(deps.callId, deps.emit);
  }

  /** Gives the bridge its two ends; before any of its other methods. */
  join(leg: CarrierLeg, voice: Voice & Partial<Listener & LastWords>): void {
    this.#leg = leg;
    this.#voice = voice;
  }

  get leg(): CarrierLeg | null {
    return this.#leg;
  }

  get isAnswered(): boolean {
    return this.#answeredAtMs >= 0;
  }

  // Commands.

  prepare(): void {
    this.#voice?.prepare();
  }

  /** Frames flow from now; speech that is ready leaves at once. */
  answer(): void {
    if (this.isAnswered) return;
    const now = this.#deps.nowMs();
    this.#answeredAtMs = now;
    this.#leg?.answered(now);
    this.#voice?.answered();
    this.#sendAhead(now);
  }

  toolResult(toolCallId: string, output: string, respond: boolean, spoken?: SpokenLine): void {
    this.#voice?.toolResult(toolCallId, output, respond, spoken);
  }

  say(instructions: string): void {
    this.#voice?.say(instructions);
  }

  /** Plays a sentence of our own after what already waits. */
  play(line: SpokenLine): void {
    const item = OWN_ITEMS + this.#played++;
    this.voiceAudio(item, line.audio, 0, line.audio.length);
    this.voiceText(item, line.text, true);
    this.voiceItemEnded(item);
  }

  /** See the `drain` command. */
  drain(maxMs: number, expectSpeech: boolean): void {
    this.#drain = new Drain(this.#deps.nowMs(), maxMs, expectSpeech);
  }

  // The callee's side.

  calleeFrame(frame: Uint8Array, nowMs: number): void {
    if (!this.isAnswered || this.#closed) return;
    this.#voice?.hear(frame);
    for (const tap of this.taps.values()) tap.callee(frame);
    this.#deps.recorder?.callee(frame);
    const energy = ulawEnergy(frame, 0, FRAME_SAMPLES);
    this.#calleeLevel = Math.max(energy, this.#calleeLevel * LEVEL_FALL);
    this.#calleeVad.push(energy);
    const voiced = this.#calleeVad.frameVoiced;
    if (voiced) {
      this.#lastCalleeVoicedMs = nowMs;
      this.#awaitingReply = true;
    }
    const protectedSpeech = this.#opening || this.#drain !== null;
    if (this.#bargeIn.push(voiced, this.#speaking, protectedSpeech, nowMs)) this.#cutIn(nowMs);
  }

  calleeSaid(text: string, startMs: number, endMs: number): void {
    this.#voice?.overhear?.(text, startMs, endMs);
  }

  calleeKey(digit: string): void {
    this.#deps.emit({ type: "dtmf", callId: this.callId, digit });
  }

  calleeHungUp(): void {
    this.#deps.emit({ type: "callee-hung-up", callId: this.callId });
  }

  legLost(detail: string): void {
    this.fail(detail);
  }

  // The voice's side.

  voiceReady(): void {
    this.#deps.emit({ type: "voice-ready", callId: this.callId });
  }

  voiceAudio(item: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.#closed) return;
    this.#turns.audio(item);
    this.#playout.push(bytes, offset, length, item);
    const queued = this.#playout.queuedMs;
    if (queued > this.#maxQueueMs) this.#maxQueueMs = queued;
    if (!this.#flowing) this.#sendAhead(this.#deps.nowMs());
  }

  voiceItemEnded(item: number): void {
    this.#playout.endItem(item);
    if (this.#playout.receivedMs(item) === 0) this.#turns.drop(item);
  }

  voiceText(item: number, text: string, final: boolean): void {
    this.#turns.text(item, text, final, this.#deps.nowMs() - this.#answeredAtMs);
  }

  calleeText(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    this.#turns.callee(key, text, startMs, endMs, final);
  }

  /** The callee's turn is over by the voice's own judgement: what waits of older speech is no longer meant. */
  calleeTurnEnded(): void {
    if (this.#speaking && !this.#opening && this.#drain === null) this.#cutIn(this.#deps.nowMs());
  }

  toolCall(toolCallId: string, name: string, argumentsJson: string): void {
    if (this.#closed) return;
    const call = { toolCallId, name, argumentsJson, speaking: this.#isSaying };
    this.#deps.emit({ type: "tool-call", callId: this.callId, ...call });
  }

  usage(usage: VoiceUsage): void {
    this.#deps.emit({ type: "usage", callId: this.callId, usage });
  }

  voiceLost(recovered: boolean, detail: string): void {
    if (this.#closed) return;
    if (!recovered) this.#firstWordSettled = true;
    this.#deps.emit({ type: "voice-lost", callId: this.callId, recovered, detail });
  }

  log(level: "info" | "warn" | "error", message: string): void {
    this.#deps.emit({ type: "log", level, message, fields: { callId: this.callId } });
  }

  // Time.

  /** One tick, due at `deadlineMs`; `skipped` ticks before it were given up after a stall. */
  tick(deadlineMs: number, skipped: number): void {
    const now = this.#deps.nowMs();
    if (skipped > 0) this.#skip(skipped);
    this.#voice?.tick(now);
    if (this.#lastWords) this.#awaitLastWords(now, this.#lastWords);
    if (this.#closed) return;
    this.#leg?.tick(now);
    if (!this.isAnswered) return;
    this.#sendSlot(now);
    if (this.#deps.nowMs() - deadlineMs > LATE_MS) this.#lateFrames++;
    if (this.#drain?.isOver(now, this.#isSaying)) this.#endDrain(false);
    if (!this.#firstWordSettled && now - this.#answeredAtMs > FIRST_WORD_LIMIT_MS) this.#giveUpVoice();
    if ((++this.#ticks + this.slot) % METER_TICKS === 0) this.#updateMeters();
  }

  #giveUpVoice(): void {
    this.#voice?.close();
    this.voiceLost(false, "the voice said nothing after the answer");
  }

  /** Slots that passed while the process stood still: nothing can be sent in them any more. */
  #skip(frames: number): void {
    if (!this.isAnswered) return;
    this.#leg?.skip(frames);
    this.#deps.recorder?.skipAgent(frames);
  }

  #sendAhead(now: number): void {
    if (this.#closed || !this.isAnswered || this.#lead) return;
    const item = this.#playout.currentTag;
    if (this.#playout.pull(this.#frame) === 0) return;
    this.#lead = true;
    this.#sendSpeech(item, now);
  }

  #sendSlot(now: number): void {
    const item = this.#playout.currentTag;
    if (this.#playout.pull(this.#frame) !== 0) {
      this.#sendSpeech(item, now);
      return;
    }
    if (this.#speaking && !this.#playout.active) this.#fallSilent(now);
    this.#flowing = false;
    if (this.#lead) {
      this.#lead = false;
      return;
    }
    this.#sendSilence();
  }

  #sendSpeech(item: number, now: number): void {
    const first = !this.#flowing;
    this.#flowing = true;
    this.#speaking = this.#firstWordSettled = true;
    if (this.#opening) this.#openingStarted = true;
    this.#turns.playing(item, now - this.#answeredAtMs);
    this.#send(first);
    if (this.#agentVad.frameVoiced) this.#measureReply(now);
  }

  #send(talkspurt: boolean): void {
    this.#sendFrame(talkspurt, ulawEnergy(this.#frame, 0, FRAME_SAMPLES));
    this.#deps.recorder?.agent(this.#frame);
  }

  #sendSilence(): void {
    this.#sendFrame(false, 0);
    this.#deps.recorder?.skipAgent(1);
  }

  #sendFrame(talkspurt: boolean, energy: number): void {
    this.#leg?.send(this.#frame, talkspurt);
    this.#framesSent++;
    for (const tap of this.taps.values()) tap.agent(this.#frame);
    this.#agentLevel = Math.max(energy, this.#agentLevel * LEVEL_FALL);
    this.#agentVad.push(energy);
  }

  #measureReply(now: number): void {
    if (this.#firstWordMs === null) this.#firstWordMs = now - this.#answeredAtMs;
    if (!this.#awaitingReply) return;
    this.#awaitingReply = false;
    const ms = now - this.#lastCalleeVoicedMs;
    // Less than two frames apart is talking at the same time, not an answer.
    if (ms < 2 * FRAME_MS) return;
    if (this.#latencies.length < MAX_LATENCIES) this.#latencies.push(ms);
    this.#deps.emit({ type: "latency", callId: this.callId, ms });
  }

  #fallSilent(now: number): void {
    this.#speaking = false;
    this.#turns.playedOut(now - this.#answeredAtMs);
    if (this.#opening && this.#openingStarted) this.#endOpening();
    this.#voice?.playedOut();
  }

  #endOpening(): void {
    this.#opening = false;
    this.#voice?.openingOver();
  }

  #cutIn(now: number): void {
    const count = this.#playout.clear(this.#cuts);
    this.#speaking = false;
    this.#flowing = false;
    this.#bargeIns++;
    const cuts = [];
    for (let i = 0; i < count; i++) {
      cuts.push({ item: this.#cuts.tag[i]!, heardMs: this.#cuts.heardMs[i]!, receivedMs: this.#cuts.receivedMs[i]! });
    }
    this.#turns.cut(cuts, now - this.#answeredAtMs);
    this.#voice?.interrupted(cuts);
    if (this.#opening) this.#endOpening();
    this.#deps.emit({ type: "barge-in", callId: this.callId, atMs: Math.round(now - this.#answeredAtMs) });
    if (this.#drain) this.#endDrain(true);
  }

  /** Words of the agent are being played or wait to be. */
  get #isSaying(): boolean {
    return this.#speaking || this.#playout.active || this.#turns.unfinished > 0;
  }

  #endDrain(interrupted: boolean): void {
    this.#drain = null;
    this.#deps.emit({ type: "drained", callId: this.callId, interrupted });
  }

  #updateMeters(): void {
    const { meters } = this.#deps;
    const counters = this.#leg?.counters;
    meters.set(this.slot, METER.calleeLevelDbov, levelDbov(this.#calleeLevel));
    meters.set(this.slot, METER.agentLevelDbov, levelDbov(this.#agentLevel));
    meters.set(this.slot, METER.calleeVoiced, this.#calleeVad.frameVoiced ? 1 : 0);
    meters.set(this.slot, METER.agentVoiced, this.#speaking ? 1 : 0);
    meters.set(this.slot, METER.queueMs, this.#playout.queuedMs);
    meters.set(this.slot, METER.framesSent, this.#framesSent);
    meters.set(this.slot, METER.lateFrames, this.#lateFrames);
    if (counters) {
      meters.set(this.slot, METER.jitterMs, counters.jitterMs);
      meters.set(this.slot, METER.packetsReceived, counters.packetsReceived);
      meters.set(this.slot, METER.packetsLost, counters.packetsLost);
    }
  }

  // The end.

  /** Ends this call because one of its parts broke; tells the main thread, which closes it. May be called twice. */
  fail(detail: string): void {
    this.#lastWords?.come();
    if (this.#closed) return;
    this.#deps.emit({ type: "media-lost", callId: this.callId, detail });
    this.#closeEnds();
  }

  #closeEnds(): void {
    this.#closeLeg();
    this.#close(this.#voice);
  }

  #closeLeg(): void {
    this.#closed = true;
    this.taps.clear();
    this.#close(this.#leg);
  }

  #close(end: { close(): void } | null): void {
    try {
      end?.close();
    } catch (thrown) {
      this.log("error", `an end of the call could not be closed: ${messageOf(thrown)}`);
    }
  }

  /**
   * Closes leg, taps, voice and recording, then tells what was measured. The voice may take up to 2 s of ticks to tell
   * the callee's last words. May be called twice. Never throws.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  /** Lets the voice tell what the callee said last; at once where nobody spoke or the voice owes nothing. */
  #hearOut(): Promise<void> | null {
    const voice = this.#voice;
    if (this.#closed || !this.isAnswered || !voice?.hearOut) return null;
    try {
      voice.hearOut();
    } catch (thrown) {
      this.log("error", `the callee's last words are lost: ${messageOf(thrown)}`);
      return null;
    }
    if (!voice.owesWords) return null;
    return new Promise((come) => {
      this.#lastWords = { untilMs: this.#deps.nowMs() + LAST_WORDS_MS, come };
    });
  }

  #awaitLastWords(now: number, wait: { untilMs: number; come: () => void }): void {
    if (this.#voice?.owesWords && now < wait.untilMs) return;
    this.#lastWords = null;
    wait.come();
  }

  async #end(): Promise<void> {
    if (this.isAnswered) this.#turns.flush(this.#deps.nowMs() - this.#answeredAtMs, this.#playout);
    const stats = this.#stats();
    const words = this.#hearOut();
    this.#closeLeg();
    if (words) await words;
    this.#close(this.#voice);
    const { recorder } = this.#deps;
    let recording: RecordingFile | null = null;
    try {
      recording = (await recorder?.close()) ?? null;
    } catch (thrown) {
      this.log("error", `the recording could not be closed: ${messageOf(thrown)}`);
    }
    this.#deps.meters.clear(this.slot);
    this.#deps.emit({ type: "closed", callId: this.callId, stats, recording });
  }

  #stats(): CallStats {
    const counters = this.#leg?.counters;
    return {
      lateFrames: this.#lateFrames,
      framesSent: this.#framesSent,
      packetsReceived: counters?.packetsReceived ?? 0,
      packetsLost: counters?.packetsLost ?? 0,
      packetsLate: counters?.packetsLate ?? 0,
      packetsReordered: counters?.packetsReordered ?? 0,
      packetsDuplicate: counters?.packetsDuplicate ?? 0,
      framesConcealed: counters?.framesConcealed ?? 0,
      jitterMs: counters?.jitterMs ?? 0,
      maxQueueMs: this.#maxQueueMs,
      droppedSpeechMs: this.#playout.droppedBytes / SAMPLES_PER_MS,
      bargeIns: this.#bargeIns,
      turnLatenciesMs: this.#latencies,
      firstWordMs: this.#firstWordMs,
    };
  }
}
