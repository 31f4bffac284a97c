import type { Child } from "hono/jsx";
import { CALM } from "../../agents/attention.ts";
import type { Bus } from "../../core/bus.ts";
import { callIsOver } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { supervisionRights } from "../../core/supervision.ts";
import type { Actor } from "../auth/actor.ts";
import { RecentRows } from "../components/call-rows.tsx";
import { BoardOrder, LiveRow, LiveRows, type WatchedCall } from "../components/live-rows.tsx";
import { Tiles } from "../components/tiles.tsx";
import { type Board, type BoardParts, loadBoard, rankedAgain } from "../pages/board.ts";
import type { LiveSource } from "./live-stream.ts";

/** Events that may change what the board shows. */
const MATTERS = /^(call|task|supervisor)\./;
/** Rows change places this often at most, in ms: who reads a list must be able to find a row again. */
const ORDER_MS = 2_000;

/** What the stream of the board is made from. */
export interface BoardSourceParts {
  parts: BoardParts;
  bus: Bus;
  clock: Clock;
  actor: Pick<Actor, "tenantId" | "roles">;
}

/**
 * Every call on the board: the whole of it first, then row by row where one changed. The order goes apart from the rows,
 * and the page puts them in it when nobody is about to press something; until then a call that ended keeps its row.
 */
export const boardSource = ({ parts, bus, clock, actor }: BoardSourceParts): LiveSource => {
  const { tenantId } = actor;
  const rights = supervisionRights(actor.roles);
  // Needs change more often than rows of the store.
  let isStale = true;
  let rows: ReadonlyMap<string, string> | null = null;
  let order = "";
  let orderedAt = 0;
  let isOrderDue = false;
  let rest = "";
  let tiles = "";
  let board: Board | null = null;

  /** A row as it looks, its clocks left out: pages keep those running themselves. */
  const stillOf = (watched: WatchedCall): string => String(<LiveRow {...watched} now={0} rights={rights} />);

  const part = (target: string, content: Child): string =>
    String(
      <hx-partial hx-target={target} hx-swap="outerMorph">
        {content}
      </hx-partial>,
    );

  /** A call that left the board, as what came of it; its row goes with the next order. */
  const drawGone = async (callId: string): Promise<string> => {
    const call = await parts.store.calls.get(tenantId, callId);
    if (call === null || !callIsOver(call.status)) return "";
    const over = { call, attention: CALM, present: [], now: 0, rights };
    return part(`#live-${callId}`, <LiveRow {...over} />);
  };

  const drawRows = async (
    live: readonly WatchedCall[],
    before: ReadonlyMap<string, string>,
    fresh: ReadonlyMap<string, string>,
    now: number,
  ): Promise<string> => {
    let drawn = "";
    for (const watched of live) {
      const { id } = watched.call;
      const known = before.get(id);
      if (known === fresh.get(id)) continue;
      const row = <LiveRow {...watched} now={now} rights={rights} />;
      drawn +=
        known === undefined ? String(<hx-upsert hx-target="#live-rows">{row}</hx-upsert>) : part(`#live-${id}`, row);
    }
    for (const id of before.keys()) if (!fresh.has(id)) drawn += await drawGone(id);
    return drawn;
  };

  return {
    listen(ring) {
      const stops = [
        bus.subscribe((event) => {
          if (event.tenantId !== tenantId || !MATTERS.test(event.type)) return;
          isStale = true;
          ring();
        }),
        parts.attention.listen(tenantId, "needs", ring),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    async draw() {
      const now = clock.now();
      const isLoaded = board === null || isStale;
      isStale = false;
      board = board === null || isLoaded ? await loadBoard(parts, tenantId, now) : rankedAgain(parts, board);
      const { live, recent, counts, nextAt } = board;
      const fresh = new Map(live.map((watched) => [watched.call.id, stillOf(watched)]));
      const top = <BoardOrder calls={live} rights={rights} />;
      const orderNow = `${top} ${live.length === 0 ? nextAt : ""}`;
      const isWhole = rows === null || live.length === 0 ? orderNow !== order : rows.size === 0;
      let drawn = "";
      if (isWhole) drawn += part("#live-rows", <LiveRows calls={live} now={now} nextAt={nextAt} rights={rights} />);
      else if (rows !== null) drawn += await drawRows(live, rows, fresh, now);
      isOrderDue = orderNow !== order;
      if (isOrderDue && (isWhole || now - orderedAt >= ORDER_MS)) {
        drawn += part("#live-order", top);
        order = orderNow;
        orderedAt = now;
        isOrderDue = false;
      }
      if (isLoaded) {
        const recentNow = part("#recent-rows", <RecentRows calls={recent} />);
        if (recentNow !== rest) drawn += recentNow;
        rest = recentNow;
      }
      const tilesNow = part("#tiles", <Tiles counts={counts} />);
      if (tilesNow !== tiles) drawn += tilesNow;
      tiles = tilesNow;
      rows = fresh;
      return drawn;
    },
    isOver: () => false,
    everyMs: () => (isOrderDue ? Math.max(1, ORDER_MS - (clock.now() - orderedAt)) : 0),
  };
};
