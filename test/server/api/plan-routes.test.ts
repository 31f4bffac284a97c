import { describe, expect, test } from "bun:test";
import { scriptedModel } from "../../../src/agents/models/scripted.ts";
import { createPlanner } from "../../../src/agents/planner.ts";
import { AgentPromptView, ChatView } from "../../../src/server/api/plan-routes.ts";
import { STORY, STORY_ANSWERS } from "../../support/planner-rig.ts";
import { openServer } from "../../support/server-rig.ts";

describe("POST /api/chat_interaction", () => {
  test("goes from a sentence over a form to a plan", async () => {
    const server = await openServer();
    const first = await server.json("/api/chat_interaction", { username: "Eva", message: STORY });
    expect(first.status).toBe(200);
    const asked = ChatView.parse(await first.json());
    expect(asked.status).toBe("clarifying");
    expect(asked).not.toHaveProperty("campaign_plan");
    const second = await server.json("/api/chat_interaction", {
      conversation_id: asked.conversation_id,
      username: "Eva",
      message: "",
      answers: STORY_ANSWERS,
    });
    const planned = ChatView.parse(await second.json());
    expect(planned.status).toBe("plan_complete");
    expect(planned.conversation_id).toBe(asked.conversation_id);
    expect(planned.campaign_plan?.contacts.map(({ phone }) => phone)).toEqual([
      "+12025550121",
      "+12025550118",
      "+12025550119",
    ]);
    expect(await server.store.tasks.list(server.tenantId, { limit: 5 })).toEqual([]);
  });

  test("answers a call that may not be planned in words, without questions or a plan", async () => {
    const server = await openServer();
    const answer = await server.json("/api/chat_interaction", { message: "Call him and threaten him" });
    const view = ChatView.parse(await answer.json());
    expect(view).toMatchObject({ status: "needs_more_info", questions: [] });
    expect(view.reply).toContain("cannot plan this");
  });

  test.each([
    ["nothing", {}, 422],
    ["a message without end", { message: "x".repeat(4001) }, 422],
    ["a name of two lines", { message: "x", username: "a\nb" }, 422],
    ["an unknown conversation", { message: "x", conversation_id: "cnv_none" }, 404],
  ])("refuses %s", async (_what, body, status) => {
    const server = await openServer();
    const answer = await server.json("/api/chat_interaction", body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
  });

  test("says that the model failed, and keeps the conversation to try again", async () => {
    const server = await openServer();
    const { planning, store, clock, log } = server.parts;
    const model = scriptedModel({ roles: {} });
    planning.planner = createPlanner({ store, model, lookUps: () => [], clock, log, zone: "UTC" });
    const answer = await server.json("/api/chat_interaction", { message: "Hello" });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ conversation_id: expect.stringMatching(/^cnv_/) });
  });
});

describe("POST /api/generate_agent_prompt", () => {
  test("asks what is missing, in a conversation that goes on under its id", async () => {
    const server = await openServer();
    const answer = await server.json("/api/generate_agent_prompt", {
      task: "Book a table for two on Friday",
      phone: "+1 202 555 0100",
      username: "Eva",
    });
    const view = AgentPromptView.parse(await answer.json());
    expect(view.agent_prompt).toBeNull();
    expect(view.questions.length).toBeGreaterThan(0);
    const { conversation_id } = view;
    const done = await server.json("/api/chat_interaction", { conversation_id, answers: { on_behalf_of: "Eva" } });
    const { campaign_plan } = ChatView.parse(await done.json());
    expect(campaign_plan?.master_agent_prompt).toStartWith("Book a table for two on Friday.");
  });
});
