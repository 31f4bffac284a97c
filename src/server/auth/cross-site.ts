import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { SESSION_COOKIE, type Sessions } from "./session.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
const FORM_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** Whether an `Origin` names the host that was asked, or the address the outside knows us by. */
const isOwnOrigin = (origin: string, c: Context, publicOrigin: string | null): boolean => {
  if (origin === publicOrigin) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === (c.req.header("host") ?? new URL(c.req.url).host).toLowerCase();
};

/**
 * Keeps other sites from acting through a visitor's browser. Requests that change something, and sockets, must come from
 * our own pages (Fetch Metadata `Sec-Fetch-Site`, else `Origin`); those a page's script makes also carry its form token.
 * Clients with a bearer token are no browsers acting on somebody's behalf and pass.
 */
export const crossSiteCheck = (given: {
  sessions: Sessions;
  publicUrl: string | null;
}): MiddlewareHandler<ServerEnv> => {
  const publicOrigin = given.publicUrl ? new URL(given.publicUrl).origin : null;
  return async (c, next) => {
    const changes = !SAFE_METHODS.has(c.req.method);
    const opensSocket = c.req.header("upgrade")?.toLowerCase() === "websocket";
    const by = c.get("signedInBy");
    if ((!changes && !opensSocket) || by === "bearer") return next();
    const site = c.req.header("sec-fetch-site");
    const origin = c.req.header("origin");
    if (site !== undefined && site !== "same-origin") throw new Problem("cross-site-request");
    if (site === undefined && origin !== undefined && !isOwnOrigin(origin, c, publicOrigin)) {
      throw new Problem("cross-site-request");
    }
    const fromBrowser = site !== undefined || origin !== undefined;
    const isForm = FORM_TYPES.test(c.req.header("content-type") ?? "");
    if (!fromBrowser && (by === "session" || (isForm && changes))) throw new Problem("cross-site-request");
    const byScript = !isForm || c.req.header("hx-request") === "true";
    if (changes && fromBrowser && byScript && c.req.path !== "/sign-in") {
      const session = getCookie(c, SESSION_COOKIE) ?? "";
      if (!given.sessions.formTokenIs(by === "session" ? session : "", c.req.header("x-csrf-token"))) {
        throw new Problem("form-token-missing");
      }
    }
    await next();
  };
};
