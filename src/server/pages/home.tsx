import type { Context, Hono } from "hono";
import { newId } from "../../core/ids.ts";
import { supervisionRights } from "../../core/supervision.ts";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import { CallRequest } from "../call-request.ts";
import { CallForm, DemoNumbers } from "../components/call-form.tsx";
import { RecentTable } from "../components/call-rows.tsx";
import type { FormProblems, FormValues } from "../components/field.tsx";
import { Icon } from "../components/icon.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { BoardOrder, type BoardView, LiveTable } from "../components/live-rows.tsx";
import { PlanStart } from "../components/plan-start.tsx";
import { Tiles } from "../components/tiles.tsx";
import { DEMO_PHONE, demoNumbers } from "../demo-numbers.ts";
import { placeCall } from "../place-call.ts";
import { Problem } from "../problem.ts";
import { formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { type Board, loadBoard } from "./board.ts";
import { renderPage } from "./render.tsx";

/** What a demo call is about: enough for a conversation of several turns. */
const DEMO: CallRequest = {
  phone_number: DEMO_PHONE,
  action: "Find the earliest free appointment for a dental check-up on a Thursday and book it.",
  context: "The patient is Eva Kralova, born in 1987, a patient of the practice since 2019. She prefers mornings.",
  callee_name: "Bright Smile Dental",
  agent_name: "APPU",
  organization: "Eva Kralova",
};

/** The first thing on the page: the text box plans begin with; then a single call, in the demo with one press. */
const Hero = ({ isScripted }: { isScripted: boolean }) => (
  <section class="card hero">
    <div class="card-body">
      <h1>Let an AI make your phone calls</h1>
      <p class="lede">
        Say whom to call and what for. You get a plan, confirm it, read the calls as they are spoken and end with one
        report.
      </p>
      <PlanStart values={{}} problems={[]} />
      <p class="small muted">
        {isScripted
          ? "Or hear one first: one press places a call on the demo network."
          : "Or place a single call without a plan."}
      </p>
      {isScripted ? (
        <form method="post" action="/demo-calls" hx-disable="find button">
          <button type="submit" class="btn">
            <Icon name="phone" /> Make a demo call
          </button>
        </form>
      ) : (
        <a class="btn" href="#f-phone_number" hx-boost="false">
          <Icon name="phone" /> Place a call
        </a>
      )}
    </div>
  </section>
);

const HomePage = (props: {
  board: Board;
  rights: BoardView["rights"];
  now: number;
  isScripted: boolean;
  values: FormValues;
  problems: FormProblems;
  notice: string | null;
}) => (
  <>
    <Hero isScripted={props.isScripted} />
    <Tiles counts={props.board.counts} />
    <div class="cols">
      <div class="stack">
        <section id="board" class="card">
          <header class="card-head">
            <h2>Calls now</h2>
            <LiveFeed path="/sse/calls" />
            <BoardOrder calls={props.board.live} rights={props.rights} />
          </header>
          <LiveTable calls={props.board.live} now={props.now} nextAt={props.board.nextAt} rights={props.rights} />
        </section>
        <section class="card">
          <header class="card-head">
            <h2>Last results</h2>
            <a class="btn small quiet" href="/history">
              All finished calls
            </a>
          </header>
          <RecentTable calls={props.board.recent} />
        </section>
      </div>
      <div class="stack">
        <section class="card">
          <header class="card-head">
            <h2>Place one call</h2>
          </header>
          <div class="card-body stack">
            {props.notice === null ? null : (
              <p class="banner bad" role="alert">
                {props.notice}
              </p>
            )}
            <CallForm values={props.values} problems={props.problems} requestKey={newId("req")} />
          </div>
        </section>
        {props.isScripted ? (
          <section class="card">
            <header class="card-head">
              <h2>Numbers to try</h2>
            </header>
            <DemoNumbers numbers={demoNumbers()} />
          </section>
        ) : null}
      </div>
    </div>
  </>
);

/** The start page and the two forms on it. */
export const homeRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const isScripted = parts.carrier.kind === "scripted";

  const home = async (
    c: Context<ServerEnv>,
    form: { values: FormValues; problems: FormProblems; notice: string | null; status: 200 | 409 | 422 },
  ): Promise<Response> => {
    const now = parts.clock.now();
    const board = await loadBoard(parts, c.get("actor").tenantId, now);
    return renderPage(
      c,
      { title: "Home", live: true, status: form.status, path: "/" },
      <HomePage
        board={board}
        rights={supervisionRights(c.get("actor").roles)}
        now={now}
        isScripted={isScripted}
        {...form}
      />,
    );
  };

  app.get("/", (c) => home(c, { values: {}, problems: [], notice: null, status: 200 }));

  app.post("/calls", async (c) => {
    const values = await formBody(c);
    try {
      const placed = await placeCall(parts, c.get("actor").tenantId, askedCall(CallRequest, values, "phone_number"));
      return c.redirect(placed.call ? `/calls/${placed.call.id}` : `/tasks?task=${placed.task.id}`, 303);
    } catch (thrown) {
      // Mistakes come back in the form itself; a refusal of the gate made a task, which the toast or page tells of.
      if (!(thrown instanceof Problem) || thrown.status !== 422) throw thrown;
      c.header("HX-Push-Url", "false");
      const problems = thrown.more.errors ?? [];
      const notice = problems.length === 0 ? `${thrown.detail} ${thrown.fix}` : null;
      return home(c, { values, problems, notice, status: 422 });
    }
  });

  app.post("/demo-calls", async (c) => {
    if (!isScripted) {
      throw new Problem("not-found", {
        detail: "Demo calls exist on the scripted phone network only.",
        fix: "Use the form on the start page: it calls a real number.",
      });
    }
    const { task, call } = await placeCall(parts, c.get("actor").tenantId, DEMO);
    return c.redirect(call ? `/calls/${call.id}` : `/tasks?task=${task.id}`, 303);
  });
};
