import type { Hono } from "hono";
import { supervisionRights } from "../../core/supervision.ts";
import type { AppParts } from "../app-parts.ts";
import { RecentTable } from "../components/call-rows.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { BoardOrder, LiveTable } from "../components/live-rows.tsx";
import { Tiles } from "../components/tiles.tsx";
import type { ServerEnv } from "../request-context.ts";
import { loadBoard } from "./board.ts";
import { renderPage } from "./render.tsx";

/** The live board with the calls under it that have just ended. */
export const callsRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/calls", async (c) => {
    const { tenantId, roles } = c.get("actor");
    const rights = supervisionRights(roles);
    const now = parts.clock.now();
    const board = await loadBoard(parts, tenantId, now);
    return renderPage(
      c,
      { title: "Calls", live: true, wide: true },
      <>
        <header class="page-head">
          <h1>Calls</h1>
          <LiveFeed path="/sse/calls" always />
        </header>
        <Tiles counts={board.counts} />
        <section id="board" class="card">
          <header class="card-head">
            <h2>Now</h2>
            <BoardOrder calls={board.live} rights={rights} />
          </header>
          <LiveTable calls={board.live} now={now} nextAt={board.nextAt} rights={rights} />
        </section>
        <section class="card">
          <header class="card-head">
            <h2>Just finished</h2>
            <a class="btn small quiet" href="/history">
              All finished calls
            </a>
          </header>
          <RecentTable calls={board.recent} />
        </section>
      </>,
    );
  });
};
