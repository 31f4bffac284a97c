import { expect, test } from "bun:test";
import { settleDead } from "../../src/server/settle-dead.ts";
import { answerCall, openServer } from "../support/server-rig.ts";

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
