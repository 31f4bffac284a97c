/** One request as it came. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Parsed JSON; null where there was none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of three vendors.
  readonly body: any;
  /** The asker went away before the answer was complete. */
  wasDropped: boolean;
}

/** What goes wrong before any protocol: an error status, an answer that never comes, bytes that mean nothing. */
export type Fault =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  | { hang: true }
  | { garbage: string; contentType?: string };

/** Steps in their order, or what to do by what is asked. */
export type Script<Step> = (Step | Fault)[] | ((request: Recorded) => Step | Fault);

/** How a stream ends: properly, torn off, or never. */
export type StreamEnd = "close" | "tear" | "stall";

/** A service on loopback that plays a script, one step for each request it would answer, and keeps what it was asked. */
export class ScriptedHttp<Step extends object> {
  readonly requests: Recorded[] = [];
  readonly origin: string;
  /** Still to be played; none of a script that decides by itself. */
  readonly steps: (Step | Fault)[];
  readonly #server: Bun.Server<undefined>;

  /**
   * @param refuse what the service refuses before it looks at anything else, such as a missing key; null to go on
   * @param answer plays one step
   */
  constructor(options: {
    script: Script<Step>;
    refuse: (request: Recorded) => Response | null;
    answer: (step: Step, request: Recorded) => Response;
  }) {
    const { script } = options;
    this.steps = typeof script === "function" ? [] : script;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 60,
      // A connection torn on purpose is no news.
      error: () => new Response(null, { status: 500 }),
      fetch: async (request) => {
        const url = new URL(request.url);
        const text = await request.text();
        const recorded: Recorded = {
          method: request.method,
          path: url.pathname.replaceAll(/\/+/g, "/"),
          query: url.searchParams,
          headers: request.headers,
          body: text === "" ? null : JSON.parse(text),
          wasDropped: false,
        };
        this.requests.push(recorded);
        request.signal.addEventListener("abort", () => {
          recorded.wasDropped = true;
        });
        const refused = options.refuse(recorded);
        if (refused) return refused;
        const step = typeof script === "function" ? script(recorded) : this.steps.shift();
        if (!step) return new Response("the script is over", { status: 418 });
        if ("hang" in step) return new Promise<Response>(() => {});
        if ("garbage" in step) {
          return new Response(step.garbage, { headers: { "content-type": step.contentType ?? "application/json" } });
        }
        if ("status" in step && typeof step.status === "number") {
          const { status, body = {}, headers = {} } = step as Extract<Fault, { status: number }>;
          return Response.json(body, { status, headers });
        }
        return options.answer(step as Step, recorded);
      },
    });
    this.origin = `http://127.0.0.1:${this.#server.port}`;
  }

  /** The body of the nth request, counted from 1. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  body(number: number): any {
    const request = this.requests[number - 1];
    if (!request) throw new Error(`request ${number} was not made; there were ${this.requests.length}`);
    return request.body;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}

/** Server-sent events, one write each, as vendors frame them. */
export const sse = (frames: readonly string[], end: StreamEnd = "close"): Response => {
  const encoder = new TextEncoder();
  let next = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const frame = frames[next++];
      if (frame !== undefined) return controller.enqueue(encoder.encode(frame));
      if (end === "stall") return new Promise<void>(() => {});
      // What was written must be on its way before the connection is torn.
      if (end === "tear") return Bun.sleep(20).then(() => controller.error());
      controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
};

/** A text in pieces of `size` characters, at least one piece. */
export const pieces = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [""];
