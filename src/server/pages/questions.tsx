import type { Context, Hono } from "hono";
import { z } from "zod";
import type { AppParts } from "../app-parts.ts";
import { MAX_ANSWER, Questions } from "../components/questions.tsx";
import { ToastPart } from "../components/toast.tsx";
import { type AnswerTaken, answerQuestion, loadQuestions } from "../owner-questions.ts";
import { checked, formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";

/** An answer of the owner, from a form or as JSON. */
export const OwnerAnswer = z.object({
  answer: z
    .string()
    .trim()
    .min(1, "Write an answer")
    .max(MAX_ANSWER, `At most ${MAX_ANSWER} characters`)
    .regex(/^[^\p{Cs}\0]*$/u, "No control characters"),
});

/** Where a form came from, as a path of ours; the start page where nobody tells. */
const cameFrom = (c: Context<ServerEnv>): string => {
  const referer = c.req.header("referer") ?? "";
  if (!URL.canParse(referer)) return "/";
  const { host, pathname, search } = new URL(referer);
  const own = (c.req.header("host") ?? new URL(c.req.url).host).toLowerCase();
  // Two slashes would lead to another host.
  return host === own && !pathname.startsWith("//") ? pathname + search : "/";
};

/** Answers to what agents ask during calls, from the forms that every page shows. */
export const questionRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const take = async (c: Context<ServerEnv>): Promise<AnswerTaken> => {
    const { answer } = checked(OwnerAnswer, await formBody(c));
    return answerQuestion(parts, c.get("actor"), c.req.param("id") ?? "", answer);
  };
  app.post("/questions/:id/answer", async (c) => {
    await take(c);
    return c.redirect(cameFrom(c), 303);
  });
  app.post("/x/questions/:id/answer", async (c) => {
    const { follows } = await take(c);
    return c.html(
      <>
        <Questions {...(await loadQuestions(parts, c.get("actor")))} />
        <ToastPart level="ok" text={follows} />
      </>,
    );
  });
};
