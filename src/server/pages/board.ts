import type { Call } from "../../core/store/call-record.ts";
import type { Store } from "../../core/store/open.ts";
import type { Present } from "../../media/supervision/messages.ts";
import type { AttentionBoard } from "../attention-watch.ts";
import { needLevel } from "../components/call-need.tsx";
import { byNeed, type WatchedCall } from "../components/live-rows.tsx";
import type { BoardCounts } from "../components/tiles.tsx";

/** Finished calls shown under the board; the history has all of them. */
const RECENT = 8;
/** Calls looked at for the figures of today; a busier day shows this many. */
const COUNTED = 200;

/** What the board and the home page show. */
export interface Board {
  /** Calls under way, as the store has them. */
  calls: readonly Call[];
  /** The same by need, with who supervises them. */
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

/** The same calls as they stand now: needs and supervisors are in memory, so that this asks the store nothing. */
export const rankedAgain = ({ supervision, attention }: BoardParts, board: Board): Board => {
  const { calls } = board;
  const live = byNeed(
    calls.map((call) => ({ call, attention: attention.of(call.id), present: supervision.present(call.id) })),
  );
  const needHelp = live.filter((one) => needLevel(one.attention) === "help").length;
  return { ...board, live, counts: { ...board.counts, needHelp } };
};

/** Looks up everything the board shows, as of `now`. */
export const loadBoard = async (parts: BoardParts, tenantId: string, now: number): Promise<Board> => {
  const { store } = parts;
  const [live, over, tasks, nextAt] = await Promise.all([
    store.calls.live(tenantId),
    store.calls.list(tenantId, { live: false, limit: COUNTED }),
    store.tasks.countByStatus(tenantId),
    store.tasks.nextDueAt(tenantId),
  ]);
  const since = startOfDay(now);
  const today = over.filter((call) => call.createdAt >= since);
  return rankedAgain(parts, {
    calls: live,
    live: [],
    recent: over.slice(0, RECENT),
    nextAt,
    counts: {
      live: live.length,
      needHelp: 0,
      waiting: tasks.pending ?? 0,
      today: today.length + live.filter((call) => call.createdAt >= since).length,
      reachedToday: today.filter((call) => call.disposition === "answered").length,
    },
  });
};
