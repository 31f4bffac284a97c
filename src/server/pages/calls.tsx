import type { Hono } from "hono";
import { z } from "zod";
import { supervisionRights } from "../../core/supervision.ts";
import { CallView } from "../api/call-view.ts";
import type { AppParts } from "../app-parts.ts";
import { RecentTable } from "../components/call-rows.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { BoardOrder, LiveTable } from "../components/live-rows.tsx";
import { Pager } from "../components/pager.tsx";
import { Tiles } from "../components/tiles.tsx";
import type { ServerEnv } from "../request-context.ts";
import { loadBoard } from "./board.ts";
import { renderPage } from "./render.tsx";

/** Finished calls on a page. */
const PAGE = 25;

const STATUSES = [
  ["", "All"],
  ["completed_attempt", "Talked"],
  ["failed_attempt", "Not reached"],
  ["dropped_connection", "Cut off"],
] as const;

/** Filter and place in the list; what cannot be read counts as not given, so that any link opens. */
const Query = z.object({
  status: CallView.shape.status.optional().catch(undefined),
  before: z.string().max(60).optional().catch(undefined),
});

/** The live board with the finished calls under it. */
export const callsRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/calls", async (c) => {
    const { tenantId, roles } = c.get("actor");
    const rights = supervisionRights(roles);
    const query = Query.parse(c.req.query());
    const now = parts.clock.now();
    const board = await loadBoard(parts, tenantId, now);
    const over = await parts.store.calls.list(tenantId, {
      live: false,
      limit: PAGE + 1,
      ...(query.status ? { status: query.status } : {}),
      ...(query.before ? { before: query.before } : {}),
    });
    const page = over.slice(0, PAGE);
    // A filtered or older list must not be replaced by the newest calls of the stream.
    const isNewest = query.status === undefined && query.before === undefined;
    return renderPage(
      c,
      { title: "Calls", live: true, wide: true },
      <>
        <header class="page-head">
          <h1>Calls</h1>
          <LiveFeed path={isNewest ? "/sse/calls" : "/sse/calls?only=live"} always />
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
            <h2>Finished</h2>
            <nav class="cluster end" aria-label="Filter finished calls">
              {STATUSES.map(([status, name]) => (
                <a
                  class="btn small quiet"
                  href={status === "" ? "/calls" : `/calls?status=${status}`}
                  {...((query.status ?? "") === status ? { "aria-current": "true" } : {})}
                >
                  {name}
                </a>
              ))}
            </nav>
          </header>
          <RecentTable calls={page} />
          <Pager
            path="/calls"
            query={{ ...(query.status ? { status: query.status } : {}) }}
            before={over.length > PAGE ? (page.at(-1)?.id ?? null) : null}
          />
        </section>
      </>,
    );
  });
};
