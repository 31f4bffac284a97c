import type { Hono } from "hono";
import { callIsOver } from "../../core/call.ts";
import { supervisionRights } from "../../core/supervision.ts";
import { hangUp } from "../api/v1-calls.ts";
import { canBrief, transferCall } from "../api/v1-transfer.ts";
import type { AppParts } from "../app-parts.ts";
import { callPicture, type PictureParts } from "../call-picture.ts";
import { CallBody } from "../components/call-body.tsx";
import { CallHead } from "../components/call-head.tsx";
import { whoOf } from "../components/call-status.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { ToastPart } from "../components/toast.tsx";
import { TransferForm } from "../components/transfer-form.tsx";
import { OVER_EVENT } from "../live/live-stream.ts";
import { Problem } from "../problem.ts";
import { formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Longest moment asked for, in seconds: no call is longer than a day. */
const MOST_SECONDS = 86_400;

/** The moment of the recording that the address asks for, in seconds; what cannot be read is its beginning. */
const momentOf = (t: string | undefined): number => {
  const seconds = Number(t ?? 0);
  return seconds > 0 && seconds <= MOST_SECONDS ? Math.round(seconds * 10) / 10 : 0;
};

/** The page of one call, while it happens and afterwards. */
export const callPageRoutes = (app: Hono<ServerEnv>, parts: AppParts, pictures: PictureParts): void => {
  app.get("/calls/:id", async (c) => {
    const picture = await callPicture(pictures, c.get("actor"), c.req.param("id"));
    if (picture === null) throw new Problem("not-found", { detail: "There is no such call." });
    const { call, recording } = picture;
    const rights = supervisionRights(c.get("actor").roles);
    const isSettled = callIsOver(call.status) && (recording === null || recording.closedAt !== null);
    return renderPage(
      c,
      {
        title: `Call with ${whoOf(call)}`,
        wide: true,
        live: !isSettled,
        ...(callIsOver(call.status) ? { path: "/history" } : {}),
      },
      <>
        <nav class="cluster small" aria-label="Back">
          {callIsOver(call.status) ? <a href="/history">History</a> : <a href="/calls">Calls</a>}
          {isSettled ? null : <LiveFeed path={`/sse/calls/${call.id}`} endsOn={OVER_EVENT} />}
        </nav>
        <CallHead {...picture} now={parts.clock.now()} rights={rights} />
        {!callIsOver(call.status) && rights.has("transfer") && parts.attempts.canConnect(call.carrier) ? (
          <details>
            <summary class="btn">Connect with somebody</summary>
            <TransferForm callId={call.id} canBrief={canBrief(parts)} />
          </details>
        ) : null}
        <CallBody picture={picture} startS={momentOf(c.req.query("t"))} />
      </>,
    );
  });

  // "Not now" of a user: the call goes on asking the others.
  app.delete("/x/calls/:id/help", (c) => {
    parts.attention.dismiss(c.get("actor"), c.req.param("id"));
    return c.body(null, 204);
  });

  app.post("/calls/:id/transfer", async (c) => {
    const callId = c.req.param("id");
    const values = await formBody(c);
    const isPart = c.req.header("hx-request") === "true";
    try {
      await transferCall(parts, c.get("actor"), callId, { ...values, warm: values.warm === "on" });
    } catch (thrown) {
      const problems = thrown instanceof Problem ? thrown.more.errors : undefined;
      if (!isPart || !problems) throw thrown;
      return c.html(
        <TransferForm callId={callId} canBrief={canBrief(parts)} values={values} problems={problems} />,
        422,
      );
    }
    if (!isPart) return c.redirect(`/calls/${callId}`, 303);
    return c.html(
      <>
        <TransferForm callId={callId} canBrief={canBrief(parts)} />
        <ToastPart level="ok" text="Dialing. The timeline tells what comes of it." />
      </>,
    );
  });

  app.post("/calls/:id/hangup", async (c) => {
    const politely = (await formBody(c)).say_goodbye === "true";
    const call = await hangUp(parts, c.get("actor"), c.req.param("id"), politely);
    if (c.req.header("hx-request") !== "true") return c.redirect(`/calls/${call.id}`, 303);
    return c.html(
      <ToastPart
        level="ok"
        text={
          politely
            ? `The AI says goodbye to ${whoOf(call)}, then the call ends.`
            : `Hanging up the call with ${whoOf(call)}.`
        }
      />,
    );
  });
};
