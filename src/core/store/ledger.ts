import type { Database } from "bun:sqlite";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { assert } from "../errors.ts";
import type { DomainEvent, StoredEvent } from "../events.ts";

/** Sorts behind every id: where a list begins that goes from the newest to the oldest. */
export const AFTER_ALL_IDS = "~";

/** Adds an event to the transaction it is called in; `at` is epoch ms, now unless given. */
export type Append = (tenantId: string, event: DomainEvent, at?: number) => void;

/** What every table group works with: the database, the time, and transactions that end in events. */
export class Ledger {
  readonly db: Database;
  readonly clock: Clock;
  readonly #bus: Bus;
  readonly #begin: <T>(work: () => T) => T;
  readonly #insert;
  #appended: StoredEvent[] = [];

  constructor({ db, clock, bus }: { db: Database; clock: Clock; bus: Bus }) {
    this.db = db;
    this.clock = clock;
    this.#bus = bus;
    // IMMEDIATE: what a verb reads cannot change under it when another process has the file open too.
    const transaction = db.transaction((work: () => unknown) => work());
    this.#begin = <T>(work: () => T): T => transaction.immediate(work) as T;
    this.#insert = db.query<
      { id: number },
      { tenantId: string; at: number; type: string; callId: string | null; data: string }
    >(
      `INSERT INTO events (tenant_id, at, type, call_id, data)
       VALUES ($tenantId, $at, $type, $callId, $data) RETURNING id`,
    );
  }

  /**
   * Runs work in one transaction. Events appended by it are stored with it and told to the bus after the commit; work
   * that throws leaves neither rows nor events behind. Must not be nested.
   */
  commit<T>(work: (append: Append) => T): T {
    assert(!this.db.inTransaction, "a verb is one transaction");
    const appended: StoredEvent[] = [];
    this.#appended = appended;
    const done = this.#begin(() => work(this.#append));
    if (appended.length > 0) this.#bus.publish(appended);
    return done;
  }

  readonly #append: Append = (tenantId, event, at = this.clock.now()) => {
    assert(this.db.inTransaction, "an event belongs to a transaction");
    const { type, ...data } = event;
    const callId = "callId" in event ? event.callId : null;
    const row = this.#insert.get({ tenantId, at, type, callId, data: JSON.stringify(data) });
    assert(row !== null, "an inserted event has an id");
    this.#appended.push({ ...event, id: row.id, tenantId, at });
  };
}
