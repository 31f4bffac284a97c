import { assert } from "../errors.ts";
import type { DomainEvent } from "../events.ts";
import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";

/** One line of a call's timeline. */
export interface TimelineEntry {
  id: string;
  tenantId: string;
  callId: string;
  /** Epoch ms. */
  at: number;
  /** Short name, such as `answered`, `barge-in`, `tool`. */
  kind: string;
  /** One plain sentence or value; may be empty. */
  detail: string;
}

/** Events about a call that no row but the timeline holds. */
export type CallFact = Extract<
  DomainEvent,
  {
    type:
      | "tool.called"
      | "dtmf.received"
      | "dtmf.sent"
      | "voice.lost"
      | `supervisor.${"joined" | "mode" | "whispered" | "hung-up" | "left"}`
      | `help.${"raised" | "dismissed"}`
      | `transfer.${"asked" | "made" | "failed" | "over"}`;
  }
>;

/** Verbs and questions on the timeline of a call. The verbs on calls add their own lines. */
export interface CallEvents {
  /** Adds a line, and with `event` announces it in the same transaction. The call must be there. */
  add(
    tenantId: string,
    callId: string,
    entry: { at: number; kind: string; detail: string; event?: CallFact },
  ): Promise<TimelineEntry>;
  /** In order of time. */
  of(tenantId: string, callId: string): Promise<TimelineEntry[]>;
}

/** Adds a line to a call's timeline, inside a transaction. */
export type AddLine = (tenantId: string, callId: string, at: number, kind: string, detail: string) => TimelineEntry;

const COLUMNS = "id, tenant_id AS tenantId, call_id AS callId, at, kind, detail";

/** The one statement that adds lines, for all groups whose verbs leave one. */
export const timelineOf = ({ db }: Ledger): AddLine => {
  const insert = db.query<
    TimelineEntry,
    { tenantId: string; callId: string; id: string; at: number; kind: string; detail: string }
  >(
    `INSERT INTO call_events (tenant_id, call_id, id, at, kind, detail)
     VALUES ($tenantId, $callId, $id, $at, $kind, $detail) RETURNING ${COLUMNS}`,
  );
  return (tenantId, callId, at, kind, detail) => {
    const entry = insert.get({ tenantId, callId, id: newId("cev", at), at, kind, detail });
    assert(entry !== null, "an inserted line comes back");
    return entry;
  };
};

/** The timelines of a database. */
export const callEventsOf = (ledger: Ledger): CallEvents => {
  const addLine = timelineOf(ledger);
  const of = ledger.db.query<TimelineEntry, { tenantId: string; callId: string }>(
    `SELECT ${COLUMNS} FROM call_events WHERE tenant_id = $tenantId AND call_id = $callId ORDER BY at, seq`,
  );
  return {
    async add(tenantId, callId, { at, kind, detail, event }) {
      return ledger.commit((append) => {
        const entry = addLine(tenantId, callId, at, kind, detail);
        if (event !== undefined) {
          assert(event.callId === callId, "an event of a timeline is about its call");
          append(tenantId, event, at);
        }
        return entry;
      });
    },
    async of(tenantId, callId) {
      return of.all({ tenantId, callId });
    },
  };
};
