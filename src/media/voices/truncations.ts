import type { RealtimeClientEvent } from "openai/resources/realtime/realtime";

/** Truncations whose refusal may still come; older ones are taken as accepted. */
const CAPACITY = 32;
/** Taken off when the service has less audio than was counted and does not say how much, in ms. */
const STEP_MS = 50;

interface Cut {
  itemId: string;
  ms: number;
  again: boolean;
}

/**
 * Tells the service how much of an utterance was heard, and mends what it refuses: an utterance cut beyond its end is
 * cut once more at the length the service names, one that cannot be cut at all is deleted. Left as it is, the model
 * would believe that all of it was heard.
 */
export class Truncations {
  readonly #cuts = new Map<string, Cut>();
  #count = 0;

  /** The event that cuts an utterance after `ms` of its audio. */
  cut(itemId: string, ms: number): RealtimeClientEvent {
    return this.#event({ itemId, ms, again: false });
  }

  /**
   * An error frame: what to send instead, `null` if nothing helps or need be done, `other` if it was not about a
   * truncation.
   */
  refused(
    eventId: string | null | undefined,
    code: string | null | undefined,
    message: string | null | undefined,
  ): RealtimeClientEvent | null | "other" {
    const cut = eventId ? this.#cuts.get(eventId) : undefined;
    if (!eventId || !cut) return "other";
    this.#cuts.delete(eventId);
    if (code === "item_not_found") return null;
    const isTooLong = code === "invalid_value" && !/can be truncated/i.test(message ?? "");
    if (isTooLong && !cut.again) return this.#event({ ...cut, ms: lengthNamed(message, cut.ms), again: true });
    return { type: "conversation.item.delete", event_id: `${eventId}-delete`, item_id: cut.itemId };
  }

  /** The session is gone, and with it what may be refused. */
  clear(): void {
    this.#cuts.clear();
  }

  #event(cut: Cut): RealtimeClientEvent {
    const event_id = `cut-${++this.#count}`;
    this.#cuts.set(event_id, cut);
    const oldest = this.#cuts.keys().next();
    if (this.#cuts.size > CAPACITY && !oldest.done) this.#cuts.delete(oldest.value);
    return {
      type: "conversation.item.truncate",
      event_id,
      item_id: cut.itemId,
      content_index: 0,
      audio_end_ms: cut.ms,
    };
  }
}

/** The largest number of ms below `ms` that a message names, else a little less than `ms`. */
const lengthNamed = (message: string | null | undefined, ms: number): number => {
  const named = [...(message ?? "").matchAll(/(\d{1,8}) ?ms/g)].map((match) => Number(match[1]));
  const lower = named.filter((length) => length < ms);
  return lower.length > 0 ? Math.max(...lower) : Math.max(0, ms - STEP_MS);
};
