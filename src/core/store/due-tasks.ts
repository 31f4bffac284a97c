import type { Ledger } from "./ledger.ts";
import { type ClaimedTask, TASK_COLUMNS, type TaskRow, type Tasks, taskOf } from "./task-record.ts";

const WAITS = "tenant_id = $tenantId AND status = 'pending' AND next_action_at IS NOT NULL";

/**
 * One task of each lane: from a lane to the next in one step of the index, whatever number of tasks stands in between.
 * A lane is what stands in one campaign with one priority. SQLite takes a comparison of pairs only half into an index,
 * so the next lane is asked for in two questions.
 */
const LANES = `WITH RECURSIVE heads (head) AS (
    SELECT (SELECT rowid FROM tasks WHERE ${WAITS} ORDER BY urgency, lane LIMIT 1)
    UNION ALL
    SELECT COALESCE(
      (SELECT n.rowid FROM tasks n
       WHERE n.tenant_id = $tenantId AND n.status = 'pending' AND n.next_action_at IS NOT NULL
         AND n.urgency = h.urgency AND n.lane > h.lane
       ORDER BY n.lane LIMIT 1),
      (SELECT n.rowid FROM tasks n
       WHERE n.tenant_id = $tenantId AND n.status = 'pending' AND n.next_action_at IS NOT NULL
         AND n.urgency > h.urgency
       ORDER BY n.urgency, n.lane LIMIT 1))
    FROM heads JOIN tasks h ON h.rowid = heads.head)`;

/** The lanes that may dial: `h` is one of its tasks, `c` its campaign if it has one. */
const OPEN_LANES = `heads JOIN tasks h ON h.rowid = heads.head
    LEFT JOIN campaigns c ON c.tenant_id = $tenantId AND c.id = h.campaign_id
  WHERE (c.id IS NULL OR c.status = 'active')`;

/** Claims on the tasks of a database that are due. */
export const dueTasksOf = (ledger: Ledger): Pick<Tasks, "claimDue" | "nextDueAt"> => {
  const { db } = ledger;
  const mostPressing = db.query<{ taskId: string | null; lane: string }, { tenantId: string; now: number }>(
    `${LANES}, lanes AS MATERIALIZED (
       SELECT h.urgency, h.lane, c.max_concurrent AS most,
         (SELECT COUNT(*) FROM tasks r WHERE r.tenant_id = $tenantId AND r.lane = h.lane AND r.status = 'in-progress')
         + (SELECT COUNT(*) FROM tasks r WHERE r.tenant_id = $tenantId AND r.lane = h.lane AND r.status = 'pending'
              AND r.lease_until > $now) AS running,
         (SELECT d.id FROM tasks d
          WHERE d.tenant_id = $tenantId AND d.urgency = h.urgency AND d.lane = h.lane AND d.status = 'pending'
            AND d.next_action_at <= $now AND (d.lease_until IS NULL OR d.lease_until <= $now)
          ORDER BY d.next_action_at, d.id LIMIT 1) AS taskId
       FROM ${OPEN_LANES} AND COALESCE(c.undo_until, 0) <= $now)
     SELECT lanes.taskId, lanes.lane FROM lanes
       LEFT JOIN lane_turns l ON l.tenant_id = $tenantId AND l.lane = lanes.lane
     WHERE lanes.taskId IS NOT NULL AND (lanes.most IS NULL OR lanes.running < lanes.most)
     ORDER BY lanes.urgency, lanes.running, COALESCE(l.turn, 0), lanes.lane LIMIT 1`,
  );
  const claim = db.query<
    TaskRow & Pick<ClaimedTask, "leaseToken" | "leaseUntil">,
    { tenantId: string; taskId: string; until: number }
  >(
    `UPDATE tasks SET lease_until = $until, lease_token = lease_token + 1
     WHERE tenant_id = $tenantId AND id = $taskId
     RETURNING ${TASK_COLUMNS}, lease_token AS leaseToken, lease_until AS leaseUntil`,
  );
  const takeTurn = db.query<null, { tenantId: string; lane: string }>(
    `INSERT INTO lane_turns (tenant_id, lane, turn)
     SELECT $tenantId, $lane, COALESCE(MAX(turn), 0) + 1 FROM lane_turns WHERE tenant_id = $tenantId
     ON CONFLICT (tenant_id, lane) DO UPDATE SET turn = excluded.turn`,
  );
  const nextDue = db.query<{ at: number | null }, { tenantId: string }>(
    `${LANES}, lanes AS MATERIALIZED (
       SELECT COALESCE(c.undo_until, 0) AS undoUntil,
         (SELECT d.next_action_at FROM tasks d
          WHERE d.tenant_id = $tenantId AND d.urgency = h.urgency AND d.lane = h.lane AND d.status = 'pending'
            AND d.next_action_at IS NOT NULL AND d.lease_until IS NULL
          ORDER BY d.next_action_at LIMIT 1) AS free,
         (SELECT MIN(MAX(d.next_action_at, d.lease_until)) FROM tasks d
          WHERE d.tenant_id = $tenantId AND d.lane = h.lane AND d.status = 'pending'
            AND d.lease_until IS NOT NULL AND d.next_action_at IS NOT NULL) AS held
       FROM ${OPEN_LANES})
     SELECT MIN(MAX(undoUntil, COALESCE(MIN(free, held), free, held))) AS at FROM lanes`,
  );

  return {
    async claimDue(tenantId, { now, leaseMs, limit }) {
      return ledger.commit(() => {
        const claimed: ClaimedTask[] = [];
        while (claimed.length < limit) {
          const next = mostPressing.get({ tenantId, now });
          if (next === null || next.taskId === null) break;
          const row = claim.get({ tenantId, taskId: next.taskId, until: now + leaseMs });
          if (row === null) break;
          takeTurn.run({ tenantId, lane: next.lane });
          claimed.push(taskOf(row));
        }
        return claimed;
      });
    },
    async nextDueAt(tenantId) {
      return nextDue.get({ tenantId })?.at ?? null;
    },
  };
};
