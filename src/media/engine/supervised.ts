import { REACH, type SupervisionMode } from "../../core/supervision.ts";
import { FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE } from "../audio/frame.ts";
import { ulawEnergy } from "../audio/level.ts";
import { Vad } from "../audio/vad.ts";
import type { SupervisorLeg } from "../supervision/leg.ts";
import type { OpenTranscriber } from "../voices/transcriber.ts";
import type { Voice } from "../voices/voice.ts";
import { AgentEar } from "./agent-ear.ts";
import { CalleeEar } from "./callee-ear.ts";
import { HoldPhrase } from "./hold-phrase.ts";
import type { Mouth } from "./mouth.ts";
import type { MediaCommand, MediaEvent, SpokenLine } from "./protocol.ts";
import { RECORDED, type Recorder } from "./recorder.ts";
import { Scribe } from "./scribe.ts";
import type { SpeakerStreams } from "./speaker-streams.ts";
import { heardWords } from "./spoken-turns.ts";

/** Nothing from the speaker for so long means that the line to them is gone, in ms. */
const LOST_MS = 1500;
/** The agent waits so long for the words that were said in its place, in ms. */
const RESUME_MS = 1500;
/** Words kept for the agent of a call that was taken from it; when there are more, the oldest are forgotten. */
const MAX_SAID_CHARACTERS = 8000;
/** A file this many frames behind the call missed them while the process stood still. */
const BEHIND_FRAMES = 2;

const JOINED =
  "A human colleague of yours has joined the line. You and the person you called both hear them, and they may speak at " +
  "any moment. Let them speak, do not answer in their place, and go on when it is your turn.";
const LEFT = "Your colleague has left the line: only the person you called hears you now. Go on with your task.";

/** What a supervised call needs. */
export interface SupervisedDeps {
  callId: string;
  emit: (event: MediaEvent) => void;
  openTranscriber: OpenTranscriber;
  streams: SpeakerStreams;
  voice: Voice;
  /** What the agent says is dropped while somebody speaks in its place. */
  mouth: Mouth;
  answeredAtMs: number;
  /** Frames of the callee that the agent has heard. */
  agentHeard: number;
  /** Opens the file of supervisors' speech at this frame of the call; null where none is wanted or can be made. */
  openRecorder: (startFrame: number) => Recorder | null;
}

/**
 * Who hears whom on a call that a supervisor speaks on: holds the mode, the speaker's stream and the voice that waits.
 * Modes change between two ticks. It decides nothing by itself but to let the agent go on once it was given the call
 * back and the words owed to it have come.
 */
export class Supervised {
  mode: SupervisionMode = "listen";
  /** What the callee is sent, in slots that `isWide`. */
  ear = new CalleeEar();
  readonly #deps: SupervisedDeps;
  readonly #agentEar: AgentEar;
  readonly #scribe: Scribe;
  readonly #vad = new Vad();
  readonly #frame = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
  readonly #phraseFrame = new Uint8Array(FRAME_SAMPLES);
  #leg: SupervisorLeg | null = null;
  /** The speaker's frame of this tick holds sound. */
  #sounds = false;
  #audibleSinceMs = 0;
  #lost = false;
  /** The agent was told that a colleague is on the line. */
  #joined = false;
  #said: string[] = [];
  #note = "";
  #resumeByMs = -1;
  /** The callee is connected with somebody else. */
  #away = false;
  /** What the agent is to know of its time away, or was told when it was given the call back meanwhile. */
  #awayNote = "";
  #later: (() => void)[] = [];
  #phrase: HoldPhrase | null = null;
  #phrases = 0;
  #recorder: Recorder | null = null;
  #recorderAsked = false;
  #guidances = 0;

  constructor(deps: SupervisedDeps) {
    this.#deps = deps;
    this.#agentEar = new AgentEar(deps.agentHeard);
    const { callId, emit, openTranscriber } = deps;
    this.#scribe = new Scribe({ callId, emit, openTranscriber, onWords: (text, mode) => this.#hearWords(text, mode) });
  }

  /** The agent is silent until it is given the call back: what its voice makes is dropped. */
  get isHeld(): boolean {
    return this.#deps.mouth.isMute;
  }

  /** The callee's stream is more than the agent's frames as they are. */
  get isWide(): boolean {
    return REACH[this.mode] >= REACH.barge || !this.ear.isPlain;
  }

  /** SSRC of the supervisor whom the callee can hear; null while there is none. */
  get heardSsrc(): number | null {
    return REACH[this.mode] >= REACH.barge ? (this.#leg?.ssrc ?? null) : null;
  }

  /** Words of a supervisor are still to come. */
  get owesWords(): boolean {
    return this.#scribe.owesWords;
  }

  // Commands.

  /** See the `supervise` command. */
  supervise(command: Extract<MediaCommand, { type: "supervise" }>, nowMs: number): void {
    const { mode, ssrc, transcriber, note, request } = command;
    const from = this.mode;
    const atMs = this.#atMs(nowMs);
    this.#seat(mode === "listen" ? null : ssrc, nowMs);
    if (from !== mode || REACH[mode] > 0) this.#scribe.turnTo(mode, transcriber, atMs);
    if (REACH[from] < REACH.barge) this.#audibleSinceMs = nowMs;
    this.mode = mode;
    if (REACH[mode] < REACH.barge) this.#lost = false;
    if (mode !== "barge") this.#agentEar.hush();
    if (mode === "takeover") this.#takeOver(from, nowMs);
    else if (from === "takeover") this.#giveBack(note, nowMs);
    else this.#tellPresence();
    this.#deps.emit({ type: "supervised", callId: this.#deps.callId, request, mode, atMs: Math.round(atMs) });
  }

  /** Whose stream is heard; null is nobody's. */
  #seat(ssrc: number | null, nowMs: number): void {
    if ((this.#leg?.ssrc ?? null) === ssrc) return;
    if (this.#leg) this.#deps.streams.close(this.#leg);
    this.#leg = ssrc === null ? null : this.#deps.streams.open(ssrc);
    this.#audibleSinceMs = nowMs;
    // Another stream is silent or lost by itself.
    this.#lost = false;
    this.#vad.reset();
    this.#frame.fill(ULAW_SILENCE);
    this.#sounds = false;
  }

  #takeOver(from: SupervisionMode, nowMs: number): void {
    this.#resumeByMs = -1;
    this.#joined = false;
    this.#later = [];
    if (from !== "takeover" && !this.#away) this.#silence(nowMs);
  }

  #silence(nowMs: number): void {
    this.#deps.mouth.mute(this.#atMs(nowMs));
    this.#deps.voice.hold();
  }

  /** See the `away` command. */
  setAway(on: boolean, note: string, nowMs: number): void {
    if (on === this.#away) return;
    this.#away = on;
    if (this.mode === "takeover") {
      this.#awayNote = on ? "" : note;
    } else if (on) {
      this.#resumeByMs = -1;
      this.#joined = false;
      this.#later = [];
      this.#silence(nowMs);
    } else this.#giveBack(note, nowMs);
  }

  #giveBack(note: string, nowMs: number): void {
    this.#endPhrase(nowMs);
    // The agent was silent: its voice does not have to rise.
    this.ear = new CalleeEar();
    const known = [this.#awayNote, note].filter((one) => one !== "").join(" ");
    this.#awayNote = this.#away ? known : "";
    if (this.#away) return;
    this.#note = known;
    this.#resumeByMs = nowMs + RESUME_MS;
    this.#resumeIfTold(nowMs);
  }

  #resumeIfTold(nowMs: number): void {
    if (this.#scribe.owesWords && nowMs < this.#resumeByMs) return;
    this.#resumeByMs = -1;
    const said = this.#said;
    this.#said = [];
    this.#deps.mouth.isMute = false;
    this.#deps.voice.resume(said, this.#note);
    this.#tellPresence();
    const later = this.#later;
    this.#later = [];
    for (const act of later) act();
  }

  /**
   * What the agent is to do waits until it has the call again; while somebody speaks in its place it is forgotten.
   * Returns false where it need not wait.
   */
  postpones(act: () => void): boolean {
    if (this.isHeld && this.mode !== "takeover" && !this.#away) this.#later.push(act);
    return this.isHeld;
  }

  /** The agent must know who hears it. */
  #tellPresence(): void {
    const audible = this.mode === "barge";
    if (this.isHeld || audible === this.#joined) return;
    this.#joined = audible;
    this.#deps.voice.guide(audible ? JOINED : LEFT, false);
  }

  /** Guidance in text: the agent's to use, the transcript's to show. */
  guide(text: string, now: boolean, nowMs: number): void {
    const { callId, emit, voice } = this.#deps;
    const atMs = Math.round(this.#atMs(nowMs));
    const key = `guide-${++this.#guidances}`;
    const turn = { key, speaker: "supervisor" as const, text, atMs, endMs: atMs, interrupted: false, whispered: true };
    emit({ type: "turn", callId, turn });
    voice.guide(text, now);
  }

  /** See the `talk-ended` command. */
  talkEnded(nowMs: number): void {
    this.#scribe.talkEnded(this.#atMs(nowMs));
  }

  /** See the `hold-phrase` command; nothing in other modes than `takeover`. */
  hold(line: SpokenLine, nowMs: number): void {
    if (this.mode !== "takeover") return;
    this.#endPhrase(nowMs);
    this.#phrase = new HoldPhrase(line, this.#atMs(nowMs));
  }

  #endPhrase(nowMs: number): void {
    const phrase = this.#phrase;
    if (!phrase) return;
    this.#phrase = null;
    const text = heardWords(phrase.text, phrase.heard);
    if (text === "") return;
    this.#remember(text);
    const times = { atMs: Math.round(phrase.startMs), endMs: Math.round(this.#atMs(nowMs)) };
    const key = `hold-${++this.#phrases}`;
    const turn = { key, speaker: "agent" as const, text, ...times, interrupted: phrase.heard < 1, whispered: false };
    this.#deps.emit({ type: "turn", callId: this.#deps.callId, turn });
  }

  #hearWords(text: string, mode: SupervisionMode): void {
    if (mode === "whisper") this.#deps.voice.guide(text, false);
    else if (mode !== "takeover") return;
    else if (this.isHeld) this.#remember(text);
    else this.#deps.voice.guide(`While your colleague had the call, they also said: ${text}`, false);
  }

  #remember(text: string): void {
    this.#said.push(text);
    let characters = this.#said.reduce((sum, one) => sum + one.length, 0);
    while (characters > MAX_SAID_CHARACTERS && this.#said.length > 1) characters -= this.#said.shift()!.length;
  }

  // Time.

  /** Every tick, before the slot is sent. */
  tick(nowMs: number): void {
    this.#scribe.tick(nowMs, this.#atMs(nowMs));
    if (this.#resumeByMs >= 0) this.#resumeIfTold(nowMs);
    if (this.#leg && REACH[this.mode] >= REACH.barge) this.#watch(nowMs, this.#leg);
    if (this.#recorder) this.#followCall(nowMs, this.#recorder);
  }

  #watch(nowMs: number, leg: SupervisorLeg): void {
    const sinceMs = this.#lost ? leg.lastPacketMs : Math.max(leg.lastPacketMs, this.#audibleSinceMs);
    const lost = nowMs - sinceMs >= LOST_MS;
    if (lost === this.#lost) return;
    this.#lost = lost;
    this.#deps.emit({ type: lost ? "speaker-lost" : "speaker-back", callId: this.#deps.callId });
  }

  /** Takes the speaker's frame of this slot; before `toCallee`. */
  listen(nowMs: number): void {
    if (this.mode === "listen" && !this.#scribe.isOpen) return this.#recorder?.skip(RECORDED.supervisor, 1);
    const frame = this.#frame;
    const energy = this.#leg?.read(frame, nowMs) ? ulawEnergy(frame, 0, FRAME_SAMPLES) : 0;
    this.#sounds = energy > 0;
    this.#vad.push(energy);
    this.#scribe.hear(frame, this.#vad.frameVoiced, this.#atMs(nowMs));
    if (this.mode === "barge") this.#agentEar.speak(this.#sounds ? frame : null, this.#vad.voiced);
    if (this.#sounds) this.#record(frame, nowMs);
    else this.#recorder?.skip(RECORDED.supervisor, 1);
  }

  /** The callee's next frame in a slot that `isWide`; valid until the next. @param agent the agent's, null for silence */
  toCallee(agent: Uint8Array | null, nowMs: number): Uint8Array {
    const heard = REACH[this.mode] >= REACH.barge;
    let under = agent;
    if (this.#phrase) {
      if (this.#phrase.read(this.#phraseFrame)) under = this.#phraseFrame;
      else this.#endPhrase(nowMs);
    }
    return this.ear.join(under, heard && this.#sounds ? this.#frame : null, heard && this.#vad.voiced);
  }

  /** What the agent hears with this frame of the callee; valid until the next. */
  toAgent(callee: Uint8Array): Uint8Array {
    return this.#agentEar.hear(callee);
  }

  /** Whether the callee's frame heard just now was voiced. */
  calleeHeard(voiced: boolean): void {
    this.#agentEar.heard(voiced);
  }

  /** Whether words that the agent took for the callee's are the supervisor's; times in ms of what the agent heard. */
  isSupervisors(startMs: number, endMs: number): boolean {
    return this.#agentEar.isSupervisorAlone(startMs, endMs);
  }

  #record(frame: Uint8Array, nowMs: number): void {
    if (!this.#recorderAsked) {
      this.#recorderAsked = true;
      this.#recorder = this.#deps.openRecorder(this.#frameNow(nowMs));
    }
    this.#recorder?.put(RECORDED.supervisor, frame);
  }

  #followCall(nowMs: number, recorder: Recorder): void {
    const behind = this.#frameNow(nowMs) - recorder.position(RECORDED.supervisor);
    if (behind >= BEHIND_FRAMES) recorder.skip(RECORDED.supervisor, behind);
  }

  #frameNow(nowMs: number): number {
    return Math.round(this.#atMs(nowMs) / FRAME_MS);
  }

  #atMs(nowMs: number): number {
    return nowMs - this.#deps.answeredAtMs;
  }

  // The end.

  /** The line is cut: nobody is heard any more, words that were said are still written down. */
  hearOut(nowMs: number): void {
    this.#endPhrase(nowMs);
    this.#seat(null, nowMs);
    this.#resumeByMs = -1;
    this.#scribe.hearOut();
  }

  /** Ends it and its file. */
  async close(): Promise<void> {
    if (this.#leg) this.#deps.streams.close(this.#leg);
    this.#leg = null;
    this.#scribe.close();
    await this.#recorder?.close();
    this.#recorder = null;
  }
}
