import type { Context, Hono } from "hono";
import { refusalSentence } from "../../core/dial-refusal.ts";
import type { Report, ReportRow } from "../../core/store/report-record.ts";
import type { AppParts } from "../app-parts.ts";
import { contactsDone, costWords } from "../components/campaign-head.tsx";
import { Icon } from "../components/icon.tsx";
import { Instant } from "../components/instant.tsx";
import { Quoted } from "../components/quoted.tsx";
import { Problem } from "../problem.ts";
import { reportCsv } from "../report-csv.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Contacts drawn; the file has all of them. */
const MOST_ROWS = 500;

const BADGE: Partial<Record<ReportRow["status"], readonly [word: string, look: string]>> = {
  completed: ["Reached", "ok"],
  failed_conclusive: ["Not reached", "bad"],
  cancelled: ["Not called", "plain"],
};

/** A reason of ours begins small and may be a word of the dial gate. */
const sentence = (reason: string): string =>
  /^[a-z]+(?:-[a-z]+)+$/.test(reason)
    ? refusalSentence(reason)
    : `${reason.charAt(0).toUpperCase()}${reason.slice(1).replace(/\.$/, "")}.`;

const Row = ({ row }: { row: ReportRow }) => {
  const [word, look] = BADGE[row.status] ?? ["Open", "plain"];
  return (
    <tr id={`row-${row.taskId}`}>
      <td>
        <b>{row.name.trim() || row.phone}</b>
        <small class="num">{row.phone}</small>
        <small>
          <span class={`badge ${look}`}>{word}</span>{" "}
          <span class="muted nowrap">
            {row.attempts} {row.attempts === 1 ? "call" : "calls"}
          </span>
        </small>
      </td>
      <td>
        {row.answer === "" ? null : <p hx-ignore="">{row.answer}</p>}
        {row.quote !== null ? (
          <Quoted {...row.quote} />
        ) : row.answer === "" ? null : (
          <p class="small muted">Told from the whole call: no single line says it.</p>
        )}
        {row.reason === "" ? null : <p class="muted">{sentence(row.reason)}</p>}
      </td>
    </tr>
  );
};

/** The report of a campaign, and its table as a file. */
export const reportRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store } = parts;

  const open = async (c: Context<ServerEnv>) => {
    const { tenantId } = c.get("actor");
    const id = c.req.param("id") ?? "";
    const campaign = id.length > 60 ? null : await store.campaigns.get(tenantId, id);
    if (campaign === null) throw new Problem("not-found", { detail: "There is no such report." });
    return { campaign, report: await store.reports.get(tenantId, id) };
  };

  app.get("/reports/:id", async (c) => {
    const { campaign, report } = await open(c);
    if (report === null) {
      const progress = await store.campaigns.progress(campaign.tenantId, campaign.id);
      return renderPage(
        c,
        { title: "Report", path: "/campaigns" },
        <div class="card empty">
          <Icon name="clock" />
          <h1>{progress.completed === 0 ? "No finished call yet" : "The report is not written yet"}</h1>
          <p>
            {contactsDone(progress)} of {progress.contacts} contacts are done. The report is written when all are.
          </p>
          <a class="btn primary" href={`/campaigns/${campaign.id}`}>
            Follow the campaign
          </a>
        </div>,
      );
    }
    const { unpriced } = await store.campaigns.cost(campaign.tenantId, campaign.id);
    return renderPage(
      c,
      { title: `Report: ${campaign.title}`, path: "/campaigns" },
      <>
        <nav class="cluster small" aria-label="Back">
          <a href="/campaigns">Campaigns</a>
          <a href={`/campaigns/${campaign.id}`}>{campaign.title}</a>
        </nav>
        <ReportHead report={report} question={campaign.question} unpriced={unpriced} />
        <section class="card">
          <header class="card-head">
            <h2>Answers</h2>
            <a class="btn small end" href={`/reports/${campaign.id}/table.csv`} download hx-boost="false">
              <Icon name="download" /> CSV
            </a>
          </header>
          <div class="table-wrap">
            <table class="table top-aligned">
              <caption class="vh">What came of each contact</caption>
              <thead>
                <tr>
                  <th scope="col">Contact</th>
                  <th scope="col">Answer, or why there is none</th>
                </tr>
              </thead>
              <tbody>
                {report.rows.slice(0, MOST_ROWS).map((row) => (
                  <Row row={row} />
                ))}
              </tbody>
            </table>
          </div>
          {report.rows.length > MOST_ROWS ? (
            <p class="card-foot muted">and {report.rows.length - MOST_ROWS} more in the CSV file</p>
          ) : null}
        </section>
      </>,
    );
  });

  app.get("/reports/:id/table.csv", async (c) => {
    const { report } = await open(c);
    if (report === null) throw new Problem("not-found", { detail: "This report is not written yet." });
    const origin = parts.publicUrl ?? new URL(c.req.url).origin;
    return c.body(reportCsv(report, origin.replace(/\/$/, "")), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="report.csv"',
    });
  });
};

const ReportHead = (props: { report: Report; question: string; unpriced: number }) => {
  const { report, question, unpriced } = props;
  const reached = report.rows.filter(({ status }) => status === "completed").length;
  return (
    <header class="page-head">
      {question === "" ? null : <p class="lede">{question}</p>}
      <h1 hx-ignore="">{report.headline}</h1>
      <p class="lede" hx-ignore="">
        {report.summary}
      </p>
      <p class="small muted">
        {reached} of {report.rows.length} contacts reached · {costWords({ costUsd: report.costUsd, unpriced })} ·
        written <Instant at={report.writtenAt} /> {report.writtenBy === "rules" ? "by rules, without a text model" : ""}
      </p>
    </header>
  );
};
