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

/** Verbs and questions on the do-not-dial list. */
export interface Dnd {
  /** Whether the number is on the tenant's list or on the one for all tenants. */
  has(tenantId: string, phone: string): Promise<boolean>;
  /** Puts a number on the tenant's list; a number that is there already stays as it was. */
  add(tenantId: string, entry: { phone: string; reason: string; source: string }): Promise<DndEntry>;
  /** Puts a number on the list for all tenants. */
  addForAll(entry: { phone: string; reason: string; source: string }): Promise<DndEntry>;
  /** Takes a number off the tenant's own list; the row stays for the record. */
  remove(tenantId: string, phone: string, reason: string): Promise<{ ok: true } | { ok: false; reason: "not-listed" }>;
  /** The tenant's own and the common entries, newest first; `before` is the id of the last entry of the page before. */
  list(tenantId: string, page: { limit: number; before?: string }): Promise<DndEntry[]>;
}
