import { expect, test } from "bun:test";
import { CALM } from "../../src/agents/attention.ts";
import { METER } from "../../src/media/engine/meters.ts";
import type { Present } from "../../src/media/supervision/messages.ts";
import { answerCall, endCall, openServer, type ServerRig, settle } from "../support/server-rig.ts";

let keys = 0;

const open = async () => {
  const present = new Map<string, Present[]>();
  const server = await openServer({
    supervision: { attach: () => ({ message() {}, closed() {} }), present: (callId) => present.get(callId) ?? [] },
  });
  const { attention } = server.parts;
  const { tenantId, userId } = server.parts.owner;
  const talking = async (slot = 1): Promise<string> => {
    const { id } = await server.call({ calleeName: "Front desk" });
    server.media({ type: "opened", callId: id, port: 0, slot });
    await answerCall(server, id);
    return id;
  };
  const say = (callId: string, text: string): void => {
    const turn = { key: `k${keys++}`, speaker: "callee" as const, text, atMs: 0, endMs: 1, interrupted: false };
    server.media({ type: "turn", callId, turn: { ...turn, whispered: false } });
  };
  const wanted = (user = userId) => attention.helpWanted(tenantId, user).map(({ callId, reason }) => [callId, reason]);
  return { server, attention, present, talking, say, wanted, owner: server.parts.owner };
};

/** Time of clocks and timers together, in steps of a look at the meters. */
const later = (server: ServerRig, ms: number): void => {
  for (let i = 0; i < ms; i += 250) {
    server.clock.advance(250);
    server.timers.advance(250);
  }
};

const kinds = async ({ store, tenantId }: ServerRig, callId: string) =>
  (await store.events.ofCall(tenantId, callId, 0, 99)).filter(({ type }) => type.startsWith("help."));

test("a call that wants help says so once, in the audit and on its timeline", async () => {
  const { server, talking, say, wanted } = await open();
  const callId = await talking();
  say(callId, "Get me a human.");
  say(callId, "I want to speak to a person!");
  expect(wanted()).toEqual([[callId, "The caller asked for a human again"]]);
  expect(await kinds(server, callId)).toMatchObject([{ type: "help.raised", reason: "human-asked", score: 80 }]);
  const line = (await server.store.callEvents.of(server.tenantId, callId)).at(-1);
  expect(line).toMatchObject({ kind: "help.raised", detail: "The caller asked for a human" });
});

test("only the tenant of a call is asked to help it", async () => {
  const { attention, talking, say } = await open();
  say(await talking(), "Get me a human.");
  expect(attention.helpWanted("ten_other", "usr_other")).toEqual([]);
});

test("not now is for the one who says it, is kept in the audit once, and others are still asked", async () => {
  const { server, attention, owner, talking, say, wanted } = await open();
  const callId = await talking();
  say(callId, "Get me a human.");
  expect(attention.dismiss({ ...owner, tenantId: "ten_other" }, callId)).toBe(false);
  expect(attention.dismiss(owner, callId)).toBe(true);
  expect(attention.dismiss(owner, callId)).toBe(true);
  expect(wanted()).toEqual([]);
  expect(wanted("usr_other")).toHaveLength(1);
  expect(await kinds(server, callId)).toMatchObject([
    { type: "help.raised" },
    { type: "help.dismissed", userId: owner.userId },
  ]);
});

test("help is not called for again within two minutes, then also those are asked who would not", async () => {
  const { server, attention, owner, talking, say, wanted } = await open();
  const callId = await talking();
  server.parts.media.meters.set(1, METER.calleeVoiced, 1);
  say(callId, "Get me a human.");
  attention.dismiss(owner, callId);
  later(server, 119_000);
  say(callId, "Get me a human.");
  expect(wanted()).toEqual([]);
  later(server, 2_000);
  expect(wanted()).toHaveLength(1);
  expect((await kinds(server, callId)).filter(({ type }) => type === "help.raised")).toHaveLength(2);
});

test("a need that gets much worse does not wait for the cool-down", async () => {
  const { attention, owner, talking, say, wanted, server } = await open();
  const callId = await talking();
  say(callId, "I think you have the wrong number.");
  expect(attention.dismiss(owner, callId)).toBe(true);
  expect(wanted()).toEqual([]);
  say(callId, "Get me a human, you idiot!");
  expect(wanted()).toHaveLength(1);
  expect(await kinds(server, callId)).toHaveLength(3);
});

test("who is supervised already asks nobody, and a call for help ends when somebody joins", async () => {
  const { server, present, talking, say, wanted } = await open();
  const callId = await talking();
  const max: Present = { seatId: "s", name: "Max", mode: "listen" };
  present.set(callId, [max]);
  say(callId, "Get me a human.");
  expect(wanted()).toEqual([]);
  present.delete(callId);
  later(server, 1_000);
  expect(wanted()).toHaveLength(1);
  present.set(callId, [max]);
  await server.store.callEvents.add(server.tenantId, callId, {
    at: server.clock.now(),
    kind: "supervisor",
    detail: "",
    event: { type: "supervisor.joined", callId, userId: "usr_1", mode: "listen" },
  });
  expect(wanted()).toEqual([]);
});

test("silence is heard from the meters, and ends when they tell of a voice", async () => {
  const { server, attention, talking } = await open();
  const callId = await talking(3);
  const { meters } = server.parts.media;
  meters.set(3, METER.agentVoiced, 1);
  later(server, 30_000);
  expect(attention.of(callId)).toEqual(CALM);
  meters.set(3, METER.agentVoiced, 0);
  later(server, 8_000);
  expect(attention.of(callId).needs).toMatchObject([{ kind: "silence" }]);
  meters.set(3, METER.calleeVoiced, 1);
  later(server, 1_000);
  expect(attention.of(callId)).toEqual(CALM);
});

test("barge-ins, slow answers, a lost voice and questions to the owner are heard", async () => {
  const { server, attention, talking } = await open();
  const callId = await talking();
  for (let i = 0; i < 3; i++) server.media({ type: "barge-in", callId, atMs: i });
  for (let i = 0; i < 2; i++) server.media({ type: "latency", callId, ms: 4_000 });
  expect(attention.of(callId).needs.map(({ kind }) => kind)).toEqual(["model-trouble", "talking-over"]);
  server.media({ type: "voice-lost", callId, recovered: false, detail: "" });
  const call = await server.store.calls.get(server.tenantId, callId);
  const question = await server.store.questions.ask(server.tenantId, {
    userId: server.parts.owner.userId,
    taskId: call?.taskId ?? "",
    callId,
    text: "Is 9:30 fine?",
    timeoutMs: 30_000,
  });
  expect(attention.of(callId).needs.map(({ kind }) => kind)).toContain("owner-question");
  await server.store.questions.answer(server.tenantId, question.id, "yes");
  expect(attention.of(callId).needs.map(({ kind }) => kind)).toEqual(["model-trouble", "talking-over"]);
});

test("a call is forgotten at its end, and no timer waits while nobody talks", async () => {
  const { server, attention, talking, say, wanted } = await open();
  const callId = await talking();
  say(callId, "Get me a human.");
  expect(server.timers.waiting).toBe(1);
  await endCall(server, callId);
  expect(attention.of(callId)).toEqual(CALM);
  expect(wanted()).toEqual([]);
  expect(server.timers.waiting).toBe(0);
  say(callId, "Get me a human.");
  expect(attention.of(callId)).toEqual(CALM);
});

test("pages are rung for what can be seen, not for every second that passes", async () => {
  const { server, attention, owner, talking, say } = await open();
  const callId = await talking();
  server.parts.media.meters.set(1, METER.calleeVoiced, 1);
  let [rings, helps, foreign] = [0, 0, 0];
  const stops = [
    attention.listen(owner.tenantId, "needs", () => rings++),
    attention.listen(owner.tenantId, "help", () => helps++),
    attention.listen("ten_other", "needs", () => foreign++),
    attention.listen("ten_other", "help", () => foreign++),
  ];
  say(callId, "Get me a human.");
  expect([rings, helps]).toEqual([1, 1]);
  later(server, 60_000);
  expect(rings).toBeLessThanOrEqual(4);
  expect([helps, foreign]).toEqual([1, 0]);
  for (const stop of stops) stop();
  say(callId, "You idiot!");
  await settle();
  expect(rings).toBeLessThanOrEqual(4);
});
