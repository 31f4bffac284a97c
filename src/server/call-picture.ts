import type { Store } from "../core/store/open.ts";
import { mayReadWhispers } from "../core/supervision.ts";
import type { Present } from "../media/supervision/messages.ts";
import type { AttentionBoard } from "./attention-watch.ts";
import type { Actor } from "./auth/actor.ts";
import type { CallPicture } from "./components/call-body.tsx";
import type { SpokenNow } from "./live/spoken-now.ts";
import { recordingPath } from "./recording-path.ts";
import type { WavePeaksCache } from "./wave-peaks.ts";

/** What pictures of calls are taken from. */
export interface PictureParts {
  store: Store;
  spoken: SpokenNow;
  peaks: WavePeaksCache;
  dataDir: string;
  supervision: { present(callId: string): readonly Present[] };
  attention: Pick<AttentionBoard, "of" | "listen">;
}

/** Looks up everything the page of one call shows this actor; null when the tenant has no such call. */
export const callPicture = async (
  parts: PictureParts,
  { tenantId, roles }: Pick<Actor, "tenantId" | "roles">,
  callId: string,
): Promise<CallPicture | null> => {
  const { store, spoken } = parts;
  const call = callId.length <= 60 ? await store.calls.get(tenantId, callId) : null;
  if (call === null) return null;
  const [said, timeline, moods, recording, notes, tags] = await Promise.all([
    store.transcripts.of(tenantId, callId),
    store.callEvents.of(tenantId, callId),
    store.callMoods.of(tenantId, callId),
    store.recordings.of(tenantId, callId),
    store.callNotes.of(tenantId, callId),
    store.callNotes.tagsOf(tenantId, callId),
  ]);
  const path = recording?.closedAt == null ? null : recordingPath(parts.dataDir, recording.path);
  const isShown = ({ whispered }: { whispered: boolean }): boolean => !whispered || mayReadWhispers(roles);
  const turns = said.filter(isShown);
  const known = new Set(turns.map((turn) => turn.key));
  return {
    call,
    attention: parts.attention.of(callId),
    present: parts.supervision.present(callId),
    turns,
    partials: spoken.partials(callId).filter((turn) => isShown(turn) && !known.has(turn.key)),
    timeline,
    moods,
    notes,
    tags,
    recording,
    peaks: recording === null || path === null ? null : await parts.peaks.of(recording.id, path),
    levels: spoken.levels(callId),
  };
};
