import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import { repairRecording } from "../media/engine/recorder.ts";
import { closeSupervision } from "./supervision-left-open.ts";

/**
 * Settles what a process that died left open, before anything dials: its calls end with the cause `process-restarted`,
 * their tasks wait to be judged, and their recordings are made playable up to the last second that reached the disk.
 * Supervisors who were on them have left. An answered call ended where its recording does: the time until this start is no part of it. Channels it left at a
 * carrier are hung up by the carrier's own reconciliation.
 */
export const settleDead = async (deps: { store: Store; dataDir: string; now: number; log: Log }): Promise<void> => {
  const { store, dataDir, now, log } = deps;
  for (const tenant of await store.tenants.all()) {
    const unfinished = await store.recordings.unfinished(tenant.id);
    const files = new Map<string, { durationMs: number; bytes: number }>();
    for (const { callId, path } of unfinished) {
      try {
        files.set(callId, (await repairRecording(join(dataDir, path))) ?? { durationMs: 0, bytes: 0 });
      } catch (thrown) {
        log.error({ callId, problem: messageOf(thrown) }, "a recording could not be repaired");
      }
    }
    const heard = [...files].filter(([, { bytes }]) => bytes > 0);
    const recordedMs = new Map(heard.map(([callId, { durationMs }]) => [callId, durationMs]));
    const settled = await store.settleDead(tenant.id, now, recordedMs);
    for (const { callId } of settled) await closeSupervision(store, tenant.id, callId, now);
    // Nobody holds the line any more: answers from now on are for the next call.
    await store.questions.expireDue(tenant.id, now);
    if (settled.length > 0)
      log.warn({ tenantId: tenant.id, calls: settled.length }, "calls of a dead process were settled");
    for (const [callId, { durationMs, bytes }] of files) {
      await store.recordings.close(tenant.id, callId, { durationMs, bytes });
    }
  }
};
