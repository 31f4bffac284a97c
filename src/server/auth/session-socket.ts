import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { ServerEnv } from "../request-context.ts";
import { SESSION_COOKIE, type Sessions } from "./session.ts";

/** The code with which a socket is closed whose session was ended (RFC 6455 §7.4.1: policy violation). */
const SIGNED_OUT = 1008;

/**
 * Closes a socket or a stream when the session that opened it is ended, so that nobody goes on reading, listening or
 * speaking from a page that was left open. Those opened by other proof live on. Gives how to forget it.
 */
export const closeWithSession = (
  sessions: Pick<Sessions, "whenEnded">,
  c: Context<ServerEnv>,
  close: (code: number, reason: string) => void,
): (() => void) => {
  const cookie = getCookie(c, SESSION_COOKIE);
  if (c.get("signedInBy") !== "session" || cookie === undefined) return () => {};
  return sessions.whenEnded(cookie, () => close(SIGNED_OUT, "signed out"));
};
