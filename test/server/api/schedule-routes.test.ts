import { describe, expect, test } from "bun:test";
import { CampaignView, ScheduledTaskView } from "../../../src/server/api/schedule-routes.ts";
import { STORY, STORY_ANSWERS } from "../../support/planner-rig.ts";
import { openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const contact = (phone: string, more: object = {}) => ({
  name: "Smile Studio",
  phone,
  source: { kind: "user", at: "2026-06-01T00:00:00Z" },
  ...more,
});
const PLAN = {
  title: "Book a cleaning",
  master_agent_prompt: "Book the earliest cleaning.",
  contacts: [contact("+1 202 555 0121"), contact("+12025550118")],
};
const execute = (server: ServerRig, plan: object, more: object = {}, headers: Record<string, string> = {}) =>
  server.json("/api/execute_campaign", { campaign_plan: plan, username: "Eva", ...more }, headers);
const fieldsOf = async (answer: Response): Promise<string[]> => {
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  return ((await answer.json()) as { errors: { field: string }[] }).errors.map(({ field }) => field).sort();
};
const campaigns = (server: ServerRig) => server.store.campaigns.list(server.tenantId, { limit: 10 });

describe("POST /api/execute_campaign", () => {
  test("schedules every contact of a plan on behalf of who confirms", async () => {
    const server = await openServer({ dialing: "waits" });
    const answer = await execute(server, PLAN);
    expect(answer.status).toBe(201);
    const view = CampaignView.strict().parse(await answer.json());
    expect(answer.headers.get("location")).toBe(`/campaigns/${view.campaign_id}`);
    expect(view.tasks.map(({ phone, status }) => [phone, status])).toEqual([
      ["+12025550121", "pending"],
      ["+12025550118", "pending"],
    ]);
    const [task] = await server.store.tasks.list(server.tenantId, { limit: 1 });
    expect(task).toMatchObject({ organization: "Eva", action: "Book the earliest cleaning." });
    expect(server.state.kicks).toBe(1);
  });

  test("the same confirmation again gives the same answer, at once and later", async () => {
    const server = await openServer({ dialing: "waits" });
    const answers = await Promise.all([execute(server, PLAN), execute(server, PLAN)]);
    const later = await execute(server, PLAN);
    expect([...answers, later].map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(later.headers.get("idempotency-replayed")).toBe("true");
    const bodies = await Promise.all([...answers, later].map((one) => one.json()));
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
    expect(await campaigns(server)).toHaveLength(1);
  });

  test("another key runs the same plan again, and a key stays with its plan", async () => {
    const server = await openServer({ dialing: "waits" });
    const one = await execute(server, PLAN, {}, { "idempotency-key": "one" });
    const two = await execute(server, PLAN, {}, { "idempotency-key": "two" });
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(await campaigns(server)).toHaveLength(2);
    const other = await execute(server, { ...PLAN, title: "Another" }, {}, { "idempotency-key": "one" });
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ type: "/docs#problem-idempotency-key-reused" });
    const others = await execute(server, PLAN, { username: "Bob" }, { "idempotency-key": "one" });
    expect(others.status).toBe(409);
    const bad = await execute(server, PLAN, {}, { "idempotency-key": "a b" });
    expect(await fieldsOf(bad)).toEqual(["Idempotency-Key"]);
  });

  test("a confirmation is repeated after the plan's last moment, a new one is refused", async () => {
    const server = await openServer({ dialing: "waits" });
    const until = new Date(server.clock.now() + 3_600_000).toISOString();
    const plan = { ...PLAN, schedule: { not_after: until } };
    expect((await execute(server, plan)).status).toBe(201);
    server.clock.advance(7_200_000);
    expect((await execute(server, plan)).status).toBe(200);
    const late = await execute(server, { ...plan, title: "Too late" });
    expect(late.status).toBe(422);
    expect(await fieldsOf(late)).toEqual(["campaign_plan.contacts.0.schedule", "campaign_plan.contacts.1.schedule"]);
    expect(await campaigns(server)).toHaveLength(1);
  });

  test("a planned conversation is scheduled once, by page and by program, and no other plan of it", async () => {
    const server = await openServer({ dialing: "waits" });
    const asked = (await (await server.json("/api/chat_interaction", { username: "Eva", message: STORY })).json()) as {
      conversation_id: string;
    };
    const { conversation_id } = asked;
    const early = await execute(server, PLAN, { conversation_id });
    expect([early.status, ((await early.json()) as { type: string }).type]).toEqual([409, "/docs#problem-plan-state"]);
    const turn = await server.json("/api/chat_interaction", { conversation_id, answers: STORY_ANSWERS });
    const { campaign_plan } = (await turn.json()) as { campaign_plan: object };
    const onPage = await server.form(`/plan/${conversation_id}/confirm`, {});
    const answer = await execute(server, campaign_plan, { conversation_id });
    expect(answer.status).toBe(200);
    const { campaign_id } = CampaignView.parse(await answer.json());
    expect(onPage.headers.get("location")).toBe(`/campaigns/${campaign_id}`);
    const keyed = await execute(server, campaign_plan, { conversation_id }, { "idempotency-key": "mine" });
    expect(await keyed.json()).toMatchObject({ campaign_id });
    const other = await execute(server, { ...campaign_plan, title: "Another" }, { conversation_id });
    expect(other.status).toBe(409);
    expect(await campaigns(server)).toHaveLength(1);
    expect((await execute(server, PLAN, { conversation_id: "cnv_none" })).status).toBe(404);
  });

  test("a plan that was taken back can be confirmed again", async () => {
    const server = await openServer({ dialing: "waits" });
    const { campaign_id } = CampaignView.parse(await (await execute(server, PLAN)).json());
    expect((await server.store.campaigns.undo(server.tenantId, campaign_id)).ok).toBe(true);
    expect((await execute(server, PLAN)).status).toBe(201);
  });

  test.each([
    ["no plan", undefined, ["campaign_plan"]],
    ["nobody to call", { ...PLAN, contacts: [] }, ["campaign_plan.contacts"]],
    [
      "bad, emergency, doubled and missing numbers",
      { ...PLAN, contacts: ["+1202", "911", PHONE, "+1 (202) 555-0100", ""].map((phone) => contact(phone)) },
      [0, 1, 3, 4].map((i) => `campaign_plan.contacts.${i}.phone`),
    ],
    [
      "a wrong shape and a bad number at once",
      { ...PLAN, title: "", max_attempts: 99, contacts: [contact("nobody")] },
      ["campaign_plan.contacts.0.phone", "campaign_plan.max_attempts", "campaign_plan.title"],
    ],
    [
      "a zone and a window that do not exist",
      {
        ...PLAN,
        contacts: [contact(PHONE, { timezone: "Mars/Base" })],
        schedule: { window: { from: "09:00", to: "09:00" } },
      },
      ["campaign_plan.contacts.0.timezone", "campaign_plan.schedule.window"],
    ],
  ])("refuses a plan with %s, naming each field, and schedules nothing", async (_what, plan, fields) => {
    const server = await openServer();
    const answer = await server.json("/api/execute_campaign", { campaign_plan: plan, username: "Eva" });
    expect(answer.status).toBe(422);
    expect(await fieldsOf(answer)).toEqual(fields);
    expect(await campaigns(server)).toEqual([]);
    expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toEqual([]);
  });

  test("takes plans of thousands of contacts, up to a bound", async () => {
    const server = await openServer({ dialing: "waits" });
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => contact(`+1202${String(2_000_000 + i * 7).padStart(7, "0")}`));
    const answer = await execute(server, { ...PLAN, contacts: many(3000) });
    expect(answer.status).toBe(201);
    expect(CampaignView.parse(await answer.json()).tasks).toHaveLength(3000);
    expect((await execute(server, { ...PLAN, contacts: many(9000) })).status).toBe(413);
  });

  test.each([
    ["no JSON", "{", "application/json", 400],
    ["a form", "a=b", "text/plain", 415],
    ["a list", "[]", "application/json", 422],
    ["null", "null", "application/json", 422],
  ])("refuses %s", async (_what, body, type, status) => {
    const server = await openServer();
    expect((await server.json("/api/execute_campaign", body, { "content-type": type })).status).toBe(status);
  });
});

const TASK = { phone_number: "+1 202 555 0100", action: "Ask for the hours.", scheduled_at: "2099-06-11T15:00" };
const schedule = (server: ServerRig, body: object, headers: Record<string, string> = {}) =>
  server.json("/api/schedule_task", body, headers);

describe("POST /api/schedule_task", () => {
  test("schedules one task at a time of the callee's clock, once", async () => {
    const server = await openServer({ dialing: "waits" });
    const answer = await schedule(server, { ...TASK, callee_name: "Ann", timezone: "America/New_York" });
    expect(answer.status).toBe(201);
    const view = ScheduledTaskView.strict().parse(await answer.json());
    expect(view).toMatchObject({ phone: PHONE, status: "pending", next_action_time: "2099-06-11T19:00:00.000Z" });
    const again = await schedule(server, {
      ...TASK,
      phone_number: PHONE,
      callee_name: "Ann",
      timezone: "America/New_York",
    });
    expect([again.status, await again.json()]).toEqual([200, view]);
    expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toHaveLength(1);
    server.clock.advance(80 * 365 * 86_400_000);
    const late = await schedule(server, { ...TASK, callee_name: "Ann", timezone: "America/New_York" });
    expect(late.status).toBe(200);
  });

  test("a key stays with its task", async () => {
    const server = await openServer({ dialing: "waits" });
    const key = { "idempotency-key": "k" };
    expect((await schedule(server, TASK, key)).status).toBe(201);
    expect((await schedule(server, TASK, key)).status).toBe(200);
    expect((await schedule(server, TASK)).status).toBe(201);
  });

  test.each([
    ["number", { phone_number: "+12025550177" }],
    ["errand", { action: "Something else" }],
    ["time", { scheduled_at: "2099-06-11T16:00" }],
    ["last moment", { not_after: "2099-06-12T15:00" }],
    ["zone", { timezone: "America/Los_Angeles" }],
    ["callee", { callee_name: "Bob" }],
    ["caller", { organization: "Acme" }],
    ["background", { context: "In a hurry" }],
    ["language", { language: "cs" }],
    ["number of tries", { max_attempts: 1 }],
  ])("a key that comes back with another %s is refused, and nothing is scheduled or changed", async (_what, change) => {
    const server = await openServer({ dialing: "waits" });
    const key = { "idempotency-key": "k" };
    const first = await schedule(server, { ...TASK, callee_name: "Ann" }, key);
    const other = await schedule(server, { ...TASK, callee_name: "Ann", ...change }, key);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ type: "/docs#problem-idempotency-key-reused" });
    const again = await schedule(server, { ...TASK, callee_name: "Ann" }, key);
    expect([again.status, await again.json()]).toEqual([200, await first.json()]);
    expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toHaveLength(1);
  });

  test("takes the longest task there can be, however its letters are written, and no larger body", async () => {
    const server = await openServer({ dialing: "waits" });
    const long = { ...TASK, action: "č".repeat(2000), context: "č".repeat(8000) };
    const escaped = JSON.stringify(long).replace(/č/g, "\\u010d");
    expect((await server.json("/api/schedule_task", escaped)).status).toBe(201);
    expect((await schedule(server, { ...TASK, more: "x".repeat(70_000) })).status).toBe(413);
  });

  test.each([
    ["no time", { scheduled_at: undefined }, ["scheduled_at"]],
    ["a time that does not exist", { scheduled_at: "2099-02-30T10:00" }, ["scheduled_at"]],
    ["a time that has passed", { scheduled_at: "1970-01-01T00:00:00Z" }, ["scheduled_at"]],
    ["an end before its beginning", { not_after: "2099-06-11T14:00" }, ["not_after"]],
    ["an unknown zone", { timezone: "Mars/Base" }, ["timezone"]],
    ["an emergency number", { phone_number: "911" }, ["phone_number"]],
    [
      "several mistakes",
      { phone_number: "x", action: "", max_attempts: 0 },
      ["action", "max_attempts", "phone_number"],
    ],
  ])("refuses a task with %s, naming the field", async (_what, change, fields) => {
    const server = await openServer();
    server.clock.advance(86_400_000);
    const answer = await schedule(server, { ...TASK, ...change });
    expect(answer.status).toBe(422);
    expect(await fieldsOf(answer)).toEqual(fields);
    expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toEqual([]);
  });
});
