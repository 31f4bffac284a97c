import type { Context, Hono } from "hono";
import type { Agent } from "../../core/store/agents.ts";
import { AgentForm } from "../agent-form.ts";
import type { AppParts } from "../app-parts.ts";
import { callPicture, type PictureParts } from "../call-picture.ts";
import { AgentHead, AgentProfileForm, profileValues } from "../components/agent-profile.tsx";
import { CallBody } from "../components/call-body.tsx";
import type { FormProblems, FormValues } from "../components/field.tsx";
import { TalkCard } from "../components/talk-card.tsx";
import { ToastPart } from "../components/toast.tsx";
import { OVER_EVENT } from "../live/live-stream.ts";
import { Problem } from "../problem.ts";
import { fieldProblems, formBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** The page of one agent: talk to it, and change who it is. */
export const agentRoutes = (app: Hono<ServerEnv>, parts: AppParts, pictures: PictureParts): void => {
  const agentOf = async (c: Context<ServerEnv, "/agents/:id">): Promise<Agent> => {
    const agent = await parts.store.agents.get(c.get("actor").tenantId, c.req.param("id").slice(0, 60));
    if (agent === null) throw new Problem("not-found", { detail: "There is no such agent." });
    return agent;
  };
  const show = (
    c: Context<ServerEnv>,
    agent: Agent,
    form: { values: FormValues; problems: FormProblems; status: 200 | 422 },
  ) =>
    renderPage(
      c,
      { title: agent.name, path: "/agents", wide: true, status: form.status },
      <>
        <nav class="small" aria-label="Back">
          <a href="/agents">Agents</a>
        </nav>
        <AgentHead agent={agent} voice={parts.voice} />
        <div class="cols">
          <div class="stack">
            <TalkCard agentId={agent.id} missing={parts.talk.missing()} />
            <div id="talk-call" class="stack talk-words"></div>
          </div>
          <AgentProfileForm agentId={agent.id} {...form} />
        </div>
      </>,
    );

  app.get("/agents/:id", async (c) => {
    const agent = await agentOf(c);
    return show(c, agent, { values: profileValues(agent), problems: [], status: 200 });
  });

  app.post("/agents/:id", async (c) => {
    const agent = await agentOf(c);
    const values = await formBody(c);
    const parsed = AgentForm.safeParse(values);
    const isPart = c.req.header("hx-request") === "true";
    if (!parsed.success) {
      const problems = fieldProblems(parsed.error);
      if (!isPart) return show(c, agent, { values, problems, status: 422 });
      return c.html(<AgentProfileForm agentId={agent.id} values={values} problems={problems} />, 422);
    }
    const changed = (await parts.store.agents.change(agent.tenantId, agent.id, parsed.data)) ?? agent;
    if (!isPart) return c.redirect(`/agents/${agent.id}`, 303);
    return c.html(
      <>
        <AgentProfileForm agentId={agent.id} values={profileValues(changed)} problems={[]} />
        <hx-partial hx-target="#agent-head" hx-swap="outerMorph">
          <AgentHead agent={changed} voice={parts.voice} />
        </hx-partial>
        <ToastPart level="ok" text="The profile is saved." />
      </>,
    );
  });

  /** The words of a call with this agent, as they are spoken. */
  app.get("/x/agents/:id/calls/:call", async (c) => {
    const picture = await callPicture(pictures, c.get("actor"), c.req.param("call"));
    if (picture === null) throw new Problem("not-found", { detail: "There is no such call." });
    return c.html(
      <>
        <nav class="small" aria-label="This call">
          <a href={`/calls/${picture.call.id}`}>Page of this call</a>
        </nav>
        {/* Beside the page's own stream for as long as the call lasts. */}
        <div
          id="talk-feed"
          hidden
          hx-sse:connect={`/sse/calls/${picture.call.id}`}
          hx-sse:close={OVER_EVENT}
          hx-swap="none"
          hx-trigger="load, every 10s"
          hx-sync="this:drop"
        ></div>
        <CallBody picture={picture} />
      </>,
    );
  });
};
