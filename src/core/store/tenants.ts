import { assert } from "../errors.ts";
import type { Ledger } from "./ledger.ts";

/** A customer. Everything of a customer carries its id. */
export interface Tenant {
  id: string;
  name: string;
  /** A suspended tenant keeps its data and dials nobody. */
  status: "active" | "suspended";
  /** Calls at the same time; null leaves it to the process's own limit. */
  maxConcurrentCalls: number | null;
  createdAt: number;
}

/** Id of the tenant that a fresh install has. */
export const DEFAULT_TENANT_ID = "default";

/** Verbs and questions on tenants. */
export interface Tenants {
  /** The tenant `default`, made if it is not there. */
  ensureDefault(): Promise<Tenant>;
  /** Makes a tenant; the id must be new. */
  create(tenant: { id: string; name: string; maxConcurrentCalls?: number | null }): Promise<Tenant>;
  /** Oldest first. */
  all(): Promise<Tenant[]>;
  get(tenantId: string): Promise<Tenant | null>;
  /** Suspends a tenant or lets it dial again; null when there is none. */
  setStatus(tenantId: string, status: Tenant["status"]): Promise<Tenant | null>;
}

const COLUMNS = "id, name, status, max_concurrent_calls AS maxConcurrentCalls, created_at AS createdAt";

/** The tenants of a database. */
export const tenantsOf = ({ db, clock }: Ledger): Tenants => {
  const one = db.query<Tenant, { tenantId: string }>(`SELECT ${COLUMNS} FROM tenants WHERE id = $tenantId`);
  const all = db.query<Tenant, []>(`SELECT ${COLUMNS} FROM tenants ORDER BY created_at, id`);
  const insert = db.query<Tenant, { id: string; name: string; maxConcurrentCalls: number | null; now: number }>(
    `INSERT INTO tenants (id, name, max_concurrent_calls, created_at)
     VALUES ($id, $name, $maxConcurrentCalls, $now) RETURNING ${COLUMNS}`,
  );
  const setStatus = db.query<Tenant, { tenantId: string; status: string }>(
    `UPDATE tenants SET status = $status WHERE id = $tenantId RETURNING ${COLUMNS}`,
  );

  const create: Tenants["create"] = async ({ id, name, maxConcurrentCalls = null }) => {
    const tenant = insert.get({ id, name, maxConcurrentCalls, now: clock.now() });
    assert(tenant !== null, "an inserted tenant comes back");
    return tenant;
  };

  return {
    async ensureDefault() {
      return one.get({ tenantId: DEFAULT_TENANT_ID }) ?? (await create({ id: DEFAULT_TENANT_ID, name: "Default" }));
    },
    create,
    async all() {
      return all.all();
    },
    async get(tenantId) {
      return one.get({ tenantId });
    },
    async setStatus(tenantId, status) {
      return setStatus.get({ tenantId, status });
    },
  };
};
