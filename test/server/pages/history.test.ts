import { expect, test } from "bun:test";
import type { NewTask } from "../../../src/core/store/task-record.ts";
import { createApp } from "../../../src/server/app.tsx";
import { answerCall, endCall, openServer, type ServerRig } from "../../support/server-rig.ts";

/** A finished call in which the callee said these lines, five seconds apart; the last ones were whispered to the agent. */
const callSaying = async (
  server: ServerRig,
  lines: readonly string[],
  { task = {}, whispers = [] }: { task?: Partial<NewTask>; whispers?: readonly string[] } = {},
): Promise<string> => {
  const { id } = await server.call(task);
  await answerCall(server, id);
  for (const [i, text] of [...lines, ...whispers].entries()) {
    const whispered = i >= lines.length;
    const speaker = whispered ? ("supervisor" as const) : ("callee" as const);
    const turn = { key: `t${i}`, speaker, text, atMs: 5000 * (i + 1), endMs: 0, interrupted: false, whispered };
    await server.store.transcripts.put(server.tenantId, id, turn);
  }
  await endCall(server, id);
  return id;
};

const pageOf = async (server: ServerRig, query: string): Promise<string> => {
  const response = await server.page(`/history${query}`);
  expect(response.status).toBe(200);
  return response.text();
};

test("a search shows the lines with the words marked, each leading to that second of the call", async () => {
  const server = await openServer();
  const id = await callSaying(server, ["Good morning.", "The <b>earliest</b> slot is Thursday at 9:30."]);
  await callSaying(server, ["We are closed."]);
  const html = await pageOf(server, "?q=slot+thurs");
  expect(html).toContain("1 call<");
  expect(html).toContain("The &lt;b&gt;earliest&lt;/b&gt; <mark>slot</mark> is <mark>Thursday</mark> at 9:30.");
  expect(html).toContain(`href="/calls/${id}?t=10.0#turn-t1"`);
  expect(html).not.toContain("We are closed");
  const call = await (await server.page(`/calls/${id}?t=10.0`)).text();
  expect(call).toMatch(/<li id="turn-t1" class="turn callee cued"/);
  expect(call.match(/ cued"/g)).toHaveLength(1);
});

test("what was found nowhere is said so, with a way to see all again", async () => {
  const server = await openServer();
  expect(await pageOf(server, "")).toContain("No finished call yet");
  await callSaying(server, ["Good morning."]);
  for (const query of ["?q=evening", "?q=%22", "?q=%F0%9F%98%80", "?outcome=busy", "?campaign=cmp_none", "?tag=none"]) {
    const html = await pageOf(server, query);
    expect([query, html.includes("Nothing matches"), html.includes("Clear filters")]).toEqual([query, true, true]);
  }
  expect(await pageOf(server, "?q=+&from=+")).toContain("1 call<");
});

test("what an address says that cannot be read counts as not given", async () => {
  const server = await openServer();
  await callSaying(server, ["Good morning."]);
  for (const query of [
    "from=x&to=2026-99-99",
    "length=a-b",
    "length=-",
    "sort=best",
    "status=odd",
    "outcome=odd",
    "q=%00",
    "q=%FF",
  ]) {
    const response = await server.page(`/history?${query}`);
    expect([query, response.status]).toEqual([query, 200]);
  }
  expect(await pageOf(server, "?from=x&length=a-b&sort=best&status=odd")).toContain("1 call<");
});

test("filters, order and page stand in the address, and every link keeps the rest of it", async () => {
  const server = await openServer();
  for (let i = 0; i < 27; i++) await callSaying(server, ["hello there"], { task: { agentName: "Eva" } });
  await callSaying(server, ["hello there"], { task: { agentName: "Adam" } });
  const html = await pageOf(server, "?q=hello&agent=Eva&sort=oldest&from=2000-01-01");
  expect(html).toContain("27 calls");
  expect(html).toContain('<option value="Eva" selected="">Eva</option>');
  const next = /href="(\/history\?[^"]*before=[^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll("&amp;", "&");
  expect(next).toStartWith("/history?q=hello&agent=Eva&from=2000-01-01&sort=oldest&before=call_");
  const second = await (await server.page(next!)).text();
  expect(second.match(/id="recent-call_/g)).toHaveLength(2);
  expect(html).toContain('href="/history?q=hello&amp;agent=Eva&amp;from=2000-01-01&amp;sort=newest"');
  expect(html).toContain('href="/history/calls.csv?q=hello&amp;agent=Eva&amp;from=2000-01-01&amp;sort=oldest"');
});

test("the filtered list comes as a file whose cells no spreadsheet runs", async () => {
  const server = await openServer();
  const id = await callSaying(server, ["The price is fifty."], {
    task: { calleeName: '=HYPERLINK("x")', action: "Ask,\nplease" },
  });
  await callSaying(server, ["Nothing."]);
  const response = await server.page("/history/calls.csv?q=price");
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  const lines = (await response.text()).trimEnd().split("\r\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`"'=HYPERLINK(""x"")",+12025550100,`);
  expect(lines[1]).toEndWith(`,The price is fifty.,http://localhost/calls/${id}?t=5.0`);
});

test("what was whispered is found and read by those alone who may listen to calls", async () => {
  const owner = await openServer();
  const id = await callSaying(owner, ["The price is fifty."], { whispers: ["Offer a discount."] });
  expect(await pageOf(owner, "?q=discount")).toContain("<mark>discount</mark>");
  const reader = createApp({ ...owner.parts, owner: { ...owner.parts.owner, roles: ["reader"] } });
  const read = async (path: string) => (await reader.request(path, { headers: { accept: "text/html" } })).text();
  for (const path of ["/history?q=discount", `/calls/${id}`, `/api/v1/calls/${id}`, "/api/v1/calls?q=discount"]) {
    expect([path, (await read(path)).includes("Offer")]).toEqual([path, false]);
  }
  expect(await read("/history?q=price")).toContain("<mark>price</mark>");
  expect(await read(`/api/v1/calls/${id}`)).toContain("The price is fifty.");
});

test("the API finds calls by what was said and tells the lines", async () => {
  const server = await openServer();
  const id = await callSaying(server, ["Good morning.", "The price is fifty."], { task: { agentName: "Eva" } });
  await callSaying(server, ["We are closed."], { task: { agentName: "Adam" } });
  const list = async (query: string) => (await server.app.request(`/api/v1/calls?${query}`)).json();
  expect(await list("q=price")).toMatchObject({
    calls: [{ id, matches: [{ speaker: "callee", at_ms: 10_000, text: "The price is fifty.", whispered: false }] }],
    next_cursor: null,
  });
  expect(await list("agent_name=Eva&min_duration_ms=1000&sort=longest&disposition=answered")).toMatchObject({
    calls: [{ id }],
  });
  expect(await list(`q=${encodeURIComponent('"fifty is" OR *')}`)).toEqual({ calls: [], next_cursor: null });
  for (const query of [
    "sort=best",
    "from=yesterday",
    "min_duration_ms=-1",
    "disposition=odd",
    `q=${"a".repeat(201)}`,
  ]) {
    expect([query, (await server.app.request(`/api/v1/calls?${query}`)).status]).toEqual([query, 422]);
  }
});

test("the page of a finished call leads back to the history, that of a live one to the board", async () => {
  const server = await openServer();
  const over = await callSaying(server, ["هل لديكم موعد؟"]);
  const live = await server.call();
  const [after, during] = await Promise.all(
    [over, live.id].map(async (id) => (await server.page(`/calls/${id}`)).text()),
  );
  expect(after).toMatch(/aria-label="Back"><a href="\/history">History<\/a>/);
  expect(after).toMatch(/id="nav-history" aria-current="page"/);
  expect(during).toMatch(/aria-label="Back"><a href="\/calls">Calls<\/a>/);
  // What was said has its own direction.
  expect(after).toContain('<p lang="en" dir="auto">هل لديكم موعد؟</p>');
});

test("fields that were left empty do not stay in the address", async () => {
  const server = await openServer();
  const response = await server.page("/history?q=slot&status=&outcome=&agent=&from=&to=&sort=longest");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/history?q=slot&sort=longest"]);
  expect((await server.page("/history?q=&length=")).headers.get("location")).toBe("/history");
});

test("a call that nobody answered has no length", async () => {
  const server = await openServer();
  const { id } = await server.call();
  server.clock.advance(30_000);
  const end = { cause: "no-answer", disposition: "no-answer", at: server.clock.now() } as const;
  await server.store.calls.settle(server.tenantId, id, end);
  const html = await pageOf(server, "");
  expect(html).toContain("No answer");
  expect(html).toContain('<td class="num"><span class="muted">–</span></td>');
  expect(html).not.toContain("0:00");
  const call = await (await server.page(`/calls/${id}`)).text();
  expect(call).toContain("No answer");
  expect(call).not.toContain("0:00");
});

test("a call without name and number is headed by what it was", async () => {
  const server = await openServer();
  const { id } = await server.call({ calleeName: " ", phone: "" });
  await endCall(server, id);
  const [list, call] = [await pageOf(server, ""), await (await server.page(`/calls/${id}`)).text()];
  expect(list).toContain(">Try-out in a browser</a>");
  expect(call).toContain('<h1 tabindex="-1">Try-out in a browser</h1>');
});
