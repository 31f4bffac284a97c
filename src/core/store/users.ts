import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";

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

interface UserRow extends Omit<User, "roles"> {
  roles: string;
}

const COLUMNS = "id, tenant_id AS tenantId, name, roles, created_at AS createdAt";
const userOf = (row: UserRow): User => ({ ...row, roles: JSON.parse(row.roles) });

/** The users of a database. */
export const usersOf = (ledger: Ledger): Users => {
  const { db, clock } = ledger;
  const one = db.query<UserRow, { tenantId: string; userId: string }>(
    `SELECT ${COLUMNS} FROM users WHERE tenant_id = $tenantId AND id = $userId`,
  );
  const owner = db.query<UserRow, { tenantId: string }>(
    `SELECT ${COLUMNS} FROM users
     WHERE tenant_id = $tenantId AND EXISTS (SELECT 1 FROM json_each(roles) WHERE value = 'owner')
     ORDER BY created_at, id LIMIT 1`,
  );
  const insert = db.query<UserRow, { tenantId: string; id: string; name: string; roles: string; now: number }>(
    `INSERT INTO users (tenant_id, id, name, roles, created_at)
     VALUES ($tenantId, $id, $name, $roles, $now) RETURNING ${COLUMNS}`,
  );

  return {
    async ensureOwner(tenantId) {
      return ledger.commit(() => {
        const now = clock.now();
        const row =
          owner.get({ tenantId }) ??
          insert.get({ tenantId, id: newId("usr", now), name: "Owner", roles: '["owner"]', now });
        assert(row !== null, "an inserted user comes back");
        return userOf(row);
      });
    },
    async get(tenantId, userId) {
      const row = one.get({ tenantId, userId });
      return row && userOf(row);
    },
  };
};
