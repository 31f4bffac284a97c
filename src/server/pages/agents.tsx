import type { Hono } from "hono";
import type { AppParts } from "../app-parts.ts";
import { Icon } from "../components/icon.tsx";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Who calls: the agents of the tenant. */
export const agentsRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/agents", async (c) => {
    const { tenantId } = c.get("actor");
    await parts.store.agents.ensureDefault(tenantId);
    const agents = await parts.store.agents.list(tenantId);
    return renderPage(
      c,
      { title: "Agents" },
      <>
        <header class="page-head">
          <h1>Agents</h1>
          <p class="lede">
            An agent is who calls: its name, on whose behalf it speaks, its language and its voice. A call that names no
            agent is made by the first one.
          </p>
        </header>
        <div class="stack">
          {agents.map((agent) => (
            <section class="card">
              <header class="card-head">
                <h2>
                  <a href={`/agents/${agent.id}`}>{agent.name}</a>
                </h2>
                <span class="badge ai">{parts.voice}</span>
              </header>
              <div class="card-body">
                <dl class="facts">
                  <dt>Speaks for</dt>
                  <dd>{agent.organization || "whoever the call is made for"}</dd>
                  <dt>Language</dt>
                  <dd>{agent.language}</dd>
                  <dt>Voice</dt>
                  <dd>{agent.voiceName || "the configured one"}</dd>
                  <dt>Instructions</dt>
                  <dd class="pre">{agent.instructions || "none of its own"}</dd>
                </dl>
              </div>
              <footer class="card-foot">
                <a class="btn primary" href={`/agents/${agent.id}`}>
                  <Icon name="mic" /> Talk to {agent.name}
                </a>
                <a class="btn" href={`/agents/${agent.id}#agent-profile`}>
                  Edit the profile
                </a>
              </footer>
            </section>
          ))}
        </div>
      </>,
    );
  });
};
