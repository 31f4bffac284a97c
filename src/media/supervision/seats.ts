import type { Schedule } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { Notice } from "./messages.ts";
import { Seat } from "./seat.ts";
import type { SoftphoneLine } from "./softphone-line.ts";

/** Most softphones at once; each takes a transport of the worker. */
const MAX_SEATS = 500;

/** All places on all calls, and the sockets they have; a place without one is kept for a while. */
export class Seats {
  readonly #seats = new Map<string, Seat>();
  readonly #lines = new Map<Seat, SoftphoneLine>();
  readonly #held = new Map<Seat, () => void>();
  readonly #schedule: Schedule;
  readonly #microphoneLost: (seat: Seat) => void;

  constructor(options: { schedule: Schedule; microphoneLost: (seat: Seat) => void }) {
    this.#schedule = options.schedule;
    this.#microphoneLost = options.microphoneLost;
  }

  get(seatId: string | null): Seat | null {
    return (seatId !== null && this.#seats.get(seatId)) || null;
  }

  has(seat: Seat): boolean {
    return this.#seats.get(seat.id) === seat;
  }

  all(): Seat[] {
    return [...this.#seats.values()];
  }

  /** Places on this call, in order of arrival. */
  on(callId: string): Seat[] {
    return this.all().filter((seat) => seat.callId === callId);
  }

  /** A new place for this line; null when the house is full. */
  sit(line: SoftphoneLine, callId: string): Seat | null {
    if (this.#seats.size >= MAX_SEATS) return null;
    const { actor } = line;
    const seat = new Seat({
      id: newId("seat"),
      actor,
      callId,
      schedule: this.#schedule,
      microphoneLost: this.#microphoneLost,
    });
    this.#seats.set(seat.id, seat);
    this.#lines.set(seat, line);
    return seat;
  }

  /** Gives a place to another line of the same person; null for a place that is another's, or gone. */
  reclaim(line: SoftphoneLine, seatId: string): Seat | null {
    const seat = this.#seats.get(seatId);
    const { tenantId, userId } = line.actor;
    if (seat?.actor.tenantId !== tenantId || seat.actor.userId !== userId) return null;
    this.#lines.get(seat)?.unseat();
    this.#release(seat);
    this.#lines.set(seat, line);
    return seat;
  }

  /** Keeps the place of a line that is gone; `expired` is called unless it is taken up within `ms`. */
  hold(line: SoftphoneLine, seat: Seat, ms: number, expired: () => void): void {
    if (this.#lines.get(seat) !== line) return;
    this.#lines.delete(seat);
    this.#held.set(seat, this.#schedule(expired, ms));
  }

  /** Whether this line still has this place. */
  isOf(line: SoftphoneLine, seat: Seat): boolean {
    return this.#lines.get(seat) === line;
  }

  /** Takes a place away; false when it was gone before. */
  remove(seat: Seat): boolean {
    if (!this.#seats.delete(seat.id)) return false;
    this.#release(seat);
    this.#lines.delete(seat);
    return true;
  }

  lineOf(seat: Seat): SoftphoneLine | null {
    return this.#lines.get(seat) ?? null;
  }

  tell(seat: Seat, notice: Notice): void {
    this.#lines.get(seat)?.tell(notice);
  }

  tellCall(callId: string, notice: Notice): void {
    for (const seat of this.on(callId)) this.tell(seat, notice);
  }

  /** Forgets all places; tells nobody. */
  clear(): void {
    for (const stop of this.#held.values()) stop();
    this.#held.clear();
    this.#seats.clear();
    this.#lines.clear();
  }

  #release(seat: Seat): void {
    this.#held.get(seat)?.();
    this.#held.delete(seat);
  }
}
