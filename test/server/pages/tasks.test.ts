import { expect, test } from "bun:test";
import { openServer, settle } from "../../support/server-rig.ts";

const NINE_IN_NEW_YORK = Date.parse("2026-06-11T09:00:00-04:00");

test("the next call stands on the callee's clock and on ours", async () => {
  const server = await openServer({ dialing: "waits" });
  await server.store.tasks.create(server.tenantId, {
    phone: "+12125550100",
    action: "Ask for the opening hours.",
    timezone: "America/New_York",
    nextActionAt: NINE_IN_NEW_YORK,
  });
  const page = await (await server.page("/tasks")).text();
  expect(page).toContain(`datetime="2026-06-11T13:00:00.000Z"`);
  expect(page).toMatch(/Thu,? 11 Jun,? 09:00 GMT-4/);
  expect(page).toMatch(/Yours: Thu,? 11 Jun,? 15:00 (CEST|GMT\+2)/);
});

test("the list follows its tasks, by the filter it was opened with", async () => {
  const server = await openServer({ dialing: "waits" });
  const { task } = await server.store.tasks.create(server.tenantId, { phone: "+12125550100", action: "Ask." });
  const page = await (await server.page("/tasks?status=pending")).text();
  expect(page).toContain('hx-sse:connect="/sse/tasks?status=pending"');
  const response = await server.app.request("/sse/tasks?status=pending");
  const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
  expect((await reader.read()).value).toContain(`id="task-${task.id}"`);
  await server.store.tasks.cancel(server.tenantId, task.id);
  await settle();
  server.timers.advance(250);
  const emptied = (await reader.read()).value;
  expect(emptied).toContain('hx-target="#tasks"');
  expect(emptied).not.toContain(task.id);
  await reader.cancel();
});
