import type { Context, Hono } from "hono";
import type { AppParts } from "../app-parts.ts";
import { campaignPicture } from "../campaign-picture.ts";
import { ContactTable } from "../components/campaign-contacts.tsx";
import { CampaignBadge, CampaignFigures, CampaignHead, ProgressBar } from "../components/campaign-head.tsx";
import { Icon } from "../components/icon.tsx";
import { Instant } from "../components/instant.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { OutcomeChart } from "../components/outcome-chart.tsx";
import { Pager } from "../components/pager.tsx";
import { OVER_EVENT } from "../live/live-stream.ts";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Campaigns on a page. */
const PAGE = 25;

/** The place in a list from the address. */
export const beforeOf = (c: Context): string => (c.req.query("before") ?? "").slice(0, 60);

/** The campaigns, and one of them as it goes. */
export const campaignsRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, clock, planning } = parts;

  app.get("/campaigns", async (c) => {
    const { tenantId } = c.get("actor");
    const before = beforeOf(c);
    const found = await store.campaigns.list(tenantId, { limit: PAGE + 1, ...(before ? { before } : {}) });
    const campaigns = await Promise.all(
      found.slice(0, PAGE).map(async (campaign) => ({
        campaign,
        progress: await store.campaigns.progress(tenantId, campaign.id),
        hasReport: campaign.doneAt !== null && (await store.reports.get(tenantId, campaign.id)) !== null,
      })),
    );
    return renderPage(
      c,
      { title: "Campaigns" },
      <>
        <header class="page-head">
          <h1>Campaigns</h1>
          <p class="lede">Calls that were planned together, how far they are, and what came of them.</p>
        </header>
        <section class="card">
          {campaigns.length === 0 ? (
            <div class="empty">
              <Icon name="list" />
              <h2>No campaigns yet</h2>
              <p>Describe what to call about, confirm the plan, and its calls appear here.</p>
              <a class="btn primary" href="/plan">
                Make a plan
              </a>
            </div>
          ) : (
            <div class="table-wrap">
              <table class="table">
                <caption class="vh">Campaigns, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">What</th>
                    <th scope="col">Progress</th>
                    <th scope="col" class="hide-s">
                      Confirmed
                    </th>
                    <th scope="col" class="end">
                      <span class="vh">Report</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {campaigns.map(({ campaign, progress, hasReport }) => (
                    <tr id={`campaign-${campaign.id}`}>
                      <td>
                        <a class="row-link" href={`/campaigns/${campaign.id}`}>
                          {campaign.title}
                        </a>
                        <small>
                          <CampaignBadge campaign={campaign} />
                        </small>
                      </td>
                      <td>
                        <ProgressBar progress={progress} />
                      </td>
                      <td class="hide-s">
                        <Instant at={campaign.createdAt} />
                      </td>
                      <td class="end">
                        {hasReport ? (
                          <a class="btn small" href={`/reports/${campaign.id}`}>
                            Report
                          </a>
                        ) : null}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <Pager path="/campaigns" query={{}} before={found.length > PAGE ? (found[PAGE - 1]?.id ?? null) : null} />
        </section>
      </>,
    );
  });

  app.get("/campaigns/:id", async (c) => {
    const before = beforeOf(c);
    const picture = await campaignPicture(parts, c.get("actor").tenantId, c.req.param("id"), before);
    if (picture === null) throw new Problem("not-found", { detail: "There is no such campaign." });
    const { campaign, contacts } = picture;
    const now = clock.now();
    const path = `/campaigns/${campaign.id}`;
    const isSettled = picture.hasReport || campaign.endReason === "undone";
    return renderPage(
      c,
      { title: campaign.title, wide: true, live: !isSettled },
      <>
        <nav class="cluster small" aria-label="Back">
          <a href="/campaigns">Campaigns</a>
          {isSettled ? null : (
            <LiveFeed
              path={`/sse${path}${before === "" ? "" : `?${new URLSearchParams({ before })}`}`}
              endsOn={OVER_EVENT}
            />
          )}
        </nav>
        <CampaignHead picture={picture} now={now} />
        <div class="cols">
          <CampaignFigures picture={picture} />
          <section class="card">
            <header class="card-head">
              <h2>Outcomes</h2>
            </header>
            <div class="card-body">
              <OutcomeChart outcomes={picture.outcomes} />
            </div>
          </section>
        </div>
        <section class="card">
          <header class="card-head">
            <h2>Contacts</h2>
          </header>
          <ContactTable contacts={contacts} now={now} ours={planning.zone} />
          <Pager path={path} query={before === "" ? {} : { before }} before={picture.before} />
        </section>
      </>,
    );
  });
};
