import { messageOf } from "../../core/errors.ts";
import { FRAME_SAMPLES, SAMPLES_PER_MS } from "../audio/frame.ts";
import { ulawEnergy } from "../audio/level.ts";
import { BargeIn } from "../audio/turn-taking.ts";
import { Vad } from "../audio/vad.ts";
import type { CarrierLeg, LegSink } from "../carriers/leg.ts";
import type { OpenTranscriber } from "../voices/transcriber.ts";
import type { LastWords, Listener, Voice, VoiceSink } from "../voices/voice.ts";
import { CallFigures } from "./call-figures.ts";
import type { CalleeNotice } from "./callee-notice.ts";
import type { Meters } from "./meters.ts";
import { Mouth } from "./mouth.ts";
import type { MediaCommand, MediaEvent, RecordingFile, SpokenLine, VoiceUsage } from "./protocol.ts";
import { RECORDED, type Recorder } from "./recorder.ts";
import type { SpeakerStreams } from "./speaker-streams.ts";
import { Supervised } from "./supervised.ts";
import type { Tap } from "./tap.ts";

/** A frame sent this much after its deadline counts as late, in ms. */
const LATE_MS = 5;
/** Ticks between two updates of a call's meters: ten updates a second. */
const METER_TICKS = 5;
/** A voice that has said nothing for so long after the answer is taken for lost, in ms: longer than it needs to try again. */
const FIRST_WORD_LIMIT_MS = 12_000;
/** How long the callee's last words are waited for after the end, in ms: people say "don't call again" and hang up. */
const LAST_WORDS_MS = 2000;

/** What a bridge needs from its engine. */
export interface BridgeDeps {
  callId: string;
  slot: number;
  meters: Meters;
  nowMs: () => number;
  emit: (event: MediaEvent) => void;
  recorder: Recorder | null;
  openTranscriber: OpenTranscriber;
  /** Where supervisors' voices come in. */
  streams: SpeakerStreams;
  /** Opens the file of supervisors' speech at this frame of the call; null where none is wanted or can be made. */
  openSupervisorRecorder: (startFrame: number) => Recorder | null;
  /** Tells the callee of whoever else is on the line; null tells nothing. */
  notice: CalleeNotice | null;
}

/**
 * One live call on the media thread: joins the callee's leg and the voice, without transcoding. The callee's frames
 * reach the voice in the same turn of the event loop in which their packet arrived. The voice's audio waits in the
 * playout; the first frame of an utterance leaves at once, one frame ahead of its slot, all others on the tick. Silence
 * fills every other slot, so that the stream to the callee never stops. Once a supervisor speaks, `Supervised` says what
 * the callee is sent and what the voice hears.
 *
 * It decides barge-in, keeps the turns of the agent true to what was heard, and measures. It owns leg, voice, recorder
 * and taps, and closes them.
 */
export class Bridge implements LegSink, VoiceSink {
  readonly callId: string;
  readonly slot: number;
  readonly #taps = new Map<string, Tap>();
  readonly #deps: BridgeDeps;
  readonly #frame = new Uint8Array(FRAME_SAMPLES);
  readonly #calleeVad = new Vad();
  readonly #agentVad = new Vad();
  readonly #bargeIn = new BargeIn();
  readonly #mouth: Mouth;
  readonly #figures: CallFigures;
  readonly #notice: CalleeNotice | null;
  #supervised: Supervised | null = null;
  #leg: CarrierLeg | null = null;
  #voice: (Voice & Partial<Listener & LastWords>) | null = null;
  /** Nothing is heard or sent any more. */
  #closed = false;
  #closing: Promise<void> | null = null;
  /** What the callee said last is waited for until then. */
  #lastWords: { untilMs: number; come: () => void } | null = null;
  #answeredAtMs = -1;
  /** The last frame that was sent held speech. */
  #flowing = false;
  /** A frame was sent ahead of its slot: the next silent slot is already served. */
  #lead = false;
  #ticks = 0;
  /** Frames of the callee that the voice has heard. */
  #heard = 0;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    this.callId = deps.callId;
    this.slot = deps.slot;
    this.#notice = deps.notice;
    this.#mouth = new Mouth(deps.callId, deps.emit);
    this.#figures = new CallFigures(deps.meters, deps.slot);
  }

  /** Gives the bridge its two ends; before any of its other methods. */
  join(leg: CarrierLeg, voice: Voice & Partial<Listener & LastWords>): void {
    this.#leg = leg;
    this.#voice = voice;
    this.#mouth.join(voice);
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
    if (this.#taps.size > 0) this.#notice?.listens(now);
    this.#sendAhead(now);
  }

  toolResult(toolCallId: string, output: string, respond: boolean, spoken?: SpokenLine): void {
    this.#voice?.toolResult(toolCallId, output, respond, spoken);
  }

  /** See the `say` command. */
  say(instructions: string, now: boolean, spoken?: SpokenLine): void {
    if (this.#supervised?.postpones(() => this.say(instructions, now, spoken))) return;
    if (now && this.#mouth.isSaying) this.#cutAgent();
    this.#voice?.say(instructions, now, spoken);
  }

  /** Plays a sentence of our own after what already waits. */
  play(line: SpokenLine): void {
    if (this.#supervised?.postpones(() => this.play(line))) return;
    if (this.#closed) return;
    this.#mouth.play(line, this.#atMs());
    this.#speechCame();
  }

  /** See the `drain` command. */
  drain(maxMs: number, expectSpeech: boolean, firm = false): void {
    if (this.#supervised?.postpones(() => this.drain(maxMs, expectSpeech, firm))) return;
    this.#mouth.drain(this.#deps.nowMs(), maxMs, expectSpeech, firm);
  }

  /** See the `tap` command. */
  tap(tapId: string, tap: Tap): void {
    if (this.isAnswered && this.#taps.size === 0) this.#notice?.listens(this.#deps.nowMs());
    this.#taps.set(tapId, tap);
  }

  /** See the `untap` command. */
  untap(tapId: string): void {
    this.#taps.delete(tapId);
  }

  /** See the `supervise` command; only `listen` before the answer. */
  supervise(command: Extract<MediaCommand, { type: "supervise" }>): void {
    const { mode, request } = command;
    if (this.#closed || (!this.isAnswered && mode !== "listen")) return;
    if (!this.#supervised && mode === "listen") {
      const atMs = this.isAnswered ? Math.round(this.#atMs()) : 0;
      return this.#deps.emit({ type: "supervised", callId: this.callId, request, mode, atMs });
    }
    const supervised = this.#supervision();
    if (!supervised) return;
    const heardBefore = supervised.heardSsrc;
    const nowMs = this.#deps.nowMs();
    supervised.supervise(command, nowMs);
    const heard = supervised.heardSsrc;
    if (heard !== null && heard !== heardBefore) this.#notice?.speaks(nowMs);
    if (supervised.isHeld) this.#figures.noReply();
  }

  /** See the `guide` command. The opening is heard to its end: it says who calls. */
  guide(text: string, now: boolean): void {
    if (this.#closed || !this.isAnswered) return;
    const cuts = now && !this.#mouth.isOpening;
    if (cuts && this.#mouth.isSaying) this.#cutAgent();
    this.#supervision()?.guide(text, cuts, this.#deps.nowMs());
  }

  /** See the `talk-ended` command. */
  talkEnded(): void {
    this.#supervised?.talkEnded(this.#deps.nowMs());
  }

  /** See the `hold-phrase` command. */
  holdPhrase(line: SpokenLine): void {
    if (!this.#closed) this.#supervised?.hold(line, this.#deps.nowMs());
  }

  /** See the `away` command. */
  away(on: boolean, note: string): void {
    if (this.#closed || !this.isAnswered) return;
    const supervised = this.#supervision();
    supervised?.setAway(on, note, this.#deps.nowMs());
    if (supervised?.isHeld) this.#figures.noReply();
  }

  #supervision(): Supervised | null {
    const voice = this.#voice;
    if (!voice) return null;
    const { callId, emit, openTranscriber, streams, openSupervisorRecorder } = this.#deps;
    this.#supervised ??= new Supervised({
      callId,
      emit,
      openTranscriber,
      streams,
      voice,
      mouth: this.#mouth,
      answeredAtMs: this.#answeredAtMs,
      agentHeard: this.#heard,
      openRecorder: openSupervisorRecorder,
    });
    return this.#supervised;
  }

  // The callee's side.

  calleeFrame(frame: Uint8Array, nowMs: number): void {
    if (!this.isAnswered || this.#closed) return;
    const supervised = this.#supervised;
    this.#voice?.hear(supervised === null ? frame : supervised.toAgent(frame));
    this.#heard++;
    for (const tap of this.#taps.values()) tap.callee(frame);
    this.#deps.recorder?.put(RECORDED.callee, frame);
    const energy = ulawEnergy(frame, 0, FRAME_SAMPLES);
    this.#calleeVad.push(energy);
    const voiced = this.#calleeVad.frameVoiced;
    this.#figures.callee(energy, voiced, nowMs);
    supervised?.calleeHeard(voiced);
    const mouth = this.#mouth;
    const talksOver = this.#bargeIn.push(voiced, mouth.isSpeaking, mouth.isProtected, nowMs);
    if (talksOver && !mouth.isFirm) this.#cutIn();
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
    if (!this.#closed && this.#mouth.take(item, bytes, offset, length)) this.#speechCame();
  }

  #speechCame(): void {
    const queued = this.#mouth.queuedMs;
    if (queued > this.#figures.maxQueueMs) this.#figures.maxQueueMs = queued;
    if (!this.#flowing) this.#sendAhead(this.#deps.nowMs());
  }

  voiceItemEnded(item: number): void {
    this.#mouth.end(item);
  }

  voiceText(item: number, text: string, final: boolean): void {
    this.#mouth.text(item, text, final, this.#atMs());
  }

  calleeText(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    if (!this.#supervised?.isSupervisors(startMs, endMs)) this.#mouth.turns.callee(key, text, startMs, endMs, final);
  }

  /** The callee's turn is over by the voice's own judgement: what waits of older speech is no longer meant. */
  calleeTurnEnded(): void {
    if (this.#mouth.isSpeaking && !this.#mouth.isProtected) this.#cutIn();
  }

  toolCall(toolCallId: string, name: string, argumentsJson: string): void {
    if (this.#closed) return;
    const call = { toolCallId, name, argumentsJson, speaking: this.#mouth.isSaying };
    this.#deps.emit({ type: "tool-call", callId: this.callId, ...call });
  }

  usage(usage: VoiceUsage): void {
    this.#deps.emit({ type: "usage", callId: this.callId, usage });
  }

  voiceLost(recovered: boolean, detail: string): void {
    if (this.#closed) return;
    if (!recovered) this.#mouth.hasBegun = true;
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
    this.#supervised?.tick(now);
    if (this.#lastWords) this.#awaitLastWords(now, this.#lastWords);
    if (this.#closed) return;
    this.#leg?.tick(now);
    if (!this.isAnswered) return;
    this.#sendSlot(now);
    if (this.#deps.nowMs() - deadlineMs > LATE_MS) this.#figures.lateFrames++;
    this.#mouth.tick(now);
    if (!this.#mouth.hasBegun && now - this.#answeredAtMs > FIRST_WORD_LIMIT_MS) this.#giveUpVoice();
    if ((++this.#ticks + this.slot) % METER_TICKS !== 0) return;
    this.#figures.show(this.#mouth.queuedMs, this.#calleeVad.frameVoiced, this.#mouth.isSpeaking, this.#leg?.counters);
  }

  #giveUpVoice(): void {
    this.#voice?.close();
    this.voiceLost(false, "the voice said nothing after the answer");
  }

  /** Slots that passed while the process stood still: nothing can be sent in them any more. */
  #skip(frames: number): void {
    if (!this.isAnswered) return;
    this.#leg?.skip(frames);
    this.#deps.recorder?.skip(RECORDED.sent, frames);
  }

  #sendAhead(now: number): void {
    if (this.#closed || !this.isAnswered || this.#lead || this.#supervised?.isWide) return;
    if (!this.#mouth.pull(this.#frame, now - this.#answeredAtMs)) return;
    this.#lead = true;
    this.#sendSpeech(now);
  }

  #sendSlot(now: number): void {
    const supervised = this.#supervised;
    if (supervised !== null) {
      supervised.listen(now);
      if (this.#lead && supervised.isWide) {
        // Two voices share each slot from here on: the one that was already served is left out.
        this.#lead = false;
        return;
      }
    }
    if (this.#mouth.pull(this.#frame, now - this.#answeredAtMs)) {
      this.#sendSpeech(now);
      return;
    }
    this.#flowing = false;
    if (this.#lead) {
      this.#lead = false;
      return;
    }
    this.#send(false, false, now);
  }

  #sendSpeech(now: number): void {
    const first = !this.#flowing;
    this.#flowing = true;
    this.#send(true, first, now);
    if (this.#agentVad.frameVoiced) this.#measureReply(now);
  }

  /** Sends the agent's frame in its slot, with whatever else the callee is to hear. */
  #send(speech: boolean, talkspurt: boolean, now: number): void {
    const { recorder } = this.#deps;
    const supervised = this.#supervised;
    const notice = this.#notice;
    let heard: Uint8Array = this.#frame;
    let sounds = speech;
    let begins = talkspurt;
    if (supervised?.isWide) {
      heard = supervised.toCallee(speech ? this.#frame : null, now);
      sounds = supervised.ear.sounds;
      begins = supervised.ear.begins;
    }
    if (notice?.sounds) {
      begins ||= notice.begins && !sounds;
      heard = notice.over(heard);
      sounds = true;
    }
    this.#leg?.send(heard, begins);
    if (sounds) recorder?.put(RECORDED.sent, heard);
    else recorder?.skip(RECORDED.sent, 1);
    const energy = speech ? ulawEnergy(this.#frame, 0, FRAME_SAMPLES) : 0;
    this.#figures.framesSent++;
    for (const tap of this.#taps.values()) tap.agent(this.#frame);
    this.#figures.agent(energy);
    this.#agentVad.push(energy);
  }

  #measureReply(now: number): void {
    const ms = this.#figures.reply(now, now - this.#answeredAtMs);
    if (ms >= 0) this.#deps.emit({ type: "latency", callId: this.callId, ms });
  }

  /** The callee talks over the agent. */
  #cutIn(): void {
    this.#figures.bargeIns++;
    this.#deps.emit({ type: "barge-in", callId: this.callId, atMs: Math.round(this.#atMs()) });
    this.#cutAgent();
  }

  #cutAgent(): void {
    this.#flowing = false;
    this.#mouth.cut(this.#atMs());
  }

  #atMs(): number {
    return this.#deps.nowMs() - this.#answeredAtMs;
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
    this.#taps.clear();
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

  /** Lets what was said last be written down; at once where nobody spoke or nothing is owed. */
  #hearOut(): Promise<void> | null {
    if (this.#closed || !this.isAnswered) return null;
    try {
      this.#supervised?.hearOut(this.#deps.nowMs());
      this.#voice?.hearOut?.();
    } catch (thrown) {
      this.log("error", `the last words are lost: ${messageOf(thrown)}`);
      return null;
    }
    if (!this.#owesWords) return null;
    return new Promise((come) => {
      this.#lastWords = { untilMs: this.#deps.nowMs() + LAST_WORDS_MS, come };
    });
  }

  get #owesWords(): boolean {
    return (this.#voice?.owesWords ?? false) || (this.#supervised?.owesWords ?? false);
  }

  #awaitLastWords(now: number, wait: { untilMs: number; come: () => void }): void {
    if (this.#owesWords && now < wait.untilMs) return;
    this.#lastWords = null;
    wait.come();
  }

  async #end(): Promise<void> {
    if (this.isAnswered) this.#mouth.flush(this.#atMs());
    const stats = this.#figures.stats(this.#leg?.counters, this.#mouth.droppedBytes / SAMPLES_PER_MS);
    const words = this.#hearOut();
    this.#closeLeg();
    if (words) await words;
    this.#close(this.#voice);
    const { recorder } = this.#deps;
    let recording: RecordingFile | null = null;
    try {
      recording = (await recorder?.close()) ?? null;
      if (this.#supervised) await this.#supervised.close();
    } catch (thrown) {
      this.log("error", `a recording could not be closed: ${messageOf(thrown)}`);
    }
    this.#figures.clear();
    this.#deps.emit({ type: "closed", callId: this.callId, stats, recording });
  }
}
