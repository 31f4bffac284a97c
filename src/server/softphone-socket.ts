import type { Context, Hono } from "hono";
import { upgradeWebSocket } from "hono/bun";
import type { Supervision } from "../media/supervision/signalling.ts";
import type { Sessions } from "./auth/session.ts";
import { closeWithSession } from "./auth/session-socket.ts";
import type { ServerEnv } from "./request-context.ts";

/** Longest message a softphone may send, in characters; signalling stays far below. */
export const MAX_SOCKET_MESSAGE = 64 * 1024;

/** The code with which a browser closes the sockets of a page that is closed or left (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;

/** The softphone's WebSocket; who asks and from which page was settled before the upgrade. */
export const softphoneRoutes = (
  app: Hono<ServerEnv>,
  supervision: Pick<Supervision, "attach">,
  sessions: Pick<Sessions, "whenEnded">,
): void => {
  app.get(
    "/ws/softphone",
    upgradeWebSocket((c) => {
      const request = c as unknown as Context<ServerEnv>;
      const actor = request.get("actor");
      let connection: ReturnType<Supervision["attach"]> | null = null;
      let forget = (): void => {};
      return {
        onOpen(_event, socket) {
          connection = supervision.attach(
            { send: (text) => socket.send(text), close: (code, reason) => socket.close(code, reason) },
            actor,
          );
          forget = closeWithSession(sessions, request, (code, reason) => {
            connection?.closed(true);
            socket.close(code, reason);
          });
        },
        onMessage({ data }, socket) {
          if (typeof data === "string" && data.length <= MAX_SOCKET_MESSAGE) connection?.message(data);
          else socket.close(1003, "only short text is understood");
        },
        onClose({ code }) {
          forget();
          connection?.closed(code === GOING_AWAY);
          connection = null;
        },
      };
    }),
  );
};
