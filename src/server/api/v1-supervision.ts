import type { Hono } from "hono";
import { z } from "zod";
import { SUPERVISION_MODES } from "../../core/supervision.ts";
import type { RefusalReason } from "../../media/supervision/messages.ts";
import type { AppParts } from "../app-parts.ts";
import { Problem, type ProblemName } from "../problem.ts";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { callOf } from "./v1-calls.ts";

/** What an agent is to be told in private. */
export const WhisperRequest = z
  .object({
    text: z.string().trim().min(1, "Say what the agent is to know").max(2000, "At most 2000 characters"),
    now: z.boolean().default(false).describe("Let it act on it at once instead of from its next sentence on"),
  })
  .describe("Private guidance for the agent of a live call");

/** That a whisper went out. */
export const WhisperView = z.object({ call_id: z.string() });

/** Someone on a call beside its two parties. */
export const SupervisorView = z
  .object({
    name: z.string(),
    mode: z
      .enum(SUPERVISION_MODES)
      .describe("listen: heard by nobody · whisper: by the agent · barge: by both · takeover: in place of the agent"),
  })
  .describe("A supervisor on a call; a person with two softphones is there twice");

const PROBLEM_OF: Partial<Record<RefusalReason, ProblemName>> = {
  "no-such-call": "not-found",
  "call-over": "call-over",
  "not-now": "call-not-answered",
  "not-allowed": "right-missing",
};

/** Supervision for programs: guidance in text, and who is on a call. */
export const v1SupervisionRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.post("/api/v1/calls/:id/whisper", async (c) => {
    const actor = c.get("actor");
    const guidance = checked(WhisperRequest, await jsonBody(c));
    const call = await callOf(parts, actor.tenantId, c.req.param("id"));
    const told = await parts.whisper(actor, call.id, guidance);
    if (!told.ok) throw new Problem(PROBLEM_OF[told.reason] ?? "internal", { detail: told.why });
    return c.json({ call_id: call.id } satisfies z.output<typeof WhisperView>, 202);
  });
  app.get("/api/v1/calls/:id/supervisors", async (c) => {
    const call = await callOf(parts, c.get("actor").tenantId, c.req.param("id"));
    const supervisors = parts.supervision.present(call.id).map(({ name, mode }) => ({ name, mode }));
    return c.json({ supervisors } satisfies { supervisors: z.output<typeof SupervisorView>[] });
  });
};
