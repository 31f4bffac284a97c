import { expect, test } from "bun:test";
import { join } from "node:path";
import { repoDir } from "../../../../scripts/paths.ts";

/** A server that answers every path of ARI as `answer` says. */
const serverOf = (answer: (url: URL) => Response) =>
  Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => answer(new URL(request.url)) });

/** Connects in a process of its own, where nothing catches what the packages let fall, and tells what it did. */
const connectTo = async (url: string): Promise<{ health: string; stdout: string; exitCode: number }> => {
  const script = `
    import { ConnectedAri } from "${join(repoDir, "src/media/carriers/asterisk/ari.ts")}";
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const listener = { onUp() {}, onDown() {}, onEvent() {} };
    const schedule = (run, ms) => { const timer = setTimeout(run, ms / 20); return () => clearTimeout(timer); };
    const settings = { url: "${url}", username: "u", password: "p", app: "opendeep" };
    const ari = new ConnectedAri({ settings, listener, log, schedule });
    await ari.start();
    await Bun.sleep(200);
    console.error(JSON.stringify(ari.health()));
    ari.close();
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: repoDir, stdout: "pipe", stderr: "pipe" });
  const [stdout, health] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { health, stdout, exitCode: await child.exited };
};

/** The list of descriptions as it should be, and `others` for each description itself. */
const described = (url: URL, others: () => Response): Response => {
  if (!url.pathname.endsWith("resources.json")) return others();
  const apis = [{ path: "/api-docs/channels.{format}", description: "Channels" }];
  return Response.json({ swaggerVersion: "1.1", apiVersion: "10.0.0", basePath: `${url.origin}/ari`, apis });
};

test.each<[string, string, (url: URL) => Response]>([
  ["refuses the password", "ARI_PASSWORD", () => new Response("no", { status: 401 })],
  ["is starting", "starting", () => new Response("", { status: 503 })],
  ["is no ARI", "not Asterisk's", () => new Response("<html>hello</html>")],
  ["leads elsewhere", "not Asterisk's", () => Response.redirect("http://127.0.0.1:1/")],
  [
    "has descriptions that cannot be read",
    "could not be connected",
    (url) => described(url, () => new Response("no", { status: 500 })),
  ],
  [
    "has descriptions that are no JSON",
    "could not be connected",
    (url) => described(url, () => new Response("{", { headers: { "content-type": "application/json" } })),
  ],
])("a server that %s is a state, and the process goes on in silence", async (_, says, answer) => {
  const server = serverOf(answer);
  const { health, stdout, exitCode } = await connectTo(`http://127.0.0.1:${server.port}`);
  await server.stop(true);
  expect(health).toContain('"state":"down"');
  expect(health).toContain(says);
  expect(stdout).toBe("");
  expect(exitCode).toBe(0);
});

test("nothing at the address is a state too", async () => {
  const { health, stdout, exitCode } = await connectTo("http://127.0.0.1:1");
  expect(health).toContain("does not answer");
  expect(stdout).toBe("");
  expect(exitCode).toBe(0);
});
