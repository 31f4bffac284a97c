import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { AFTER_ALL_IDS, type Append, type Ledger } from "./ledger.ts";

/** A number nobody may dial. */
export interface DndEntry {
  id: string;
  /** Null: for every tenant. */
  tenantId: string | null;
  /** E.164, with `+`. */
  phone: string;
  reason: string;
  /** Who or what asked: `callee`, `user`, `import` … */
  source: string;
  createdAt: number;
}

/** What is put on the list. */
export interface NewDndEntry {
  /** E.164, with `+`. */
  phone: string;
  reason: string;
  source: string;
}

/** Verbs and questions on the do-not-dial list. */
export interface Dnd {
  /** Whether the number is on the tenant's list or on the one for all tenants. */
  has(tenantId: string, phone: string): Promise<boolean>;
  /** Puts a number on the tenant's list; a number that is there already stays as it was, without an event. */
  add(tenantId: string, entry: NewDndEntry): Promise<DndEntry>;
  /**
   * Puts many numbers on the tenant's list, all or none; gives how many were not there before. Those that were stay as
   * they are.
   */
  addAll(tenantId: string, entries: readonly NewDndEntry[]): Promise<number>;
  /** Puts a number on the list for all tenants; in no tenant's history, so without an event. */
  addForAll(entry: NewDndEntry): Promise<DndEntry>;
  /** Takes a number off the tenant's own list; the row stays for the record. */
  remove(tenantId: string, phone: string, reason: string): Promise<{ ok: true } | { ok: false; reason: "not-listed" }>;
  /** The tenant's own and the common entries, newest first; `before` is the id of the last entry of the page before. */
  list(tenantId: string, page: { limit: number; before?: string }): Promise<DndEntry[]>;
}

const COLUMNS = "id, tenant_id AS tenantId, phone, reason, source, created_at AS createdAt";

/** Puts a number on a list, inside a transaction: a tenant's, or with null the one for all. */
export type DndListing = (append: Append, tenantId: string | null, entry: NewDndEntry) => DndEntry;

/** The one way a number enters the list of a database. */
export const dndListingOf = ({ db, clock }: Ledger): DndListing => {
  const listed = db.query<DndEntry, { tenantId: string | null; phone: string }>(
    `SELECT ${COLUMNS} FROM dnd_list
     WHERE phone = $phone AND COALESCE(tenant_id, '') = COALESCE($tenantId, '') AND removed_at IS NULL`,
  );
  const insert = db.query<
    DndEntry,
    { tenantId: string | null; id: string; phone: string; reason: string; source: string; now: number }
  >(
    `INSERT INTO dnd_list (id, tenant_id, phone, reason, source, created_at)
     VALUES ($id, $tenantId, $phone, $reason, $source, $now) RETURNING ${COLUMNS}`,
  );
  return (append, tenantId, { phone, reason, source }) => {
    const known = listed.get({ tenantId, phone });
    if (known !== null) return known;
    const now = clock.now();
    const entry = insert.get({ tenantId, id: newId("dnd", now), phone, reason, source, now });
    assert(entry !== null, "an inserted entry comes back");
    if (tenantId !== null) append(tenantId, { type: "dnd.added", dndId: entry.id, source }, now);
    return entry;
  };
};

/** The do-not-dial list of a database. */
export const dndOf = (ledger: Ledger, listNumber: DndListing): Dnd => {
  const { db, clock } = ledger;
  const has = db.query<{ id: string }, { tenantId: string; phone: string }>(
    `SELECT id FROM dnd_list
     WHERE phone = $phone AND COALESCE(tenant_id, '') IN ($tenantId, '') AND removed_at IS NULL LIMIT 1`,
  );
  const isOwn = db.query<{ id: string }, { tenantId: string; phone: string }>(
    "SELECT id FROM dnd_list WHERE phone = $phone AND tenant_id = $tenantId AND removed_at IS NULL LIMIT 1",
  );
  const remove = db.query<{ id: string }, { tenantId: string; phone: string; reason: string; now: number }>(
    `UPDATE dnd_list SET removed_at = $now, removed_reason = $reason
     WHERE phone = $phone AND tenant_id = $tenantId AND removed_at IS NULL RETURNING id`,
  );
  const list = db.query<DndEntry, { tenantId: string; before: string; limit: number }>(
    `SELECT ${COLUMNS} FROM dnd_list
     WHERE (tenant_id = $tenantId OR tenant_id IS NULL) AND id < $before AND removed_at IS NULL
     ORDER BY id DESC LIMIT $limit`,
  );

  const put = (tenantId: string | null, entry: NewDndEntry): DndEntry =>
    ledger.commit((append) => listNumber(append, tenantId, entry));

  return {
    async has(tenantId, phone) {
      return has.get({ tenantId, phone }) !== null;
    },
    async add(tenantId, entry) {
      return put(tenantId, entry);
    },
    async addAll(tenantId, entries) {
      return ledger.commit((append) => {
        const fresh = entries.filter(({ phone }) => isOwn.get({ tenantId, phone }) === null);
        return new Set(fresh.map((entry) => listNumber(append, tenantId, entry).id)).size;
      });
    },
    async addForAll(entry) {
      return put(null, entry);
    },
    async remove(tenantId, phone, reason) {
      return ledger.commit((append) => {
        const row = remove.get({ tenantId, phone, reason, now: clock.now() });
        if (row === null) return { ok: false, reason: "not-listed" };
        append(tenantId, { type: "dnd.removed", dndId: row.id, reason });
        return { ok: true };
      });
    },
    async list(tenantId, { limit, before = AFTER_ALL_IDS }) {
      return list.all({ tenantId, before, limit });
    },
  };
};
