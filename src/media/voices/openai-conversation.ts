import type { ConversationItem, RealtimeClientEvent } from "openai/resources/realtime/realtime";
import { heardWords } from "../engine/spoken-turns.ts";

/** Entries kept for a new session; the oldest go first. A session re-reads all of them, so more would cost, not help. */
const CAPACITY = 400;
/** Speech of an agent whose rate is not known yet, in characters per ms: about 150 words a minute. */
const DEFAULT_RATE = 0.015;
/** Audio below which a spoken item says nothing about the rate of speech, in ms. */
const RATE_SAMPLE_MS = 2000;
/** Speech that counts as heard: who is calling, in ms. */
const HEARD_AT_LEAST_MS = 1500;
/** G.711 bytes per ms. */
const BYTES_PER_MS = 8;

/** One utterance of the agent, from its first word to the end of its sound. */
export interface Utterance {
  kind: "agent";
  /** Its number towards the bridge. */
  tag: number;
  itemId: string;
  responseId: string;
  text: string;
  textFinal: boolean;
  receivedBytes: number;
  audioEnded: boolean;
  /** How much of it was heard when it was cut, in ms; null if it was not. */
  heardMs: number | null;
}

/** One turn of the callee. */
export interface CalleeTurn {
  kind: "callee";
  /** Stable towards the bridge. */
  key: string;
  text: string;
  /** ms of the stream of callee frames. */
  startMs: number;
  endMs: number;
  /** Its words are complete. */
  final: boolean;
}

interface ToolUse {
  kind: "tool";
  callId: string;
  name: string;
  argumentsJson: string;
  output: string | null;
}

interface Note {
  kind: "note";
  text: string;
}

type Entry = Utterance | CalleeTurn | ToolUse | Note;

/** ms of an utterance's sound that have come. */
export const receivedMs = (utterance: Utterance): number => Math.floor(utterance.receivedBytes / BYTES_PER_MS);

/**
 * The conversation as it was heard, in order, so that another session can carry on with it. Times and sound are left
 * behind: a session takes earlier speech of the agent only as text.
 */
export class Conversation {
  readonly #entries: Entry[] = [];
  #turns = 0;
  #tags = 0;
  #sampleChars = 0;
  #sampleMs = 0;

  /** The agent begins an utterance. */
  utterance(itemId: string, responseId: string): Utterance {
    const utterance: Utterance = {
      kind: "agent",
      tag: ++this.#tags,
      itemId,
      responseId,
      text: "",
      textFinal: false,
      receivedBytes: 0,
      audioEnded: false,
      heardMs: null,
    };
    this.#add(utterance);
    return utterance;
  }

  /** The callee begins a turn. */
  calleeTurn(startMs: number): CalleeTurn {
    const key = `callee-${++this.#turns}`;
    const turn: CalleeTurn = { kind: "callee", key, text: "", startMs, endMs: startMs, final: false };
    this.#add(turn);
    return turn;
  }

  /** The agent uses a tool; false if it already did under this id. */
  toolCall(callId: string, name: string, argumentsJson: string): boolean {
    if (this.#tool(callId)) return false;
    this.#add({ kind: "tool", callId, name, argumentsJson, output: null });
    return true;
  }

  /** The outcome of a tool; false if there was no such call or it has its outcome. */
  toolOutput(callId: string, output: string): boolean {
    const use = this.#tool(callId);
    if (!use || use.output !== null) return false;
    use.output = output;
    return true;
  }

  /** Something the agent was told beside the call. */
  note(text: string): void {
    this.#add({ kind: "note", text });
  }

  /** All audio and words of an utterance have come: it shows how fast the agent speaks. */
  complete(utterance: Utterance): void {
    const ms = receivedMs(utterance);
    if (ms < RATE_SAMPLE_MS || utterance.text.length === 0) return;
    this.#sampleChars += utterance.text.length;
    this.#sampleMs += ms;
  }

  /** The words of an utterance that broke off belong to about the sound that came; words run ahead of it. */
  breakOff(utterance: Utterance): void {
    const rate = this.#sampleMs > 0 ? this.#sampleChars / this.#sampleMs : DEFAULT_RATE;
    const chars = receivedMs(utterance) * rate;
    if (!utterance.audioEnded && utterance.text.length > chars) {
      utterance.text = heardWords(utterance.text, chars / utterance.text.length);
    }
    utterance.audioEnded = true;
    utterance.textFinal = true;
  }

  /** The events that tell all of it to a new session, oldest first. */
  replay(): RealtimeClientEvent[] {
    const events: RealtimeClientEvent[] = [];
    for (const entry of this.#entries) {
      for (const item of itemsOf(entry)) {
        events.push({ type: "conversation.item.create", event_id: `replay-${events.length}`, item });
      }
    }
    return events;
  }

  /** The callee has heard the agent say something. */
  get agentWasHeard(): boolean {
    return this.#entries.some(
      (entry) =>
        entry.kind === "agent" && receivedMs(entry) > 0 && (entry.heardMs ?? HEARD_AT_LEAST_MS) >= HEARD_AT_LEAST_MS,
    );
  }

  #tool(callId: string): ToolUse | undefined {
    return this.#entries.find((entry): entry is ToolUse => entry.kind === "tool" && entry.callId === callId);
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > CAPACITY) this.#entries.shift();
  }
}

/** A line that the agent is told, which is nobody's turn. */
export const noteItem = (text: string): ConversationItem => ({
  type: "message",
  role: "system",
  content: [{ type: "input_text", text }],
});

/** The outcome of a tool. */
export const outputItem = (callId: string, output: string): ConversationItem => ({
  type: "function_call_output",
  call_id: callId,
  output,
});

const itemsOf = (entry: Entry): ConversationItem[] => {
  if (entry.kind === "note") return [noteItem(entry.text)];
  if (entry.kind === "callee") {
    if (entry.text.trim() === "") return [];
    return [{ type: "message", role: "user", content: [{ type: "input_text", text: entry.text }] }];
  }
  if (entry.kind === "agent") {
    const total = receivedMs(entry);
    const text = entry.heardMs === null ? entry.text : heardWords(entry.text, total > 0 ? entry.heardMs / total : 0);
    if (total === 0 || text.trim() === "") return [];
    return [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }];
  }
  const { callId, name, argumentsJson, output } = entry;
  const call: ConversationItem = { type: "function_call", call_id: callId, name, arguments: argumentsJson };
  return output === null ? [call] : [call, outputItem(callId, output)];
};
