import type { SupervisionMode } from "../../core/supervision.ts";

/**
 * The seam between the main thread and the media thread: plain data only, so that it can cross `postMessage`.
 * Times called `atMs` count from the answer of the call; instants called `at` are epoch ms.
 */

/** The callee's end of a call as the engine opens it. */
export type CarrierLegSettings = RtpLegSettings | ScriptedLegSettings;

/** Packets over UDP: G.711 µ-law, payload type 0. */
export interface RtpLegSettings {
  kind: "rtp";
  /** Synchronisation source of what is sent, for receivers that are told it before; chosen at random without. */
  ssrc?: number;
}

/** A person played by the process: see `carriers/scripted`. */
export interface ScriptedLegSettings {
  kind: "scripted";
  seed: number;
  persona: string;
  /** What the person says, in order; audio is µ-law at 8 kHz. */
  lines: SpokenLine[];
}

/** A sentence with its sound. */
export interface SpokenLine {
  text: string;
  /** µ-law bytes, 8 kHz; tones where no synthesiser is installed. */
  audio: Uint8Array;
}

/** The voice's end of a call. */
export type VoiceSettings = OpenAiRealtimeSettings | ScriptedVoiceSettings;

/** A tool the voice may call. `parameters` is a JSON schema object. */
export interface VoiceTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

/** What the agent is and says first, the same for every voice. */
export interface VoiceBrief {
  /** The whole live-call prompt. */
  instructions: string;
  /** What the first words must do: say who calls, for whom, that it is an AI. */
  opening: string;
  /** BCP 47, such as `en`. */
  language: string;
  tools: VoiceTool[];
}

export interface OpenAiRealtimeSettings {
  kind: "openai-realtime";
  apiKey: string;
  baseUrl: string;
  model: string;
  voice: string;
  brief: VoiceBrief;
  /** Sent as safety identifier: a hash, never a number or a name. */
  safetyId: string;
}

export interface ScriptedVoiceSettings {
  kind: "scripted";
  seed: number;
  brief: VoiceBrief;
  /** What the agent says: the first is its opening, the last its goodbye. */
  lines: SpokenLine[];
  /** What it says outside that order when the moment asks for it; without one of them it says nothing there. */
  asides?: ScriptedAsides;
  /** A question to the owner; null and without it none is asked. */
  asks?: ScriptedQuestion | null;
}

/** A question a scripted agent puts to the owner with `request_user_info`. */
export interface ScriptedQuestion {
  /** Line, counted from 0, after which it asks: one that bids the callee hold the line. */
  afterLine: number;
  question: string;
  /** How long it waits for the answer, in s. */
  timeoutS: number;
}

/** Sentences of a scripted agent for moments that no order foresees. */
export interface ScriptedAsides {
  /** After the callee talked over it, before it says its words again. */
  yield?: SpokenLine;
  /** To an answering machine, instead of everything else. */
  message?: SpokenLine;
  /** When it is told to say something. */
  polite?: SpokenLine;
  /** When the owner did not answer in time: that it calls again, and goodbye. */
  late?: SpokenLine;
  /** When a supervisor who spoke in its place gave the call back; no greeting. */
  back?: SpokenLine;
}

/** One call as the engine opens it. */
export interface OpenCall {
  callId: string;
  leg: CarrierLegSettings;
  voice: VoiceSettings;
  /** Where the stereo WAV goes (left what the callee said, right what the callee was sent); null records nothing. */
  recordingPath: string | null;
  /** Where a mono WAV of what supervisors said goes, whispers included; made with the first word. Null records none. */
  supervisorPath: string | null;
}

/** What writes down a supervisor's speech. */
export type TranscriberSettings =
  | { kind: "openai"; apiKey: string; baseUrl: string; model: string; language: string; safetyId: string }
  /** Writes `lines` down in turn, one an utterance; without any, that somebody spoke and for how long. */
  | { kind: "scripted"; lines: string[] };

/** Where a supervisor's room listens for the two parties of a call, on loopback, PCMU payload type 0. */
export interface TapTarget {
  host: string;
  calleePort: number;
  calleeSsrc: number;
  agentPort: number;
  agentSsrc: number;
}

/** Main thread → media thread. Commands about a call that is unknown or closed are ignored. */
export type MediaCommand =
  /** Opens leg, voice and recorder; answered by `opened` or `open-failed`. */
  | { type: "open"; call: OpenCall }
  /** Where the carrier takes this call's packets; packets from anywhere else are dropped. */
  | { type: "remote"; callId: string; host: string; port: number }
  /** The phone rings: the voice may make its opening ready, nothing is played yet. */
  | { type: "prepare"; callId: string }
  /** The callee answered: frames flow both ways from now. */
  | { type: "answer"; callId: string }
  /**
   * Outcome of a tool the voice called; `respond` lets the voice go on speaking about it. `spoken` is what a voice says
   * then that has no words of its own.
   */
  | {
      type: "tool-result";
      callId: string;
      toolCallId: string;
      output: string;
      respond: boolean;
      spoken?: SpokenLine;
    }
  /**
   * Lets the voice say something, following these instructions; with `now` in place of what it is saying or was about to
   * say. `spoken` is what a voice says then that has no words of its own.
   */
  | { type: "say"; callId: string; instructions: string; now?: boolean; spoken?: SpokenLine }
  /** Plays a sentence that is already sound, whatever the voice does. */
  | { type: "play"; callId: string; line: SpokenLine }
  /**
   * Answered by `drained` once all that was said has been played, or after `maxMs`, or when the callee talks over it.
   * With `expectSpeech` it first waits up to 5 s for speech that is about to begin. With `firm` the callee cannot talk
   * over it. A takeover forgets it unanswered.
   */
  | { type: "drain"; callId: string; maxMs: number; expectSpeech: boolean; firm?: boolean }
  | { type: "tap"; callId: string; tapId: string; target: TapTarget }
  | { type: "untap"; callId: string; tapId: string }
  /**
   * Who hears whom from the next tick on; answered by `supervised`. `ssrc` names the speaker's RTP stream (null while
   * nobody speaks, and in `listen`), which goes to the thread's supervisor port. Leaving `takeover` lets the agent go on,
   * knowing what was said meanwhile and `note`, the supervisor's own words on it (may be empty).
   */
  | {
      type: "supervise";
      callId: string;
      request: number;
      mode: SupervisionMode;
      ssrc: number | null;
      transcriber: TranscriberSettings | null;
      note: string;
    }
  /**
   * The callee was connected with somebody else, or is back: while away the agent is silent and listens, whatever mode a
   * supervisor is in. Back, it goes on knowing `note`, one or two sentences for it alone.
   */
  | { type: "away"; callId: string; on: boolean; note: string }
  /** Private guidance for the agent, in text: used from its next sentence on, or with `now` at once. */
  | { type: "guide"; callId: string; text: string; now: boolean }
  /** The speaker let the talk button go: what was said since counts as a whole. */
  | { type: "talk-ended"; callId: string }
  /** Plays a phrase to the callee while the agent is silent and the speaker is gone. */
  | { type: "hold-phrase"; callId: string; line: SpokenLine }
  /** Ends the call; answered by `closed`. */
  | { type: "close"; callId: string }
  /** Ends all calls and the thread's sockets. */
  | { type: "shutdown" };

/** A stretch of speech by one party, complete and final. */
export interface Turn {
  /** Stable within the call; a later event with the same key replaces the earlier one (corrected transcript). */
  key: string;
  speaker: "callee" | "agent" | "supervisor";
  text: string;
  atMs: number;
  endMs: number;
  /** The agent was talked over: `text` is about what was heard, not all that was meant. */
  interrupted: boolean;
  /** Said or written to the agent alone: the callee did not hear it. */
  whispered: boolean;
}

/** Raw usage as the provider reports it, with its price in USD at the time. */
export interface VoiceUsage {
  provider: string;
  model: string;
  /** The provider's own counters, kept as they came, bounded to numbers. */
  counters: Record<string, number>;
  costUsd: number;
}

/** What the engine measured over one call. */
export interface CallStats {
  /** Frames whose sending was more than 5 ms after its deadline, and all frames sent. */
  lateFrames: number;
  framesSent: number;
  packetsReceived: number;
  packetsLost: number;
  packetsLate: number;
  packetsReordered: number;
  packetsDuplicate: number;
  framesConcealed: number;
  jitterMs: number;
  /** Most speech ever waiting to be played, in ms. */
  maxQueueMs: number;
  droppedSpeechMs: number;
  bargeIns: number;
  /** From the callee's last voiced frame to the agent's first, one entry a turn, in ms. */
  turnLatenciesMs: number[];
  /** From the answer to the agent's first voiced frame, in ms; null if it never spoke. */
  firstWordMs: number | null;
}

/** A finished recording file. */
export interface RecordingFile {
  path: string;
  durationMs: number;
  bytes: number;
}

/** Media thread → main thread. */
export type MediaEvent =
  /** `port` is where the leg listens (0 for legs without packets); `slot` is the call's row in the shared meters. */
  | { type: "opened"; callId: string; port: number; slot: number }
  | { type: "open-failed"; callId: string; detail: string }
  | { type: "voice-ready"; callId: string }
  /** The model's session was lost. `recovered` says whether a new one took over; if not, the call must end. */
  | { type: "voice-lost"; callId: string; recovered: boolean; detail: string }
  /** The callee's leg is gone or threw. */
  | { type: "media-lost"; callId: string; detail: string }
  /** A callee that lives in the process hung up; the carrier is to be told. */
  | { type: "callee-hung-up"; callId: string }
  /** Words so far of a turn that is still being spoken; for pages only. */
  | { type: "partial"; callId: string; key: string; speaker: Turn["speaker"]; text: string; atMs: number }
  | { type: "turn"; callId: string; turn: Turn }
  /** `speaking`: words of the agent are being played or wait to be. */
  | { type: "tool-call"; callId: string; toolCallId: string; name: string; argumentsJson: string; speaking: boolean }
  | { type: "usage"; callId: string; usage: VoiceUsage }
  | { type: "barge-in"; callId: string; atMs: number }
  /** The mode that is in force from `atMs` on. */
  | { type: "supervised"; callId: string; request: number; mode: SupervisionMode; atMs: number }
  /** A tone begins that tells the callee of somebody else on the line, who listens, or whom they will hear. */
  | { type: "notice-tone"; callId: string; why: "listens" | "speaks" }
  /** In `barge` or `takeover` nothing has come from the speaker for 1.5 s: the line to them is gone, or back. */
  | { type: "speaker-lost"; callId: string }
  | { type: "speaker-back"; callId: string }
  /** What the speaker says is not written down any more: the agent hears no whisper of theirs. */
  | { type: "transcriber-lost"; callId: string; detail: string }
  | { type: "latency"; callId: string; ms: number }
  | { type: "dtmf"; callId: string; digit: string }
  | { type: "drained"; callId: string; interrupted: boolean }
  | { type: "closed"; callId: string; stats: CallStats; recording: RecordingFile | null }
  /** The thread says something for the log; `fields` hold no number, name or transcript. */
  | {
      type: "log";
      level: "info" | "warn" | "error";
      message: string;
      fields: Record<string, string | number | boolean>;
    };
