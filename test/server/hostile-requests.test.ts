import { expect, test } from "bun:test";
import fc from "fast-check";
import { OPERATIONS } from "../../src/server/api/operations.ts";
import { answerCall, endCall, openServer, PHONE, type ServerRig } from "../support/server-rig.ts";

/** Pieces of paths and values that have broken servers before. */
const ODD = [
  "",
  "%00",
  "%ff",
  "%ED%A0%80",
  "..%2f..%2f..%2fetc%2fpasswd",
  "%2e%2e",
  "__proto__",
  "constructor",
  "a%0d%0aX-Injected:%201",
  "%F0%9F%98%80",
  "x".repeat(3000),
  "-1",
  "1e999",
  "NaN",
  "call_00000000000000000000",
  "'%20OR%201=1--",
];

/** Names of fields that requests know, so that wrong values reach what reads them. */
const FIELDS = [
  ...new Set([
    ...OPERATIONS.flatMap(({ body }) => (body && "shape" in body ? Object.keys(body.shape as object) : [])),
    ..."text tag phone reason q check message reply title name organization instructions language file list".split(" "),
    ..."step columns country before from to length sort status outcome token next warm".split(" "),
  ]),
];

const value = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 2 ** 53, "", "\0", "\ud800", "😀", "=1+1", PHONE, "2026-99-99"),
  fc.constantFrom<unknown>("x".repeat(9000), [], {}, [[[]]], { __proto__: 1, a: null }, ["\0"], [null]),
);
const fields = fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 5 });
const body = fc.oneof(
  fields.map((sent) => ["application/json", JSON.stringify(sent)] as const),
  value.map((sent) => ["application/json; charset=utf-8", JSON.stringify(sent)] as const),
  fields.map((sent) => [
    "application/x-www-form-urlencoded",
    new URLSearchParams(Object.entries(sent).map(([name, one]) => [name, String(one)])).toString(),
  ]),
  fc.constantFrom(
    ["application/json", '{"phone_number":'],
    ["application/json", '{"a":1}\0'],
    ["application/json", "[".repeat(5000)],
    ["application/json", `{"text":"${"x".repeat(70_000)}"}`],
    ["application/x-www-form-urlencoded", "%ff=%00&a=%&=&&&"],
    ["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhalf'],
    ["multipart/form-data", "no boundary"],
    ["text/plain", "hello"],
    ["", ""],
  ),
);

/** The routes of the server with what their paths leave open. Streams have no end, sockets need a listening server. */
const routesOf = ({ app }: ServerRig) => [
  ...new Set(
    app.routes
      .filter(({ method, path }) => method !== "ALL" && !/^\/(sse|ws)\//.test(path))
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

const hostile = (routes: readonly string[], ids: readonly string[]) =>
  fc.record({
    route: fc.constantFrom(...routes),
    method: fc.option(fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"), { freq: 4 }),
    id: fc.constantFrom(...ODD.filter((one) => one !== ""), ...ids, ...ids),
    query: fc.dictionary(fc.constantFrom(...FIELDS, "limit", "cursor", "after", "live", "t"), fc.constantFrom(...ODD), {
      maxKeys: 3,
    }),
    body,
    browser: fc.boolean(),
    headers: fc.dictionary(
      fc.constantFrom("range", "idempotency-key", "hx-request", "accept", "last-event-id", "x-csrf-token", "cookie"),
      fc.constantFrom("", "true", "text/html", "bytes=9-1", "bytes=0-", "é", "x".repeat(500), "*/*;q=x", "a=%"),
      { maxKeys: 2 },
    ),
  });

test("no request makes the server fail, and every refusal of the API says what to do", async () => {
  const server = await openServer();
  await server.store.tenants.create({ id: "other", name: "Other" });
  const call = await server.call();
  await answerCall(server, call.id);
  await endCall(server, call.id);
  const theirs = await server.store.tasks.create("other", { phone: PHONE, action: "Theirs." });
  const agent = (await server.store.agents.list(server.tenantId))[0];
  const ids = [call.id, call.taskId, theirs.task.id, ...(agent ? [agent.id] : [])];
  await fc.assert(
    fc.asyncProperty(hostile(routesOf(server), ids), async ({ route, method, id, query, body, browser, headers }) => {
      const [known, pattern] = route.split(" ") as [string, string];
      const path = pattern.replace(/:\w+(\{[^}]*\})?|\*/g, id);
      const search = Object.entries(query)
        .map(([name, one]) => `${name}=${one}`)
        .join("&");
      const used = method ?? known;
      const [type, text] = body;
      const response = await server.app.request(`http://localhost${path}?${search}`, {
        method: used,
        headers: {
          ...(type === "" ? {} : { "content-type": type }),
          ...(browser ? { "sec-fetch-site": "same-origin", origin: "http://localhost", accept: "text/html" } : {}),
          ...headers,
        },
        ...(used === "GET" || used === "HEAD" ? {} : { body: text }),
      });
      const answer = await response.text();
      expect(response.status).toBeLessThan(500);
      expect(answer).not.toContain("Theirs.");
      expect(response.headers.has("x-injected")).toBe(false);
      if (response.status >= 400 && used !== "HEAD" && /^\/(api\/|command$|tasks\/calling\/)/.test(path)) {
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        const problem = JSON.parse(answer) as { fix: string; detail: string; status: number };
        expect(problem.status).toBe(response.status);
        expect(problem.fix.length > 10 && problem.detail.length > 0).toBe(true);
      }
    }),
    { numRuns: 600, endOnFailure: true },
  );
  expect(server.lines.filter((line) => line.includes("a request failed"))).toEqual([]);
}, 120_000);
