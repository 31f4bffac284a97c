import type { Context, MiddlewareHandler } from "hono";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";

/** Whether a name can only mean this machine: loopback addresses, `localhost` and names under it (RFC 6761 §6.3). */
export const isLoopbackName = (name: string): boolean =>
  name === "localhost" ||
  name.endsWith(".localhost") ||
  name === "::1" ||
  name === "[::1]" ||
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);

/** Host of the request without its port, in lower case. */
export const hostNameOf = (c: Context): string => {
  const host = (c.req.header("host") ?? new URL(c.req.url).host).toLowerCase();
  return host.startsWith("[") ? host.slice(0, host.indexOf("]") + 1) : (host.split(":")[0] ?? "");
};

/** Whether the request names this machine and was not handed on by a proxy or tunnel. */
export const cameDirectly = (c: Context): boolean =>
  isLoopbackName(hostNameOf(c)) &&
  c.req.header("x-forwarded-for") === undefined &&
  c.req.header("x-forwarded-host") === undefined &&
  c.req.header("forwarded") === undefined;

/**
 * Refuses names that are not ours while we listen on loopback: a page elsewhere that points its own name at this machine
 * (DNS rebinding) would otherwise speak as the local owner.
 */
export const hostCheck = (given: { isLoopback: boolean; publicUrl: string | null }): MiddlewareHandler<ServerEnv> => {
  const publicName = given.publicUrl ? new URL(given.publicUrl).hostname.toLowerCase() : null;
  return async (c, next) => {
    const name = hostNameOf(c);
    if (given.isLoopback && !isLoopbackName(name) && name !== publicName) throw new Problem("host-not-allowed");
    await next();
  };
};
