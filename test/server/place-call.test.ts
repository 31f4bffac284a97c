import { expect, test } from "bun:test";
import { openServer, PHONE, settle } from "../support/server-rig.ts";

const body = { phone_number: PHONE, action: "Ask for the opening hours." };

test("asking for a call answers with the id of the call it made", async () => {
  const server = await openServer();
  const response = await server.json("/api/phone/call", { ...body, callee_name: "Front desk" });
  expect(response.status).toBe(201);
  const made = (await response.json()) as { call_id: string; task_id: string; status: string };
  const call = await server.store.calls.get(server.tenantId, made.call_id);
  expect(call).toMatchObject({ taskId: made.task_id, to: PHONE, calleeName: "Front desk", status: made.status });
  expect(response.headers.get("location")).toBe(`/api/v1/calls/${made.call_id}`);
});

test("whatever comes of a request for a call, nothing goes on listening or waiting for it", async () => {
  const server = await openServer();
  let listening = 0;
  const subscribe = server.bus.subscribe;
  server.bus.subscribe = (listener) => {
    listening++;
    const stop = subscribe(listener);
    return () => {
      listening--;
      stop();
    };
  };
  await server.json("/api/phone/call", body, { "idempotency-key": "k" });
  await server.json("/api/phone/call", body, { "idempotency-key": "k" });
  await server.json("/api/phone/call", { ...body, action: "Other" }, { "idempotency-key": "k" });
  server.state.dialing = { refuses: "do-not-call", nextActionAt: null };
  expect((await server.json("/api/phone/call", body)).status).toBe(409);
  expect([listening, server.timers.waiting]).toEqual([0, 0]);
});

test("all four ways of asking for a call make a task of the same words", async () => {
  const server = await openServer();
  for (const [path, sent] of [
    ["/api/phone/call", body],
    ["/tasks/calling/initiate", body],
    ["/api/start-call", { userPhone: PHONE, instruction: body.action }],
    ["/api/phone/register-call", body],
  ] as const) {
    const response = await server.json(path, sent);
    expect([path, response.status]).toEqual([path, 201]);
    const { task_id } = (await response.json()) as { task_id: string };
    expect(await server.store.tasks.get(server.tenantId, task_id)).toMatchObject({ phone: PHONE, action: body.action });
  }
});

test("a number that may not be called is refused at its own field and makes no task", async () => {
  const server = await openServer();
  for (const [phone, reason] of [
    ["911", "emergency"],
    ["not a number", "not-a-number"],
    ["+1900", "invalid"],
  ]) {
    const response = await server.json("/api/phone/call", { ...body, phone_number: phone });
    expect([phone, response.status]).toEqual([phone, 422]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ type: "/docs#problem-phone-number-refused", errors: [{ field: "phone_number" }] });
    if (phone === "911") expect(problem.reason).toBe(reason!);
  }
  expect(await server.store.tasks.list(server.tenantId, { limit: 10 })).toEqual([]);
  const short = await server.json("/api/start-call", { userPhone: "911", instruction: "x" });
  expect(await short.json()).toMatchObject({ errors: [{ field: "userPhone" }] });
});

test("a refusal of the dial gate is told with its reason and the task's state", async () => {
  const server = await openServer({ dialing: { refuses: "do-not-call", nextActionAt: null } });
  const response = await server.json("/api/phone/call", body);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({
    type: "/docs#problem-call-refused",
    detail: "The number is on the do-not-call list.",
    reason: "do-not-call",
    task_status: "failed_conclusive",
    next_action_time: null,
  });
});

test("a refusal until later says until when", async () => {
  const server = await openServer();
  const at = server.clock.now() + 3_600_000;
  server.state.dialing = { refuses: "outside-calling-window", nextActionAt: at };
  const response = await server.json("/api/phone/call", body);
  expect(await response.json()).toMatchObject({
    reason: "outside-calling-window",
    task_status: "pending",
    next_action_time: new Date(at).toISOString(),
  });
});

test("a task whose turn does not come in time is answered as accepted, without a call", async () => {
  const server = await openServer({ dialing: "waits" });
  const asked = Promise.resolve(server.json("/api/phone/call", body));
  await settle();
  server.timers.advance(3000);
  const response = await asked;
  expect(response.status).toBe(202);
  const made = (await response.json()) as { call_id: null; task_id: string; status: string };
  expect(made).toMatchObject({ call_id: null, status: "pending" });
  expect(response.headers.get("location")).toBe(`/api/v1/tasks/${made.task_id}`);
  expect(server.timers.waiting).toBe(0);
});

test("the same idempotency key gives the same call, in the header as in the body", async () => {
  const server = await openServer();
  const first = (await (await server.json("/api/phone/call", body, { "idempotency-key": "k1" })).json()) as object;
  const again = await server.json("/api/phone/call", { ...body, idempotency_key: "k1" });
  expect(again.status).toBe(200);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await again.json()).toEqual(first);
  expect(await server.store.tasks.list(server.tenantId, { limit: 10 })).toHaveLength(1);
});

test("an idempotency key of another request is refused", async () => {
  const server = await openServer();
  await server.json("/api/phone/call", body, { "idempotency-key": "k1" });
  const other = await server.json(
    "/api/phone/call",
    { ...body, action: "Something else" },
    { "idempotency-key": "k1" },
  );
  expect(other.status).toBe(409);
  expect(await other.json()).toMatchObject({ type: "/docs#problem-idempotency-key-reused" });
});

test("the same key twice at the same time makes one task", async () => {
  const server = await openServer();
  const both = await Promise.all([1, 2].map(() => server.json("/api/phone/call", body, { "idempotency-key": "k" })));
  expect(both.every((response) => response.ok)).toBe(true);
  expect(await server.store.tasks.list(server.tenantId, { limit: 10 })).toHaveLength(1);
});

test("a registered call stays a draft, or waits for its time", async () => {
  const server = await openServer();
  const draft = await server.json("/api/phone/register-call", body);
  expect(draft.status).toBe(201);
  expect(await draft.json()).toMatchObject({ call_id: null, status: "draft" });
  const at = new Date(server.clock.now() + 86_400_000).toISOString();
  const later = await server.json("/api/phone/register-call", { ...body, scheduled_at: at });
  expect(later.status).toBe(202);
  const { task_id } = (await later.json()) as { task_id: string };
  expect(await server.store.tasks.get(server.tenantId, task_id)).toMatchObject({
    status: "pending",
    nextActionAt: Date.parse(at),
  });
  expect(await server.store.calls.list(server.tenantId, { limit: 10 })).toEqual([]);
});

test("fields at fault are all named at once, the number too", async () => {
  const server = await openServer();
  const response = await server.json("/api/phone/call", {
    phone_number: "911",
    callee_name: "a\nb",
    agent_name: "x".repeat(81),
    organization: 7,
  });
  expect(response.status).toBe(422);
  const { errors } = (await response.json()) as { errors: { field: string; message: string }[] };
  expect(errors.map((one) => one.field).sort()).toEqual([
    "action",
    "agent_name",
    "callee_name",
    "organization",
    "phone_number",
  ]);
  expect(errors.find((one) => one.field === "action")?.message).toBe("This field is needed");
});
