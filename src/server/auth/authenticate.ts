import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { Problem } from "../problem.ts";
import type { ServerEnv, SignedInBy } from "../request-context.ts";
import type { Actor } from "./actor.ts";
import { cameDirectly } from "./host-check.ts";
import { SESSION_COOKIE, type Sessions } from "./session.ts";

/** Paths that everybody may see: the sign-in page and the files it draws itself with. */
export const isOpenPath = (path: string): boolean =>
  path === "/sign-in" || path === "/favicon.ico" || path.startsWith("/assets/");

/**
 * Finds out who asks. Without an access token it is the local owner, on loopback and asked directly; with one, every
 * request carries it, as a bearer token (RFC 6750) or as the session that one sign-in gives.
 */
export const authenticate = (given: {
  owner: Actor;
  sessions: Sessions;
  authToken: string | null;
  isLoopback: boolean;
}): MiddlewareHandler<ServerEnv> => {
  return async (c, next) => {
    if (isOpenPath(c.req.path)) return next();
    let by: SignedInBy | null = null;
    if (given.authToken === null) {
      if (given.isLoopback && cameDirectly(c)) by = "local";
    } else {
      const bearer = /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
      if (bearer !== undefined) by = given.sessions.tokenIs(bearer) ? "bearer" : null;
      else if (given.sessions.isOpen(getCookie(c, SESSION_COOKIE))) by = "session";
    }
    if (by === null) {
      if (given.authToken === null) throw new Problem("host-not-allowed");
      throw new Problem("sign-in-needed", { headers: { "WWW-Authenticate": 'Bearer realm="opendeep"' } });
    }
    c.set("actor", given.owner);
    c.set("signedInBy", by);
    await next();
  };
};
