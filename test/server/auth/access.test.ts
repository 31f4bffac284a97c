import { expect, test } from "bun:test";
import { ManualClock } from "../../../src/core/clock.ts";
import { createSessions } from "../../../src/server/auth/session.ts";
import { openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const TOKEN = "a-token-of-this-installation";
const body = { phone_number: PHONE, action: "Ask for the opening hours." };

const behindToken = (): Promise<ServerRig> => openServer({ authToken: TOKEN, isLoopback: false });
const cookieOf = (response: Response): string => (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const formTokenOf = (html: string): string => /X-CSRF-Token&quot;:&quot;([\w-]+)/.exec(html)?.[1] ?? "";

const PATHS = [
  "/",
  "/calls",
  "/calls/call_x",
  "/tasks",
  "/agents",
  "/dnd",
  "/settings",
  "/docs",
  "/health",
  "/metrics",
  "/api/openapi.json",
  "/api/v1/calls",
  "/api/v1/tasks",
  "/api/phone/health",
  "/sse/calls",
  "/ws/softphone",
  "/no/such/path",
];

test("on loopback without a token everything belongs to the local owner", async () => {
  const server = await openServer();
  expect((await server.page("/")).status).toBe(200);
  expect((await server.json("/api/phone/call", body)).status).toBe(201);
});

test("with a token no path but the sign-in page and its files answers without it", async () => {
  const server = await behindToken();
  for (const path of PATHS) {
    expect([path, (await server.app.request(path)).status]).toEqual([path, 401]);
    const wrong = await server.app.request(path, { headers: { authorization: `Bearer ${TOKEN}x` } });
    expect([path, wrong.status]).toEqual([path, 401]);
  }
  expect((await server.json("/api/phone/call", body)).status).toBe(401);
  expect((await server.app.request("/sign-in")).status).toBe(200);
  expect((await server.app.request("/assets/app.css")).status).toBe(200);
});

test("the bearer token opens pages and API alike", async () => {
  const server = await behindToken();
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect((await server.page("/", headers)).status).toBe(200);
  expect((await server.json("/api/phone/call", body, headers)).status).toBe(201);
});

test("signing in gives a cookie that scripts and other sites never see and that does not hold the token", async () => {
  const server = await behindToken();
  const response = await server.form("/sign-in", { token: TOKEN, next: "/calls?status=failed_attempt" });
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/calls?status=failed_attempt");
  const cookie = response.headers.get("set-cookie") ?? "";
  expect(cookie).toContain("HttpOnly");
  expect(cookie).toContain("SameSite=Strict");
  expect(cookie).not.toContain(TOKEN);
  expect((await server.page("/", { cookie: cookieOf(response) })).status).toBe(200);
});

test("a session that was tampered with or is too old is none", async () => {
  const server = await behindToken();
  const cookie = cookieOf(await server.form("/sign-in", { token: TOKEN, next: "/" }));
  const later = cookie.replace(/=(\d)/, (_, digit) => `=${(Number(digit) + 1) % 10}`);
  expect((await server.page("/", { cookie: later })).status).toBe(401);
  expect((await server.page("/", { cookie: `${cookie}x` })).status).toBe(401);
  server.clock.advance(15 * 24 * 3600 * 1000);
  expect((await server.page("/", { cookie })).status).toBe(401);
});

// Symptom: the cookie of a session that had been signed out opened everything for two more weeks. Signing out only asked
// the browser to forget it.
test("a session that was signed out is none any more, whoever still has its cookie; others go on", async () => {
  const server = await behindToken();
  const signIn = async (): Promise<string> => cookieOf(await server.form("/sign-in", { token: TOKEN, next: "/" }));
  const [cookie, other] = [await signIn(), await signIn()];
  expect((await server.form("/sign-out", {}, { cookie })).status).toBe(303);
  expect((await server.page("/", { cookie })).status).toBe(401);
  expect((await server.page("/", { cookie: other })).status).toBe(200);
});

test("what is opened as its session ends is closed at once", () => {
  const sessions = createSessions({ secret: "s", authToken: TOKEN, clock: new ManualClock(0), ended: new Set() });
  const cookie = sessions.open();
  sessions.end(cookie);
  let closed = 0;
  sessions.whenEnded(cookie, () => closed++)();
  expect(closed).toBe(1);
});

test("a session ends when the token is changed", async () => {
  const cookie = cookieOf(await (await behindToken()).form("/sign-in", { token: TOKEN, next: "/" }));
  const changed = await openServer({ authToken: `${TOKEN}2`, isLoopback: false });
  expect((await changed.page("/", { cookie })).status).toBe(401);
});

test("signing in leads to paths of this server only", async () => {
  const server = await behindToken();
  for (const next of ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a b", ""]) {
    const response = await server.form("/sign-in", { token: TOKEN, next });
    expect([next, response.headers.get("location")]).toEqual([next, "/"]);
  }
});

test("guessing the token is slowed down after five wrong ones, for a minute", async () => {
  const server = await behindToken();
  for (let i = 0; i < 5; i++) expect((await server.form("/sign-in", { token: "guess" })).status).toBe(422);
  const blocked = await server.form("/sign-in", { token: TOKEN });
  expect(blocked.status).toBe(429);
  expect(Number(blocked.headers.get("retry-after"))).toBeGreaterThan(0);
  server.clock.advance(61_000);
  expect((await server.form("/sign-in", { token: TOKEN })).status).toBe(303);
});

test("a part of a page asked for while signed out brings a dialog, never a redirect", async () => {
  const server = await behindToken();
  const response = await server.page("/calls", { "hx-request": "true" });
  expect(response.status).toBe(401);
  expect(response.headers.get("hx-reswap")).toBe("none");
  expect(await response.text()).toContain("<dialog");
});

test("names that are not this machine's are not served on loopback", async () => {
  const server = await openServer();
  for (const host of ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "[::2]", "10.0.0.1:3000"]) {
    const response = await server.app.request("/api/v1/calls", { headers: { host } });
    expect([host, response.status]).toEqual([host, 403]);
  }
  for (const host of ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "app.localhost"]) {
    const response = await server.app.request("/api/v1/calls", { headers: { host } });
    expect([host, response.status]).toEqual([host, 200]);
  }
});

test("a name that is not this machine's is not served on loopback to those who have the token either", async () => {
  const server = await openServer({ authToken: TOKEN });
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect((await server.app.request("/api/v1/calls", { headers })).status).toBe(200);
  expect((await server.app.request("/api/v1/calls", { headers: { ...headers, host: "evil.test" } })).status).toBe(403);
  expect((await server.app.request("/sign-in", { headers: { host: "evil.test" } })).status).toBe(403);
});

test("a refused name learns nothing of the page, not even its form token", async () => {
  const server = await openServer();
  const html = await (await server.page("/", { host: "evil.test" })).text();
  expect(formTokenOf(html)).toBe("");
  expect(formTokenOf(await (await server.page("/")).text())).not.toBe("");
});

test("what comes through a proxy or tunnel is not the local owner", async () => {
  const server = await openServer({ publicUrl: "https://calls.test" });
  for (const headers of [
    { host: "calls.test" },
    { host: "localhost:3000", "x-forwarded-for": "203.0.113.5" },
    { host: "localhost:3000", forwarded: "for=203.0.113.5" },
  ]) {
    expect((await server.app.request("/api/v1/calls", { headers: headers as Record<string, string> })).status).toBe(
      403,
    );
  }
  const guarded = await openServer({ publicUrl: "https://calls.test", authToken: TOKEN });
  const headers = { host: "calls.test", authorization: `Bearer ${TOKEN}` };
  expect((await guarded.app.request("/api/v1/calls", { headers })).status).toBe(200);
});

test("forms of other sites are refused", async () => {
  const server = await openServer();
  for (const headers of [
    { origin: "https://evil.test", "sec-fetch-site": "cross-site" },
    { origin: "http://evil.localhost", "sec-fetch-site": "same-site" },
    { origin: "null", "sec-fetch-site": "cross-site" },
  ]) {
    expect((await server.form("/demo-calls", {}, headers)).status).toBe(403);
  }
  const old = await server.app.request("/demo-calls", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://evil.test" },
    body: "",
  });
  expect(old.status).toBe(403);
  const unknown = await server.app.request("/demo-calls", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "",
  });
  expect(unknown.status).toBe(403);
  expect(await server.store.calls.list(server.tenantId, { limit: 10 })).toEqual([]);
});

test("other sites cannot post to the API, whatever type they claim", async () => {
  const server = await openServer();
  for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded"]) {
    const response = await server.json("/api/phone/call", body, { "content-type": type, origin: "https://evil.test" });
    expect([type, response.status]).toEqual([type, 403]);
  }
  const hangup = await server.app.request("/api/v1/calls/call_x/hangup", {
    method: "POST",
    headers: { origin: "https://evil.test" },
  });
  expect(hangup.status).toBe(403);
});

test("scripts of our own pages carry the page's token", async () => {
  const server = await openServer();
  const own = { origin: "http://localhost", "sec-fetch-site": "same-origin" };
  expect((await server.json("/api/phone/call", body, own)).status).toBe(403);
  const token = formTokenOf(await (await server.page("/")).text());
  expect((await server.json("/api/phone/call", body, { ...own, "x-csrf-token": token })).status).toBe(201);
  expect((await server.json("/api/phone/call", body, { ...own, "x-csrf-token": `${token}x` })).status).toBe(403);
  expect((await server.form("/demo-calls", {}, { "hx-request": "true" })).status).toBe(403);
  const boosted = await server.form("/demo-calls", {}, { "hx-request": "true", "x-csrf-token": token });
  expect(boosted.status).toBe(303);
});

test("a page's token belongs to its session", async () => {
  const server = await behindToken();
  const sign = async (): Promise<string> => cookieOf(await server.form("/sign-in", { token: TOKEN, next: "/" }));
  const [mine, other] = [await sign(), await sign()];
  const token = formTokenOf(await (await server.page("/", { cookie: other })).text());
  const own = { origin: "http://localhost", "sec-fetch-site": "same-origin", "x-csrf-token": token };
  expect((await server.json("/api/phone/call", body, { ...own, cookie: mine })).status).toBe(403);
  expect((await server.json("/api/phone/call", body, { ...own, cookie: other })).status).toBe(201);
});

test("a session without any sign of a browser changes nothing", async () => {
  const server = await behindToken();
  const cookie = cookieOf(await server.form("/sign-in", { token: TOKEN, next: "/" }));
  expect((await server.json("/api/phone/call", body, { cookie })).status).toBe(403);
});

test("sockets of other sites are refused before they open", async () => {
  const server = await openServer();
  const upgrade = { upgrade: "websocket", connection: "upgrade", origin: "https://evil.test" };
  expect((await server.app.request("/ws/softphone", { headers: upgrade })).status).toBe(403);
  expect(server.state.attached).toBe(0);
});

test("every answer carries the page's walls, also refusals", async () => {
  const server = await openServer();
  for (const response of [
    await server.page("/"),
    await server.page("/missing"),
    await server.json("/api/phone/call", "{"),
    await server.page("/", { host: "evil.test" }),
  ]) {
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-request-id")).toStartWith("req_");
  }
});
