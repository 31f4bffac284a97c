import type { StoredEvent } from "../events.ts";

/** Questions about what happened. Ids rise in the order of commits and are never used again. */
export interface EventFeed {
  /** Events with a greater id, oldest first. */
  after(tenantId: string, id: number, limit: number): Promise<StoredEvent[]>;
  /** The same, of one call. */
  ofCall(tenantId: string, callId: string, afterId: number, limit: number): Promise<StoredEvent[]>;
  /** Id of the tenant's newest event; 0 when there is none. */
  lastId(tenantId: string): Promise<number>;
}
