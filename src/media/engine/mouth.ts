import { Playout, PlayoutCuts } from "../audio/playout.ts";
import type { Voice } from "../voices/voice.ts";
import { Drain } from "./drain.ts";
import type { MediaEvent, SpokenLine } from "./protocol.ts";
import { SpokenTurns } from "./spoken-turns.ts";

/** Utterances that are not the voice's are numbered from here, far above any the voice makes. */
const OWN_ITEMS = 1_000_000;

/**
 * What the agent says on one call: utterances that wait, are played frame by frame, are cut or dropped, and become turns
 * with the time at which they were heard. Times called `atMs` are ms since the answer.
 */
export class Mouth {
  readonly turns: SpokenTurns;
  /** The first utterance has not been heard to its end: it says who calls, and little cuts it. */
  isOpening = true;
  /** An utterance is being played, perhaps starved of audio for a moment. */
  isSpeaking = false;
  /** Something of the agent was heard, or will never be: the voice is lost, or somebody else speaks in its place. */
  hasBegun = false;
  /** What comes from the voice is never heard. */
  isMute = false;
  readonly #callId: string;
  readonly #emit: (event: MediaEvent) => void;
  readonly #playout = new Playout();
  readonly #cuts = new PlayoutCuts();
  #voice: Voice | null = null;
  #openingStarted = false;
  #drain: Drain | null = null;
  #played = 0;
  #newest = -1;
  /** Utterances of which sound has come. */
  #begun = 0;
  /** Newest utterance of which something came while the agent was mute: its rest is not heard either. */
  #mutedItem = -1;

  constructor(callId: string, emit: (event: MediaEvent) => void) {
    this.#callId = callId;
    this.#emit = emit;
    this.turns = new SpokenTurns(callId, emit);
  }

  /** Whose mouth it is; before the first utterance. */
  join(voice: Voice): void {
    this.#voice = voice;
  }

  /** Words of the agent are being played or wait to be. */
  get isSaying(): boolean {
    return this.isSpeaking || this.#playout.active || this.turns.unfinished > 0;
  }

  /** What it says must be heard: the opening, or what the call is to end with. */
  get isProtected(): boolean {
    return this.isOpening || this.#drain !== null;
  }

  /** What it says is heard to its end, whoever talks over it. */
  get isFirm(): boolean {
    return this.#drain?.isFirm ?? false;
  }

  /** Speech that waits, in ms. */
  get queuedMs(): number {
    return this.#playout.queuedMs;
  }

  /** Bytes of speech that found no room. */
  get droppedBytes(): number {
    return this.#playout.droppedBytes;
  }

  /** µ-law of an utterance. Returns false if it is never heard. */
  take(item: number, bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#isMuted(item)) return false;
    if (item !== this.#newest) this.#begun++;
    this.#newest = item;
    this.turns.audio(item);
    this.#playout.push(bytes, offset, length, item);
    return true;
  }

  /** No more audio of it will come. */
  end(item: number): void {
    this.#playout.endItem(item);
    if (this.#playout.receivedMs(item) === 0) this.turns.drop(item);
  }

  /** The words of it so far. */
  text(item: number, text: string, final: boolean, atMs: number): void {
    if (this.turns.isHeard(item) || !this.#isMuted(item)) this.turns.text(item, text, final, atMs);
  }

  #isMuted(item: number): boolean {
    if (this.isMute && item > this.#mutedItem) this.#mutedItem = item;
    if (item > this.#mutedItem) return false;
    this.turns.drop(item);
    return true;
  }

  /** Says a sentence of our own after what already waits. */
  play(line: SpokenLine, atMs: number): void {
    const item = OWN_ITEMS + this.#played++;
    this.take(item, line.audio, 0, line.audio.length);
    this.text(item, line.text, true, atMs);
    this.end(item);
  }

  /** Writes the next frame to be heard to `frame`; returns false for silence. */
  pull(frame: Uint8Array, atMs: number): boolean {
    const item = this.#playout.currentTag;
    if (this.#playout.pull(frame) === 0) {
      if (this.isSpeaking && !this.#playout.active) this.#fallSilent(atMs);
      return false;
    }
    this.isSpeaking = this.hasBegun = true;
    if (this.isOpening) this.#openingStarted = true;
    this.turns.playing(item, atMs);
    return true;
  }

  #fallSilent(atMs: number): void {
    this.isSpeaking = false;
    this.turns.playedOut(atMs);
    if (this.isOpening && this.#openingStarted) this.#endOpening();
    this.#voice?.playedOut();
  }

  #endOpening(): void {
    this.isOpening = false;
    this.#voice?.openingOver();
  }

  /** Forgets what waits and tells the voice what was heard of it. A drain is over with it. */
  cut(atMs: number): void {
    const count = this.#playout.clear(this.#cuts);
    this.isSpeaking = false;
    const cuts = [];
    for (let i = 0; i < count; i++) {
      cuts.push({ item: this.#cuts.tag[i]!, heardMs: this.#cuts.heardMs[i]!, receivedMs: this.#cuts.receivedMs[i]! });
    }
    this.turns.cut(cuts, atMs);
    if (count > 0) this.#voice?.interrupted(cuts);
    if (this.isOpening) this.#endOpening();
    if (this.#drain) this.#endDrain(true);
  }

  /** Somebody else speaks in its place: what waits is cut, and nothing is waited for any more. */
  mute(atMs: number): void {
    this.#drain = null;
    this.cut(atMs);
    this.hasBegun = this.isMute = true;
  }

  /** See the `drain` command. */
  drain(nowMs: number, maxMs: number, expectSpeech: boolean, isFirm: boolean): void {
    this.#drain = new Drain(nowMs, maxMs, expectSpeech ? this.#begun + 1 : 0, isFirm);
  }

  /** Every tick, after the slot was sent. */
  tick(nowMs: number): void {
    if (this.#drain?.isOver(nowMs, this.isSaying, this.#begun)) this.#endDrain(false);
  }

  #endDrain(interrupted: boolean): void {
    this.#drain = null;
    this.#emit({ type: "drained", callId: this.#callId, interrupted });
  }

  /** The call is over: what was begun is told with the words that were heard. */
  flush(atMs: number): void {
    this.turns.flush(atMs, this.#playout);
  }
}
