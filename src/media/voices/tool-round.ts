import type { RealtimeClientEvent } from "openai/resources/realtime/realtime";
import type { Response } from "./agent-speech.ts";
import { type Conversation, outputItem } from "./openai-conversation.ts";
import type { ServerEventOf } from "./openai-events.ts";
import type { VoiceSink } from "./voice.ts";

/** Longest arguments of a tool, in characters. */
const MAX_ARGUMENTS = 16_384;

const CUT_OFF = JSON.stringify({ error: "Somebody spoke before this was done; it was not done." });

/**
 * The tools one answer called, until the last outcome is there: several calls lead to one response. Also knows which
 * outcomes the service has not confirmed yet, so that a response it starts meanwhile is not taken for one about them.
 */
export class ToolRound {
  readonly #conversation: Conversation;
  readonly #sink: VoiceSink;
  readonly #send: (event: RealtimeClientEvent) => boolean;
  readonly #open = new Set<string>();
  readonly #unseen = new Set<string>();
  #respond = false;
  #count = 0;

  /** @param deps `send` takes events for the running session; false when there is none */
  constructor(deps: { conversation: Conversation; sink: VoiceSink; send: (event: RealtimeClientEvent) => boolean }) {
    this.#conversation = deps.conversation;
    this.#sink = deps.sink;
    this.#send = deps.send;
  }

  /** Calls without an outcome. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The service has all outcomes that were sent. */
  get isSeen(): boolean {
    return this.#unseen.size === 0;
  }

  /** A response called a tool, as far as it came: one whose arguments are not whole never runs. */
  called(item: ServerEventOf<"response.output_item.done">["item"], response: Response): void {
    const { call_id, name, arguments: json } = item;
    if (item.status !== "completed" || !call_id || !name) return;
    response.calledTools = true;
    const args = json && json.length <= MAX_ARGUMENTS ? json : "{}";
    if (!this.#conversation.toolCall(call_id, name, args)) return;
    if (response.muted) {
      this.#conversation.toolOutput(call_id, CUT_OFF);
      return this.#tell(call_id, CUT_OFF);
    }
    this.#open.add(call_id);
    this.#sink.toolCall(call_id, name, args);
  }

  /** An outcome; true when it was the last and one of them wants to be spoken about. */
  outcome(callId: string, output: string, respond: boolean): boolean {
    if (!this.#conversation.toolOutput(callId, output)) {
      this.#sink.log("warn", "voice: an outcome of no open tool call was dropped");
      return false;
    }
    this.#tell(callId, output);
    this.#open.delete(callId);
    this.#respond ||= respond;
    if (this.#open.size > 0 || !this.#respond) return false;
    this.#respond = false;
    return true;
  }

  #tell(callId: string, output: string): void {
    const id = `out_${++this.#count}`;
    const item = { ...outputItem(callId, output), id };
    // Without a session it goes to the next one, with the conversation.
    if (this.#send({ type: "conversation.item.create", event_id: id, item })) this.#unseen.add(id);
  }

  /** The service has this item. */
  seen(itemId: string): void {
    this.#unseen.delete(itemId);
  }

  /** Another session gets the outcomes with the conversation. */
  moved(): void {
    this.#unseen.clear();
  }
}
