import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getConnInfo } from "hono/bun";
import { getCookie } from "hono/cookie";
import { methodNotAllowed } from "hono/method-not-allowed";
import { messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { callRoutes } from "./api/call-routes.ts";
import { commandRoute } from "./api/command-route.ts";
import { planRoutes as planApiRoutes } from "./api/plan-routes.ts";
import { scheduleRoutes } from "./api/schedule-routes.ts";
import { serviceRoutes } from "./api/service-routes.ts";
import { v1CallRoutes } from "./api/v1-calls.ts";
import { v1QuestionRoutes } from "./api/v1-questions.ts";
import { v1SupervisionRoutes } from "./api/v1-supervision.ts";
import { v1TaskRoutes } from "./api/v1-tasks.ts";
import { v1TransferRoutes } from "./api/v1-transfer.ts";
import type { AppParts } from "./app-parts.ts";
import { authenticate } from "./auth/authenticate.ts";
import { crossSiteCheck } from "./auth/cross-site.ts";
import { hostCheck } from "./auth/host-check.ts";
import { createSessions, SESSION_COOKIE } from "./auth/session.ts";
import { SignInLimit } from "./auth/sign-in-limit.ts";
import { answerProblem, failureHandler } from "./failures.tsx";
import { liveRoutes } from "./live/live-routes.ts";
import { SpokenNow } from "./live/spoken-now.ts";
import { loadQuestions, NO_QUESTIONS } from "./owner-questions.ts";
import { agentRoutes } from "./pages/agent.tsx";
import { agentsRoutes } from "./pages/agents.tsx";
import { callPageRoutes } from "./pages/call.tsx";
import { callNotesRoutes } from "./pages/call-notes.tsx";
import { callsRoutes } from "./pages/calls.tsx";
import { campaignSteeringRoutes } from "./pages/campaign-steering.ts";
import { campaignsRoutes } from "./pages/campaigns.tsx";
import { contactImportRoutes } from "./pages/contact-import.tsx";
import { dndRoutes } from "./pages/dnd.tsx";
import { dndImportRoutes } from "./pages/dnd-import.tsx";
import { docsRoutes } from "./pages/docs.tsx";
import { historyRoutes } from "./pages/history.tsx";
import { homeRoutes } from "./pages/home.tsx";
import { planRoutes } from "./pages/plan.tsx";
import { planConfirmRoutes } from "./pages/plan-confirm.tsx";
import { questionRoutes } from "./pages/questions.tsx";
import { reportRoutes } from "./pages/report.tsx";
import { settingsRoutes } from "./pages/settings.tsx";
import { signInRoutes } from "./pages/sign-in.tsx";
import { tasksRoutes } from "./pages/tasks.tsx";
import { Problem } from "./problem.ts";
import type { ServerEnv } from "./request-context.ts";
import { requestMetrics } from "./request-metrics.ts";
import { noStore, securityHeaders } from "./security-headers.ts";
import { softphoneRoutes } from "./softphone-socket.ts";
import { talkRoutes } from "./talk-socket.ts";
import { WavePeaksCache } from "./wave-peaks.ts";

/** Largest body of a request, in bytes; the largest form stays below a quarter of it. */
const MAX_BODY_BYTES = 64 * 1024;
/** Largest list of contacts or numbers, in bytes, on the paths that take one. */
const MAX_LIST_BYTES = 512 * 1024;
const LIST_PATH = /^\/(?:api\/execute_campaign|dnd\/imports|plan\/[^/]+\/import)$/;

/** The outside of the system: pages, API, streams and the softphone's socket. Nothing starts or listens by itself. */
export const createApp = (parts: AppParts): Hono<ServerEnv> => {
  const app = new Hono<ServerEnv>();
  const https = parts.publicUrl?.startsWith("https:") ?? false;
  const sessions = createSessions({ ...parts, ended: parts.endedSessions });
  const spoken = new SpokenNow(parts.media);
  const pictures = { ...parts, spoken, peaks: new WavePeaksCache() };
  const scriptedParts = [
    ...(parts.carrier.kind === "scripted" ? ["phone network"] : []),
    ...(parts.voice === "scripted" ? ["voice"] : []),
    ...(parts.planning.isScripted ? ["text model"] : []),
  ];

  app.onError(failureHandler(parts.log));
  app.notFound((c) => answerProblem(c, new Problem("not-found")));

  app.use(async (c, next) => {
    const cookie = getCookie(c, SESSION_COOKIE);
    c.set("requestId", newId("req", parts.clock.now()));
    c.set("shell", {
      scriptedParts,
      formToken: sessions.formToken(cookie !== undefined && sessions.isOpen(cookie) ? cookie : ""),
      assetUrl: parts.assets.url,
      // A page that tells of a failure must not fail over this.
      questions: (actor) =>
        loadQuestions(parts, actor).catch((thrown) => {
          parts.log.error({ problem: messageOf(thrown) }, "questions could not be looked up");
          return NO_QUESTIONS;
        }),
    });
    await next();
    c.res.headers.set("X-Request-Id", c.get("requestId"));
  });
  app.use(requestMetrics(parts.metrics, parts.log));
  app.use(securityHeaders({ https }));
  app.use(noStore);
  app.use(hostCheck(parts));
  app.use(authenticate({ ...parts, sessions }));
  app.use(crossSiteCheck({ sessions, publicUrl: parts.publicUrl }));
  const limitTo = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw new Problem("body-too-large");
      },
    });
  const [formLimit, listLimit] = [limitTo(MAX_BODY_BYTES), limitTo(MAX_LIST_BYTES)];
  app.use((c, next) => (LIST_PATH.test(c.req.path) ? listLimit(c, next) : formLimit(c, next)));
  app.use(
    methodNotAllowed<ServerEnv>({
      app,
      onMethodNotAllowed: (c, methods) =>
        answerProblem(c, new Problem("method-not-allowed", { headers: { Allow: methods.join(", ") } })),
    }),
  );

  app.get("/assets/*", (c) => parts.assets.respond(c.req.raw));
  app.get("/favicon.ico", (c) => c.redirect("/assets/icons.svg", 302));
  signInRoutes(app, {
    sessions,
    limit: new SignInLimit(parts.clock),
    needed: parts.authToken !== null,
    https,
    addressOf(c) {
      try {
        return getConnInfo(c).remote.address ?? "unknown";
      } catch {
        // Outside of a listening server, as in tests, there is no connection.
        return "unknown";
      }
    },
  });

  callRoutes(app, parts);
  v1CallRoutes(app, parts);
  v1SupervisionRoutes(app, parts);
  v1TransferRoutes(app, parts);
  v1TaskRoutes(app, parts);
  v1QuestionRoutes(app, parts);
  planApiRoutes(app, parts);
  scheduleRoutes(app, parts);
  commandRoute(app, parts);
  serviceRoutes(app, parts);

  liveRoutes(app, parts, pictures, sessions);
  softphoneRoutes(app, parts.supervision, sessions);
  talkRoutes(app, parts.talk, sessions);

  homeRoutes(app, parts);
  planRoutes(app, parts);
  planConfirmRoutes(app, parts);
  contactImportRoutes(app, parts);
  callsRoutes(app, parts);
  historyRoutes(app, parts);
  callPageRoutes(app, parts, pictures);
  callNotesRoutes(app, parts, pictures);
  campaignsRoutes(app, parts);
  campaignSteeringRoutes(app, parts);
  reportRoutes(app, parts);
  questionRoutes(app, parts);
  tasksRoutes(app, parts);
  agentsRoutes(app, parts);
  agentRoutes(app, parts, pictures);
  dndRoutes(app, parts);
  dndImportRoutes(app, parts);
  settingsRoutes(app, parts);
  docsRoutes(app);
  return app;
};
