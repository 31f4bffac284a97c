import { FRAME_MS, FRAME_SAMPLES } from "../audio/frame.ts";
import { ulawEnergy } from "../audio/level.ts";
import { Vad } from "../audio/vad.ts";
import type { ScriptedQuestion, ScriptedVoiceSettings, SpokenLine } from "../engine/protocol.ts";
import { Utterance } from "./utterance.ts";
import type { CutItem, Listener, Voice, VoiceSink } from "./voice.ts";

/** Quiet of the callee that ends its turn, in ms: longer than the pauses between its sentences. */
export const CALLEE_TURN_END_MS = 600;
/** Speech of the callee that counts as a turn, in ms. */
const TURN_AT_LEAST_MS = 100;
/** A callee heard this shortly before the agent's last sound is answering already, in ms. */
const OVERLAP_MS = 300;
/** Quiet on the whole line after which the agent goes on unasked, in ms, and how often it does before it gives up. */
const PATIENCE_MS = 7000;
const MAX_UNANSWERED = 2;
/** Speech given to the playout each tick, in bytes: five times as fast as it is played. */
const BURST_BYTES = 5 * FRAME_SAMPLES;
/** Part of a line that must have been heard for it to count as said. */
const HEARD_ENOUGH = 0.75;
/** How often a line that is talked over is said before the agent goes on without it. */
const MAX_TRIES = 3;
/** Utterances whose fate is remembered; an older one cannot be cut any more. */
const REMEMBERED = 32;
/** Quiet after which the owner's answer is told to a callee who said nothing to being asked to wait, in ms. */
const BEFORE_ANSWER_MS = 3000;
const GOODBYE = /\bgood-?bye\b/i;
const MACHINE = /voice ?mail|mailbox|after the (tone|beep)|leave (me |us )?a message/i;

/** Something the agent is about to say. */
interface Saying {
  utterance: Utterance;
  /** Its place in the script; −1 for what stands outside it. */
  line: number;
  /** With it the agent ends the call, for this reason. */
  ends: string | null;
}

/**
 * The agent of the demo: says its lines in order and takes turns by what it hears. Words come with their sound, five
 * times as fast as they are played, as a model's do. Talked over, it stops, lets the callee finish, excuses itself and
 * says again what was not heard. To an answering machine, known by its words, it leaves its message instead. After its
 * last line it calls the tool `end_call`, and tells its usage (no cost) once.
 *
 * With a question for the owner it bids the callee hold the line, calls the tool `request_user_info` and says nothing of
 * its own until the outcome is there.
 *
 * A supervisor's guidance it cannot understand, and it does not act as if it did: told to use it at once, it says its next
 * line. While a supervisor speaks in its place it is silent and keeps its place; given the call back, it says that it is
 * back and goes on with the line that was not heard.
 *
 * Without a listener for the callee's words it still holds a conversation; then it knows no machine from a person.
 */
export const scriptedVoice = (settings: ScriptedVoiceSettings, sink: VoiceSink): Voice & Listener =>
  new ScriptedVoice(settings, sink);

class ScriptedVoice implements Voice, Listener {
  readonly #sink: VoiceSink;
  readonly #lines: readonly Utterance[];
  readonly #yield: Utterance | null;
  readonly #message: Utterance | null;
  readonly #polite: Utterance | null;
  readonly #late: Utterance | null;
  readonly #back: Utterance | null;
  /** What is to be asked of the owner; null once it was. */
  #asks: ScriptedQuestion | null;
  /** The tool call whose outcome is waited for; empty for none. */
  #waitsFor = "";
  /** The outcome in words, until the callee has heard it; how often that was begun. */
  #answer: Utterance | null = null;
  #answerTries = 0;
  /** The outcome that was said last, should it be talked over. */
  #lastAnswer: Utterance | null = null;
  readonly #vad = new Vad();
  readonly #tries: number[];
  readonly #said = new Map<number, Saying>();
  #queue: Saying[] = [];
  #current: Saying | null = null;
  #cursor = 0;
  #words = 0;
  #item = 0;
  /** An utterance that was cut while it was being given out: its end is still to be told. */
  #cutItem = 0;
  #ready = false;
  #opened = false;
  #live = false;
  #closed = false;
  /** Something said has not been played to its end. */
  #playing = false;
  /** The call is to end: nothing more is said unasked. */
  #done = false;
  #usageTold = false;
  #machine = false;
  #wasCut = false;
  #held = false;
  /** It was given the call back and has not spoken since. */
  #returns = false;
  /** It is to speak as soon as the callee is quiet. */
  #due = false;
  #next = 0;
  #unanswered = 0;
  #messages = 0;
  #toolCalls = 0;
  #turns = 0;
  #spokenMs = 0;
  /** Ms of the callee's stream so far; when it was last voiced; when the agent fell silent. */
  #streamMs = 0;
  #calleeVoicedAtMs = Number.NEGATIVE_INFINITY;
  #quietSinceMs = 0;
  /** Speech of the callee that waits for an answer, in ms. */
  #calleeMs = 0;

  constructor(settings: ScriptedVoiceSettings, sink: VoiceSink) {
    this.#sink = sink;
    this.#lines = settings.lines.map((line) => new Utterance(line));
    this.#tries = this.#lines.map(() => 0);
    this.#yield = utteranceOf(settings.asides?.yield);
    this.#message = utteranceOf(settings.asides?.message);
    this.#polite = utteranceOf(settings.asides?.polite);
    this.#late = utteranceOf(settings.asides?.late);
    this.#back = utteranceOf(settings.asides?.back);
    this.#asks = settings.asks ?? null;
  }

  prepare(): void {
    this.#open();
  }

  answered(): void {
    this.#live = true;
    this.#open();
  }

  hear(frame: Uint8Array): void {
    this.#streamMs += FRAME_MS;
    this.#vad.push(ulawEnergy(frame, 0, FRAME_SAMPLES));
    if (!this.#vad.frameVoiced) return;
    this.#calleeVoicedAtMs = this.#streamMs;
    this.#calleeMs += FRAME_MS;
  }

  overhear(text: string, startMs: number, endMs: number): void {
    if (this.#closed) return;
    if (MACHINE.test(text)) this.#machine = true;
    this.#turns++;
    this.#sink.calleeText(`callee-${this.#turns}`, text, startMs, endMs, true);
  }

  interrupted(cuts: readonly CutItem[]): void {
    let again = -1;
    for (const { item, heardMs } of cuts) {
      const said = this.#said.get(item);
      if (said) again = earlier(again, this.#unheard(said, heardMs));
      const isAnswer = said !== undefined && said.utterance === this.#lastAnswer;
      if (isAnswer && heardMs < said.utterance.durationMs * HEARD_ENOUGH) this.#answer = this.#lastAnswer;
    }
    this.#stop(again);
    this.#wasCut = true;
  }

  /** Says nothing more for now; it goes on with line `again`, or an earlier one that waited. */
  #stop(again: number): void {
    let next = again;
    for (const waiting of this.#queue) {
      next = earlier(next, waiting.line);
      if (waiting.utterance === this.#lastAnswer) this.#answer = this.#lastAnswer;
    }
    this.#queue = [];
    if (this.#current) this.#cutItem = this.#item;
    this.#current = null;
    this.#playing = false;
    this.#quietSinceMs = this.#streamMs;
    this.#done = false;
    if (next >= 0) this.#next = next;
    if (this.#next >= this.#lines.length) this.#next = this.#lines.length - 1;
  }

  openingOver(): void {}

  playedOut(): void {
    if (this.#current || this.#queue.length > 0) return;
    this.#fallQuiet();
  }

  toolResult(toolCallId: string, output: string, respond: boolean, spoken?: SpokenLine): void {
    const wasWaiting = this.#waitsFor !== "" && toolCallId === this.#waitsFor;
    if (wasWaiting) {
      this.#waitsFor = "";
      this.#due = false;
    }
    if (!respond || this.#closed) return;
    if (spoken) {
      this.#answer = new Utterance(spoken);
      this.#answerTries = 0;
    } else if (this.#held) return;
    else if (wasWaiting && this.#late && GOODBYE.test(output)) {
      this.#done = true;
      this.#queue = [{ utterance: this.#late, line: -1, ends: null }];
    } else this.say(output);
  }

  guide(_text: string, now: boolean): void {
    if (!now || this.#closed || !this.#live || this.#held || this.#done) return;
    this.#wasCut = false;
    this.#due = true;
  }

  hold(): void {
    if (this.#closed || this.#held) return;
    this.#held = true;
    this.#returns = this.#due = false;
    this.#stop(this.#current?.line ?? -1);
  }

  resume(): void {
    if (this.#closed || !this.#held) return;
    this.#held = this.#wasCut = false;
    this.#returns = this.#due = true;
    this.#opened = true;
    // Its first line greets.
    if (this.#next === 0 && this.#lines.length > 1) this.#next = 1;
    this.#unanswered = 0;
    this.#calleeMs = 0;
    this.#quietSinceMs = this.#streamMs;
  }

  say(instructions: string, now = false, spoken?: SpokenLine): void {
    if (this.#closed || this.#held) return;
    if (now) this.#stop(-1);
    const goodbye = spoken ? new Utterance(spoken) : this.#lines.at(-1);
    if (goodbye && GOODBYE.test(instructions)) {
      this.#done = true;
      this.#queue = [{ utterance: goodbye, line: -1, ends: null }];
    } else if (this.#polite) this.#queue.push({ utterance: this.#polite, line: -1, ends: null });
  }

  tick(): void {
    if (this.#closed) return;
    this.#becomeReady();
    if (this.#cutItem > 0) this.#endCutItem();
    if (this.#held) return;
    if (this.#current === null && this.#queue.length > 0) this.#begin();
    if (this.#current !== null) this.#giveOut(this.#current);
    else if (this.#live && !this.#playing && !this.#done && this.#waitsFor === "") this.#takeTurn();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#current = null;
  }

  #becomeReady(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#sink.voiceReady();
  }

  #open(): void {
    if (this.#opened || this.#closed || this.#held) return;
    this.#opened = true;
    this.#becomeReady();
    this.#sayNext("goal_reached");
    this.#begin();
    if (this.#current !== null) this.#giveOut(this.#current);
  }

  /** Whose turn is it? Called while nothing of the agent is heard or waits. */
  #takeTurn(): void {
    const quietMs = this.#streamMs - this.#calleeVoicedAtMs;
    if (quietMs < CALLEE_TURN_END_MS) return;
    if (this.#answer !== null) return this.#tellAnswer(this.#answer, quietMs);
    if (this.#due) this.#reply();
    else if (this.#calleeMs >= TURN_AT_LEAST_MS) {
      this.#unanswered = 0;
      this.#sink.calleeTurnEnded();
      this.#reply();
    } else if (Math.min(quietMs, this.#streamMs - this.#quietSinceMs) >= PATIENCE_MS) {
      this.#unanswered++;
      if (this.#unanswered > MAX_UNANSWERED) this.#next = Math.max(this.#next, this.#lines.length - 1);
      this.#reply();
    }
  }

  /** Says what the owner answered, once the callee has said that it waits, or nothing for a while. */
  #tellAnswer(answer: Utterance, quietMs: number): void {
    const lineQuietMs = Math.min(quietMs, this.#streamMs - this.#quietSinceMs);
    if (!this.#due && this.#calleeMs < TURN_AT_LEAST_MS && lineQuietMs < BEFORE_ANSWER_MS) return;
    if (this.#returns && this.#back) this.#queue.push({ utterance: this.#back, line: -1, ends: null });
    this.#wasCut = this.#returns = this.#due = false;
    this.#calleeMs = 0;
    this.#answer = null;
    // Talked over again and again, it goes on without it.
    this.#lastAnswer = ++this.#answerTries < MAX_TRIES ? answer : null;
    this.#queue.push({ utterance: answer, line: -1, ends: null });
  }

  #reply(): void {
    const wasCut = this.#wasCut;
    if (this.#returns && this.#back) this.#queue.push({ utterance: this.#back, line: -1, ends: null });
    this.#wasCut = this.#returns = this.#due = false;
    this.#calleeMs = 0;
    if (this.#machine) {
      const utterance = this.#message ?? this.#lines.at(-1);
      if (utterance && this.#messages++ < MAX_TRIES) this.#queue.push({ utterance, line: -1, ends: "voicemail" });
    } else {
      const isLast = this.#next >= this.#lines.length - 1;
      if (wasCut && this.#yield && !isLast) this.#queue.push({ utterance: this.#yield, line: -1, ends: null });
      this.#sayNext(this.#unanswered > MAX_UNANSWERED ? "no_progress" : "goal_reached");
    }
    if (this.#queue.length === 0) this.#endCall(this.#machine ? "voicemail" : "no_progress");
  }

  #sayNext(reason: string): void {
    const line = this.#next;
    const utterance = this.#lines[line];
    if (!utterance) return;
    this.#next++;
    this.#tries[line] = this.#tries[line]! + 1;
    this.#queue.push({ utterance, line, ends: line === this.#lines.length - 1 ? reason : null });
  }

  /** Place of a line that the callee did not really hear and that may be said again; −1 if there is none. */
  #unheard({ utterance, line }: Saying, heardMs: number): number {
    if (line < 0 || heardMs >= utterance.durationMs * HEARD_ENOUGH) return -1;
    return this.#tries[line]! < MAX_TRIES ? line : -1;
  }

  #begin(): void {
    const next = this.#queue.shift();
    if (!next) return;
    this.#current = next;
    this.#item++;
    this.#cursor = 0;
    this.#words = 0;
    this.#said.set(this.#item, next);
    this.#said.delete(this.#item - REMEMBERED);
  }

  #giveOut(saying: Saying): void {
    const { utterance } = saying;
    const length = Math.min(BURST_BYTES, utterance.audio.length - this.#cursor);
    if (length > 0) {
      this.#playing = true;
      this.#sink.voiceAudio(this.#item, utterance.audio, this.#cursor, length);
      this.#cursor += length;
      this.#spokenMs += length / 8;
    }
    if (this.#cursor >= utterance.audio.length) {
      this.#finish(saying);
      return;
    }
    const words = utterance.wordsAt(this.#cursor, this.#words);
    if (words === this.#words) return;
    this.#words = words;
    this.#sink.voiceText(this.#item, utterance.words(words), false);
  }

  #finish({ utterance, line, ends }: Saying): void {
    this.#current = null;
    this.#sink.voiceText(this.#item, utterance.text, true);
    this.#sink.voiceItemEnded(this.#item);
    if (utterance.audio.length === 0 && !this.#playing) this.#fallQuiet();
    if (ends !== null) this.#endCall(ends);
    else if (this.#asks !== null && line === this.#asks.afterLine) this.#askOwner(this.#asks);
  }

  #endCutItem(): void {
    const item = this.#cutItem;
    this.#cutItem = 0;
    this.#sink.voiceText(item, this.#said.get(item)?.utterance.words(this.#words) ?? "", true);
    this.#sink.voiceItemEnded(item);
  }

  #fallQuiet(): void {
    this.#playing = false;
    this.#quietSinceMs = this.#streamMs;
    if (this.#streamMs - this.#calleeVoicedAtMs > OVERLAP_MS) this.#calleeMs = 0;
  }

  #askOwner({ question, timeoutS }: ScriptedQuestion): void {
    this.#asks = null;
    this.#toolCalls++;
    this.#waitsFor = `scripted-${this.#toolCalls}`;
    this.#sink.toolCall(this.#waitsFor, "request_user_info", JSON.stringify({ question, timeout: timeoutS }));
  }

  #endCall(reason: string): void {
    this.#done = true;
    this.#tellUsage();
    this.#toolCalls++;
    this.#sink.toolCall(`scripted-${this.#toolCalls}`, "end_call", JSON.stringify({ reason }));
  }

  #tellUsage(): void {
    if (this.#usageTold) return;
    this.#usageTold = true;
    const counters = { utterances: this.#item, spoken_ms: Math.round(this.#spokenMs), heard_ms: this.#streamMs };
    this.#sink.usage({ provider: "scripted", model: "scripted", counters, costUsd: 0 });
  }
}

const utteranceOf = (line: SpokenLine | undefined): Utterance | null => (line ? new Utterance(line) : null);

/** The earlier of two places in the script; −1 is none. */
const earlier = (a: number, b: number): number => (a < 0 ? b : b < 0 ? a : Math.min(a, b));
