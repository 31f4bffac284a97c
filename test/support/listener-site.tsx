import { Hono } from "hono";
import type { Child } from "hono/jsx";
import type { SoftphoneConnection, Supervision } from "../../src/media/supervision/signalling.ts";
import { buildAssets } from "../../src/server/assets.ts";
import { securityHeaders } from "../../src/server/security-headers.ts";

const CONFIG = JSON.stringify({
  noSwap: [204, 304, "5xx"],
  morphIgnore: ["data-htmx-powered", "data-here"],
  extensions: "od-tt,sse,upsert",
});

const MENU = [
  ["/", "Home"],
  ["/calls", "Calls"],
  ["/tasks", "Tasks"],
  ["/missing", "Missing"],
] as const;

const Page = ({ title, path, children }: { title: string; path: string; children?: Child }) => (
  <html lang="en">
    <head>
      <title>{title}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="htmx-config" content={CONFIG} />
      <link rel="icon" href="/assets/icons.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/app.css" />
      <script type="module" src="/assets/htmx.js"></script>
      <script type="module" src="/assets/app.js"></script>
    </head>
    <body class="shell" {...{ "hx-boost:inherited": "target:#page select:#page swap:outerHTML" }}>
      <header class="top">
        <nav id="nav" class="nav" aria-label="Main" hx-swap-oob="outerMorph">
          {MENU.map(([href, name]) => (
            <a href={href} id={`nav-${name}`} {...(href === path ? { "aria-current": "page" } : {})}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main id="page" class="page" hx-history-elt="" tabindex={-1}>
        <h1>{title}</h1>
        {children}
      </main>
      <od-phone id="phone" class="dock" role="region" aria-label="Softphone" hx-ignore=""></od-phone>
      <div id="toasts" class="toasts" role="status" aria-live="polite"></div>
      <div id="dialogs"></div>
    </body>
  </html>
);

const Calls = ({ ids }: { ids: readonly string[] }) => (
  <section class="card">
    {ids.map((id) => (
      <p class="card-body">
        {id}{" "}
        <button
          type="button"
          class="btn small"
          id={`listen-${id}`}
          data-sp="listen"
          data-call={id}
          data-who={`Callee ${id}`}
        >
          Listen
        </button>
      </p>
    ))}
  </section>
);

/** Who is at a socket: the name in the cookie `user`, else one person for all of them. */
interface Visitor {
  user: string | null;
  line?: SoftphoneConnection;
}

const userOf = (request: Request): string | null =>
  /(?:^|;\s*)user=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1] ?? null;

/** A site with the headers and the frame of the real one, a few pages, and the softphone's socket. */
export const startListenerSite = async (options: {
  supervision: Supervision;
  callIds: readonly string[];
}): Promise<{
  origin: string;
  sockets(): number;
  connections(): number;
  dropSockets(): void;
  stop(): Promise<void>;
}> => {
  const assets = await buildAssets({ dev: true });
  const app = new Hono();
  app.use(securityHeaders({ https: false }));
  app.get("/assets/*", (c) => assets.respond(c.req.raw));
  app.get("/", (c) =>
    c.html(
      <Page title="Home" path="/">
        <form id="save" method="post" action="/save">
          <button type="submit" class="btn">
            Save
          </button>
        </form>
      </Page>,
    ),
  );
  app.post("/save", (c) => c.redirect("/tasks", 303));
  app.get("/calls", (c) =>
    c.html(
      <Page title="Calls" path="/calls">
        <Calls ids={options.callIds} />
      </Page>,
    ),
  );
  app.get("/tasks", (c) =>
    c.html(
      <Page title="Tasks" path="/tasks">
        <p>Nothing to do.</p>
      </Page>,
    ),
  );
  app.notFound((c) => c.html(<Page title="Not found" path={c.req.path} />, 404));

  let people = 0;
  const open = new Set<Bun.ServerWebSocket<Visitor>>();
  const server = Bun.serve<Visitor>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => {
      if (new URL(request.url).pathname !== "/ws/softphone") return app.fetch(request);
      return self.upgrade(request, { data: { user: userOf(request) } })
        ? undefined
        : new Response("a WebSocket is expected", { status: 426 });
    },
    websocket: {
      open: (socket) => {
        open.add(socket);
        const name = socket.data.user ?? ["Eva", "Tom", "Mia"][people % 3] ?? "";
        people++;
        const actor = { tenantId: "ten_1", userId: `usr_${socket.data.user ?? 1}`, name, roles: ["owner"] };
        socket.data.line = options.supervision.attach(
          { send: (text) => void socket.send(text), close: (code, reason) => socket.close(code, reason) },
          actor,
        );
      },
      message: (socket, message) => socket.data.line?.message(String(message)),
      close: (socket) => {
        open.delete(socket);
        socket.data.line?.closed();
      },
    },
  });
  return {
    origin: `http://127.0.0.1:${server.port}`,
    sockets: () => open.size,
    connections: () => people,
    dropSockets: () => {
      for (const socket of open) socket.terminate();
    },
    stop: () => server.stop(true),
  };
};
