import { expect, test } from "bun:test";
import type { AppParts } from "../../../src/server/app-parts.ts";
import { answerCall, endCall, openServer, PHONE } from "../../support/server-rig.ts";

const EVIL = `<script>alert(1)</script><hx-partial hx-target="#page">"'&`;
const ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;hx-partial hx-target=&quot;#page&quot;&gt;&quot;&#39;&amp;";

test("one press makes a demo call and leads to its page", async () => {
  const server = await openServer();
  expect(await (await server.page("/")).text()).toContain('<form method="post" action="/demo-calls"');
  const response = await server.form("/demo-calls", {});
  expect(response.status).toBe(303);
  const [call] = await server.store.calls.live(server.tenantId);
  expect(response.headers.get("location")).toBe(`/calls/${call!.id}`);
  expect((await server.page(`/calls/${call!.id}`)).status).toBe(200);
});

test("on a real carrier nothing is dialed by one press", async () => {
  const server = await openServer({
    carrier: { kind: "asterisk", health: () => ({ state: "up", detail: "Up." }), capacity: () => 10 },
  });
  const html = await (await server.page("/")).text();
  expect(html).not.toContain("/demo-calls");
  expect(html).not.toContain("Numbers to try");
  expect((await server.form("/demo-calls", {})).status).toBe(404);
  expect(await server.store.tasks.list(server.tenantId, { limit: 1 })).toEqual([]);
});

test("the banner names the parts that are played and is gone when all are real", async () => {
  const demo = await openServer();
  expect(await (await demo.page("/tasks")).text()).toContain(
    "the phone network, the voice and the text model are played",
  );
  const carrier: AppParts["carrier"] = {
    kind: "asterisk",
    health: () => ({ state: "up", detail: "Up." }),
    capacity: () => 1,
  };
  const planning = { ...demo.parts.planning, isScripted: false };
  const half = await openServer({ carrier, planning });
  expect(await (await half.page("/tasks")).text()).toContain("The voice is played");
  const real = await openServer({ carrier, voice: "openai-realtime", planning });
  expect(await (await real.page("/tasks")).text()).not.toContain("Demo mode");
});

test("the form places one call, and pressed twice still one", async () => {
  const server = await openServer();
  const key = /name="idempotency_key" value="(req_\w+)"/.exec(await (await server.page("/")).text())?.[1] ?? "";
  const fields = { phone_number: PHONE, action: "Ask.", callee_name: "", idempotency_key: key };
  const first = await server.form("/calls", fields);
  const second = await server.form("/calls", fields);
  expect(first.status).toBe(303);
  expect(second.headers.get("location")).toBe(first.headers.get("location"));
  expect(await server.store.calls.live(server.tenantId)).toHaveLength(1);
});

test("a form with mistakes comes back with what was typed and the focus on the first", async () => {
  const server = await openServer();
  const response = await server.form("/calls", {
    phone_number: "911",
    action: "Ask for “prices”.",
    callee_name: EVIL,
    idempotency_key: "k",
  });
  expect(response.status).toBe(422);
  expect(response.headers.get("hx-push-url")).toBe("false");
  const html = await response.text();
  expect(html).toContain('<main id="page"');
  expect(html).toContain("Emergency and other short numbers are never called.");
  expect(html).toContain("Ask for “prices”.");
  expect(html).not.toContain("<script>alert");
  expect(html.match(/autofocus/g)).toHaveLength(1);
  expect(/<input id="f-phone_number"[^>]*autofocus/.test(html)).toBe(true);
});

test("a refusal of the dial gate is a page that says why", async () => {
  const server = await openServer({ dialing: { refuses: "do-not-call", nextActionAt: null } });
  const response = await server.form("/demo-calls", {});
  expect(response.status).toBe(409);
  expect(await response.text()).toContain("The number is on the do-not-call list.");
  expect(await (await server.page("/tasks")).text()).toContain("The number is on the do-not-call list.");
});

test("words of callers, tasks and strangers are shown as text everywhere", async () => {
  const server = await openServer();
  const call = await server.call({ calleeName: EVIL, action: EVIL, organization: EVIL, agentName: EVIL });
  await answerCall(server, call.id);
  await server.store.transcripts.put(server.tenantId, call.id, {
    key: `"><script>`,
    speaker: "callee",
    text: EVIL,
    atMs: 0,
    endMs: 10,
    interrupted: false,
    whispered: false,
  });
  await server.store.callEvents.add(server.tenantId, call.id, { at: server.clock.now(), kind: EVIL, detail: EVIL });
  await server.store.dnd.add(server.tenantId, { phone: PHONE, reason: EVIL, source: EVIL });
  for (const path of ["/", "/calls", `/calls/${call.id}`, "/tasks", "/dnd", `/dnd?check=${encodeURIComponent(EVIL)}`]) {
    const html = await (await server.page(path)).text();
    expect([path, html.includes("<script>alert")]).toEqual([path, false]);
    expect([path, html.includes("&lt;script&gt;alert")]).toEqual([path, true]);
  }
  const html = await (await server.page(`/calls/${call.id}`)).text();
  expect(html).toContain(ESCAPED);
  expect(html).not.toContain('id="turn-">');
});

test("pages hold no inline script, style or handler, which their headers forbid", async () => {
  const server = await openServer();
  const call = await server.call();
  for (const path of ["/", "/calls", `/calls/${call.id}`, "/tasks", "/agents", "/dnd", "/settings", "/docs", "/nope"]) {
    const html = await (await server.page(path)).text();
    expect([path, /<script(?![^>]* src=)/.test(html)]).toEqual([path, false]);
    expect([path, /\sstyle="|\son\w+="|hx-on|js:|javascript:/.test(html)]).toEqual([path, false]);
  }
});

test("a page asked for by htmx is the whole page", async () => {
  const server = await openServer();
  for (const path of ["/", "/calls", "/tasks", "/dnd", "/settings"]) {
    const html = await (await server.page(path, { "hx-request": "true", "hx-boosted": "true" })).text();
    expect(html).toStartWith("<!doctype html>");
    expect(html).toContain(`href="${path}" id="nav-${path.slice(1) || "home"}" aria-current="page"`);
    expect(html.match(/<h1/g)).toHaveLength(1);
  }
});

test("a stream that was lost is tried again every few seconds, however long it was away", async () => {
  const server = await openServer();
  const html = await (await server.app.request("/calls")).text();
  const config = /<meta name="htmx-config" content="([^"]*)"/.exec(html)?.[1]?.replaceAll("&quot;", '"');
  expect(JSON.parse(config ?? "{}").sse.reconnectMaxDelay).toBeLessThan(10_000);
});

test("the page of a live call offers to listen and to hang up, that of a finished one does not", async () => {
  const server = await openServer();
  const call = await server.call({ calleeName: "Front desk" });
  expect(await (await server.page(`/calls/${call.id}`)).text()).toContain('data-who="Front desk" disabled=""');
  await answerCall(server, call.id);
  const live = await (await server.page(`/calls/${call.id}`)).text();
  expect(live).toContain(`data-sp="listen" data-call="${call.id}" data-who="Front desk" aria-label`);
  expect(live).toContain(`hx-sse:connect="/sse/calls/${call.id}"`);
  expect(live).toContain("Hang up");
  expect(live).toContain('data-confirm-or="Say goodbye, then end" data-confirm-or-field="say_goodbye"');
  const hung = await server.form(`/calls/${call.id}/hangup`, {});
  expect(hung.status).toBe(303);
  expect((await server.form(`/calls/${call.id}/hangup`, { say_goodbye: "true" })).status).toBe(303);
  expect(server.state.hungUp).toEqual([call.id, `${call.id} after a goodbye`]);
  await endCall(server, call.id);
  const over = await (await server.page(`/calls/${call.id}`)).text();
  expect(over).not.toContain('data-sp="listen"');
  expect(over).not.toContain(`hx-sse:connect="/sse/calls`);
  expect(over).toContain("The agent said goodbye and hung up");
  expect(over).toContain("0:42");
});

test("the live board is ordered by need: talking before ringing before starting", async () => {
  const server = await openServer();
  await server.call({ calleeName: "Starts" });
  const rings = await server.call({ calleeName: "Rings" });
  const talks = await server.call({ calleeName: "Talks" });
  for (const id of [rings.id, talks.id]) {
    await server.store.calls.initiating(server.tenantId, id);
    await server.store.calls.dialing(server.tenantId, id);
  }
  await server.store.calls.ringing(server.tenantId, rings.id);
  await server.store.calls.answer(server.tenantId, talks.id);
  const html = await (await server.page("/calls")).text();
  const order = [...html.matchAll(/class="row-link" href="[^"]+">(\w+)</g)].map((match) => match[1]!);
  expect(order).toEqual(["Talks", "Rings", "Starts"]);
});

test("numbers are put on the do-not-call list, found there and taken off with a reason", async () => {
  const server = await openServer();
  expect((await server.form("/dnd", { phone: "+1 202 555 0100", reason: "Asked" })).status).toBe(303);
  expect(await server.store.dnd.has(server.tenantId, PHONE)).toBe(true);
  expect(await (await server.page(`/dnd?check=${encodeURIComponent(PHONE)}`)).text()).toContain("is never called");
  const bad = await server.form("/dnd", { phone: "x", reason: "" });
  expect(bad.status).toBe(422);
  expect((await bad.text()).match(/class="problem"/g)).toHaveLength(2);
  expect((await server.form("/dnd/removals", { phone: PHONE, reason: "" })).status).toBe(422);
  expect(await server.store.dnd.has(server.tenantId, PHONE)).toBe(true);
  expect((await server.form("/dnd/removals", { phone: PHONE, reason: "Asked again" })).status).toBe(303);
  expect(await server.store.dnd.has(server.tenantId, PHONE)).toBe(false);
  expect((await server.form("/dnd/removals", { phone: PHONE, reason: "Twice" })).status).toBe(404);
});

test("settings say which part is down and how to mend it", async () => {
  const server = await openServer({
    probes: [
      {
        part: "carrier",
        breaks: "No phone can be called.",
        vital: true,
        check: () => ({ state: "down", detail: "Asterisk does not answer.", fix: "Start Asterisk." }),
      },
    ],
  });
  const html = await (await server.page("/settings")).text();
  for (const words of ["Asterisk does not answer.", "No phone can be called.", "Start Asterisk.", "1 of 1 parts"]) {
    expect(html).toContain(words);
  }
});

test("who has not the right cannot hang up, from the page or the API, and who has is named in the audit", async () => {
  const { parts } = await openServer();
  const server = await openServer({ owner: { ...parts.owner, roles: ["coach"] } });
  const call = await server.call();
  await answerCall(server, call.id);
  expect(await (await server.page(`/calls/${call.id}`)).text()).not.toContain("Hang up");
  expect((await server.form(`/calls/${call.id}/hangup`, {})).status).toBe(403);
  expect((await server.json(`/api/v1/calls/${call.id}/hangup`, {})).status).toBe(403);
  expect(server.state.hungUp).toEqual([]);
  const owned = await openServer();
  const mine = await owned.call();
  await answerCall(owned, mine.id);
  expect((await owned.form(`/calls/${mine.id}/hangup`, {})).status).toBe(303);
  expect(owned.state.hungUp).toEqual([mine.id]);
  const { userId } = owned.parts.owner;
  const events = await owned.store.events.ofCall(owned.tenantId, mine.id, 0, 99);
  expect(events.at(-1)).toMatchObject({ type: "supervisor.hung-up", userId });
});

test("every page says without script what is missing, and how to see news", async () => {
  const server = await openServer();
  for (const path of ["/", "/calls", "/settings"]) {
    const [notice] = /<noscript>.*?<\/noscript>/s.exec(await (await server.page(path)).text()) ?? [];
    expect([path, notice?.includes("Reload a page")]).toEqual([path, true]);
  }
});

test("a page that refuses what was sent names each field with what is wrong, and the way back", async () => {
  const server = await openServer();
  const response = await server.form("/dnd/removals", { phone: "+12025550177", reason: " " });
  expect(response.status).toBe(422);
  const html = await response.text();
  expect(html).toContain("<li>reason: Say why.</li>");
  expect(html).not.toContain("listed under errors");
});
