import { FRAME_SAMPLES, ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import { ulawEnergy } from "../../../src/media/audio/level.ts";
import { Playout, PlayoutCuts } from "../../../src/media/audio/playout.ts";
import { Tone } from "../../../src/media/audio/tone.ts";
import type { OpenAiRealtimeSettings, VoiceTool, VoiceUsage } from "../../../src/media/engine/protocol.ts";
import { openAiRealtimeVoice } from "../../../src/media/voices/openai-realtime.ts";
import type { CutItem, LastWords, Voice, VoiceSink } from "../../../src/media/voices/voice.ts";
import { PATIENCE_MS } from "../../support/until.ts";
import { WakingClock } from "../../support/waking-clock.ts";

/** Turns in which all that is on its way over loopback has come. */
const SETTLED_TURNS = 15;

export const TOOLS: VoiceTool[] = ["end_call", "send_dtmf"].map((name) => ({
  name,
  description: name,
  parameters: { type: "object", properties: {} },
}));

/** Settings of a voice at this base URL. */
export const settingsAt = (baseUrl: string, more: Partial<OpenAiRealtimeSettings> = {}): OpenAiRealtimeSettings => ({
  kind: "openai-realtime",
  apiKey: "sk-test",
  baseUrl,
  model: "gpt-realtime-2.1",
  voice: "marin",
  brief: { instructions: "You are APPU.", opening: "Greet the callee.", language: "en-US", tools: TOOLS },
  safetyId: "hash",
  ...more,
});

export interface Heard {
  text: string;
  startMs: number;
  endMs: number;
  final: boolean;
}

/**
 * The bridge of a call, small: takes what the voice tells, plays it frame by frame when it is told to, and cuts in like
 * the real one. Time is that of this process, plus what a test moved it by.
 */
export class TestCall implements VoiceSink {
  readonly voice: Voice & LastWords;
  readonly playout = new Playout();
  readonly texts = new Map<number, { text: string; final: boolean }>();
  readonly ended = new Set<number>();
  readonly received = new Map<number, number>();
  readonly heard = new Map<string, Heard>();
  readonly toolCalls: { id: string; name: string; json: string }[] = [];
  readonly usages: VoiceUsage[] = [];
  readonly lost: { recovered: boolean; detail: string }[] = [];
  readonly logs: string[] = [];
  ready = 0;
  turnsEnded = 0;
  /** The opening is not cut by the voice's own judgement of turns. */
  opening = true;
  /** Thrown by the next piece of audio. */
  throwOnAudio = 0;
  readonly #cuts = new PlayoutCuts();
  readonly #frame = new Uint8Array(FRAME_SAMPLES);
  readonly #silence = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
  readonly #tone = new Tone(300, 8000);
  readonly #clock = new WakingClock();
  #movedMs = 0;

  constructor(settings: OpenAiRealtimeSettings) {
    this.voice = openAiRealtimeVoice(settings, this, { nowMs: () => this.nowMs });
  }

  get nowMs(): number {
    return this.#clock.nowMs() + this.#movedMs;
  }

  /** Moves time on, in steps in which the voice could act. */
  move(ms: number, stepMs = ms): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.#movedMs += Math.min(left, stepMs);
      this.voice.tick(this.nowMs);
    }
  }

  /** Moves time on with room for the network between the steps, until something holds. */
  async pass(ms: number, stepMs: number, holds = () => false): Promise<void> {
    for (let left = ms; left > 0 && !holds(); left -= stepMs) {
      this.move(Math.min(left, stepMs));
      await Bun.sleep(1);
    }
  }

  /** Ticks until something holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const endAt = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > endAt) throw new Error(`never: ${what}; ${this.logs.join(" | ")}`);
      await Bun.sleep(1);
      this.voice.tick(this.nowMs);
    }
  }

  /** Lets what is on its way arrive. */
  async settle(ms = 30): Promise<void> {
    const endAt = this.#clock.nowMs() + ms;
    let turns = 0;
    await this.until("time passes", () => ++turns > SETTLED_TURNS && this.#clock.nowMs() > endAt);
  }

  /** The callee says something for so long, then is silent for so long. */
  speak(speechMs: number, silenceMs: number): void {
    for (let ms = 0; ms < speechMs; ms += 20) {
      this.#tone.fillUlaw(this.#frame, 0, FRAME_SAMPLES);
      this.voice.hear(this.#frame);
    }
    for (let ms = 0; ms < silenceMs; ms += 20) this.voice.hear(this.#silence);
  }

  /** Plays frames to the callee; returns how many held speech. */
  play(frames: number): number {
    let voiced = 0;
    for (let i = 0; i < frames; i++) {
      if (this.playout.pull(this.#frame) === 0) break;
      if (ulawEnergy(this.#frame, 0, FRAME_SAMPLES) > 0) voiced++;
    }
    if (!this.playout.active && this.playout.queuedMs === 0) this.voice.playedOut();
    return voiced;
  }

  /** Plays all that waits. */
  playAll(): number {
    return this.play(100_000);
  }

  /** The opening was heard or cut. */
  endOpening(): void {
    this.opening = false;
    this.voice.openingOver();
  }

  /** The callee talks over the agent. */
  cutIn(): CutItem[] {
    const cuts: CutItem[] = [];
    const count = this.playout.clear(this.#cuts);
    for (let i = 0; i < count; i++) {
      cuts.push({ item: this.#cuts.tag[i]!, heardMs: this.#cuts.heardMs[i]!, receivedMs: this.#cuts.receivedMs[i]! });
    }
    this.voice.interrupted(cuts);
    return cuts;
  }

  get costUsd(): number {
    return this.usages.reduce((sum, usage) => sum + usage.costUsd, 0);
  }

  /** Final words of both sides by key or tag. */
  get agentSaid(): string[] {
    return [...this.texts.values()].filter(({ final }) => final).map(({ text }) => text);
  }
  get calleeSaid(): string[] {
    return [...this.heard.values()].filter(({ final, text }) => final && text !== "").map(({ text }) => text);
  }

  voiceReady(): void {
    this.ready++;
  }
  voiceAudio(item: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.throwOnAudio-- > 0) throw new Error("the sink broke");
    this.received.set(item, (this.received.get(item) ?? 0) + length);
    this.playout.push(bytes, offset, length, item);
  }
  voiceItemEnded(item: number): void {
    this.ended.add(item);
    this.playout.endItem(item);
  }
  voiceText(item: number, text: string, final: boolean): void {
    this.texts.set(item, { text, final });
  }
  calleeText(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    this.heard.set(key, { text, startMs, endMs, final });
  }
  calleeTurnEnded(): void {
    this.turnsEnded++;
    if (this.playout.active && !this.opening) this.cutIn();
  }
  toolCall(id: string, name: string, json: string): void {
    this.toolCalls.push({ id, name, json });
  }
  usage(usage: VoiceUsage): void {
    this.usages.push(usage);
  }
  voiceLost(recovered: boolean, detail: string): void {
    this.lost.push({ recovered, detail });
  }
  log(level: "info" | "warn" | "error", message: string): void {
    this.logs.push(`${level}: ${message}`);
  }
}
