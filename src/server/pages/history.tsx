import type { Hono } from "hono";
import type { AppParts } from "../app-parts.ts";
import { HistoryQuery, historyFilter, historyPath, loadHistory } from "../call-history.ts";
import { HistoryFilter, isFiltered } from "../components/history-filter.tsx";
import { HistoryTable } from "../components/history-table.tsx";
import { Icon } from "../components/icon.tsx";
import { historyCsv } from "../history-csv.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Names of agents, campaigns and tags offered as filters. */
const CHOICES = 100;

/** Why there is no row. */
const Nothing = ({ query }: { query: HistoryQuery }) =>
  isFiltered(query) || query.before !== undefined ? (
    <div class="empty">
      <Icon name="search" />
      <h2>Nothing matches</h2>
      <p>No finished call has all of this. Look for fewer or shorter words, or leave a filter out.</p>
      <a class="btn" href={historyPath({ sort: query.sort })}>
        Clear filters
      </a>
    </div>
  ) : (
    <div class="empty">
      <Icon name="clock" />
      <h2>No finished call yet</h2>
      <p>Every call is kept here with its transcript and recording as soon as it ends.</p>
      <a class="btn" href="/">
        Place a call
      </a>
    </div>
  );

/** Finished calls: found by what was said, filtered, sorted, and as a file. */
export const historyRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, planning } = parts;

  app.get("/history", async (c) => {
    const actor = c.get("actor");
    const given = c.req.query();
    const query = HistoryQuery.parse(given);
    // A form sends the fields that were left empty too: the address that is shared and kept goes without them.
    if (Object.values(given).includes("")) return c.redirect(historyPath(query), 302);
    const [page, agents, campaigns, tags] = await Promise.all([
      loadHistory(parts, actor, historyFilter(query, actor, planning.zone), query),
      store.history.agentNames(actor.tenantId, CHOICES),
      store.campaigns.list(actor.tenantId, { limit: CHOICES }),
      store.callNotes.tagsInUse(actor.tenantId, CHOICES),
    ]);
    return renderPage(
      c,
      { title: "History", wide: true },
      <>
        <header class="page-head">
          <h1>History</h1>
          <p class="lede">Every call that is over. Look for what was said, who it was with, or how it ended.</p>
        </header>
        <HistoryFilter query={query} choices={{ agents, campaigns, tags }} />
        <section class="card">
          <header class="card-head">
            <h2>
              {page.count.toLocaleString("en")} {page.count === 1 ? "call" : "calls"}
            </h2>
            {page.count === 0 ? null : (
              <div class="end cluster">
                {isFiltered(query) ? (
                  <a class="btn small quiet" href={historyPath({ sort: query.sort })}>
                    <Icon name="x" /> Clear filters
                  </a>
                ) : null}
                <a
                  class="btn small"
                  href={historyPath(query, { before: undefined }, "/history/calls.csv")}
                  download
                  hx-boost="false"
                >
                  <Icon name="download" /> CSV
                </a>
              </div>
            )}
          </header>
          {page.calls.length === 0 ? <Nothing query={query} /> : <HistoryTable calls={page.calls} query={query} />}
          {page.before === null && query.before === undefined ? null : (
            <nav class="card-foot" aria-label="Pages">
              {query.before === undefined ? null : (
                <a class="btn small quiet" href={historyPath(query, { before: undefined })}>
                  First page
                </a>
              )}
              {page.before === null ? null : (
                <a class="btn small" href={historyPath(query, { before: page.before })} rel="next">
                  Next page <Icon name="arrow-right" />
                </a>
              )}
            </nav>
          )}
        </section>
      </>,
    );
  });

  app.get("/history/calls.csv", (c) => {
    const actor = c.get("actor");
    const query = HistoryQuery.parse(c.req.query());
    const origin = (parts.publicUrl ?? new URL(c.req.url).origin).replace(/\/$/, "");
    const filter = historyFilter(query, actor, planning.zone);
    return c.body(historyCsv(parts, actor, filter, { sort: query.sort, origin }), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="calls.csv"',
    });
  });
};
