import type { Hono } from "hono";
import { z } from "zod";
import { callIsOver, DISPOSITIONS } from "../../core/call.ts";
import { MAX_SEARCH, readSearch } from "../../core/search-words.ts";
import { CALL_SORTS, type CallFilter } from "../../core/store/call-history.ts";
import { tagOf } from "../../core/store/call-notes.ts";
import type { Call } from "../../core/store/call-record.ts";
import { mayReadWhispers, supervisionRights } from "../../core/supervision.ts";
import type { AppParts } from "../app-parts.ts";
import type { Actor } from "../auth/actor.ts";
import { readRange } from "../byte-range.ts";
import { callHits } from "../call-history.ts";
import { Problem } from "../problem.ts";
import { recordingPath } from "../recording-path.ts";
import { checked, optionalJsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { supervisorLine } from "../supervisor-notes.ts";
import { CallView, callDetail, callView, matchViews } from "./call-view.ts";

const limit = z.coerce.number().int("A whole number").min(1, "At least 1").max(200, "At most 200").default(50);
const cursor = z
  .string()
  .regex(/^[a-z]+_[0-9a-z]{20}$/, "The next_cursor of the page before")
  .optional();

const lengthMs = z.coerce.number().int("A whole number of ms").min(0, "0 or more").optional();
const moment = z.iso.datetime({ offset: true, error: "ISO 8601, such as 2026-05-04T09:00:00Z" }).optional();

/** Query of a list of calls. */
export const CallQuery = z.object({
  q: z
    .string()
    .max(MAX_SEARCH, `At most ${MAX_SEARCH} characters`)
    .optional()
    .describe(
      "Only calls that are over and in whose transcript, name or number all of these words occur. Words in double quotes " +
        "follow each other; the last word may go on. Each call then has its matches.",
    ),
  status: CallView.shape.status.optional().describe("Only calls of this status"),
  disposition: z.enum(DISPOSITIONS).optional().describe("Only calls with this result"),
  live: z.enum(["true", "false"]).optional().describe("true: under way, false: over"),
  task_id: z.string().max(60).optional().describe("Only calls of this task"),
  campaign_id: z.string().max(60).optional().describe("Only calls of this campaign"),
  agent_name: z.string().max(200).optional().describe("Only calls of the agent with this name"),
  tag: z.string().max(200).transform(tagOf).optional().describe("Only calls with this tag"),
  from: moment.describe("Only calls created at this time or later"),
  to: moment.describe("Only calls created before this time"),
  min_duration_ms: lengthMs.describe("Only calls that long or longer, from answer to end"),
  max_duration_ms: lengthMs.describe("Only calls shorter than that"),
  sort: z.enum(CALL_SORTS).default("newest").describe("Order; keep it, and the filter, from page to page"),
  limit: limit.describe("Calls on a page"),
  cursor: cursor.describe("next_cursor of the page before"),
});

/** What a query leaves, to this actor. */
const filterOf = (query: z.output<typeof CallQuery>, { roles }: Pick<Actor, "roles">): CallFilter => ({
  ...(query.q?.trim() ? { search: readSearch(query.q), withWhispers: mayReadWhispers(roles) } : {}),
  ...(query.status ? { status: query.status } : {}),
  ...(query.disposition ? { disposition: query.disposition } : {}),
  ...(query.live ? { live: query.live === "true" } : {}),
  ...(query.task_id ? { taskId: query.task_id } : {}),
  ...(query.campaign_id ? { campaignId: query.campaign_id } : {}),
  ...(query.agent_name ? { agentName: query.agent_name } : {}),
  ...(query.tag ? { tag: query.tag } : {}),
  ...(query.from ? { fromAt: Date.parse(query.from) } : {}),
  ...(query.to ? { toAt: Date.parse(query.to) } : {}),
  ...(query.min_duration_ms === undefined ? {} : { minMs: query.min_duration_ms }),
  ...(query.max_duration_ms === undefined ? {} : { maxMs: query.max_duration_ms }),
});

/** Query of a call's events. */
export const EventQuery = z.object({
  after: z.coerce.number().int("A whole number").min(0).default(0).describe("Only events with a greater id"),
  limit: z.coerce.number().int("A whole number").min(1).max(1000, "At most 1000").default(200),
});

/** The tenant's call of this id. Throws a `Problem` when there is none, also when another tenant has it. */
export const callOf = async (parts: Pick<AppParts, "store">, tenantId: string, callId: string): Promise<Call> => {
  const call = callId.length <= 60 ? await parts.store.calls.get(tenantId, callId) : null;
  if (call === null) throw new Problem("not-found", { detail: "There is no such call." });
  return call;
};

/** How a call is to end. */
export const HangUpRequest = z.object({
  say_goodbye: z
    .boolean()
    .default(false)
    .describe("true: the agent says goodbye first, at most 8 s; without it the line is cut at once"),
});

/**
 * Hangs a call up, `politely` once its agent has said goodbye, and notes who did. Throws a `Problem` when it is over, and
 * when the actor has not the right.
 */
export const hangUp = async (parts: AppParts, actor: Actor, callId: string, politely: boolean): Promise<Call> => {
  const { tenantId, userId, name, roles } = actor;
  const call = await callOf(parts, tenantId, callId);
  if (!supervisionRights(roles).has("hang-up")) throw new Problem("right-missing");
  if (callIsOver(call.status) || !(await parts.attempts.hangUp(tenantId, callId, politely)))
    throw new Problem("call-over");
  const event = { type: "supervisor.hung-up", callId, userId, politely } as const;
  const detail = supervisorLine(name, event);
  await parts.store.callEvents.add(tenantId, callId, { at: parts.clock.now(), kind: "supervisor", detail, event });
  return call;
};

/** Routes of calls as resources. */
export const v1CallRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/api/v1/calls", async (c) => {
    const query = checked(CallQuery, c.req.query());
    const actor = c.get("actor");
    const filter = filterOf(query, actor);
    const calls = await parts.store.history.find(actor.tenantId, filter, {
      sort: query.sort,
      limit: query.limit + 1,
      ...(query.cursor ? { before: query.cursor } : {}),
    });
    const page = calls.slice(0, query.limit);
    return c.json({
      calls: await Promise.all(
        page.map(async (call) =>
          filter.search === undefined
            ? callView(call)
            : { ...callView(call), matches: matchViews(await callHits(parts, actor, call.id, filter)) },
        ),
      ),
      next_cursor: calls.length > query.limit ? (page.at(-1)?.id ?? null) : null,
    });
  });
  app.get("/api/v1/calls/:id", async (c) => {
    const { tenantId, roles } = c.get("actor");
    const call = await callOf(parts, tenantId, c.req.param("id"));
    const turns = await parts.store.transcripts.of(tenantId, call.id);
    return c.json(callDetail(call, mayReadWhispers(roles) ? turns : turns.filter(({ whispered }) => !whispered)));
  });
  app.get("/api/v1/calls/:id/events", async (c) => {
    const { tenantId } = c.get("actor");
    const query = checked(EventQuery, c.req.query());
    const call = await callOf(parts, tenantId, c.req.param("id"));
    const events = await parts.store.events.ofCall(tenantId, call.id, query.after, query.limit);
    return c.json({
      events: events.map(({ id, type, at, tenantId: _, ...data }) => ({
        id,
        type,
        at: new Date(at).toISOString(),
        data,
      })),
      last_id: events.at(-1)?.id ?? query.after,
    });
  });
  app.post("/api/v1/calls/:id/hangup", async (c) => {
    const { say_goodbye } = checked(HangUpRequest, (await optionalJsonBody(c)) ?? {});
    const call = await hangUp(parts, c.get("actor"), c.req.param("id"), say_goodbye);
    return c.json({ call_id: call.id, task_id: call.taskId, status: call.status }, 202);
  });
  app.get("/api/v1/calls/:id/recording.wav", async (c) => {
    const { tenantId } = c.get("actor");
    const call = await callOf(parts, tenantId, c.req.param("id"));
    const recording = await parts.store.recordings.of(tenantId, call.id);
    const path = recording?.closedAt == null ? null : recordingPath(parts.dataDir, recording.path);
    const file = path === null ? null : Bun.file(path);
    if (file === null || !(await file.exists())) throw new Problem("recording-not-ready");
    const { size } = file;
    const range = readRange(c.req.header("range"), size);
    const headers = {
      "Content-Type": "audio/wav",
      "Accept-Ranges": "bytes",
      "Cache-Control": "private, max-age=3600",
      "Content-Disposition": `inline; filename="${call.id}.wav"`,
    };
    if (range === "outside") {
      throw new Problem("range-not-satisfiable", { headers: { "Content-Range": `bytes */${size}` } });
    }
    if (range === "whole") return c.body(file.stream(), 200, { ...headers, "Content-Length": String(size) });
    return c.body(file.slice(range.from, range.to + 1).stream(), 206, {
      ...headers,
      "Content-Length": String(range.to - range.from + 1),
      "Content-Range": `bytes ${range.from}-${range.to}/${size}`,
    });
  });
};
