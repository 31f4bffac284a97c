import { expect, test } from "bun:test";
import { OPERATIONS } from "../../../src/server/api/operations.ts";
import { PROBLEMS } from "../../../src/server/problem.ts";
import { openServer } from "../../support/server-rig.ts";

type Document = { openapi: string; paths: Record<string, Record<string, { operationId: string }>> };

test("the document describes every route of the API and nothing else", async () => {
  const server = await openServer();
  const document = (await (await server.app.request("/api/openapi.json")).json()) as Document;
  expect(document.openapi).toBe("3.1.0");
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const served = server.app.routes
    .filter((route) => route.method !== "ALL")
    .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}`)
    .filter(
      (route) =>
        / (\/api\/|\/tasks\/calling|\/command|\/health|\/metrics)/.test(route) && !route.endsWith("/openapi.json"),
    );
  expect(described.sort()).toEqual([...new Set(served)].sort());
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test("every reference inside the document leads somewhere", async () => {
  const server = await openServer();
  const text = await (await server.app.request("/api/openapi.json")).text();
  const document = JSON.parse(text) as object;
  for (const [, pointer] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    let at: unknown = document;
    for (const step of pointer!.split("/")) at = (at as Record<string, unknown>)[step];
    expect([pointer, typeof at]).toEqual([pointer, "object"]);
  }
  expect(text).not.toContain("$schema");
});

test("the readable page names every operation and every problem, with no script from elsewhere", async () => {
  const server = await openServer();
  const html = await (await server.page("/docs")).text();
  for (const operation of OPERATIONS) expect(html.includes(`<code>${operation.path}</code>`)).toBe(true);
  for (const name of Object.keys(PROBLEMS)) expect(html.includes(`id="problem-${name}"`)).toBe(true);
  for (const [, source] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect(source).toMatch(/^[/#]/);
});

test("health names each part, what is broken by it, and is 503 only when a vital one is down", async () => {
  const server = await openServer({
    probes: [
      { part: "store", breaks: "Nothing is kept.", vital: true, check: () => ({ state: "up", detail: "Answers." }) },
      {
        part: "supervision",
        breaks: "Nobody can listen.",
        vital: false,
        check: () => ({ state: "down", detail: "No worker.", fix: "Run setup." }),
      },
    ],
  });
  const degraded = await server.app.request("/health");
  expect(degraded.status).toBe(200);
  expect(await degraded.json()).toEqual({
    status: "degraded",
    parts: {
      store: { state: "up", detail: "Answers." },
      supervision: { state: "down", detail: "No worker.", breaks: "Nobody can listen.", fix: "Run setup." },
    },
  });
  const failing = await openServer({
    probes: [
      {
        part: "carrier",
        breaks: "No calls.",
        vital: true,
        check: () => {
          throw new Error("secret detail");
        },
      },
    ],
  });
  const down = await failing.app.request("/health");
  expect(down.status).toBe(503);
  expect(await down.text()).not.toContain("secret detail");
  expect((await failing.app.request("/api/phone/health")).status).toBe(503);
});
