import type { Hono } from "hono";
import { z } from "zod";
import type { OwnerQuestion } from "../../core/store/question-record.ts";
import type { AppParts } from "../app-parts.ts";
import { answerQuestion } from "../owner-questions.ts";
import { OwnerAnswer } from "../pages/questions.tsx";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";

/** A question of an agent to the person it calls for. */
export const QuestionView = z
  .object({
    id: z.string(),
    call_id: z.string(),
    task_id: z.string(),
    question: z.string(),
    status: z.enum(["open", "answered", "expired"]),
    asked_at: z.iso.datetime(),
    expires_at: z.iso.datetime().describe("An answer from then on is for the next call"),
    answer: z.string().nullable(),
    in_time: z.boolean().describe("The answer came while the callee waited"),
  })
  .describe("Something an agent asks the person it calls for");

const iso = (at: number): string => new Date(at).toISOString();

const questionView = (question: OwnerQuestion): z.output<typeof QuestionView> => ({
  id: question.id,
  call_id: question.callId,
  task_id: question.taskId,
  question: question.text,
  status: question.status,
  asked_at: iso(question.askedAt),
  expires_at: iso(question.expiresAt),
  answer: question.answer,
  in_time: question.inTime,
});

/** What an answer leads to. */
export const AnswerView = z.object({
  question: QuestionView,
  follows: z.string().describe("What happens with the answer, in words"),
});

/** Questions to the asker as resources. */
export const v1QuestionRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/api/v1/questions", async (c) => {
    const { tenantId, userId } = c.get("actor");
    const [open, late] = await Promise.all([
      parts.store.questions.openOf(tenantId, userId, parts.clock.now()),
      parts.store.questions.lateOf(tenantId, userId),
    ]);
    return c.json({ questions: [...open, ...late].map(questionView) });
  });
  app.post("/api/v1/questions/:id/answer", async (c) => {
    const { answer } = checked(OwnerAnswer, await jsonBody(c));
    const { question, follows } = await answerQuestion(parts, c.get("actor"), c.req.param("id"), answer);
    return c.json({ question: questionView(question), follows });
  });
};
