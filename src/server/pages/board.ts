import type { Call } from "../../core/store/call-record.ts";
import type { Store } from "../../core/store/open.ts";
import type { Present } from "../../media/supervision/messages.ts";
import type { AttentionBoard } from "../attention-watch.ts";
import { needLevel } from "../components/call-need.tsx";
import { byNeed, type WatchedCall } from "../components/live-rows.tsx";
import type { BoardCounts } from "../components/tiles.tsx";

/** Finished calls shown under the board. */
const RECENT = 25;
/** Calls looked at for the figures of today; a busier day shows this many. */
const COUNTED = 200;

/** What the board and the home page show. */
export interface Board {
  /** By need. */
  live: WatchedCall[];
  recent: Call[];
  counts: BoardCounts;
  /** When the next task is due, epoch ms. */
  nextAt: number | null;
}

/** Midnight of this day in the server's zone, epoch ms. */
const startOfDay = (now: number): number =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(Temporal.Now.timeZoneId()).startOfDay()
    .epochMilliseconds;

/** What boards are taken from; `present` tells who supervises a call. */
export interface BoardParts {
  store: Store;
  supervision: { present(callId: string): readonly Present[] };
  attention: Pick<AttentionBoard, "of" | "listen">;
}

/** Looks up everything the board shows, as of `now`. */
export const loadBoard = async (
  { store, supervision, attention }: BoardParts,
  tenantId: string,
  now: number,
): Promise<Board> => {
  const [live, over, tasks, nextAt] = await Promise.all([
    store.calls.live(tenantId),
    store.calls.list(tenantId, { live: false, limit: COUNTED }),
    store.tasks.countByStatus(tenantId),
    store.tasks.nextDueAt(tenantId),
  ]);
  const since = startOfDay(now);
  const today = over.filter((call) => call.createdAt >= since);
  const watched = live.map((call) => ({
    call,
    attention: attention.of(call.id),
    present: supervision.present(call.id),
  }));
  const ranked = byNeed(watched);
  return {
    live: ranked,
    recent: over.slice(0, RECENT),
    nextAt,
    counts: {
      live: live.length,
      needHelp: ranked.filter((one) => needLevel(one.attention) === "help").length,
      waiting: tasks.pending ?? 0,
      today: today.length + live.filter((call) => call.createdAt >= since).length,
      reachedToday: today.filter((call) => call.disposition === "answered").length,
    },
  };
};
