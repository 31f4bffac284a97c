import type { MediaEvent } from "./protocol.ts";

/** Events for records and pages, on which nobody acts: a tenth of a second later they are as good. */
const PATIENT: ReadonlySet<MediaEvent["type"]> = new Set(["partial", "turn", "usage", "latency", "barge-in"]);
/** Ticks that such events wait for company. */
const PATIENCE_TICKS = 5;

/**
 * Events on their way to the main thread, in their order. Each message costs both threads a wake-up, so one leaves with
 * the tick only if somebody acts on one of its events; otherwise they leave together, 100 ms after the first.
 */
export class Outbox {
  readonly #post: (events: MediaEvent[]) => void;
  readonly #events: MediaEvent[] = [];
  #isUrgent = false;
  #waitedTicks = 0;

  /** @param post takes the events before it returns; the array is used again */
  constructor(post: (events: MediaEvent[]) => void) {
    this.#post = post;
  }

  add(event: MediaEvent): void {
    this.#events.push(event);
    if (!PATIENT.has(event.type)) this.#isUrgent = true;
  }

  /** After each tick. */
  tick(): void {
    if (this.#events.length === 0) return;
    if (this.#isUrgent || ++this.#waitedTicks >= PATIENCE_TICKS) this.flush();
  }

  /** Posts what waits. */
  flush(): void {
    if (this.#events.length > 0) this.#post(this.#events);
    this.#events.length = 0;
    this.#isUrgent = false;
    this.#waitedTicks = 0;
  }
}
