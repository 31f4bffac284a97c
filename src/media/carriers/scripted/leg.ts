import { FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, ULAW_SILENCE } from "../../audio/frame.ts";
import { encodeUlaw } from "../../audio/g711.ts";
import { ulawEnergy } from "../../audio/level.ts";
import { Tone } from "../../audio/tone.ts";
import { Vad } from "../../audio/vad.ts";
import type { ScriptedLegSettings, SpokenLine } from "../../engine/protocol.ts";
import type { CarrierLeg, LegCounters, LegSink } from "../leg.ts";
import { between, chanceOf } from "./chance.ts";
import { type Persona, personaNamed } from "./personas.ts";

/** Quiet of the agent after which a person takes its turn, in ms; a little thinking is added by chance. */
export const PERSON_TURN_END_MS = 700;
const THINKING_MS = [0, 350] as const;
/** Speech of the agent that counts as having said something, in ms; clicks and breaths are shorter. */
const HEARD_AT_LEAST_MS = 120;
/** Speech of the agent before a person talks over it, in ms. */
export const TALKS_OVER_AFTER_MS = 1400;
/** Quiet on the whole line after which a person says its next line unasked, in ms, and after which it gives up. */
const PATIENCE_MS = 6000;
const GIVES_UP_MS = 12_000;
/** The same for a person who was asked to hold the line, in ms. */
const HOLDS_MS = 150_000;
/** Part of its line that a person who hangs up still says. */
const LAST_WORDS = 0.55;
/** From the answer to a machine's greeting, and from the greeting to the beep, in ms. */
const GREETING_AFTER_MS = 500;
const BEEP_AFTER_MS = 300;
const BEEP_MS = 400;
const BEEP_HZ = 1000;
const BEEP_PEAK = 6000;
/** Longest message a mailbox takes, in ms. */
const MAILBOX_MS = 60_000;
/** Peak of the noise of a room, of 32768: about −72 dBov, far below any speech. */
const ROOM_PEAK = 24;
const ROOM_FRAMES = 32;

/** Where a scripted callee is in its call. */
type State = "unanswered" | "listening" | "speaking" | "beeping" | "recording" | "gone" | "closed";

/**
 * A person, or a machine, as the callee's end of a call. It hears the agent and takes its turns by what it hears, as
 * people do: it waits until the agent is quiet, says its next line, talks over the agent or puts the phone down where its
 * persona does so. Its stream has one frame for each tick since the answer: speech, or the low noise of a room. The same
 * settings and the same agent give the same call.
 */
export const scriptedLeg = (settings: ScriptedLegSettings, sink: LegSink): CarrierLeg =>
  new ScriptedLeg(settings, sink);

class ScriptedLeg implements CarrierLeg {
  readonly counters: LegCounters = {
    packetsReceived: 0,
    packetsLost: 0,
    packetsLate: 0,
    packetsReordered: 0,
    packetsDuplicate: 0,
    framesConcealed: 0,
    jitterMs: 0,
  };
  readonly port = 0;
  readonly #sink: LegSink;
  readonly #persona: Persona;
  readonly #lines: readonly SpokenLine[];
  readonly #chance: () => number;
  readonly #room: Uint8Array[];
  readonly #beep: Uint8Array;
  readonly #frame = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
  readonly #vad = new Vad();
  #state: State = "unanswered";
  #skipped = 0;
  /** Ms of the stream so far. */
  #streamMs = 0;
  #line = 0;
  #lineStartMs = 0;
  #cursor = 0;
  /** When the agent was last heard and when this person last spoke, in ms of the stream. */
  #agentVoicedAtMs = 0;
  #spokeAtMs = 0;
  /** Speech of the agent since this person's last line, and in one go until now, in ms. */
  #heardMs = 0;
  #agentTurnMs = 0;
  #agentVoiced = false;
  #turnEndMs = PERSON_TURN_END_MS;

  constructor(settings: ScriptedLegSettings, sink: LegSink) {
    this.#sink = sink;
    this.#persona = personaNamed(settings.persona);
    this.#lines = settings.lines;
    this.#chance = chanceOf(settings.seed);
    this.#room = roomNoise(this.#chance);
    this.#beep = this.#persona.machine ? beep() : new Uint8Array(0);
  }

  setRemote(): void {}

  answered(): void {
    if (this.#state === "unanswered") this.#state = "listening";
  }

  send(frame: Uint8Array): void {
    if (this.#state === "unanswered") return;
    this.#vad.push(ulawEnergy(frame, 0, FRAME_SAMPLES));
    if (this.#vad.frameVoiced) this.#agentVoiced = true;
  }

  skip(frames: number): void {
    if (this.#state !== "unanswered") this.#skipped += frames;
  }

  tick(nowMs: number): void {
    // Speech goes on over slots that a stall swallowed, so that nothing of it is missing.
    for (; this.#skipped > 0; this.#skipped--) this.#live(nowMs);
    this.#live(nowMs);
  }

  close(): void {
    this.#state = "closed";
  }

  #live(nowMs: number): void {
    if (this.#state === "unanswered" || this.#state === "closed") return;
    this.#hearAgent();
    if (this.#state === "listening") this.#decide();
    this.#fillFrame();
    this.#streamMs += FRAME_MS;
    this.#sink.calleeFrame(this.#frame, nowMs);
    this.#endSpeech();
  }

  #hearAgent(): void {
    if (this.#agentVoiced) {
      this.#agentVoicedAtMs = this.#streamMs;
      this.#heardMs += FRAME_MS;
      this.#agentTurnMs += FRAME_MS;
    } else if (this.#streamMs - this.#agentVoicedAtMs >= PERSON_TURN_END_MS) this.#agentTurnMs = 0;
    this.#agentVoiced = false;
  }

  /** What a person does who listens now. */
  #decide(): void {
    if (this.#persona.machine) {
      if (this.#streamMs >= GREETING_AFTER_MS) this.#speak();
      return;
    }
    const agentQuietMs = this.#streamMs - this.#agentVoicedAtMs;
    const quietMs = Math.min(agentQuietMs, this.#streamMs - this.#spokeAtMs);
    if (this.#line >= this.#lines.length) {
      if (quietMs >= GIVES_UP_MS) this.#hangUp();
      return;
    }
    const myTurn = this.#heardMs >= HEARD_AT_LEAST_MS && agentQuietMs >= this.#turnEndMs;
    const cutsIn = this.#line === this.#persona.talksOverInLine && this.#agentTurnMs >= TALKS_OVER_AFTER_MS;
    const holds = this.#line > 0 && this.#line - 1 === this.#persona.holdsAfterLine;
    if (myTurn || cutsIn || quietMs >= (holds ? HOLDS_MS : PATIENCE_MS)) this.#speak();
  }

  #speak(): void {
    this.#state = "speaking";
    this.#cursor = 0;
    this.#lineStartMs = this.#streamMs;
  }

  #fillFrame(): void {
    if (this.#state === "speaking") this.#play(this.#lines[this.#line]?.audio);
    else if (this.#state === "beeping") this.#play(this.#beep);
    else this.#play(undefined);
  }

  /** The next 20 ms of these bytes; the room fills what they leave. */
  #play(bytes: Uint8Array | undefined): void {
    const room = this.#room[(this.#streamMs / FRAME_MS) % ROOM_FRAMES]!;
    for (let i = 0; i < FRAME_SAMPLES; i++) this.#frame[i] = bytes?.[this.#cursor + i] ?? room[i]!;
    this.#cursor += FRAME_SAMPLES;
  }

  #endSpeech(): void {
    if (this.#state === "speaking") this.#endLine();
    else if (this.#state === "beeping" && this.#cursor >= this.#beep.length) this.#state = "recording";
    else if (this.#state === "recording" && this.#streamMs - this.#spokeAtMs >= MAILBOX_MS) this.#hangUp();
  }

  #endLine(): void {
    const line = this.#lines[this.#line];
    const length = line?.audio.length ?? 0;
    if (line && this.#line === this.#persona.hangsUpInLine && this.#cursor >= length * LAST_WORDS) {
      this.#sink.calleeSaid(wordsUntil(line.text, this.#cursor / length), this.#lineStartMs, this.#streamMs);
      this.#hangUp();
      return;
    }
    if (this.#cursor < length) return;
    const endMs = this.#lineStartMs + Math.round(length / SAMPLES_PER_MS);
    this.#line++;
    this.#spokeAtMs = this.#streamMs;
    this.#heardMs = 0;
    this.#agentTurnMs = 0;
    this.#turnEndMs = PERSON_TURN_END_MS + between(this.#chance, ...THINKING_MS);
    this.#cursor = 0;
    this.#state = this.#persona.machine ? "beeping" : "listening";
    if (line) this.#sink.calleeSaid(line.text, this.#lineStartMs, endMs);
  }

  #hangUp(): void {
    this.#state = "gone";
    this.#sink.calleeHungUp();
  }
}

/** The words of a line that were said when so much of it (0..1) had sounded. */
const wordsUntil = (text: string, part: number): string => {
  const said = text.slice(0, Math.ceil(text.length * part));
  const border = said.lastIndexOf(" ");
  return `${(border > 0 ? said.slice(0, border) : said).replace(/[\s,.;:]+$/, "")} —`;
};

const roomNoise = (chance: () => number): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  for (let f = 0; f < ROOM_FRAMES; f++) {
    const frame = new Uint8Array(FRAME_SAMPLES);
    for (let i = 0; i < FRAME_SAMPLES; i++) frame[i] = encodeUlaw(Math.round((chance() * 2 - 1) * ROOM_PEAK));
    frames.push(frame);
  }
  return frames;
};

/** A gap, then the tone of a mailbox. */
const beep = (): Uint8Array => {
  const gap = BEEP_AFTER_MS * SAMPLES_PER_MS;
  const bytes = new Uint8Array(gap + BEEP_MS * SAMPLES_PER_MS).fill(ULAW_SILENCE, 0, gap);
  new Tone(BEEP_HZ, BEEP_PEAK).fillUlaw(bytes, gap, BEEP_MS * SAMPLES_PER_MS);
  return bytes;
};
