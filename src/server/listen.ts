import type { Hono } from "hono";
import { websocket } from "hono/bun";
import type { Certificate } from "./certificate.ts";
import type { ServerEnv } from "./request-context.ts";
import { MAX_SOCKET_MESSAGE } from "./softphone-socket.ts";

/** Silence after which a connection is closed, in s; streams and sockets say something four times as often. */
const IDLE_TIMEOUT_S = 60;

/** Bodies above this never reach the app, which has a lower limit with a kinder answer. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Starts to answer HTTP and WebSocket on this address; with a certificate over TLS alone, and HTTP/2 to who offers it, so
 * that the streams of many tabs share one connection. Port 0 takes a free one. Throws when the address is taken.
 */
export const listen = (
  app: Hono<ServerEnv>,
  address: { host: string; port: number },
  certificate: Certificate | null = null,
): Bun.Server<unknown> =>
  Bun.serve({
    hostname: address.host,
    port: address.port,
    idleTimeout: IDLE_TIMEOUT_S,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: app.fetch,
    ...(certificate === null ? {} : { tls: { cert: certificate.cert, key: certificate.key }, http2: true }),
    websocket: { ...websocket, maxPayloadLength: MAX_SOCKET_MESSAGE, idleTimeout: IDLE_TIMEOUT_S } as never,
  });
