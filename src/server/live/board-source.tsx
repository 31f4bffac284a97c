import type { Bus } from "../../core/bus.ts";
import type { Clock } from "../../core/clock.ts";
import type { Store } from "../../core/store/open.ts";
import { byNeed, LiveRow, LiveRows, RecentRows } from "../components/call-rows.tsx";
import { Tiles } from "../components/tiles.tsx";
import { loadBoard } from "../pages/board.ts";
import type { LiveSource } from "./live-stream.ts";

/** Every call on the board, drawn whole when calls come or go and row by row when one of them changes. */
export const boardSource = (given: {
  store: Store;
  bus: Bus;
  clock: Clock;
  tenantId: string;
  /** False leaves the list of finished calls alone: the page shows another part of it. */
  withRecent: boolean;
}): LiveSource => {
  let rows = new Map<string, string>();
  let rest = "";
  const { store, bus, clock, tenantId } = given;
  return {
    listen: (ring) =>
      bus.subscribe((event) => {
        if (event.tenantId === tenantId && (event.type.startsWith("call.") || event.type.startsWith("task."))) ring();
      }),
    async draw() {
      const now = clock.now();
      const board = await loadBoard(store, tenantId, now);
      const fresh = new Map(
        byNeed(board.live).map((call) => [
          call.id,
          String(<LiveRow call={call} now={call.answeredAt ?? call.createdAt} />),
        ]),
      );
      const sameOrder = [...fresh.keys()].join() === [...rows.keys()].join();
      let drawn = "";
      if (!sameOrder || rest === "") {
        drawn += String(
          <hx-partial hx-target="#live-rows" hx-swap="outerMorph">
            <LiveRows calls={byNeed(board.live)} now={now} nextAt={board.nextAt} />
          </hx-partial>,
        );
      } else {
        for (const call of board.live) {
          if (rows.get(call.id) === fresh.get(call.id)) continue;
          drawn += String(
            <hx-partial hx-target={`#live-${call.id}`} hx-swap="outerMorph">
              <LiveRow call={call} now={now} />
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
      rest = restNow;
      return drawn;
    },
    isOver: () => false,
    everyMs: () => 0,
  };
};
