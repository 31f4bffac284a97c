/** A person of a tenant. */
export interface User {
  id: string;
  tenantId: string;
  name: string;
  /** What the person may do, such as `owner`. */
  roles: string[];
  createdAt: number;
}

/** Verbs and questions on users. */
export interface Users {
  /** The tenant's owner, made if there is none. */
  ensureOwner(tenantId: string): Promise<User>;
  get(tenantId: string, userId: string): Promise<User | null>;
}
