import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import { repairRecording } from "../media/engine/recorder.ts";

/**
 * Settles what a process that died left open, before anything dials: its calls end with the cause `process-restarted`,
 * their tasks wait to be judged, and their recordings are made playable up to the last second that reached the disk.
 * Channels it left at a carrier are hung up by the carrier's own reconciliation.
 */
export const settleDead = async (deps: { store: Store; dataDir: string; now: number; log: Log }): Promise<void> => {
  const { store, dataDir, now, log } = deps;
  for (const tenant of await store.tenants.all()) {
    const settled = await store.settleDead(tenant.id, now);
    if (settled.length > 0)
      log.warn({ tenantId: tenant.id, calls: settled.length }, "calls of a dead process were settled");
    for (const recording of await store.recordings.unfinished(tenant.id)) {
      try {
        const file = await repairRecording(join(dataDir, recording.path));
        const { durationMs, bytes } = file ?? { durationMs: 0, bytes: 0 };
        await store.recordings.close(tenant.id, recording.callId, { durationMs, bytes });
      } catch (thrown) {
        log.error({ callId: recording.callId, problem: messageOf(thrown) }, "a recording could not be repaired");
      }
    }
  }
};
