import type { Context, Hono } from "hono";
import { z } from "zod";
import {
  DEFAULT_DISPLAY_NAME,
  MAX_DISPLAY_NAME,
  MAX_MESSAGE,
  openQuestions,
  type RunningTurn,
  type SayRefusal,
} from "../../agents/planner.ts";
import type { AppParts } from "../app-parts.ts";
import { Field, type FormProblems, type FormValues } from "../components/field.tsx";
import { Instant } from "../components/instant.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { Pager } from "../components/pager.tsx";
import { PlanExamples, PlanStart } from "../components/plan-start.tsx";
import { planParts, planPicture } from "../live/plan-source.tsx";
import { factText, isPlanFact, PLAN_FACTS, withContact, withFact, withoutContact } from "../plan-facts.ts";
import { openPlan, planRefused } from "../planning.ts";
import { Problem } from "../problem.ts";
import { fieldProblems, formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Plans on a page. */
const PAGE = 20;
/** Longest answer to one question, in characters. */
const MAX_ANSWER = 2000;

const Start = z.object({
  message: z.string().trim().min(1, "Say what to call about").max(MAX_MESSAGE, `At most ${MAX_MESSAGE} characters`),
  display_name: z
    .string()
    .trim()
    .max(MAX_DISPLAY_NAME, `At most ${MAX_DISPLAY_NAME} characters`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "No control characters or line breaks")
    .default(""),
});
const Message = Start.pick({ message: true });

const STAGE_WORDS = {
  clarifying: ["Questions open", "info"],
  needs_more_info: ["More needed", "warn"],
  plan_complete: ["Ready to confirm", "ai"],
  scheduled: ["Scheduled", "ok"],
} as const;

/** Waits for the answer where no script follows it; a page with htmx sees it being written. */
const followed = async (
  c: Context<ServerEnv>,
  begun: { ok: true; running: RunningTurn } | { ok: false; reason: SayRefusal },
): Promise<void> => {
  if (!begun.ok) throw planRefused(begun.reason);
  if (c.req.header("hx-request") !== "true") await begun.running.over;
};

/** The planner's pages: beginning a plan, the conversation with its plan, and changing facts of it by hand. */
export const planRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const { store, planning } = parts;
  const { planner } = planning;

  const list = async (
    c: Context<ServerEnv>,
    form: { values: FormValues; problems: FormProblems; status: 200 | 422 },
  ): Promise<Response> => {
    const { tenantId, userId } = c.get("actor");
    const before = (c.req.query("before") ?? "").slice(0, 60);
    const found = await store.conversations.list(tenantId, { userId, limit: PAGE + 1, ...(before ? { before } : {}) });
    const plans = found.slice(0, PAGE);
    return renderPage(
      c,
      { title: "Plans", status: form.status, path: "/plan" },
      <>
        <header class="page-head">
          <h1>Plans</h1>
          <p class="lede">Describe what to call about. You see the plan before anybody is called.</p>
        </header>
        <div class="cols">
          <section class="card">
            <header class="card-head">
              <h2>New plan</h2>
            </header>
            <div class="card-body">
              <PlanStart values={form.values} problems={form.problems} />
            </div>
          </section>
          <section class="card">
            <header class="card-head">
              <h2>Your plans</h2>
            </header>
            {plans.length === 0 ? (
              <div class="card-body">
                <PlanExamples />
              </div>
            ) : (
              <div class="table-wrap">
                <table class="table">
                  <caption class="vh">Plans, newest first</caption>
                  <tbody>
                    {plans.map((one) => (
                      <tr id={`plan-${one.id}`}>
                        <td>
                          <a class="row-link" href={`/plan/${one.id}`}>
                            {one.plan?.title ?? "Not finished"}
                          </a>
                          <small>
                            <Instant at={one.updatedAt} />
                          </small>
                        </td>
                        <td class="end">
                          <span class={`badge ${STAGE_WORDS[one.stage][1]}`}>{STAGE_WORDS[one.stage][0]}</span>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            <Pager path="/plan" query={{}} before={found.length > PAGE ? (plans.at(-1)?.id ?? null) : null} />
          </section>
        </div>
      </>,
    );
  };

  const show = async (
    c: Context<ServerEnv>,
    form: { values: FormValues; problems: FormProblems; notice: string | null; status: 200 | 422 },
  ): Promise<Response> => {
    const picture = await planPicture(parts, c.get("actor"), c.req.param("id") ?? "");
    const { conversation } = picture;
    const drawn = planParts(picture);
    return renderPage(
      c,
      { title: conversation.plan?.title ?? "New plan", live: true, status: form.status, path: "/plan" },
      <>
        <header class="page-head">
          {drawn["plan-title"]}
          <p class="lede">
            Display name: <b>{conversation.displayName}</b>, fixed with the first message.
          </p>
        </header>
        {form.notice === null ? null : (
          <p class="banner bad" role="alert">
            {form.notice}
          </p>
        )}
        <div class="cols">
          <section class="card" aria-labelledby="talk-title">
            <header class="card-head">
              <h2 id="talk-title">Conversation</h2>
              <LiveFeed path={`/sse/plan/${conversation.id}`} />
            </header>
            <div class="stick" role="log" aria-label="Conversation" tabindex={0}>
              <div class="stack">
                {drawn["plan-turns"]}
                {drawn["plan-now"]}
              </div>
            </div>
            {drawn["plan-questions"]}
            {conversation.stage === "scheduled" ? null : (
              <form
                id="plan-ask"
                class="form card-foot"
                method="post"
                action={`/plan/${conversation.id}/messages`}
                novalidate
                hx-disable="find button[type=submit]"
                {...{ "hx-status:422": "target:#plan-ask select:#plan-ask swap:outerMorph" }}
              >
                <Field
                  name="message"
                  label={openQuestions(picture.messages).length > 0 ? "Or say it in your own words" : "Message"}
                  lines={2}
                  maxLength={MAX_MESSAGE}
                  values={form.values}
                  problems={form.problems}
                  sendsOnEnter
                  focused={form.problems.length === 0}
                />
                <div class="form-end">
                  <button type="submit" class="btn">
                    Send
                  </button>
                </div>
              </form>
            )}
          </section>
          {drawn["plan-card"]}
        </div>
      </>,
    );
  };

  app.get("/plan", (c) => list(c, { values: {}, problems: [], status: 200 }));

  app.post("/plan", async (c) => {
    const values = await formBody(c);
    const read = Start.safeParse(values, { reportInput: true });
    if (!read.success) {
      c.header("HX-Push-Url", "false");
      return list(c, { values, problems: fieldProblems(read.error), status: 422 });
    }
    const { tenantId, userId } = c.get("actor");
    const displayName = read.data.display_name || DEFAULT_DISPLAY_NAME;
    const { id } = await store.conversations.create(tenantId, { userId, displayName });
    await followed(c, await planner.say(tenantId, id, { text: read.data.message }));
    return c.redirect(`/plan/${id}`, 303);
  });

  app.get("/plan/:id", (c) => show(c, { values: {}, problems: [], notice: null, status: 200 }));

  app.post("/plan/:id/messages", async (c) => {
    const actor = c.get("actor");
    const { conversation } = await openPlan(parts, actor, c.req.param("id"));
    const values = await formBody(c);
    const read = Message.safeParse(values, { reportInput: true });
    if (!read.success) {
      c.header("HX-Push-Url", "false");
      return show(c, { values, problems: fieldProblems(read.error), notice: null, status: 422 });
    }
    await followed(c, await planner.say(actor.tenantId, conversation.id, { text: read.data.message }));
    return c.redirect(`/plan/${conversation.id}`, 303);
  });

  app.post("/plan/:id/answers", async (c) => {
    const actor = c.get("actor");
    const { conversation, messages } = await openPlan(parts, actor, c.req.param("id"));
    const values = await formBody(c);
    // Only what was asked is taken; what was left open is not an answer.
    const answers: Record<string, string> = {};
    for (const { field_name: name } of openQuestions(messages)) {
      const answer = (values[`answer.${name}`] ?? "").trim().slice(0, MAX_ANSWER);
      if (answer !== "") answers[name] = answer;
    }
    const text = Object.keys(answers).length === 0 ? "I leave these open." : "";
    await followed(c, await planner.say(actor.tenantId, conversation.id, { text, answers }));
    return c.redirect(`/plan/${conversation.id}`, 303);
  });

  app.post("/plan/:id/retry", async (c) => {
    const actor = c.get("actor");
    const { conversation } = await openPlan(parts, actor, c.req.param("id"));
    await followed(c, await planner.retry(actor.tenantId, conversation.id));
    return c.redirect(`/plan/${conversation.id}`, 303);
  });

  app.post("/plan/:id/stop", async (c) => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id"));
    const { over } = planner.running(conversation.id) ?? {};
    planner.stop(conversation.id);
    await over;
    return c.redirect(`/plan/${conversation.id}`, 303);
  });

  const change = async (c: Context<ServerEnv>, id: string, plan: unknown, what: string): Promise<Response> => {
    const edited = await planner.edit(c.get("actor").tenantId, id, plan, what);
    if (edited.ok) return c.redirect(`/plan/${id}`, 303);
    if (edited.reason !== "bad-plan") throw planRefused(edited.reason);
    c.header("HX-Push-Url", "false");
    const notice = `Nothing was changed. ${edited.problems.slice(0, 3).join(" ")}`;
    return show(c, { values: {}, problems: [], notice, status: 422 });
  };

  app.post("/plan/:id/facts", async (c) => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id"));
    const { fact = "", value = "" } = await formBody(c);
    const { id, plan } = conversation;
    if (plan === null || !isPlanFact(fact)) throw new Problem("plan-state");
    if (factText(plan, fact) === value.trim()) return c.redirect(`/plan/${id}`, 303);
    const what = `You changed “${PLAN_FACTS[fact]}”${value.trim() === "" ? ": left open." : `: ${value.trim()}`}`;
    return change(c, id, withFact(plan, fact, value.slice(0, 16_000)), what);
  });

  app.post("/plan/:id/contacts/:index", async (c) => {
    const { conversation } = await openPlan(parts, c.get("actor"), c.req.param("id"));
    const { name = "", phone = "", timezone = "", context = "", remove } = await formBody(c);
    const { id, plan } = conversation;
    const index = Number(c.req.param("index"));
    const before = plan?.contacts[index];
    if (plan === null || before === undefined) throw new Problem("plan-state");
    const who = before.name || before.phone;
    if (remove === "yes") return change(c, id, withoutContact(plan, index), `You took ${who} off the plan.`);
    const at = new Date(parts.clock.now()).toISOString();
    return change(c, id, withContact(plan, index, { name, phone, timezone, context }, at), `You changed ${who}.`);
  });
};
