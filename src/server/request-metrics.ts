import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ServerEnv } from "./request-context.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Pattern of the route that answered, such as `/calls/:id`; one word for all paths without one. */
const routeOf = (c: Context): string =>
  matchedRoutes(c).findLast((route) => route.method !== "ALL")?.path ?? "unmatched";

/** Counts and times requests by route pattern: never by path, which holds ids and whatever strangers try. */
export const requestMetrics = (metrics: Metrics, log: Log): MiddlewareHandler<ServerEnv> => {
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    const method = METHODS.has(c.req.method) ? c.req.method : "OTHER";
    const route = routeOf(c);
    metrics.httpRequests.inc({ method, route, status: String(c.res.status) });
    metrics.httpRequestSeconds.observe({ method, route }, ms / 1000);
    log.debug({ requestId: c.get("requestId"), method, route, status: c.res.status, ms: Math.round(ms) }, "request");
  };
};
