import type { AudioDelta } from "./audio-delta.ts";
import { type Conversation, receivedMs, type Utterance } from "./openai-conversation.ts";
import type { Ask } from "./response-gate.ts";
import type { CutItem, VoiceSink } from "./voice.ts";

/** What is known of a response of the running session. */
export interface Response {
  id: string;
  /** The ask it serves; null if the service started it. */
  ask: Ask | null;
  /** Cancelled: what still comes of it is dropped. */
  muted: boolean;
  spoke: boolean;
  calledTools: boolean;
}

/**
 * What the agent says: responses and their utterances, from the first byte to the moment they were heard or cut.
 * Per piece of audio nothing is made.
 */
export class AgentSpeech {
  /** All that was told has been played. */
  isIdle = true;
  readonly #conversation: Conversation;
  readonly #sink: VoiceSink;
  readonly #responses = new Map<string, Response>();
  /** Of the running session, by item. */
  readonly #utterances = new Map<string, Utterance>();
  /** Those that may still be cut, by tag. */
  readonly #unheard = new Map<number, Utterance>();
  #hotResponse: Response | null = null;
  #hotUtterance: Utterance | null = null;

  constructor(conversation: Conversation, sink: VoiceSink) {
    this.#conversation = conversation;
    this.#sink = sink;
  }

  /** The response of this id, which becomes known by it. */
  response(id: string): Response {
    let response = this.#responses.get(id);
    if (!response) {
      response = { id, ask: null, muted: false, spoke: false, calledTools: false };
      this.#responses.set(id, response);
    }
    return response;
  }

  /** An utterance begins; its sound and words may come in any order. */
  begin(itemId: string, responseId: string): Utterance {
    let utterance = this.#utterances.get(itemId);
    if (!utterance) {
      utterance = this.#conversation.utterance(itemId, responseId);
      this.#utterances.set(itemId, utterance);
    }
    return utterance;
  }

  /** Passes sound on; true for the first of an utterance. */
  audio(delta: AudioDelta): boolean {
    let response = this.#hotResponse;
    if (response === null || response.id !== delta.responseId) {
      response = this.#hotResponse = this.response(delta.responseId);
    }
    if (response.muted) return false;
    let utterance = this.#hotUtterance;
    if (utterance === null || utterance.itemId !== delta.itemId) {
      utterance = this.#hotUtterance = this.begin(delta.itemId, delta.responseId);
    }
    if (utterance.audioEnded) return false;
    const isFirst = utterance.receivedBytes === 0;
    if (isFirst) {
      response.spoke = true;
      this.isIdle = false;
      this.#unheard.set(utterance.tag, utterance);
    }
    utterance.receivedBytes += delta.length;
    this.#sink.voiceAudio(utterance.tag, delta.bytes, 0, delta.length);
    return isFirst;
  }

  /** Words to add or, `final`, all of them. */
  words(itemId: string, responseId: string, words: string, final: boolean): void {
    const utterance = this.begin(itemId, responseId);
    utterance.text = final ? words : utterance.text + words;
    utterance.textFinal = final;
    if (!this.response(responseId).muted) this.#sink.voiceText(utterance.tag, utterance.text, final);
  }

  /** No more sound of an utterance comes. */
  audioEnded(itemId: string, responseId: string): void {
    const utterance = this.#utterances.get(itemId);
    if (!utterance || utterance.audioEnded || this.response(responseId).muted) return;
    utterance.audioEnded = true;
    this.#sink.voiceItemEnded(utterance.tag);
  }

  /**
   * A response is over, and with it its utterances. Returns the items that the model must not believe it said: those of
   * a cancelled response that never had a sound.
   */
  over(response: Response): string[] {
    this.#responses.delete(response.id);
    this.#hotResponse = this.#hotUtterance = null;
    const unsaid: string[] = [];
    for (const utterance of this.#utterances.values()) {
      if (utterance.responseId !== response.id) continue;
      const { tag, itemId } = utterance;
      if (!utterance.textFinal) this.#sink.voiceText(tag, utterance.text, true);
      if (!utterance.audioEnded) this.#sink.voiceItemEnded(tag);
      utterance.textFinal = utterance.audioEnded = true;
      if (!response.muted) this.#conversation.complete(utterance);
      else if (utterance.receivedBytes === 0) unsaid.push(itemId);
    }
    for (const itemId of unsaid) this.#utterances.delete(itemId);
    return unsaid;
  }

  /** Nothing waits to be played any more. */
  playedOut(): void {
    this.isIdle = true;
    for (const [tag, utterance] of this.#unheard) if (utterance.audioEnded) this.#unheard.delete(tag);
  }

  /** Notes what was heard of utterances that were cut; returns those the running session knows as sound, in whole ms. */
  cut(cuts: readonly CutItem[]): { itemId: string; ms: number }[] {
    this.isIdle = true;
    const known: { itemId: string; ms: number }[] = [];
    for (const cut of cuts) {
      const utterance = this.#unheard.get(cut.item);
      if (!utterance) continue;
      utterance.heardMs = Math.max(0, Math.min(Math.floor(cut.heardMs), receivedMs(utterance)));
      const { itemId, heardMs } = utterance;
      if (this.#utterances.get(itemId) === utterance) known.push({ itemId, ms: heardMs });
    }
    this.#unheard.clear();
    return known;
  }

  /** The session is gone: what it was saying ends here. */
  breakOff(): void {
    for (const utterance of this.#utterances.values()) {
      if (utterance.audioEnded && utterance.textFinal) continue;
      this.#conversation.breakOff(utterance);
      this.#sink.voiceText(utterance.tag, utterance.text, true);
      this.#sink.voiceItemEnded(utterance.tag);
    }
    this.#utterances.clear();
    this.#responses.clear();
    this.#hotResponse = this.#hotUtterance = null;
  }
}
