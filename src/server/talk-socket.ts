import type { Context, Hono } from "hono";
import { upgradeWebSocket } from "hono/bun";
import type { Sessions } from "./auth/session.ts";
import { closeWithSession } from "./auth/session-socket.ts";
import type { ServerEnv } from "./request-context.ts";
import { MAX_SOCKET_MESSAGE } from "./softphone-socket.ts";
import type { Talk } from "./talk.ts";

/** The WebSocket of a page that talks to an agent; who asks and from which page was settled before the upgrade. */
export const talkRoutes = (
  app: Hono<ServerEnv>,
  talk: Pick<Talk, "attach">,
  sessions: Pick<Sessions, "whenEnded">,
): void => {
  app.get(
    "/ws/talk",
    upgradeWebSocket((c) => {
      const request = c as unknown as Context<ServerEnv>;
      const actor = request.get("actor");
      let connection: ReturnType<Talk["attach"]> | null = null;
      let forget = (): void => {};
      return {
        onOpen(_event, socket) {
          connection = talk.attach(
            { send: (text) => socket.send(text), close: (code, reason) => socket.close(code, reason) },
            actor,
          );
          forget = closeWithSession(sessions, request, (code, reason) => socket.close(code, reason));
        },
        onMessage({ data }, socket) {
          if (typeof data === "string" && data.length <= MAX_SOCKET_MESSAGE) connection?.message(data);
          else socket.close(1003, "only short text is understood");
        },
        onClose() {
          forget();
          connection?.closed();
          connection = null;
        },
      };
    }),
  );
};
