import { createRequire } from "node:module";
import { messageOf } from "../../../core/errors.ts";

/** What a request to ARI failed of; `status` is 0 when no answer came. */
export class AriRefusal extends Error {
  override name = "AriRefusal";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is heard from the events socket. None of these is called after `onClosed`. */
export interface SocketListener {
  onOpen(): void;
  /** One event, as ARI sent it. */
  onEvent(raw: unknown): void;
  onPong(): void;
  /** The socket is gone; `reason` says why where anything is known. Comes once. */
  onClosed(reason: string): void;
}

/** One events socket. */
export interface AriSocket {
  ping(): void;
  /** Says good-bye; nothing is heard from it any more. May be called twice. */
  close(): void;
  /** Cuts a socket whose other side is silent; `onClosed` follows at once. */
  cut(reason: string): void;
}

/** The ARI client with its traps fenced. */
export interface FencedClient {
  /** Runs an operation of ARI's own description, such as `channels`, `hangup`. Rejects with an `AriRefusal`. */
  call(resource: string, operation: string, params: Record<string, unknown>): Promise<unknown>;
  /** Opens the events socket of an app. It never opens itself again. */
  open(app: string, listener: SocketListener): AriSocket;
}

/** Events are a few hundred bytes; more than this is dropped unread. */
const MAX_EVENT_CHARS = 100_000;

/** The parts of `ari-client` 2.2.0 and of the packages under it that are used or fenced. */
interface RawSocket {
  on(name: string, listener: (...args: unknown[]) => void): unknown;
  ping(): void;
  close(): void;
  terminate(): void;
}
type Reply = { data?: unknown; status?: unknown } | Error | string | undefined;
type SwaggerOperation = (options: unknown, done: (reply: unknown) => void, failed: (reply: Reply) => void) => unknown;
interface RawClient {
  _ws?: RawSocket;
  _swagger: { apis: Record<string, { operations: Record<string, unknown> } & Record<string, unknown>> };
  on(name: "*" | "pong" | "WebSocketConnected", listener: (raw: unknown) => void): unknown;
  start(app: string): PromiseLike<unknown>;
  [resource: string]: unknown;
}
interface RawPackage {
  connect(url: string, username: string, password: string): PromiseLike<RawClient>;
}

/**
 * Loads `ari-client` and the API description of the server. The caller has made sure that there is an ARI which takes
 * these credentials.
 *
 * Fenced here: the package prints through a global `log` (silenced); a failure to read a description is thrown from a
 * socket callback besides being reported (only reported); errors lose their status (kept); what its callbacks throw
 * ends the process (reported); its socket tries ten times to come back and then never again, and a replaced socket still
 * delivers (each socket is opened once and is deaf after its end); a listener per channel is never freed (one listener
 * on the client). Its promises are Bluebird's, which print when nobody listens (each one is wrapped in ours).
 *
 * Credentials are global in the package, so all clients of a process must share one password.
 */
export const loadFencedClient = async (url: string, username: string, password: string): Promise<FencedClient> => {
  const imported: { default: RawPackage } = (await import("ari-client")) as never;
  (globalThis as { log?: unknown }).log = () => {};
  fenceRequests();
  const client = await ours(imported.default.connect(url, username, password));
  keepStatus(client);
  return {
    call: (resource, operation, params) => {
      const run = (client[resource] as Record<string, ((params: unknown) => PromiseLike<unknown>) | undefined>)?.[
        operation
      ];
      if (!run) return Promise.reject(new AriRefusal(501, `this Asterisk has no ${resource}.${operation}`));
      return ours(run(params));
    },
    open: openerOf(client),
  };
};

/** A promise of the language for one of Bluebird's, with both outcomes listened to. */
const ours = <T>(theirs: PromiseLike<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    theirs.then(resolve, (thrown: unknown) =>
      reject(thrown instanceof Error ? thrown : new AriRefusal(0, String(thrown))),
    );
  });

type Handlers = Record<string, (reply: unknown) => unknown>;
interface RawShred {
  request(options: { on: Handlers }): unknown;
}
interface RawSwagger {
  SwaggerApi: { prototype: { fail(message: string): void } };
  ShredHttpClient: { prototype: { initShred(): void; fenced?: boolean } };
}

/**
 * Fences the HTTP side below `ari-client`. Replies are read inside socket callbacks: what is thrown there becomes the
 * failure of its own request, and so does a server that is not there, which would otherwise never be told.
 */
const fenceRequests = (): void => {
  const beside = createRequire(Bun.resolveSync("ari-client", import.meta.dir));
  const swagger = beside("swagger-client") as RawSwagger;
  const http = swagger.ShredHttpClient.prototype;
  if (http.fenced) return;
  http.fenced = true;
  swagger.SwaggerApi.prototype.fail = function fail(this: unknown, message: string): void {
    (this as { failure(message: string): void }).failure(message);
  };
  const init = http.initShred;
  http.initShred = function initShred(this: { shred: RawShred }): void {
    init.call(this);
    const { shred } = this;
    const request = shred.request;
    shred.request = (options) => request.call(shred, { ...options, on: fencedHandlers(options.on) });
  };
};

const fencedHandlers = (handlers: Handlers): Handlers => {
  const fail = (why: unknown): void => {
    try {
      handlers.error?.({ _headers: {}, request: {}, status: 0, content: { data: messageOf(why) } });
    } catch {
      // The request stays without an answer; whoever waits for it has a time-out.
    }
  };
  const fenced: Handlers = { request_error: fail };
  for (const [name, handler] of Object.entries(handlers)) {
    fenced[name] = (reply) => {
      try {
        return handler(reply);
      } catch (thrown) {
        fail(thrown);
      }
    };
  }
  return fenced;
};

/** The client turns a refusal into its text alone; this keeps the status. */
const keepStatus = (client: RawClient): void => {
  for (const api of Object.values(client._swagger.apis)) {
    for (const name of Object.keys(api.operations ?? {})) {
      const run = api[name];
      if (typeof run !== "function") continue;
      api[name] = ((options, done, failed) =>
        (run as SwaggerOperation)(options, done, (reply) => failed(refusalOf(reply)))) satisfies SwaggerOperation;
    }
  }
};

const refusalOf = (reply: Reply): AriRefusal => {
  if (reply instanceof Error || typeof reply !== "object") return new AriRefusal(0, messageOf(reply ?? "no reply"));
  const status = typeof reply.status === "number" ? reply.status : 0;
  return new AriRefusal(status, String(reply.data ?? "no reply").slice(0, 500));
};

/**
 * The client keeps its socket in `_ws` and hangs its listeners on it. Standing between the two keeps the client from
 * reconnecting by itself (it never hears of an end) and its parser from throwing into the event loop.
 */
const openerOf = (client: RawClient): FencedClient["open"] => {
  let current: { raw?: RawSocket; listener: SocketListener } | undefined;
  let raw: RawSocket | undefined;
  const closed = (session: typeof current, reason: string): void => {
    if (!session || session !== current) return;
    current = undefined;
    session.listener.onClosed(reason);
  };
  Object.defineProperty(client, "_ws", {
    get: () => raw,
    set: (socket: RawSocket) => {
      raw = socket;
      const session = current;
      if (session) session.raw = socket;
      const on = socket.on.bind(socket);
      on("close", (code) => closed(session, `closed with ${String(code)}`));
      on("error", (error) => closed(session, messageOf(error)));
      socket.on = (name, listener) => {
        if (name === "close" || name === "error") return socket;
        return on(name, (...args) => {
          if (session !== current) return;
          if (name === "message" && String(args[0]).length > MAX_EVENT_CHARS) return;
          try {
            listener(...args);
          } catch {
            // An event its parser chokes on is of a kind that its own description lacks, and none of those read here.
          }
        });
      };
    },
  });
  client.on("WebSocketConnected", () => current?.listener.onOpen());
  client.on("pong", () => current?.listener.onPong());
  client.on("*", (event) => current?.listener.onEvent(event));
  return (app, listener) => {
    const session: NonNullable<typeof current> = { listener };
    current = session;
    ours(client.start(app)).catch((thrown: unknown) => closed(session, messageOf(thrown)));
    return {
      ping: () => {
        if (session === current) session.raw?.ping();
      },
      close: () => {
        if (session !== current) return;
        current = undefined;
        session.raw?.close();
      },
      cut: (reason) => {
        session.raw?.terminate();
        closed(session, reason);
      },
    };
  };
};
