import type { Playout } from "../audio/playout.ts";
import type { CutItem } from "../voices/voice.ts";
import type { MediaEvent, Turn } from "./protocol.ts";

/** Interim words of one party go out at most this often, in ms of the call. */
const PARTIAL_MS = 250;

interface Utterance {
  text: string;
  textFinal: boolean;
  startMs: number;
  endMs: number;
  /** Played to its end, or cut. */
  over: boolean;
  interrupted: boolean;
  /** Part of the audio that was heard, 0..1. */
  heard: number;
  partialAtMs: number;
}

/**
 * Turns the words of both parties into the transcript's turns. A turn of the agent is told when it has been played and
 * its words are final, whichever comes last, with the time at which it was heard; a turn that was cut keeps about as
 * many of its words as were heard. All times are ms since the answer.
 */
export class SpokenTurns {
  readonly #callId: string;
  readonly #emit: (event: MediaEvent) => void;
  readonly #utterances = new Map<number, Utterance>();
  /** Told or dropped: what still comes of them is stale. */
  readonly #done = new Set<number>();
  #playing = -1;
  #calleePartialAtMs = Number.NEGATIVE_INFINITY;

  constructor(callId: string, emit: (event: MediaEvent) => void) {
    this.#callId = callId;
    this.#emit = emit;
  }

  /** Utterances of the agent that are not yet played to their end. */
  get unfinished(): number {
    let count = 0;
    for (const utterance of this.#utterances.values()) if (!utterance.over) count++;
    return count;
  }

  /** This utterance was played to its end; its words may still come. */
  isHeard(item: number): boolean {
    return this.#utterances.get(item)?.over ?? false;
  }

  /** Audio of this utterance came from the voice. */
  audio(item: number): void {
    if (!this.#utterances.has(item) && !this.#done.has(item)) this.#add(item);
  }

  /** An utterance that had no sound is none. */
  drop(item: number): void {
    this.#utterances.delete(item);
    this.#done.add(item);
  }

  #add(item: number): Utterance {
    const utterance: Utterance = {
      text: "",
      textFinal: false,
      startMs: -1,
      endMs: -1,
      over: false,
      interrupted: false,
      heard: 1,
      partialAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#utterances.set(item, utterance);
    return utterance;
  }

  /** A frame of this utterance is being sent. */
  playing(item: number, atMs: number): void {
    if (item === this.#playing) return;
    if (this.#playing >= 0) this.#finish(this.#playing, atMs);
    this.#playing = item;
    const utterance = this.#utterances.get(item);
    if (!utterance || utterance.startMs >= 0) return;
    utterance.startMs = atMs;
    if (utterance.text !== "") this.#partial(item, utterance, atMs);
  }

  /** All that waited has been sent. */
  playedOut(atMs: number): void {
    if (this.#playing >= 0) this.#finish(this.#playing, atMs);
    this.#playing = -1;
  }

  #finish(item: number, atMs: number): void {
    const utterance = this.#utterances.get(item);
    if (!utterance || utterance.over) return;
    utterance.over = true;
    utterance.endMs = atMs;
    this.#tell(item, utterance);
  }

  /** The words of an utterance so far, at `atMs`. Words may come before, between and after their sound. */
  text(item: number, text: string, final: boolean, atMs: number): void {
    if (this.#done.has(item)) return;
    const utterance = this.#utterances.get(item) ?? this.#add(item);
    utterance.text = text;
    utterance.textFinal = final;
    if (final && utterance.over) this.#tell(item, utterance);
    else if (utterance.startMs >= 0 && (final || atMs - utterance.partialAtMs >= PARTIAL_MS)) {
      this.#partial(item, utterance, atMs);
    }
  }

  #partial(item: number, utterance: Utterance, atMs: number): void {
    utterance.partialAtMs = atMs;
    const { text, startMs } = utterance;
    const key = `agent-${item}`;
    this.#emit({ type: "partial", callId: this.#callId, key, speaker: "agent", text, atMs: Math.round(startMs) });
  }

  /** A barge-in dropped these utterances, the first of them perhaps half heard. */
  cut(cuts: readonly CutItem[], atMs: number): void {
    for (const { item, heardMs, receivedMs } of cuts) {
      const utterance = this.#utterances.get(item);
      if (!utterance || utterance.over) continue;
      utterance.over = true;
      utterance.endMs = atMs;
      utterance.interrupted = true;
      utterance.heard = receivedMs > 0 ? heardMs / receivedMs : 0;
      this.#tell(item, utterance);
    }
    this.playedOut(atMs);
  }

  #tell(item: number, utterance: Utterance): void {
    if (!utterance.textFinal && !utterance.interrupted) return;
    this.drop(item);
    const text = utterance.interrupted ? heardWords(utterance.text, utterance.heard) : utterance.text.trim();
    if (utterance.startMs < 0 || text === "") return;
    this.#turn({
      key: `agent-${item}`,
      speaker: "agent",
      text,
      atMs: Math.round(utterance.startMs),
      endMs: Math.round(utterance.endMs),
      interrupted: utterance.interrupted,
      whispered: false,
    });
  }

  #turn(turn: Turn): void {
    this.#emit({ type: "turn", callId: this.#callId, turn });
  }

  /** The callee's words, as the voice understood them. */
  callee(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    const atMs = Math.round(startMs);
    if (final) {
      if (text.trim() === "") return;
      const turn = { text: text.trim(), atMs, endMs: Math.round(endMs), interrupted: false, whispered: false };
      this.#turn({ key, speaker: "callee", ...turn });
    } else if (Math.abs(endMs - this.#calleePartialAtMs) >= PARTIAL_MS) {
      this.#calleePartialAtMs = endMs;
      this.#emit({ type: "partial", callId: this.#callId, key, speaker: "callee", text, atMs });
    }
  }

  /** The call ends: what was begun is told with the words that were heard. */
  flush(atMs: number, playout: Playout): void {
    for (const [item, utterance] of this.#utterances) {
      if (utterance.startMs < 0) continue;
      if (!utterance.over) {
        const received = playout.receivedMs(item);
        utterance.heard = received > 0 ? playout.heardMs(item) / received : 0;
        utterance.interrupted = utterance.heard < 1;
        utterance.endMs = atMs;
        utterance.over = true;
      }
      utterance.textFinal = true;
      this.#tell(item, utterance);
    }
  }
}

/** About the part of a text that was heard, cut at the border of a word; empty when next to nothing was. */
export const heardWords = (text: string, heard: number): string => {
  const whole = text.trim();
  if (heard >= 1) return whole;
  const cut = whole.slice(0, Math.round(whole.length * heard));
  const border = cut.length < whole.length && !/\s/.test(whole[cut.length] ?? " ") ? cut.lastIndexOf(" ") : cut.length;
  const words = cut.slice(0, Math.max(0, border)).trim();
  return words === "" ? "" : `${words}…`;
};
