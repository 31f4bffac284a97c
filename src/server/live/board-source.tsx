import type { Bus } from "../../core/bus.ts";
import type { Clock } from "../../core/clock.ts";
import { LiveRow, LiveRows, RecentRows, type WatchedCall } from "../components/call-rows.tsx";
import { Tiles } from "../components/tiles.tsx";
import { type BoardParts, loadBoard } from "../pages/board.ts";
import type { LiveSource } from "./live-stream.ts";

/** Events that may change what the board shows. */
const MATTERS = /^(call|task|supervisor)\./;

/** A row as it looks, its clock left out: pages keep that running themselves. */
const stillOf = (watched: WatchedCall): string =>
  String(<LiveRow {...watched} now={watched.call.answeredAt ?? watched.call.createdAt} />);

/** Every call on the board, drawn whole when calls come or go and row by row when one of them changes. */
export const boardSource = (given: {
  parts: BoardParts;
  bus: Bus;
  clock: Clock;
  tenantId: string;
  /** False leaves the list of finished calls alone: the page shows another part of it. */
  withRecent: boolean;
}): LiveSource => {
  let rows = new Map<string, string>();
  let order: string | null = null;
  let rest = "";
  const { parts, bus, clock, tenantId } = given;
  return {
    listen: (ring) =>
      bus.subscribe((event) => {
        if (event.tenantId === tenantId && MATTERS.test(event.type)) ring();
      }),
    async draw() {
      const now = clock.now();
      const board = await loadBoard(parts, tenantId, now);
      const fresh = new Map(board.live.map((watched) => [watched.call.id, stillOf(watched)]));
      const orderNow = fresh.size === 0 ? `none, next at ${board.nextAt}` : [...fresh.keys()].join();
      let drawn = "";
      if (orderNow !== order) {
        drawn += String(
          <hx-partial hx-target="#live-rows" hx-swap="outerMorph">
            <LiveRows calls={board.live} now={now} nextAt={board.nextAt} />
          </hx-partial>,
        );
      } else {
        for (const watched of board.live) {
          if (rows.get(watched.call.id) === fresh.get(watched.call.id)) continue;
          drawn += String(
            <hx-partial hx-target={`#live-${watched.call.id}`} hx-swap="outerMorph">
              <LiveRow {...watched} now={now} />
            </hx-partial>,
          );
        }
      }
      const restNow = String(
        <>
          {given.withRecent ? (
            <hx-partial hx-target="#recent-rows" hx-swap="outerMorph">
              <RecentRows calls={board.recent} />
            </hx-partial>
          ) : null}
          <hx-partial hx-target="#tiles" hx-swap="outerMorph">
            <Tiles counts={board.counts} />
          </hx-partial>
        </>,
      );
      if (restNow !== rest) drawn += restNow;
      rows = fresh;
      order = orderNow;
      rest = restNow;
      return drawn;
    },
    isOver: () => false,
    everyMs: () => 0,
  };
};
