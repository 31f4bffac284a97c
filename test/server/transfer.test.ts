import { expect, test } from "bun:test";
import { answerCall, openServer, settle } from "../support/server-rig.ts";

const open = async (roles: string[] = ["owner"]) => {
  const server = await openServer();
  const { owner } = server.parts;
  const asked = roles.includes("owner") ? server : await openServer({ owner: { ...owner, roles } });
  const call = await asked.call({ calleeName: "Front desk" });
  return { server: asked, call, path: `/api/v1/calls/${call.id}/transfer` };
};
const TO = { phone_number: "+1 202 555 0177", name: "Reception" };

test("a supervisor connects the callee of a live call with somebody", async () => {
  const { server, call, path } = await open();
  await answerCall(server, call.id);
  expect((await server.json(path, TO)).status).toBe(202);
  expect(server.state.connected).toEqual([`${call.id}: Reception +12025550177`]);
});

test("nobody is dialed without the right, before the answer, on carriers that cannot, or for a call of another tenant", async () => {
  const coach = await open(["coach"]);
  await answerCall(coach.server, coach.call.id);
  expect((await coach.server.json(coach.path, TO)).status).toBe(403);
  const { server, call, path } = await open();
  expect((await server.json(path, TO)).status).toBe(409);
  await answerCall(server, call.id);
  server.state.canConnect = false;
  const refused = await server.json(path, TO);
  expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
    409,
    expect.stringContaining("transfer-not-possible"),
  ]);
  expect((await server.json("/api/v1/calls/call_other/transfer", TO)).status).toBe(404);
  expect([...coach.server.state.connected, ...server.state.connected]).toEqual([]);
});

test("emergency, premium and broken numbers are refused at once, as JSON and in the form", async () => {
  const { server, call, path } = await open();
  await answerCall(server, call.id);
  for (const phone_number of ["911", "+19005550100", "reception", ""]) {
    expect((await server.json(path, { ...TO, phone_number })).status).toBe(422);
    expect((await server.form(`/calls/${call.id}/transfer`, { phone_number })).status).toBe(422);
  }
  expect((await server.form(`/calls/${call.id}/transfer`, TO)).status).toBe(303);
  expect(server.state.connected.length).toBe(1);
});

test("whom the AI is to brief first is dialed where its voice can, by API and by form, and refused where it only plays sentences", async () => {
  const { server, call, path } = await open();
  await answerCall(server, call.id);
  const warm = { ...TO, warm: true, brief: "Paid twice." };
  const refused = await server.json(path, warm);
  expect([refused.status, ((await refused.json()) as { type: string }).type]).toEqual([
    409,
    expect.stringContaining("warm-transfer-not-possible"),
  ]);
  const fieldIn = async () => (await (await server.page(`/calls/${call.id}`)).text()).includes('name="warm"');
  expect([server.state.connected, await fieldIn()]).toEqual([[], false]);
  server.parts.voice = "openai-realtime";
  expect(await fieldIn()).toBe(true);
  expect((await server.json(path, warm)).status).toBe(202);
  expect((await server.form(`/calls/${call.id}/transfer`, { ...TO, warm: "on", brief: "" })).status).toBe(303);
  const { name } = server.parts.owner;
  expect(server.state.connected).toEqual([
    `${call.id}: Reception +12025550177, told first: Paid twice. (asked for by ${name})`,
    `${call.id}: Reception +12025550177, told first: asked for by ${name}`,
  ]);
});

test("the page of a live call offers it where it can be done", async () => {
  const { server, call } = await open();
  await answerCall(server, call.id);
  expect(await (await server.page(`/calls/${call.id}`)).text()).toContain('id="transfer"');
  server.state.canConnect = false;
  expect(await (await server.page(`/calls/${call.id}`)).text()).not.toContain('id="transfer"');
});

test("a call that the agent hands over asks for help with what it says of it, until somebody takes it or nobody does", async () => {
  const { server, call } = await open();
  const { attention, owner } = server.parts;
  const { tenantId, userId } = owner;
  const note = async (event: Parameters<typeof server.store.callEvents.add>[2]["event"]) => {
    await server.store.callEvents.add(tenantId, call.id, {
      at: server.clock.now(),
      kind: "x",
      detail: "",
      event: event!,
    });
    await settle();
  };
  server.media({ type: "opened", callId: call.id, port: 0, slot: 1 });
  await answerCall(server, call.id);
  const asks = { type: "transfer.asked", callId: call.id, to: null, userId: null, brief: "Wants a refund." } as const;
  await note(asks);
  expect(attention.helpWanted(tenantId, userId)).toMatchObject([
    { callId: call.id, reason: "The AI asks you to take over: Wants a refund.", handsOver: true },
  ]);
  const page = await (await server.page("/sse/calls")).body?.getReader().read();
  expect(new TextDecoder().decode(page?.value)).toContain('data-sp="takeover"');
  await note({ type: "transfer.failed", callId: call.id, to: null, why: "nobody" });
  expect(attention.helpWanted(tenantId, userId)).toEqual([]);
  server.clock.advance(1000);
  await note(asks);
  expect(attention.helpWanted(tenantId, userId)).toHaveLength(1);
  await note({ ...asks, to: "Reception" });
  await note({ type: "transfer.made", callId: call.id, to: null });
  expect(attention.helpWanted(tenantId, userId)).toEqual([]);
});
