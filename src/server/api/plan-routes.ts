import type { Hono } from "hono";
import { z } from "zod";
import { DEFAULT_DISPLAY_NAME, MAX_MESSAGE } from "../../agents/planner.ts";
import { CampaignPlan } from "../../core/campaign-plan.ts";
import type { AppParts } from "../app-parts.ts";
import { openPlan, planRefused } from "../planning.ts";
import { Problem } from "../problem.ts";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";

const line = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `At most ${max} characters`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "No control characters or line breaks");

const answers = z
  .record(z.string().max(60), z.string().trim().max(2000, "At most 2000 characters"))
  .refine((all) => Object.keys(all).length <= 20, "At most 20 answers");

/** One thing said in a planning conversation. */
export const ChatRequest = z
  .object({
    conversation_id: z.string().max(60).optional().describe("Without it a new conversation begins"),
    username: line(120).default("").describe("Who plans; the calls are made on their behalf unless they say otherwise"),
    message: z.string().trim().max(MAX_MESSAGE, `At most ${MAX_MESSAGE} characters`).default(""),
    answers: answers.optional().describe("Answers to the questions of the turn before, by field_name"),
  })
  .refine((given) => given.message !== "" || Object.keys(given.answers ?? {}).length > 0, {
    message: "Say something, or answer a question",
    path: ["message"],
  })
  .describe("One thing said in a planning conversation");

/** A question of the planner. */
const Question = z.object({
  field_name: z.string(),
  question_text: z.string(),
  response_type: z.enum(["text", "long_text", "phone", "date", "choice", "yes_no"]),
  options: z.array(z.string()).optional(),
});

/** What the planner answers. */
export const ChatView = z
  .object({
    conversation_id: z.string(),
    status: z
      .enum(["clarifying", "needs_more_info", "plan_complete"])
      .describe("A refusal to plan is needs_more_info without questions; reply says why"),
    reply: z.string(),
    questions: z.array(Question),
    campaign_plan: CampaignPlan.optional(),
  })
  .describe("The planner's turn");

/** What a prompt for one call is made from. */
export const AgentPromptRequest = z
  .object({
    task: z
      .string()
      .trim()
      .min(1, "Say what the call should achieve")
      .max(4000)
      .describe("What the call is to achieve"),
    context: z.string().trim().max(8000).default("").describe("What the agent should know"),
    contact_name: line(120).default(""),
    phone: line(32).default("").describe("Number to call; without it only the prompt is written"),
    username: line(120).default("").describe("On whose behalf the agent calls"),
  })
  .describe("What the agent's prompt is to be about");

/** A prompt for the agent on the phone. */
export const AgentPromptView = z
  .object({
    agent_prompt: z.string().nullable().describe("Null while questions are open"),
    conversation_id: z.string().describe("Answer the questions at /api/chat_interaction"),
    reply: z.string(),
    questions: z.array(Question),
  })
  .describe("The prompt, or what is missing for it");

/** The planner for programs: one request is one turn. */
export const planRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, planning } = parts;

  const turn = async (
    actor: { tenantId: string; userId: string },
    id: string | undefined,
    said: { text: string; username: string; answers: Record<string, string> },
  ) => {
    const conversation =
      id === undefined
        ? await store.conversations.create(actor.tenantId, { userId: actor.userId, displayName: DEFAULT_DISPLAY_NAME })
        : (await openPlan(parts, actor, id)).conversation;
    const begun = await planning.planner.say(actor.tenantId, conversation.id, {
      text: said.text,
      answers: said.answers,
      ...(said.username === "" ? {} : { username: said.username }),
    });
    if (!begun.ok) throw planRefused(begun.reason);
    const outcome = await begun.running.over;
    if (!outcome.ok) {
      throw new Problem(outcome.reason === "stopped" ? "plan-state" : "model-failed", {
        detail: outcome.problem,
        members: { conversation_id: conversation.id },
      });
    }
    return { id: conversation.id, turn: outcome.turn };
  };

  app.post("/api/chat_interaction", async (c) => {
    const { conversation_id, message, username, answers: given = {} } = checked(ChatRequest, await jsonBody(c));
    const said = { text: message, username, answers: given };
    const { id, turn: answer } = await turn(c.get("actor"), conversation_id, said);
    return c.json({
      conversation_id: id,
      status: answer.status === "refused" ? "needs_more_info" : answer.status,
      reply: answer.reply,
      questions: answer.questions,
      ...(answer.plan === null ? {} : { campaign_plan: answer.plan }),
    } satisfies z.input<typeof ChatView>);
  });

  app.post("/api/generate_agent_prompt", async (c) => {
    const given = checked(AgentPromptRequest, await jsonBody(c));
    const whom = [given.contact_name, given.phone].filter(Boolean).join(", ");
    const text = [
      whom === "" ? given.task : `Call ${given.phone || given.contact_name} and do this: ${given.task}`,
      given.contact_name === "" ? "" : `The contact is ${given.contact_name}.`,
      given.context === "" ? "" : `What is known: ${given.context}`,
    ];
    const said = { text: text.filter(Boolean).join("\n").slice(0, 12_000), username: given.username, answers: {} };
    const { id, turn: answer } = await turn(c.get("actor"), undefined, said);
    return c.json({
      agent_prompt: answer.plan?.master_agent_prompt ?? null,
      conversation_id: id,
      reply: answer.reply,
      questions: answer.questions,
    } satisfies z.input<typeof AgentPromptView>);
  });
};
