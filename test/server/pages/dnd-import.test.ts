import { expect, test } from "bun:test";
import { openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const upload = (server: ServerRig, list: string | Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) => {
  const body = new FormData();
  body.set("file", new File([list], "list.csv"));
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return server.app.request("/dnd/imports", {
    method: "POST",
    body,
    headers: { accept: "text/html", origin: "http://localhost", "sec-fetch-site": "same-origin" },
  });
};
const listed = async (server: ServerRig) =>
  (await server.store.dnd.list(server.tenantId, { limit: 20 })).map(({ phone, reason, source }) => [
    phone,
    reason,
    source,
  ]);

test("a file of numbers is put on the list; bad rows are told and given back with reasons", async () => {
  const server = await openServer();
  await server.store.dnd.add(server.tenantId, { phone: PHONE, reason: "asked", source: "callee" });
  const list = [
    "name,phone,reason",
    "Ann,+1 202 555 0121,Sent a letter",
    "Bob,(202) 555-0118,",
    `Known,${PHONE},again`,
    "Twice,+12025550121,",
    "<script>,12,=1+1",
    "Nobody,,",
  ];
  const answer = await upload(server, list.join("\r\n"), { reason: "Old customers" });
  expect(answer.status).toBe(303);
  const path = answer.headers.get("location") ?? "";
  const html = await (await server.page(path)).text();
  const facts = [...html.matchAll(/<dt>([^<]+)<\/dt><dd>(\d+)/g)].map(([, name, count]) => `${name}: ${count}`);
  expect(facts).toEqual(["Added: 2", "On the list already: 1", "Twice in the file: 1", "Bad rows: 2"]);
  expect(html).not.toContain("<script>,");
  expect((await listed(server)).sort()).toEqual([
    [PHONE, "asked", "callee"],
    ["+12025550118", "Old customers", "import"],
    ["+12025550121", "Sent a letter", "import"],
  ]);
  const bad = await server.page(`${path}/bad.csv`);
  expect(bad.headers.get("content-type")).toContain("text/csv");
  expect((await bad.text()).split("\r\n")).toEqual([
    "name,phone,reason,reason",
    expect.stringMatching(/^<script>,12,'=1\+1,./),
    expect.stringMatching(/^Nobody,,,There is no number/),
  ]);
});

test("what was exported can be imported, and stays as it was", async () => {
  const server = await openServer();
  await server.store.dnd.add(server.tenantId, { phone: PHONE, reason: '=SUM(1), "never"', source: "user" });
  await server.store.dnd.addForAll({ phone: "+12025550121", reason: "law", source: "operator" });
  const answer = await server.page("/dnd/export.csv");
  expect(answer.headers.get("content-disposition")).toContain("do-not-call.csv");
  const csv = await answer.text();
  expect(csv).toContain(`${PHONE},"'=SUM(1), ""never""",user,`);
  expect(csv).toContain("+12025550121,law,everybody,");
  const other = await openServer();
  expect((await upload(other, csv)).status).toBe(303);
  expect((await listed(other)).map(([phone]) => phone).sort()).toEqual([PHONE, "+12025550121"]);
});

test("the export has every entry, however many there are, and an empty list only its header", async () => {
  const server = await openServer();
  expect((await (await server.page("/dnd/export.csv")).text()).trim()).toBe("phone,reason,source,since");
  const entries = Array.from({ length: 1200 }, (_, i) => ({
    phone: `+1202${2_000_000 + i}`,
    reason: "asked",
    source: "user",
  }));
  expect(await server.store.dnd.addAll(server.tenantId, [...entries, entries[0]!])).toBe(1200);
  const lines = (await (await server.page("/dnd/export.csv")).text()).trim().split("\r\n").slice(1);
  expect(new Set(lines.map((line) => line.split(",")[0]))).toEqual(new Set(entries.map(({ phone }) => phone)));
  expect(lines).toHaveLength(1200);
});

test("plain lines of numbers are a list too, read as numbers of the country named", async () => {
  const server = await openServer();
  expect((await upload(server, "030 123456\n030 123457\n", { country: "de" })).status).toBe(303);
  expect((await listed(server)).map(([phone]) => phone).sort()).toEqual(["+4930123456", "+4930123457"]);
});

test.each([
  ["an empty file", "", {}],
  ["a file without numbers", "a,b\nc,d\n", {}],
  ["a file that is no text", new Uint8Array([0x50, 0x4b, 3, 4, 0, 0xff]), {}],
  ["a country of three letters", "+12025550100\n", { country: "USA" }],
  ["a reason without end", "+12025550100\n", { reason: "x".repeat(301) }],
])("%s is refused with a sentence and changes nothing", async (_what, list, fields) => {
  const server = await openServer();
  const answer = await upload(server, list, fields);
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain('role="alert"');
  expect(await listed(server)).toEqual([]);
});

test("a file too large, an unknown outcome and a form of another site are refused", async () => {
  const server = await openServer();
  expect((await upload(server, "x".repeat(600 * 1024))).status).toBe(413);
  expect((await server.page("/dnd/imports/req_none")).status).toBe(404);
  expect((await server.page("/dnd/imports/req_none/bad.csv")).status).toBe(404);
  const foreign = await server.app.request("/dnd/imports", {
    method: "POST",
    body: new FormData(),
    headers: { origin: "http://evil.example", "sec-fetch-site": "cross-site" },
  });
  expect(foreign.status).toBe(403);
});

test("the page of the list leads to both, and a list longer than the bound is said to be cut", async () => {
  const server = await openServer();
  const html = await (await server.page("/dnd")).text();
  expect(html).toContain('href="/dnd/import"');
  expect(html).toContain('href="/dnd/export.csv"');
  expect((await server.page("/dnd/import")).status).toBe(200);
  const list = Array.from({ length: 10_002 }, (_, i) => `+1202${2_000_000 + i}`).join("\n");
  const { headers } = await upload(server, list);
  expect(await (await server.page(headers.get("location") ?? "")).text()).toContain("only its first 10000 rows");
});
