import { isAbsolute } from "node:path";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";

/** The recording of one call: stereo WAV, callee left, agent right. */
export interface Recording {
  id: string;
  tenantId: string;
  callId: string;
  /** Relative to the data folder, and inside it. */
  path: string;
  openedAt: number;
  /** Null while it is written. */
  closedAt: number | null;
  durationMs: number | null;
  bytes: number | null;
}

/** Verbs and questions on recordings; a call has one at most. */
export interface Recordings {
  /** Notes where the file will be, before its first byte. Again gives the first one. The call must be there. */
  open(tenantId: string, callId: string, file: { path: string }): Promise<Recording>;
  close(
    tenantId: string,
    callId: string,
    file: { durationMs: number; bytes: number },
  ): Promise<{ ok: true; recording: Recording } | { ok: false; reason: "not-open" }>;
  of(tenantId: string, callId: string): Promise<Recording | null>;
  /** Recordings that nobody closed, oldest first: those of live calls and of a dead process. */
  unfinished(tenantId: string): Promise<Recording[]>;
}

const COLUMNS = `id, tenant_id AS tenantId, call_id AS callId, path, opened_at AS openedAt, closed_at AS closedAt,
  duration_ms AS durationMs, bytes`;

/** The recordings of a database. */
export const recordingsOf = (ledger: Ledger): Recordings => {
  const { db, clock } = ledger;
  const of = db.query<Recording, { tenantId: string; callId: string }>(
    `SELECT ${COLUMNS} FROM recordings WHERE tenant_id = $tenantId AND call_id = $callId`,
  );
  const insert = db.query<Recording, { tenantId: string; callId: string; id: string; path: string; now: number }>(
    `INSERT INTO recordings (tenant_id, call_id, id, path, opened_at)
     VALUES ($tenantId, $callId, $id, $path, $now) RETURNING ${COLUMNS}`,
  );
  const close = db.query<
    Recording,
    { tenantId: string; callId: string; now: number; durationMs: number; bytes: number }
  >(
    `UPDATE recordings SET closed_at = $now, duration_ms = $durationMs, bytes = $bytes
     WHERE tenant_id = $tenantId AND call_id = $callId AND closed_at IS NULL RETURNING ${COLUMNS}`,
  );
  const unfinished = db.query<Recording, { tenantId: string }>(
    `SELECT ${COLUMNS} FROM recordings WHERE tenant_id = $tenantId AND closed_at IS NULL ORDER BY id`,
  );

  return {
    async open(tenantId, callId, { path }) {
      assert(!isAbsolute(path) && !path.split(/[\\/]/).includes(".."), "a recording lies inside the data folder");
      return ledger.commit(() => {
        const now = clock.now();
        const recording =
          of.get({ tenantId, callId }) ?? insert.get({ tenantId, callId, id: newId("rec", now), path, now });
        assert(recording !== null, "an inserted recording comes back");
        return recording;
      });
    },
    async close(tenantId, callId, file) {
      return ledger.commit((append) => {
        const now = clock.now();
        const durationMs = Math.round(file.durationMs);
        const recording = close.get({ tenantId, callId, now, durationMs, bytes: file.bytes });
        if (recording === null) return { ok: false, reason: "not-open" };
        const { id: recordingId } = recording;
        append(tenantId, { type: "recording.closed", callId, recordingId, durationMs, bytes: file.bytes }, now);
        return { ok: true, recording };
      });
    },
    async of(tenantId, callId) {
      return of.get({ tenantId, callId });
    },
    async unfinished(tenantId) {
      return unfinished.all({ tenantId });
    },
  };
};
