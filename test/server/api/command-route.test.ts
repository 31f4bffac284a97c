import { expect, test } from "bun:test";
import { answerCall, openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const say = (server: ServerRig, command: string) => server.json("/command", { command });
const replyTo = async (server: ServerRig, command: string) => (await (await say(server, command)).json()) as object;

test("hello is greeted back, under both names of the field", async () => {
  const server = await openServer();
  expect(await replyTo(server, "hello")).toEqual({ reply: "Hi there!" });
  expect(await (await server.json("/command", { text: " Hello! " })).json()).toEqual({ reply: "Hi there!" });
});

test("a call is placed with its errand, and once for one key", async () => {
  const server = await openServer();
  const ask = () =>
    server.json("/command", { text: "Call +1 (202) 555-0100 to ask to be let in" }, { "idempotency-key": "k" });
  const view = (await (await ask()).json()) as { task_id: string; call_id: string };
  expect(view).toMatchObject({ reply: `Calling ${PHONE}.`, call_id: expect.stringMatching(/^cal/) });
  expect(await server.store.tasks.get(server.tenantId, view.task_id)).toMatchObject({
    phone: PHONE,
    action: "ask to be let in",
  });
  expect(await (await ask()).json()).toEqual(view);
  expect(await server.store.calls.liveCount(server.tenantId)).toBe(1);
});

test("a call without an errand is a short test call", async () => {
  const server = await openServer();
  const { task_id } = (await replyTo(server, `call ${PHONE}`)) as { task_id: string };
  expect((await server.store.tasks.get(server.tenantId, task_id))?.action).toContain("test call");
});

test("status says what runs and what waits", async () => {
  const server = await openServer();
  expect(await replyTo(server, "status")).toEqual({ reply: "No call is running. No tasks wait to be dialed." });
  const call = await server.call({ calleeName: "Smile Studio" });
  await answerCall(server, call.id);
  await server.store.tasks.create(server.tenantId, { phone: PHONE, action: "Later" });
  expect(await replyTo(server, "Status?")).toEqual({
    reply: "1 call is running: Smile Studio is talking. 1 task waits to be dialed.",
  });
});

test("anything else is answered with what can be said, and nothing is dialed", async () => {
  const server = await openServer();
  for (const command of [
    "make me a sandwich",
    "recall 5",
    "call",
    "call Eva to say hi",
    `${" ".repeat(900)}call${" ".repeat(900)}x`,
  ]) {
    expect([command, await replyTo(server, command)]).toEqual([
      command,
      { reply: expect.stringContaining("+12025550100") },
    ]);
  }
  expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toEqual([]);
});

test.each([
  ["nothing", {}, 422],
  ["only spaces", { command: "  " }, 422],
  ["a number", { command: 5 }, 422],
  ["a text without end", { command: "x".repeat(2001) }, 422],
  ["an emergency number", { command: "call 911 to say hi" }, 422],
  ["a number nobody has", { command: "call +1202" }, 422],
])("refuses %s", async (_what, body, status) => {
  const server = await openServer();
  const answer = await server.json("/command", body);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toEqual([]);
});

test("a refusal of the dial gate is told with its reason", async () => {
  const server = await openServer({ dialing: { refuses: "do-not-call", nextActionAt: null } });
  const answer = await say(server, `call ${PHONE}`);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ reason: "do-not-call" });
});
