import type { StoredEvent } from "../events.ts";
import type { Ledger } from "./ledger.ts";

/** Questions about what happened. Ids rise in the order of commits and are never used again. */
export interface EventFeed {
  /** Events with a greater id, oldest first. */
  after(tenantId: string, id: number, limit: number): Promise<StoredEvent[]>;
  /** The same, of one call. */
  ofCall(tenantId: string, callId: string, afterId: number, limit: number): Promise<StoredEvent[]>;
  /** Id of the tenant's newest event; 0 when there is none. */
  lastId(tenantId: string): Promise<number>;
}

interface EventRow {
  id: number;
  at: number;
  type: string;
  data: string;
}

/** The event feed of a database. */
export const eventFeedOf = ({ db }: Ledger): EventFeed => {
  const after = db.query<EventRow, { tenantId: string; id: number; limit: number }>(
    `SELECT id, at, type, data FROM events
     WHERE tenant_id = $tenantId AND id > $id ORDER BY id LIMIT $limit`,
  );
  const ofCall = db.query<EventRow, { tenantId: string; callId: string; id: number; limit: number }>(
    `SELECT id, at, type, data FROM events
     WHERE tenant_id = $tenantId AND call_id = $callId AND id > $id ORDER BY id LIMIT $limit`,
  );
  const lastId = db.query<{ id: number | null }, { tenantId: string }>(
    "SELECT MAX(id) AS id FROM events WHERE tenant_id = $tenantId",
  );
  // Only the ledger writes these rows, from a DomainEvent.
  const eventOf = (tenantId: string, { id, at, type, data }: EventRow) =>
    ({ type, ...JSON.parse(data), id, tenantId, at }) as StoredEvent;

  return {
    async after(tenantId, id, limit) {
      return after.all({ tenantId, id, limit }).map((row) => eventOf(tenantId, row));
    },
    async ofCall(tenantId, callId, afterId, limit) {
      return ofCall.all({ tenantId, callId, id: afterId, limit }).map((row) => eventOf(tenantId, row));
    },
    async lastId(tenantId) {
      return lastId.get({ tenantId })?.id ?? 0;
    },
  };
};
