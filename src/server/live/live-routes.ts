import type { Context, Hono } from "hono";
import { callOf } from "../api/v1-calls.ts";
import type { AppParts } from "../app-parts.ts";
import type { PictureParts } from "../call-picture.ts";
import { beforeOf } from "../pages/campaigns.tsx";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { TaskListQuery } from "../task-list.ts";
import { boardSource } from "./board-source.tsx";
import { callSource } from "./call-source.tsx";
import { campaignSource } from "./campaign-source.tsx";
import { withHelp } from "./help-source.tsx";
import { type LiveParts, type LiveSource, liveStream } from "./live-stream.ts";
import { planPicture, planSource } from "./plan-source.tsx";
import { questionSource, withQuestions } from "./question-source.tsx";
import { taskSource } from "./task-source.tsx";

/** Streams of pages; each page has one. */
export const liveRoutes = (
  app: Hono<ServerEnv>,
  parts: AppParts,
  pictures: PictureParts,
  sessions: LiveParts["sessions"],
): void => {
  const live: LiveParts = { ...parts, sessions, streams: { count: 0 } };
  const stream = (c: Context<ServerEnv>, source: LiveSource): Response =>
    liveStream(c, live, withHelp(withQuestions(source, { ...parts, ...forActor(c) }), forActor(c)));
  const forActor = (c: Context<ServerEnv>) => ({ parts, actor: c.get("actor") });
  app.get("/sse/questions", (c) =>
    liveStream(c, live, withHelp(questionSource({ ...parts, ...forActor(c) }), forActor(c))),
  );
  app.get("/sse/calls", (c) => stream(c, boardSource({ ...parts, ...forActor(c) })));
  app.get("/sse/tasks", (c) =>
    stream(
      c,
      taskSource({ ...parts, parts, tenantId: c.get("actor").tenantId, query: TaskListQuery.parse(c.req.query()) }),
    ),
  );
  app.get("/sse/plan/:id", async (c) => {
    const actor = c.get("actor");
    const { conversation } = await planPicture(parts, actor, c.req.param("id"));
    return stream(c, planSource({ ...parts, parts, actor, id: conversation.id }));
  });
  app.get("/sse/campaigns/:id", async (c) => {
    const { tenantId } = c.get("actor");
    const campaign = await parts.store.campaigns.get(tenantId, c.req.param("id").slice(0, 60));
    if (campaign === null) throw new Problem("not-found", { detail: "There is no such campaign." });
    const shown = { before: beforeOf(c), zone: parts.planning.zone };
    return stream(c, campaignSource({ ...parts, ...shown, tenantId, campaignId: campaign.id }));
  });
  app.get("/sse/calls/:id", async (c) => {
    const { tenantId } = c.get("actor");
    const call = await callOf(parts, tenantId, c.req.param("id"));
    return stream(c, callSource({ ...parts, ...forActor(c), parts: pictures, callId: call.id }));
  });
};
