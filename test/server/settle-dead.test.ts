import { expect, test } from "bun:test";
import type { SupervisorEvent } from "../../src/media/supervision/signalling.ts";
import { settleDead } from "../../src/server/settle-dead.ts";
import { createSupervisorNotes } from "../../src/server/supervisor-notes.ts";
import { answerCall, openServer, settle } from "../support/server-rig.ts";

test("a question of a call that died with its process is late from the start on", async () => {
  const { store, tenantId, parts, clock, ...server } = await openServer();
  const call = await server.call();
  await answerCall({ store, tenantId, parts, clock, ...server }, call.id);
  const { id } = await store.questions.ask(tenantId, {
    userId: parts.owner.userId,
    taskId: call.taskId,
    callId: call.id,
    text: "Which number?",
    timeoutMs: 60_000,
  });
  await settleDead({ store, dataDir: "/nonexistent", now: clock.now(), log: parts.log });
  expect(await store.calls.get(tenantId, call.id)).toMatchObject({ hangupCause: "process-restarted" });
  expect(await store.questions.get(tenantId, id)).toMatchObject({ status: "expired" });
});

test("supervisors of a call that died with its process have left it on record, in no mode but Listen", async () => {
  const server = await openServer();
  const { store, tenantId, parts, clock } = server;
  const call = await server.call();
  await answerCall(server, call.id);
  const note = createSupervisorNotes({ store, clock, log: parts.log });
  const { userId, name } = parts.owner;
  const about = { callId: call.id, userId };
  const tom = { callId: call.id, userId: "usr_tom" };
  const events: SupervisorEvent[] = [
    { type: "supervisor.joined", ...about, mode: "listen" },
    { type: "supervisor.joined", ...tom, mode: "listen" },
    { type: "supervisor.mode", ...about, from: "listen", to: "takeover", why: "asked" },
    { type: "supervisor.left", ...tom },
  ];
  for (const event of events) note({ tenantId, userId: event.userId, name }, event);
  await settle();
  const last = await store.events.lastId(tenantId);
  await settleDead({ store, dataDir: "/nonexistent", now: clock.now(), log: parts.log });
  const closed = (await store.events.ofCall(tenantId, call.id, last, 100)).filter(({ type }) => type.startsWith("sup"));
  expect(closed).toMatchObject([
    { type: "supervisor.mode", userId, from: "takeover", to: "listen", why: "link-lost" },
    { type: "supervisor.left", userId },
  ]);
  expect(
    (await store.callEvents.of(tenantId, call.id)).filter(({ kind }) => kind === "supervisor").at(-2)?.detail,
  ).toBe(`${name} was set back to listening because the connection was lost (was speaking in place of the AI)`);
  await settleDead({ store, dataDir: "/nonexistent", now: clock.now(), log: parts.log });
  expect(
    (await store.events.ofCall(tenantId, call.id, last, 100)).filter(({ type }) => type.startsWith("sup")),
  ).toHaveLength(2);
});
