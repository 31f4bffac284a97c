import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { ServerEnv } from "../request-context.ts";
import { SESSION_COOKIE, type Sessions } from "./session.ts";

/** The code with which a socket is closed whose session was ended (RFC 6455 §7.4.1: policy violation). */
const SIGNED_OUT = 1008;

/**
 * Closes a socket when the session that opened it is ended, so that nobody goes on listening or speaking from a page
 * that was left open. Sockets opened by other proof live on. Gives how to forget the socket.
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
