import { expect, test } from "bun:test";
import { openServer } from "../../support/server-rig.ts";

const open = async (missing: string | null = null) => {
  const rig = await openServer({ talk: { attach: () => ({ message() {}, closed() {} }), missing: () => missing } });
  const agent = await rig.store.agents.ensureDefault(rig.tenantId);
  return { ...rig, agent, path: `/agents/${agent.id}` };
};
const PROFILE = {
  name: "Mira",
  organization: "Acme",
  language: "cs",
  instructions: "Be brief.\nAlways.",
  farewell: "Díky. Na shledanou.",
};

test("the page of an agent lets one talk to it and change its profile", async () => {
  const { page, path } = await open();
  const html = await (await page(path)).text();
  expect(html).toContain("<od-talk");
  expect(html).toContain('id="agent-profile"');
  expect(await (await page("/agents")).text()).toContain(`href="${path}"`);
});

test("without the media worker the page says what is missing instead", async () => {
  const { page, path } = await open("It is not installed. Run `bun run setup`.");
  const html = await (await page(path)).text();
  expect(html).not.toContain("<od-talk");
  expect(html).toContain("It is not installed.");
});

test("a profile is saved with a plain form and with a part of the page", async () => {
  const { form, page, path, store, agent, tenantId } = await open();
  const plain = await form(path, PROFILE);
  expect([plain.status, plain.headers.get("location")]).toEqual([303, path]);
  expect(await store.agents.get(tenantId, agent.id)).toMatchObject(PROFILE);
  const token = /X-CSRF-Token&quot;:&quot;([\w-]+)/.exec(await (await page(path)).text())?.[1] ?? "";
  const headers = { "hx-request": "true", "x-csrf-token": token };
  const part = await form(path, { ...PROFILE, name: "Eva" }, headers);
  const html = await part.text();
  expect(part.status).toBe(200);
  expect(html).not.toContain("<html");
  expect(html).toContain('hx-target="#agent-head"');
  expect((await store.agents.get(tenantId, agent.id))?.name).toBe("Eva");
});

test("a profile that cannot be is refused with what is wrong, and nothing changes", async () => {
  const { form, path, store, agent, tenantId } = await open();
  for (const wrong of [
    { name: " " },
    { language: "not a language" },
    { instructions: "x".repeat(8001) },
    { farewell: "a\nb" },
  ]) {
    const answer = await form(path, { ...PROFILE, ...wrong });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('class="problem"');
  }
  expect(await store.agents.get(tenantId, agent.id)).toMatchObject({ name: agent.name });
});

test("agents and calls of another tenant are not there", async () => {
  const { page, form, store, path } = await open();
  await store.tenants.create({ id: "other", name: "Other" });
  const other = await store.agents.ensureDefault("other");
  const begun = await store.tryOuts.begin("other", {
    agentId: other.id,
    action: "Talk.",
    voice: "scripted",
    concurrent: 9,
    at: 0,
  });
  if (!begun.ok) throw new Error(begun.reason);
  expect((await page(`/agents/${other.id}`)).status).toBe(404);
  expect((await form(`/agents/${other.id}`, PROFILE)).status).toBe(404);
  expect((await page(`/x${path}/calls/${begun.call.id}`)).status).toBe(404);
});

test("the words of a try-out come as a part with their own stream", async () => {
  const { page, path, store, tenantId, agent } = await open();
  const begun = await store.tryOuts.begin(tenantId, {
    agentId: agent.id,
    action: "Talk.",
    voice: "scripted",
    concurrent: 9,
    at: 0,
  });
  if (!begun.ok) throw new Error(begun.reason);
  const html = await (await page(`/x${path}/calls/${begun.call.id}`)).text();
  expect(html).toContain(`hx-sse:connect="/sse/calls/${begun.call.id}"`);
  expect(html).toContain('id="call-body"');
  expect(html).not.toContain("<dt>Number</dt>");
});
