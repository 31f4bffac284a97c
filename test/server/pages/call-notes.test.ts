import { expect, test } from "bun:test";
import type { CallPanel } from "../../../src/server/call-panel.ts";
import { answerCall, openServer } from "../../support/server-rig.ts";

const withCall = async () => {
  const server = await openServer();
  const call = await server.call({ calleeName: "Front desk" });
  await answerCall(server, call.id);
  const token = /X-CSRF-Token&quot;:&quot;([^&]+)/.exec(await (await server.page("/calls")).text())?.[1] ?? "";
  /** As the page's script does. */
  const script = (path: string, fields: Record<string, string>) =>
    server.form(path, fields, { "hx-request": "true", "x-csrf-token": token });
  /** As the softphone does. */
  const phone = (path: string, fields: Record<string, string>) =>
    server.form(path, fields, { accept: "application/json" });
  return { server, call, token, script, phone };
};

test("a note is kept with its author and shown on the page of the call", async () => {
  const { server, call } = await withCall();
  const response = await server.form(`/calls/${call.id}/notes`, { text: " Wants a call in <May>. " });
  expect([response.status, response.headers.get("location")]).toEqual([303, `/calls/${call.id}`]);
  const html = await (await server.page(`/calls/${call.id}`)).text();
  expect(html).toContain("Wants a call in &lt;May&gt;.");
  expect(await server.store.callNotes.of(server.tenantId, call.id)).toMatchObject([
    { text: "Wants a call in <May>.", author: server.parts.owner.name },
  ]);
});

test("a note sent by the page's script answers with an empty form and the list", async () => {
  const { call, script } = await withCall();
  const html = await (await script(`/calls/${call.id}/notes`, { text: "Call again." })).text();
  expect(html).toContain('id="note-form"');
  expect(html).toContain('hx-target="#call-notes"');
  expect(html.match(/Call again\./g)).toHaveLength(1);
});

test("a note or tag with a mistake comes back as its form, with what was typed and a reason", async () => {
  const { call, script } = await withCall();
  const long = "x".repeat(2001);
  const note = await script(`/calls/${call.id}/notes`, { text: long });
  expect(note.status).toBe(422);
  const html = await note.text();
  expect(html).toContain("At most 2000 characters");
  expect(html).toContain(long);
  const tag = await script(`/calls/${call.id}/tags`, { tag: "  " });
  expect(tag.status).toBe(422);
  expect(await tag.text()).toContain("Write a tag");
  const control = await script(`/calls/${call.id}/tags`, { tag: "a\u0007b" });
  expect(control.status).toBe(422);
});

test("the softphone gets mistakes as a problem document and successes as the panel", async () => {
  const { call, phone } = await withCall();
  const refused = await phone(`/calls/${call.id}/notes`, { text: "" });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ errors: [{ field: "text", message: "Write a note" }] });
  const tagged = await phone(`/calls/${call.id}/tags`, { tag: " VIP " });
  expect(await tagged.json()).toMatchObject({ tags: ["vip"], notes: [] });
  const noted = await phone(`/calls/${call.id}/notes`, { text: "Angry." });
  expect(await noted.json()).toMatchObject({ tags: ["vip"], notes: [{ text: "Angry." }] });
});

test("a tag is taken off by the page's script and by a plain form", async () => {
  const { server, call, token, script } = await withCall();
  await script(`/calls/${call.id}/tags`, { tag: "follow up & bill" });
  await script(`/calls/${call.id}/tags`, { tag: "vip" });
  const path = `/calls/${call.id}/tags?tag=${encodeURIComponent("Follow up & bill")}`;
  const taken = await server.app.request(path, {
    method: "DELETE",
    headers: { "hx-request": "true", "x-csrf-token": token, "sec-fetch-site": "same-origin" },
  });
  expect(taken.status).toBe(200);
  expect(await taken.text()).toContain('hx-target="#call-tags"');
  expect(await server.store.callNotes.tagsOf(server.tenantId, call.id)).toEqual(["vip"]);
  expect((await server.form(`/calls/${call.id}/tags/remove`, { tag: "vip" })).status).toBe(303);
  expect(await server.store.callNotes.tagsOf(server.tenantId, call.id)).toEqual([]);
});

test("a call that is not there, or another tenant's, takes nothing and shows nothing", async () => {
  const { server, phone } = await withCall();
  await server.store.tenants.create({ id: "ten_other", name: "Other" });
  expect((await phone("/calls/call_none/notes", { text: "t" })).status).toBe(404);
  expect((await phone("/calls/call_none/tags", { tag: "t" })).status).toBe(404);
  expect((await server.app.request("/x/calls/call_none/panel")).status).toBe(404);
});

test("the panel tells the last words, whispers marked, words being spoken last", async () => {
  const { server, call } = await withCall();
  server.media({ type: "opened", callId: call.id, port: 0, slot: 1 });
  const base = { endMs: 900, interrupted: false };
  for (let i = 0; i < 14; i++) {
    const turn = { ...base, key: `a${i}`, speaker: "agent" as const, text: `line ${i}`, atMs: i, whispered: false };
    await server.store.transcripts.put(server.tenantId, call.id, turn);
  }
  const whisper = { ...base, key: "s", speaker: "supervisor" as const, text: "Be brief.", atMs: 20, whispered: true };
  await server.store.transcripts.put(server.tenantId, call.id, whisper);
  server.media({ type: "partial", callId: call.id, key: "c", speaker: "callee", text: "So", atMs: 30 });
  const panel = (await (await server.app.request(`/x/calls/${call.id}/panel`)).json()) as CallPanel;
  expect(panel.turns).toHaveLength(12);
  expect(panel.turns.at(-1)).toMatchObject({ speaker: "callee", name: "Front desk", text: "So", partial: true });
  expect(panel.turns.at(-2)).toMatchObject({ speaker: "supervisor", whispered: true, partial: false });
  expect(panel.turns.at(-3)).toMatchObject({ speaker: "agent", whispered: false });
});
