import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { TransferTarget } from "../transfer.ts";
import type { Ledger } from "./ledger.ts";

/** A voice profile: who calls. */
export interface Agent {
  id: string;
  tenantId: string;
  /** The name the agent gives. */
  name: string;
  /** On whose behalf it calls; empty leaves it to the task. */
  organization: string;
  /** BCP 47, such as `en`. */
  language: string;
  /** Voice of the model; empty is the configured one. */
  voiceName: string;
  /** Added to the prompt of each of its calls. */
  instructions: string;
  /** What it says before a person ends one of its calls; empty leaves the words to it. */
  farewell: string;
  /** Whom it may connect callees with. */
  transferTargets: TransferTarget[];
  createdAt: number;
}

/** What people write of an agent. */
export type AgentProfile = Pick<
  Agent,
  "name" | "organization" | "language" | "instructions" | "farewell" | "transferTargets"
>;

/** Verbs and questions on agents. */
export interface Agents {
  /** The tenant's oldest agent, made (named APPU, speaking `en`) if there is none. */
  ensureDefault(tenantId: string): Promise<Agent>;
  get(tenantId: string, agentId: string): Promise<Agent | null>;
  /** Writes a profile anew; null when the tenant has no such agent. Calls under way keep what they were told. */
  change(tenantId: string, agentId: string, profile: AgentProfile): Promise<Agent | null>;
  /** Oldest first. */
  list(tenantId: string): Promise<Agent[]>;
}

const COLUMNS = `id, tenant_id AS tenantId, name, organization, language, voice_name AS voiceName, instructions, farewell,
  transfer_targets AS transferTargets, created_at AS createdAt`;

/** A row of `COLUMNS`. Only the store writes the JSON in it. */
type AgentRow = Omit<Agent, "transferTargets"> & { transferTargets: string };

const agentOf = (row: AgentRow): Agent => ({ ...row, transferTargets: JSON.parse(row.transferTargets) });

/** The agents of a database. */
export const agentsOf = (ledger: Ledger): Agents => {
  const { db, clock } = ledger;
  const one = db.query<AgentRow, { tenantId: string; agentId: string }>(
    `SELECT ${COLUMNS} FROM agents WHERE tenant_id = $tenantId AND id = $agentId`,
  );
  const list = db.query<AgentRow, { tenantId: string }>(
    `SELECT ${COLUMNS} FROM agents WHERE tenant_id = $tenantId ORDER BY created_at, id`,
  );
  const insert = db.query<AgentRow, { tenantId: string; id: string; name: string; language: string; now: number }>(
    `INSERT INTO agents (tenant_id, id, name, organization, language, voice_name, instructions, created_at)
     VALUES ($tenantId, $id, $name, '', $language, '', '', $now) RETURNING ${COLUMNS}`,
  );
  const change = db.query<
    AgentRow,
    Omit<AgentProfile, "transferTargets"> & { transferTargets: string; tenantId: string; agentId: string }
  >(
    `UPDATE agents SET name = $name, organization = $organization, language = $language, instructions = $instructions,
       farewell = $farewell, transfer_targets = $transferTargets
     WHERE tenant_id = $tenantId AND id = $agentId RETURNING ${COLUMNS}`,
  );

  return {
    async ensureDefault(tenantId) {
      return ledger.commit(() => {
        const now = clock.now();
        const row =
          list.get({ tenantId }) ?? insert.get({ tenantId, id: newId("agt", now), name: "APPU", language: "en", now });
        assert(row !== null, "an inserted agent comes back");
        return agentOf(row);
      });
    },
    async get(tenantId, agentId) {
      const row = one.get({ tenantId, agentId });
      return row && agentOf(row);
    },
    async change(tenantId, agentId, { name, organization, language, instructions, farewell, transferTargets }) {
      const texts = { name, organization, language, instructions, farewell };
      const row = ledger.commit(() =>
        change.get({ tenantId, agentId, ...texts, transferTargets: JSON.stringify(transferTargets) }),
      );
      return row && agentOf(row);
    },
    async list(tenantId) {
      return list.all({ tenantId }).map(agentOf);
    },
  };
};
