import type { Context, Hono } from "hono";
import type { AppParts } from "../app-parts.ts";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";

/** Why a campaign could not be steered. */
type Refusal = "unknown-campaign" | keyof typeof DETAILS;

const DETAILS = {
  "already-over": "The campaign is over.",
  "too-late": "The time to undo has passed. End the campaign instead.",
  "dialed-already": "Somebody was called already. End the campaign instead.",
};

/** Why a person's End stands in the history. */
const ENDED_BY_A_PERSON = "ended by a person";

/** Pause, Resume, End and Undo of a campaign; each leads back to its page. */
export const campaignSteeringRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { campaigns } = parts.store;

  const steer =
    (move: (tenantId: string, id: string) => Promise<{ ok: true } | { ok: false; reason: Refusal }>) =>
    async (c: Context<ServerEnv>): Promise<Response> => {
      const id = (c.req.param("id") ?? "").slice(0, 60);
      const moved = await move(c.get("actor").tenantId, id);
      if (!moved.ok) {
        const { reason } = moved;
        if (reason === "unknown-campaign") throw new Problem("not-found", { detail: "There is no such campaign." });
        throw new Problem("campaign-state", { detail: DETAILS[reason] });
      }
      parts.scheduler.kick();
      return c.redirect(`/campaigns/${id}`, 303);
    };

  app.post(
    "/campaigns/:id/pause",
    steer((tenantId, id) => campaigns.pause(tenantId, id)),
  );
  app.post(
    "/campaigns/:id/resume",
    steer((tenantId, id) => campaigns.resume(tenantId, id)),
  );
  app.post(
    "/campaigns/:id/end",
    steer((tenantId, id) => campaigns.end(tenantId, id, ENDED_BY_A_PERSON)),
  );
  app.post(
    "/campaigns/:id/undo",
    steer((tenantId, id) => campaigns.undo(tenantId, id, parts.clock.now())),
  );
};
