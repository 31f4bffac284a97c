import { expect, test } from "bun:test";
import { answerCall, endCall, openServer, type ServerRig, settle } from "../support/server-rig.ts";

/** A live call whose agent asks its owner, who has 45 s. */
const asking = async (text = "Which number may they call back?") => {
  const server = await openServer();
  const call = await server.call({ calleeName: "Front desk" });
  await answerCall(server, call.id);
  const question = await ask(server, call.id, call.taskId, text);
  return { server, call, question };
};
const ask = (server: ServerRig, callId: string, taskId: string, text: string, userId = server.parts.owner.userId) =>
  server.store.questions.ask(server.tenantId, { userId, taskId, callId, text, timeoutMs: 45_000 });

/** Ends the call unanswered, and judges it as one that waits for the owner. */
const endedLate = async (server: ServerRig, callId: string, questionId: string) => {
  await endCall(server, callId);
  await server.store.questions.expire(server.tenantId, questionId);
  const [task] = await server.store.tasks.claimAnalysis(server.tenantId, {
    now: server.clock.now(),
    leaseMs: 1000,
    limit: 1,
  });
  const held = await server.store.tasks.applyVerdict(server.tenantId, task!.id, task!.leaseToken, {
    callId,
    to: "on_hold",
    taskCompleted: false,
    reason: "waits for your answer",
    summary: "They asked for a number.",
    facts: [],
    sentiment: "neutral",
    disposition: "answered",
    questionId,
    judgedBy: "rules",
  });
  expect(held.ok).toBe(true);
  return task!.id;
};

const PAGES = ["/", "/plan", "/campaigns", "/tasks", "/calls", "/agents", "/dnd", "/settings", "/docs", "/nowhere"];

test("every page shows what its user is asked, with the time that is left, and has one stream", async () => {
  const { server, call, question } = await asking();
  for (const path of [...PAGES, `/calls/${call.id}`]) {
    const page = await (await server.page(path)).text();
    expect([path, page.includes(`id="question-${question.id}"`)]).toEqual([path, true]);
    expect(page).toContain("Which number may they call back?");
    expect(page).toContain(`data-until="${question.expiresAt}"`);
    expect([path, page.match(/hx-sse:connect/g)?.length]).toEqual([path, 1]);
  }
});

test("nobody else is asked", async () => {
  const server = await openServer({
    owner: { tenantId: "default", userId: "usr_somebody", name: "Eva", roles: ["owner"] },
  });
  const call = await server.call();
  await answerCall(server, call.id);
  const { id: userId } = await server.store.users.ensureOwner(server.tenantId);
  const question = await ask(server, call.id, call.taskId, "Which?", userId);
  expect(await (await server.page("/")).text()).not.toContain(question.id);
  const answer = await server.json(`/api/v1/questions/${question.id}/answer`, { answer: "+1 212 555 0199" });
  expect(answer.status).toBe(404);
});

test("an answer in time goes to the call, from a plain form back to the page it was given on", async () => {
  const { server, call, question } = await asking();
  const path = `/questions/${question.id}/answer`;
  const response = await server.form(
    path,
    { answer: " the second " },
    { referer: "http://localhost/tasks?status=draft" },
  );
  expect([response.status, response.headers.get("location")]).toEqual([303, "/tasks?status=draft"]);
  expect(server.state.ownerAnswers).toEqual([`${call.id}: the second`]);
  expect(await (await server.page("/")).text()).not.toContain(`question-${question.id}`);
  expect((await server.form(path, { answer: "the third" })).status).toBe(409);
});

test("an answer is only said to be passed on when the call took it; else it is late, and kept for the next one", async () => {
  const server = await openServer({
    attempts: {
      hangUp: () => true,
      canConnect: () => false,
      connect: () => false,
      ownerAnswered: () => false,
    },
  });
  const call = await server.call();
  await answerCall(server, call.id);
  const { id } = await ask(server, call.id, call.taskId, "Which?");
  const response = await server.json(`/api/v1/questions/${id}/answer`, { answer: "the second" });
  const told = JSON.stringify(await response.json());
  expect(told).not.toContain("Passed on");
  expect(told).toContain("kept for the next one");
  expect(await server.store.questions.get(server.tenantId, id)).toMatchObject({ inTime: false, answer: "the second" });
});

test("a form's way back leads to no other site", async () => {
  for (const referer of ["https://elsewhere.example/x", "http://localhost//elsewhere.example/", "rubbish"]) {
    const { server, question } = await asking();
    const response = await server.form(`/questions/${question.id}/answer`, { answer: "yes" }, { referer });
    expect(response.headers.get("location")).toBe("/");
  }
});

test("with htmx the answer brings the questions that are left, and says what follows", async () => {
  const { server, question } = await asking();
  const formToken = /X-CSRF-Token&quot;:&quot;([^&]+)/.exec(await (await server.page("/")).text())![1]!;
  const headers = { "hx-request": "true", "x-csrf-token": formToken };
  const empty = await server.form(`/x/questions/${question.id}/answer`, { answer: "  " }, headers);
  expect([empty.status, (await empty.text()).includes("#toasts")]).toEqual([422, true]);
  const response = await server.form(`/x/questions/${question.id}/answer`, { answer: "yes" }, headers);
  const text = await response.text();
  expect(text).toStartWith('<section id="questions"');
  expect(text).toContain("Passed on: the callee hears it now.");
});

test("a late answer schedules the next call about it", async () => {
  const { server, call, question } = await asking();
  const taskId = await endedLate(server, call.id, question.id);
  const page = await (await server.page("/tasks")).text();
  expect(page).toContain(`id="question-${question.id}"`);
  expect(page).toContain("Call again with it");
  const response = await server.json(`/api/v1/questions/${question.id}/answer`, { answer: "+1 212 555 0199" });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ question: { in_time: false, answer: "+1 212 555 0199" } });
  expect(server.state).toMatchObject({ ownerAnswers: [], kicks: 1 });
  // The rig's scheduler dials at once, so the task has its next call.
  await settle();
  expect(await server.store.tasks.get(server.tenantId, taskId)).toMatchObject({ attempts: 2, status: "in-progress" });
});

test("the API lists open questions before those that came too late", async () => {
  const { server, call, question: late } = await asking("Too late?");
  await endedLate(server, call.id, late.id);
  const next = await server.call({ phone: "+12025550177" });
  await answerCall(server, next.id);
  const open = await ask(server, next.id, next.taskId, "In time?");
  const { questions } = (await (await server.page("/api/v1/questions")).json()) as { questions: { id: string }[] };
  expect(questions.map(({ id }) => id)).toEqual([open.id, late.id]);
});

test("questions come and go over the stream of whatever page is open", async () => {
  const server = await openServer();
  const call = await server.call({ calleeName: "Front desk" });
  await answerCall(server, call.id);
  for (const path of ["/sse/questions", "/sse/calls", `/sse/calls/${call.id}`]) {
    const response = await server.app.request(path);
    const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
    expect((await reader.read()).value).toContain('hx-target="#questions"');
    const question = await ask(server, call.id, call.taskId, "<b>Which</b> number?");
    await settle();
    server.timers.advance(250);
    const shown = (await reader.read()).value;
    expect(shown).toContain("&lt;b&gt;Which&lt;/b&gt; number?");
    await server.store.questions.expire(server.tenantId, question.id);
    await settle();
    server.timers.advance(250);
    expect((await reader.read()).value).not.toContain(question.id);
    await reader.cancel();
  }
});

test("a page whose own stream has ended still hears of questions", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  await endCall(server, call.id);
  const text = await (await server.app.request(`/sse/calls/${call.id}`)).text();
  expect(text).toContain('hx-target="#question-feed"');
  expect(text).toContain('hx-sse:connect="/sse/questions"');
});
