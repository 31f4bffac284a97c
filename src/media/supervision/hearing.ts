import { messageOf } from "../../core/errors.ts";
import { inBackground, type Log } from "../../core/log.ts";
import type { Seat } from "./seat.ts";
import type { Seats } from "./seats.ts";

/**
 * Keeps what supervisors hear of each other as the floor says: the speaker's microphone is let through, all others are
 * shut, and everybody else on the call who can play sound hears the speaker.
 */
export class Hearing {
  readonly #seats: Seats;
  readonly #speakerOf: (callId: string) => string | null;
  readonly #log: Log;
  /** Work of a call, one piece after the other, so that no two of them make the same stream. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: { seats: Seats; speakerOf: (callId: string) => string | null; log: Log }) {
    this.#seats = options.seats;
    this.#speakerOf = options.speakerOf;
    this.#log = options.log;
  }

  /** Who has the floor, who has a microphone, or who listens may have changed. */
  settle(callId: string): void {
    const turn = (this.#turns.get(callId) ?? Promise.resolve()).then(() => this.#settle(callId));
    this.#turns.set(callId, turn);
    const done = turn.finally(() => {
      if (this.#turns.get(callId) === turn) this.#turns.delete(callId);
    });
    inBackground(this.#log, "let supervisors hear each other", done);
  }

  async #settle(callId: string): Promise<void> {
    const speaker = this.#seats.get(this.#speakerOf(callId));
    const seats = this.#seats.on(callId);
    await Promise.all(seats.map((seat) => this.#try(() => seat.microphone?.setLive(seat === speaker))));
    const producerId = speaker?.microphone?.producerId ?? null;
    await Promise.all(
      seats.map((seat) => {
        // A person with two softphones does not hear himself.
        const isSelf = seat.actor.userId === speaker?.actor.userId;
        return this.#try(() => this.#overhear(seat, isSelf ? null : producerId));
      }),
    );
  }

  async #overhear(seat: Seat, producerId: string | null): Promise<void> {
    const { heard, gone } = await seat.overhear(producerId);
    const { callId } = seat;
    if (gone !== null) this.#seats.tell(seat, { event: "gone", callId, consumerId: gone });
    if (heard !== null) this.#seats.tell(seat, { event: "heard", callId, heard });
  }

  /** One place that is closed under the work keeps no other from it. */
  async #try(work: () => Promise<void> | undefined): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#log.debug({ problem: messageOf(thrown) }, "a supervisor's sound was closed while it was changed");
    }
  }
}
