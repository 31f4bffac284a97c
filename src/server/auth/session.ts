import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { EndedSessions } from "./ended-sessions.ts";

/** Name of the cookie that holds a session. */
export const SESSION_COOKIE = "opendeep_session";

/** How long a session lasts, in seconds; then the token is asked for again. */
export const SESSION_SECONDS = 14 * 24 * 3600;

/** Longest cookie or token looked at; more is refused unread. */
const MAX_CREDENTIAL = 512;

/** Proofs of identity, made and checked without stored state, so that restarts keep them valid; only their ends are kept. */
export interface Sessions {
  /** Whether this is the access token; always false where none is set. Takes the same time for every wrong one. */
  tokenIs(candidate: string): boolean;
  /** Value of a new session cookie: its end and a signature, never the token. */
  open(): string;
  /** Whether a cookie was made here, under the present token, and is not over. */
  isOpen(cookie: string | undefined): boolean;
  /** Ends a session before its time, and closes what was opened under it. Anything else is ignored. */
  end(cookie: string | undefined): void;
  /** Has `close` called when this session is ended, at once where it is; gives how to forget that. */
  whenEnded(cookie: string, close: () => void): () => void;
  /** The token that scripts of a page send back, bound to the session or to this machine (empty string). */
  formToken(session: string): string;
  formTokenIs(session: string, candidate: string | undefined): boolean;
}

/** Sessions signed with `secret` (any length, kept over restarts) and the access token, so that a new token ends them. */
export const createSessions = (given: {
  secret: string;
  authToken: string | null;
  clock: Clock;
  ended: EndedSessions;
}): Sessions => {
  const key = createHmac("sha256", given.secret)
    .update(`sessions\n${given.authToken ?? ""}`)
    .digest();
  const sign = (text: string): string => createHmac("sha256", key).update(text).digest("base64url");
  const same = (a: string, b: string): boolean => {
    if (a.length > MAX_CREDENTIAL || b.length > MAX_CREDENTIAL) return false;
    return timingSafeEqual(createHmac("sha256", key).update(a).digest(), createHmac("sha256", key).update(b).digest());
  };
  const { ended } = given;
  const closing = new Map<string, Set<() => void>>();
  const isOpen: Sessions["isOpen"] = (cookie) => {
    if (given.authToken === null || cookie === undefined || cookie.length > MAX_CREDENTIAL) return false;
    const cut = cookie.lastIndexOf(".");
    const body = cookie.slice(0, cut);
    if (cut < 0 || !same(cookie.slice(cut + 1), sign(`session\n${body}`)) || ended.has(cookie)) return false;
    return Number(body.split(".")[0]) * 1000 > given.clock.now();
  };
  const formToken = (session: string): string => sign(`form\n${session}`);
  return {
    tokenIs: (candidate) => given.authToken !== null && same(candidate, given.authToken),
    open() {
      const body = `${Math.floor(given.clock.now() / 1000) + SESSION_SECONDS}.${randomBytes(12).toString("base64url")}`;
      return `${body}.${sign(`session\n${body}`)}`;
    },
    isOpen,
    end(cookie) {
      if (cookie === undefined || !isOpen(cookie)) return;
      const open = closing.get(cookie) ?? new Set();
      closing.delete(cookie);
      for (const close of open) close();
      ended.add(cookie);
    },
    whenEnded(cookie, close) {
      // It may have been ended since the request was let in.
      if (ended.has(cookie)) {
        close();
        return () => {};
      }
      const open = closing.get(cookie) ?? new Set();
      closing.set(cookie, open.add(close));
      return () => {
        open.delete(close);
        if (open.size === 0 && closing.get(cookie) === open) closing.delete(cookie);
      };
    },
    formToken,
    formTokenIs: (session, candidate) => candidate !== undefined && same(candidate, formToken(session)),
  };
};
