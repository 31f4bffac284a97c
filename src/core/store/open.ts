import { Database } from "bun:sqlite";
import { chmod, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { type Agents, agentsOf } from "./agents.ts";
import { type CallEvents, callEventsOf } from "./call-events.ts";
import { type CallHistory, callHistoryOf } from "./call-history.ts";
import { type CallMoods, callMoodsOf } from "./call-moods.ts";
import { type CallNotes, callNotesOf } from "./call-notes.ts";
import type { Calls, SettledCall } from "./call-record.ts";
import { deadSettlementOf, settlementOf } from "./call-settlement.ts";
import { callsOf } from "./calls.ts";
import type { Campaigns } from "./campaign-record.ts";
import { campaignsOf } from "./campaigns.ts";
import { type ContactOutcomes, contactOutcomesOf } from "./contact-outcomes.ts";
import type { Conversations } from "./conversation-record.ts";
import { conversationsOf } from "./conversations.ts";
import { type Dnd, dndListingOf, dndOf } from "./dnd.ts";
import { dueTasksOf } from "./due-tasks.ts";
import { type EventFeed, eventFeedOf } from "./event-feed.ts";
import { judgementsOf } from "./judgements.ts";
import { Ledger } from "./ledger.ts";
import { migrate, readMigrations } from "./migrate.ts";
import type { Questions } from "./question-record.ts";
import { questionsOf } from "./questions.ts";
import { type Recordings, recordingsOf } from "./recordings.ts";
import type { Reports } from "./report-record.ts";
import { reportsOf } from "./reports.ts";
import { taskMovesOf } from "./task-moves.ts";
import type { Tasks } from "./task-record.ts";
import { tasksOf } from "./tasks.ts";
import { type Tenants, tenantsOf } from "./tenants.ts";
import { type Transcripts, transcriptsOf } from "./transcripts.ts";
import { type TryOuts, tryOutsOf } from "./try-outs.ts";
import type { Usages } from "./usage-record.ts";
import { usagesOf } from "./usages.ts";
import { type Users, usersOf } from "./users.ts";
import type { Verdicts } from "./verdict-record.ts";
import { verdictsOf } from "./verdicts.ts";

/**
 * Everything that is kept, as verbs and questions. Each verb is one transaction that also appends to `events`; the bus
 * hears of them after the commit. Promises are settled before anything else can run: two verbs never interleave.
 */
export interface Store {
  readonly tenants: Tenants;
  readonly users: Users;
  readonly agents: Agents;
  readonly campaigns: Campaigns;
  /** What came of the contacts of campaigns. */
  readonly outcomes: ContactOutcomes;
  readonly tasks: Tasks;
  readonly calls: Calls;
  /** Calls found by what was said and what is known of them. */
  readonly history: CallHistory;
  /** Calls of agents with a person in a browser. */
  readonly tryOuts: TryOuts;
  readonly transcripts: Transcripts;
  readonly callEvents: CallEvents;
  /** How the mood of calls went, as a model read it. */
  readonly callMoods: CallMoods;
  /** What people write down about calls. */
  readonly callNotes: CallNotes;
  readonly recordings: Recordings;
  readonly dnd: Dnd;
  readonly verdicts: Verdicts;
  readonly conversations: Conversations;
  readonly questions: Questions;
  readonly reports: Reports;
  /** What text models and lookups cost. */
  readonly usage: Usages;
  readonly events: EventFeed;
  /**
   * Settles every call a dead process left open with the cause `process-restarted`, moves their tasks to
   * `pending_analysis` and ends all leases. For the start, before anything dials. A call in `recordedMs` ended so long
   * after its answer, others end now: nobody was there to note it.
   */
  settleDead(tenantId: string, at: number, recordedMs?: ReadonlyMap<string, number>): Promise<SettledCall[]>;
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

/** How long a verb waits for another process that writes to the same file, in ms; then it throws. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the database and brings it up to date. Throws a `MigrationError` when the file was written by a newer version of
 * the code.
 */
export const openStore = async ({ path, clock, bus }: StoreOptions): Promise<Store> => {
  const isFile = path !== ":memory:";
  if (isFile) await mkdir(dirname(path), { recursive: true });
  const migrations = await readMigrations();
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  try {
    // Numbers and transcripts are nobody else's business; the files beside the database take over its mode.
    if (isFile) await chmod(path, 0o600);
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA foreign_keys = ON");
    migrate(db, migrations, clock.now());
  } catch (thrown) {
    db.close();
    throw thrown;
  }

  const ledger = new Ledger({ db, clock, bus });
  const settle = settlementOf(ledger);
  const settleDead = deadSettlementOf(ledger, settle);
  const moves = taskMovesOf(ledger);
  const listNumber = dndListingOf(ledger);
  let isOpen = true;
  return {
    tenants: tenantsOf(ledger),
    users: usersOf(ledger),
    agents: agentsOf(ledger),
    campaigns: campaignsOf(ledger, moves),
    outcomes: contactOutcomesOf(ledger),
    tasks: { ...tasksOf(ledger, moves), ...dueTasksOf(ledger), ...judgementsOf(ledger, moves, listNumber) },
    calls: callsOf(ledger, settle),
    history: callHistoryOf(ledger),
    tryOuts: tryOutsOf(ledger, moves),
    transcripts: transcriptsOf(ledger),
    callEvents: callEventsOf(ledger),
    callMoods: callMoodsOf(ledger),
    callNotes: callNotesOf(ledger),
    recordings: recordingsOf(ledger),
    dnd: dndOf(ledger, listNumber),
    verdicts: verdictsOf(ledger),
    conversations: conversationsOf(ledger),
    questions: questionsOf(ledger, moves),
    reports: reportsOf(ledger),
    usage: usagesOf(ledger),
    events: eventFeedOf(ledger),
    async settleDead(tenantId, at, recordedMs = new Map()) {
      return settleDead(tenantId, at, recordedMs);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
    },
  };
};
