import type { Hono } from "hono";
import { askParts, type PartReport } from "../api/health.ts";
import type { AppParts } from "../app-parts.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

const LOOK: Record<PartReport["state"], readonly [word: string, look: string]> = {
  up: ["Works", "ok"],
  starting: ["Starting", "warn"],
  down: ["Down", "bad"],
};

const PartRow = ({ report }: { report: PartReport }) => {
  const [word, look] = LOOK[report.state];
  return (
    <tr>
      <td>
        <b>{report.part.charAt(0).toUpperCase() + report.part.slice(1)}</b>
      </td>
      <td>
        <span class={`badge ${look}`}>{word}</span>
      </td>
      <td class="breakable">
        {report.detail}
        {report.state === "up" ? null : <small>{report.breaks}</small>}
        {report.fix ? (
          <small>
            <b>To do:</b> {report.fix}
          </small>
        ) : null}
      </td>
    </tr>
  );
};

/** Steps from the demo to real calls; those that are done are left out. */
const NextSteps = ({ carrier, voice }: { carrier: string; voice: string }) => (
  <section class="card">
    <header class="card-head">
      <h2>From the demo to real calls</h2>
    </header>
    <div class="card-body prose">
      <p>Put these into a file called .env beside the program, then start it again.</p>
      {carrier === "scripted" ? (
        <>
          <h3>A phone network</h3>
          <p>An Asterisk of yours, with a trunk. The folder asterisk/ has a complete configuration to start from.</p>
          <pre class="code" tabindex={0}>
            {
              "ARI_URL=http://127.0.0.1:8088\nARI_USERNAME=opendeep\nARI_PASSWORD=…\nARI_DIAL_ENDPOINT=PJSIP/{number}@trunk"
            }
          </pre>
        </>
      ) : null}
      {voice === "scripted" ? (
        <>
          <h3>A voice</h3>
          <p>A speech model that listens and talks. Calls are billed by its provider.</p>
          <pre class="code">OPENAI_API_KEY=…</pre>
        </>
      ) : null}
    </div>
  </section>
);

/** How the parts are and what to do about those that are not well. */
export const settingsRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/settings", async (c) => {
    const reports = await askParts(parts.probes, parts.log);
    const broken = reports.filter((report) => report.state !== "up").length;
    return renderPage(
      c,
      { title: "Settings" },
      <>
        <header class="page-head">
          <h1>Settings</h1>
          <p class="lede">
            {broken === 0 ? "Every part works." : `${broken} of ${reports.length} parts need a look.`} OpenDeep is set
            up by environment variables; .env.example lists them all.
          </p>
        </header>
        <section class="card">
          <header class="card-head">
            <h2>Parts</h2>
            <a class="btn small" href="/settings">
              Check again
            </a>
          </header>
          <div class="table-wrap">
            <table class="table">
              <caption class="vh">Parts of the system and how they are</caption>
              <thead>
                <tr>
                  <th scope="col">Part</th>
                  <th scope="col">State</th>
                  <th scope="col">What it says</th>
                </tr>
              </thead>
              <tbody>
                {reports.map((report) => (
                  <PartRow report={report} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
        {parts.carrier.kind === "scripted" || parts.voice === "scripted" ? (
          <NextSteps carrier={parts.carrier.kind} voice={parts.voice} />
        ) : null}
        {c.get("signedInBy") === "session" ? (
          <form method="post" action="/sign-out" hx-boost="false">
            <button type="submit" class="btn">
              Sign out
            </button>
          </form>
        ) : null}
      </>,
    );
  });
};
