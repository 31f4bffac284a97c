import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { Agents } from "./agents.ts";
import type { CallEvents } from "./call-events.ts";
import type { Calls, SettledCall } from "./call-record.ts";
import type { Campaigns } from "./campaigns.ts";
import type { Dnd } from "./dnd.ts";
import type { EventFeed } from "./event-feed.ts";
import type { Recordings } from "./recordings.ts";
import type { Tasks } from "./task-record.ts";
import type { Tenants } from "./tenants.ts";
import type { Transcripts } from "./transcripts.ts";
import type { Users } from "./users.ts";

/**
 * Everything that is kept, as verbs and questions. Each verb is one transaction that also appends to `events`; the bus
 * hears of them after the commit. Promises are settled before anything else can run: two verbs never interleave.
 */
export interface Store {
  readonly tenants: Tenants;
  readonly users: Users;
  readonly agents: Agents;
  readonly campaigns: Campaigns;
  readonly tasks: Tasks;
  readonly calls: Calls;
  readonly transcripts: Transcripts;
  readonly callEvents: CallEvents;
  readonly recordings: Recordings;
  readonly dnd: Dnd;
  readonly events: EventFeed;
  /**
   * Settles every call a dead process left open with the cause `process-restarted`, moves their tasks to
   * `pending_analysis` and ends all leases. For the start, before anything dials.
   */
  settleDead(tenantId: string, at: number): Promise<SettledCall[]>;
  /** Writes everything to the file and closes it; verbs throw afterwards. May be called twice. */
  close(): void;
}

/** What a store is opened with. */
export interface StoreOptions {
  /** Path of the database file, or `:memory:`; its folder is made if it is not there. */
  path: string;
  clock: Clock;
  bus: Bus;
}

/**
 * Opens the database and brings it up to date. Throws a `MigrationError` when the file was written by a newer version of
 * the code.
 */
export const openStore = async (_options: StoreOptions): Promise<Store> => {
  throw new Error("the store has no tables");
};
