import { RealtimeConnection, type SocketData } from "./connection.ts";
import type { ConnectionScript } from "./script.ts";
import { ToneBook } from "./sound.ts";

/** How often replies move on, in ms. */
const STEP_MS = 5;

export interface RealtimeServerOptions {
  /** Default 0, a free one. */
  port?: number;
  /** What each connection does; `number` counts from 1, `model` is empty where one only writes down. */
  script?: ConnectionScript | ((number: number, model: string) => ConnectionScript);
  /** What a connection does by the instructions of its session; null leaves it to `script`. */
  cast?: (instructions: string) => ConnectionScript | null;
  /** The rest of the service under the same address; without it there is none. */
  others?: (request: Request) => Promise<Response>;
  /** Keeps audio and events of both sides. Default true; a benchmark does without. */
  keep?: boolean;
  /** Sees every append as it comes; `bytes` holds only during the call. */
  onAppend?: (connection: RealtimeConnection, bytes: Uint8Array, length: number, atMs: number) => void;
  /** Monotonic ms. Default `performance.now`. */
  nowMs?: () => number;
}

/**
 * The GA Realtime API of OpenAI as one process sees it from outside: events, their order, their errors and their limits,
 * with a script instead of a model. Plain WebSocket on loopback; `url` is a base URL for the vendor's client.
 */
export class RealtimeServer {
  readonly url: string;
  readonly port: number;
  readonly tones = new ToneBook();
  /** In the order of their opening; ended ones stay. */
  readonly connections: RealtimeConnection[] = [];
  /** Handshakes, refused ones too. */
  handshakes = 0;
  readonly keep: boolean;
  readonly onAppend: RealtimeServerOptions["onAppend"];
  readonly nowMs: () => number;
  readonly cast: RealtimeServerOptions["cast"];
  readonly #others: RealtimeServerOptions["others"];
  /** Acts on connections from now on. */
  script: ConnectionScript | ((number: number, model: string) => ConnectionScript);
  readonly #server: Bun.Server<SocketData>;
  readonly #busy = new Set<RealtimeConnection>();
  #timer: Timer | null = null;

  constructor(options: RealtimeServerOptions = {}) {
    this.script = options.script ?? {};
    this.keep = options.keep ?? true;
    this.onAppend = options.onAppend;
    this.cast = options.cast;
    this.#others = options.others;
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.#server = Bun.serve<SocketData>({
      hostname: "127.0.0.1",
      port: options.port ?? 0,
      idleTimeout: 255,
      fetch: (request, server) => this.#handshake(request, server),
      websocket: {
        maxPayloadLength: 16 * 1024 * 1024,
        idleTimeout: 960,
        open: (socket) => {
          const connection = new RealtimeConnection(this, socket);
          socket.data.connection = connection;
          this.connections.push(connection);
        },
        message: (socket, message) => socket.data.connection?.message(String(message)),
        close: (socket, code) => {
          const { connection } = socket.data;
          if (!connection) return;
          connection.closed(code);
          this.#busy.delete(connection);
        },
      },
    });
    this.port = this.#server.port!;
    this.url = `http://127.0.0.1:${this.port}/v1`;
  }

  /** The nth connection, counted from 1. */
  connection(number: number): RealtimeConnection {
    const connection = this.connections[number - 1];
    if (!connection) throw new Error(`connection ${number} was not opened; there are ${this.connections.length}`);
    return connection;
  }

  /** A connection has something to do later. */
  wake(connection: RealtimeConnection): void {
    this.#busy.add(connection);
    this.#timer ??= setInterval(() => this.#step(), STEP_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    await this.#server.stop(true);
  }

  #step(): void {
    const nowMs = this.nowMs();
    for (const connection of this.#busy) if (!connection.advance(nowMs)) this.#busy.delete(connection);
    if (this.#busy.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #handshake(request: Request, server: Bun.Server<SocketData>): Response | Promise<Response> | undefined {
    const url = new URL(request.url);
    if (this.#others !== undefined && !url.pathname.endsWith("/realtime")) return this.#others(request);
    if (!url.pathname.endsWith("/realtime")) return this.#control(request, url);
    const number = ++this.handshakes;
    const model = url.searchParams.get("model") ?? "";
    const intent = url.searchParams.get("intent");
    const isAsked = (model !== "") !== (intent === "transcription");
    const script = typeof this.script === "function" ? this.script(number, model) : this.script;
    if (script.handshake === "never") return new Promise(() => {});
    const protocols = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim());
    const hasKey =
      /^Bearer \S/.test(request.headers.get("authorization") ?? "") ||
      (protocols.includes("realtime") && protocols.some((one) => one.startsWith("openai-insecure-api-key.")));
    const status = script.handshake ?? (hasKey ? (isAsked ? 0 : 400) : 401);
    if (status) return Response.json({ error: { code: `status_${status}`, message: "No." } }, { status });
    const headers = Object.fromEntries(request.headers);
    const writesDown = intent === "transcription";
    const place = this.connections.length + 1;
    const data: SocketData = { number: place, model, writesDown, headers, script, connection: null };
    const answer = protocols.includes("realtime") ? { headers: { "Sec-WebSocket-Protocol": "realtime" } } : {};
    if (server.upgrade(request, { data, ...answer })) return undefined;
    return new Response("A WebSocket is expected.", { status: 400 });
  }

  /** For another process: what connections there are, and acts on them. */
  #control(request: Request, url: URL): Response {
    const number = Number(url.searchParams.get("connection") ?? 0);
    const connection = this.connections[number - 1];
    if (url.pathname === "/control/connections") return Response.json(this.connections.map(summary));
    if (!connection) return new Response("No such connection.", { status: 404 });
    if (url.pathname === "/control/events") {
      return Response.json({ received: connection.received, sent: connection.sent });
    }
    if (url.pathname === "/control/audio") return new Response(connection.appended.slice());
    if (url.pathname === "/control/drop" && request.method === "POST") {
      connection.drop(Number(url.searchParams.get("code") ?? 1006));
      return new Response(null, { status: 204 });
    }
    return new Response("Not found.", { status: 404 });
  }
}

const summary = (connection: RealtimeConnection) => ({
  number: connection.number,
  model: connection.model,
  isOpen: connection.isOpen,
  closeCode: connection.closeCode,
  appends: connection.appends,
  appendsBeforeUpdated: connection.appendsBeforeUpdated,
  items: connection.items.all.length,
  responses: connection.countOf("response.created"),
  audioDeltas: connection.countOf("response.output_audio.delta"),
});
