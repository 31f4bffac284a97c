import { messageOf } from "./errors.ts";
import type { StoredEvent } from "./events.ts";
import type { Log } from "./log.ts";

/** Hears every event of every tenant, in the order they were committed. */
export type BusListener = (event: StoredEvent) => void;

/** Announces what the `events` table has taken in. Decisions only: never audio, never per-frame facts. */
export interface Bus {
  /**
   * Tells all listeners, synchronously. Called by the store after a commit. Events published by a listener's own verbs
   * wait until all listeners have heard the present ones, so that everybody hears them in the order of their ids.
   */
  publish(events: readonly StoredEvent[]): void;
  /** Adds a listener; the answer removes it, also while events are being told. A listener that throws is logged. */
  subscribe(listener: BusListener): () => void;
}

/** A bus of this process. */
export const createBus = (log: Log): Bus => {
  const listeners = new Set<BusListener>();
  const waiting: StoredEvent[] = [];
  let telling = false;

  const tell = (listener: BusListener, event: StoredEvent): void => {
    try {
      listener(event);
    } catch (thrown) {
      log.error({ event: event.type, eventId: event.id, problem: messageOf(thrown) }, "a bus listener threw");
    }
  };

  return {
    publish(events) {
      waiting.push(...events);
      if (telling) return;
      telling = true;
      try {
        for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
          for (const listener of listeners) tell(listener, event);
        }
      } finally {
        telling = false;
      }
    },
    subscribe(listener) {
      // One entry a subscription, so that the same function subscribed twice is two listeners.
      const entry: BusListener = (event) => listener(event);
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
  };
};
