import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemSchedule } from "../../src/core/clock.ts";
import { listen } from "../../src/server/listen.ts";
import { answerCall, endCall, openServer, type ServerRig } from "../support/server-rig.ts";
import { until } from "../support/until.ts";

const dataDir = mkdtempSync(join(tmpdir(), "opendeep-listen-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const running = async (
  changes: Parameters<typeof openServer>[0],
  use: (server: ServerRig, url: string) => Promise<void>,
) => {
  const server = await openServer({ schedule: systemSchedule, dataDir, ...changes });
  const http = listen(server.app, { host: "127.0.0.1", port: 0 });
  try {
    await use(server, `127.0.0.1:${http.port}`);
  } finally {
    await http.stop(true);
  }
};

/** Opens a socket and tells how that ended: what the server echoed, or that it was refused. */
const socketSays = (url: string, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, { headers } as never);
    socket.onmessage = ({ data }) => {
      resolve(String(data));
      socket.close();
    };
    socket.onerror = () => resolve("refused");
    socket.onopen = () => socket.send("hello");
  });

const echoing: Partial<ServerRig["parts"]> = {
  supervision: {
    attach: (socket, actor) => ({ message: (text) => socket.send(`${text} ${actor.tenantId}`), closed() {} }),
    present: () => [],
  },
};

test("the softphone's socket opens for our own pages with the actor of its request, for no other site", () =>
  running(echoing, async (_server, host) => {
    const url = `ws://${host}/ws/softphone`;
    expect(await socketSays(url, { origin: `http://${host}` })).toBe("hello default");
    expect(await socketSays(url, {})).toBe("hello default");
    expect(await socketSays(url, { origin: "https://evil.test" })).toBe("refused");
    expect(await socketSays(url, { origin: `http://${host}`, host: "evil.test" })).toBe("refused");
  }));

test("with an access token the socket opens with it alone", () =>
  running({ ...echoing, authToken: "the-token-of-this-test" }, async (_server, host) => {
    const url = `ws://${host}/ws/softphone`;
    expect(await socketSays(url, { origin: `http://${host}` })).toBe("refused");
    expect(await socketSays(url, { authorization: "Bearer the-token-of-this-test" })).toBe("hello default");
  }));

// Symptom: whoever signed out in one tab was still heard on a call from another.
test("signing out closes the sockets and streams of that session, and the softphone counts as left", () => {
  const ends: boolean[] = [];
  const supervision: Partial<ServerRig["parts"]>["supervision"] = {
    attach: () => ({ message() {}, closed: (onPurpose) => ends.push(onPurpose ?? false) }),
    present: () => [],
  };
  return running({ supervision, authToken: "the-token-of-this-test" }, async (_server, host) => {
    const headers = { origin: `http://${host}`, "content-type": "application/x-www-form-urlencoded" };
    const post = (path: string, body: string, more: Record<string, string>): Promise<Response> =>
      fetch(`http://${host}${path}`, { method: "POST", body, headers: { ...headers, ...more }, redirect: "manual" });
    const signedIn = await post("/sign-in", "token=the-token-of-this-test", {});
    const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const socket = new WebSocket(`ws://${host}/ws/softphone`, { headers: { origin: headers.origin, cookie } } as never);
    const closed = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
    await new Promise((opened) => socket.addEventListener("open", opened));
    const stream = await fetch(`http://${host}/sse/calls`, { headers: { cookie } });
    expect((await post("/sign-out", "", { cookie })).status).toBe(303);
    expect(await stream.text()).toContain("live-rows");
    expect(await closed).toBe(1008);
    expect(ends[0]).toBe(true);
  });
});

test("over a real connection a range is a part of the file, once", () =>
  running({}, async (server, host) => {
    const call = await server.call();
    await answerCall(server, call.id);
    await endCall(server, call.id);
    await Bun.write(join(dataDir, "recordings", "a.wav"), "0123456789");
    await server.store.recordings.open(server.tenantId, call.id, { path: "recordings/a.wav" });
    await server.store.recordings.close(server.tenantId, call.id, { durationMs: 1, bytes: 10 });
    const url = `http://${host}/api/v1/calls/${call.id}/recording.wav`;
    const whole = await fetch(url);
    expect([whole.status, whole.headers.get("content-length"), await whole.text()]).toEqual([200, "10", "0123456789"]);
    const part = await fetch(url, { headers: { range: "bytes=2-4" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe("bytes 2-4/10");
    expect(part.headers.get("content-length")).toBe("3");
    expect(await part.text()).toBe("234");
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  }));

test("a page that is left ends its stream on the server at once", () =>
  running({}, async (server, host) => {
    let listening = 0;
    const subscribe = server.bus.subscribe;
    server.bus.subscribe = (listener) => {
      listening++;
      const stop = subscribe(listener);
      return () => {
        listening--;
        stop();
      };
    };
    const left = new AbortController();
    const response = await fetch(`http://${host}/sse/calls`, { signal: left.signal });
    const reader = response.body!.getReader();
    await reader.read();
    expect(listening).toBeGreaterThan(0);
    left.abort();
    await until("nobody listens", () => listening === 0);
  }));

test("wrong tokens are counted by address", () =>
  running({ authToken: "the-token-of-this-test" }, async (_server, host) => {
    const guess = (token: string): Promise<Response> =>
      fetch(`http://${host}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/x-www-form-urlencoded", origin: `http://${host}` },
        body: new URLSearchParams({ token }).toString(),
      });
    for (let i = 0; i < 5; i++) expect((await guess("wrong")).status).toBe(422);
    expect((await guess("the-token-of-this-test")).status).toBe(429);
  }));
