import { expect, test } from "bun:test";
import { openServer, PHONE } from "../support/server-rig.ts";

const body = { phone_number: PHONE, action: "Ask for the opening hours." };

test("every bad body is a problem document that says what to do", async () => {
  const server = await openServer();
  for (const [status, name, sent, type] of [
    [400, "malformed-body", "{", "application/json"],
    [400, "malformed-body", "", "application/json"],
    [422, "invalid-request", "[]", "application/json"],
    [422, "invalid-request", "null", "application/json"],
    [415, "unsupported-media-type", JSON.stringify(body), "text/plain"],
    [413, "body-too-large", JSON.stringify({ ...body, context: "x".repeat(70_000) }), "application/json"],
    [422, "invalid-request", JSON.stringify({ ...body, context: "x".repeat(9000) }), "application/json; charset=utf-8"],
  ] as const) {
    const response = await server.json("/api/phone/call", sent, { "content-type": type });
    expect([sent.slice(0, 20), response.status]).toEqual([sent.slice(0, 20), status]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = (await response.json()) as Record<string, string>;
    expect(problem).toMatchObject({ type: `/docs#problem-${name}`, status });
    expect(problem.fix?.length).toBeGreaterThan(10);
    expect(problem.request_id).toBe(response.headers.get("x-request-id")!);
  }
});

test("a body without a stated length is measured while it comes", async () => {
  const server = await openServer();
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 16_384;
      controller.enqueue(new Uint8Array(16_384).fill(32));
    },
  });
  const response = await server.app.request("/api/phone/call", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
  });
  expect(response.status).toBe(413);
  expect(sent).toBeLessThan(512 * 1024);
});

test("bytes that are no UTF-8 are refused", async () => {
  const server = await openServer();
  const response = await server.app.request("/api/phone/call", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
  });
  expect(response.status).toBe(400);
});

test("a known path asked with another method names the methods it takes", async () => {
  const server = await openServer();
  const response = await server.app.request("/api/v1/calls", { method: "DELETE" });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
  expect(await response.json()).toMatchObject({ type: "/docs#problem-method-not-allowed" });
  expect((await server.app.request("/api/phone/call")).status).toBe(405);
  expect((await server.app.request("/api/nothing")).status).toBe(404);
});

test("queries that cannot be read are refused by the API and ignored by pages", async () => {
  const server = await openServer();
  for (const query of ["limit=0", "limit=x", "limit=201", "status=unknown", "cursor=a%20b", "live=maybe"]) {
    expect([query, (await server.app.request(`/api/v1/calls?${query}`)).status]).toEqual([query, 422]);
    expect([query, (await server.page(`/calls?${query}`)).status]).toEqual([query, 200]);
  }
  expect((await server.app.request("/api/v1/calls/call_x/events?after=-1")).status).toBe(422);
});

test("a page, a part of a page and the API say the same words", async () => {
  const server = await openServer();
  const page = await server.page("/calls/call_unknown");
  expect(page.status).toBe(404);
  expect(await page.text()).toContain("There is no such call.");
  const boosted = await server.page("/calls/call_unknown", { "hx-request": "true" });
  expect(await boosted.text()).toContain('<main id="page"');
  const api = await server.app.request("/api/v1/calls/call_unknown");
  expect(await api.json()).toMatchObject({ detail: "There is no such call." });
});

test("a failing button brings a toast and leaves page and address alone", async () => {
  const server = await openServer();
  const token = /X-CSRF-Token&quot;:&quot;([\w-]+)/.exec(await (await server.page("/")).text())?.[1] ?? "";
  const response = await server.form("/calls/call_x/hangup", {}, { "hx-request": "true", "x-csrf-token": token });
  expect(response.status).toBe(404);
  expect(response.headers.get("hx-reswap")).toBe("none");
  expect(response.headers.get("hx-push-url")).toBe("false");
  const html = await response.text();
  expect(html).toContain('<hx-partial hx-target="#toasts"');
  expect(html).toContain("There is no such call.");
});

test("a failure of ours says so without its words, which go to the log", async () => {
  const server = await openServer();
  server.store.close();
  for (const [path, type] of [
    ["/api/v1/calls", "application/problem+json"],
    ["/calls", "text/html; charset=UTF-8"],
  ] as const) {
    const response = await server.page(path);
    expect([path, response.status, response.headers.get("content-type")]).toEqual([path, 500, type]);
    const text = await response.text();
    expect(text).toContain("Something broke on our side");
    expect(text).not.toMatch(/database|closed|at \/|\.ts/i);
  }
  const toast = await server.page("/calls", { "hx-request": "true" });
  expect(toast.status).toBe(500);
  expect(await toast.text()).toStartWith('<hx-partial hx-target="#toasts"');
  expect(server.lines.some((line) => line.includes("a request failed"))).toBe(true);
});

test("requests are counted by route pattern, never by path", async () => {
  const server = await openServer();
  await server.page("/calls/call_secret");
  await server.page("/wp-admin/secret.php");
  const text = await (await server.app.request("/metrics")).text();
  expect(text).toContain('opendeep_http_requests_total{method="GET",route="/calls/:id",status="404"} 1');
  expect(text).toContain('route="unmatched",status="404"');
  expect(text).not.toContain("secret");
  expect(text).toContain("opendeep_media_late_ticks_total 0");
});
