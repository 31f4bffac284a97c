import { BROWSER_CARRIER } from "../call.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import { timelineOf } from "./call-events.ts";
import { CALL_SELECT, type Call, type CallRow, callOf, LIVE_STATUSES } from "./call-record.ts";
import type { Ledger } from "./ledger.ts";
import type { TaskMoves } from "./task-moves.ts";

/** A call of an agent with the person who tries it out in a browser. */
export interface NewTryOut {
  agentId: string;
  /** What the agent is to reach. */
  action: string;
  /** What the agent should know. */
  context?: string;
  /** Who the person plays; empty for nobody in particular. */
  calleeName?: string;
  voice: string;
  /** Most calls of all tenants at once. */
  concurrent: number;
  /** Epoch ms. */
  at: number;
}

/** Why there was no try-out. */
export type TryOutRefusal = "unknown-agent" | "tenant-suspended" | "no-room";

/** Verbs on try-outs: calls that dial no number. */
export interface TryOuts {
  /**
   * Makes a task under way and its only call, with the carrier `browser`, in one transaction. Neither has a number: the
   * empty one, which no list and no count of numbers knows. The task is `completed` with the end of its call: it is
   * never tried again, never judged, in no list of tasks and in no report. The places of live calls bound it.
   */
  begin(tenantId: string, tryOut: NewTryOut): Promise<{ ok: true; call: Call } | { ok: false; reason: TryOutRefusal }>;
}

type Named = { tenantId: string; callId: string };

/** The try-outs of a database. */
export const tryOutsOf = (ledger: Ledger, moves: TaskMoves): TryOuts => {
  const { db } = ledger;
  const addLine = timelineOf(ledger);
  const agentOf = db.query<
    { name: string; organization: string; language: string },
    { tenantId: string; agentId: string }
  >("SELECT name, organization, language FROM agents WHERE tenant_id = $tenantId AND id = $agentId");
  const roomOf = db.query<
    { status: string; most: number | null; calls: number; allCalls: number },
    { tenantId: string }
  >(
    `SELECT status, max_concurrent_calls AS most,
       (SELECT COUNT(*) FROM calls c WHERE c.tenant_id = tenants.id AND c.status IN ${LIVE_STATUSES}) AS calls,
       (SELECT COUNT(*) FROM calls c WHERE c.status IN ${LIVE_STATUSES}) AS allCalls
     FROM tenants WHERE id = $tenantId`,
  );
  const startTask = db.query<null, { tenantId: string; taskId: string; at: number }>(
    `UPDATE tasks SET status = 'in-progress', attempts = 1, next_action_at = NULL, updated_at = $at
     WHERE tenant_id = $tenantId AND id = $taskId`,
  );
  const insert = db.query<null, Named & { taskId: string; carrier: string; voice: string; at: number }>(
    `INSERT INTO calls (tenant_id, id, task_id, attempt, carrier, voice, to_phone, from_phone, status, created_at)
     VALUES ($tenantId, $callId, $taskId, 1, $carrier, $voice, '', NULL, 'pending_initiation', $at)`,
  );
  const one = db.query<CallRow, Named>(`${CALL_SELECT} WHERE c.tenant_id = $tenantId AND c.id = $callId`);

  return {
    async begin(tenantId, { agentId, action, context = "", calleeName = "", voice, concurrent, at }) {
      return ledger.commit((append) => {
        const agent = agentOf.get({ tenantId, agentId });
        if (agent === null) return { ok: false, reason: "unknown-agent" };
        const room = roomOf.get({ tenantId });
        if (room?.status !== "active") return { ok: false, reason: "tenant-suspended" };
        if (room.allCalls >= concurrent || (room.most !== null && room.calls >= room.most)) {
          return { ok: false, reason: "no-room" };
        }
        const { name: agentName, organization, language } = agent;
        const words = { action, context, calleeName, agentName, organization, language };
        const { id: taskId } = moves.insert(append, tenantId, { phone: "", agentId, maxAttempts: 1, ...words });
        startTask.run({ tenantId, taskId, at });
        append(tenantId, { type: "task.changed", taskId, from: "pending", to: "in-progress" }, at);
        const callId = newId("call", at);
        insert.run({ tenantId, callId, taskId, carrier: BROWSER_CARRIER, voice, at });
        addLine(tenantId, callId, at, "created", "");
        append(tenantId, { type: "call.created", callId, taskId, carrier: BROWSER_CARRIER, voice }, at);
        const row = one.get({ tenantId, callId });
        assert(row !== null, "an inserted call comes back");
        return { ok: true, call: callOf(row) };
      });
    },
  };
};
