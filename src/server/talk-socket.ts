import type { Hono } from "hono";
import { upgradeWebSocket } from "hono/bun";
import type { ServerEnv } from "./request-context.ts";
import { MAX_SOCKET_MESSAGE } from "./softphone-socket.ts";
import type { Talk } from "./talk.ts";

/** The WebSocket of a page that talks to an agent; who asks and from which page was settled before the upgrade. */
export const talkRoutes = (app: Hono<ServerEnv>, talk: Pick<Talk, "attach">): void => {
  app.get(
    "/ws/talk",
    upgradeWebSocket((c) => {
      const actor = (c as unknown as { get(name: "actor"): ServerEnv["Variables"]["actor"] }).get("actor");
      let connection: ReturnType<Talk["attach"]> | null = null;
      return {
        onOpen(_event, socket) {
          connection = talk.attach(
            { send: (text) => socket.send(text), close: (code, reason) => socket.close(code, reason) },
            actor,
          );
        },
        onMessage({ data }, socket) {
          if (typeof data === "string" && data.length <= MAX_SOCKET_MESSAGE) connection?.message(data);
          else socket.close(1003, "only short text is understood");
        },
        onClose() {
          connection?.closed();
          connection = null;
        },
      };
    }),
  );
};
