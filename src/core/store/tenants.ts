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

/** Questions about tenants. */
export interface Tenants {
  /** The tenant `default`, made if it is not there. */
  ensureDefault(): Promise<Tenant>;
  all(): Promise<Tenant[]>;
  get(tenantId: string): Promise<Tenant | null>;
}
