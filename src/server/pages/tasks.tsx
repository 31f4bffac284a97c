import type { Hono } from "hono";
import type { TaskStatus } from "../../core/task.ts";
import { cancelTask, releaseTask } from "../api/v1-tasks.ts";
import type { AppParts } from "../app-parts.ts";
import { Icon } from "../components/icon.tsx";
import { LiveFeed } from "../components/live-feed.tsx";
import { Pager } from "../components/pager.tsx";
import { TASK_WORDS, TaskRows } from "../components/task-rows.tsx";
import type { ServerEnv } from "../request-context.ts";
import { loadTaskList, TaskListQuery } from "../task-list.ts";
import { renderPage } from "./render.tsx";

const FILTERS: readonly (TaskStatus | "")[] = [
  "",
  "draft",
  "pending",
  "in-progress",
  "pending_analysis",
  "completed",
  "on_hold",
  "failed_conclusive",
  "cancelled",
];

/** The list of tasks, and letting go or withdrawing one. */
export const tasksRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/tasks", async (c) => {
    const { tenantId } = c.get("actor");
    const query = TaskListQuery.parse(c.req.query());
    const { tasks, isOne, before } = await loadTaskList(parts, tenantId, query);
    const feed = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]));
    return renderPage(
      c,
      { title: "Tasks", live: true, wide: true },
      <>
        <header class="page-head">
          <h1>Tasks</h1>
          <p class="lede">A task is one thing to reach by phone; each try at it is a call.</p>
        </header>
        <section class="card">
          <header class="card-head">
            <nav class="cluster" aria-label="Filter tasks">
              {FILTERS.map((status) => (
                <a
                  class="btn small quiet"
                  href={status === "" ? "/tasks" : `/tasks?status=${status}`}
                  {...(!isOne && (query.status ?? "") === status ? { "aria-current": "true" } : {})}
                >
                  {status === "" ? "All" : TASK_WORDS[status][0]}
                </a>
              ))}
            </nav>
            <LiveFeed path={feed.size === 0 ? "/sse/tasks" : `/sse/tasks?${feed}`} />
          </header>
          {tasks.length === 0 ? (
            <div class="empty">
              <Icon name="list" />
              <h2>No tasks {query.status ? "in this state" : "yet"}</h2>
              <p>
                {query.status ? "Look at all of them, or place a call." : "Place a call and its task appears here."}
              </p>
              <a class="btn" href={query.status ? "/tasks" : "/"}>
                {query.status ? "Show all" : "Place a call"}
              </a>
            </div>
          ) : (
            <div class="table-wrap">
              <table class="table">
                <caption class="vh">Tasks, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Whom and what</th>
                    <th scope="col">State</th>
                    <th scope="col" class="hide-s">
                      Next call
                    </th>
                    <th scope="col" class="hide-s">
                      Calls made
                    </th>
                    <th scope="col" class="end">
                      <span class="vh">Action</span>
                    </th>
                  </tr>
                </thead>
                <TaskRows tasks={tasks} now={parts.clock.now()} ours={parts.planning.zone} />
              </table>
            </div>
          )}
          <Pager path="/tasks" query={{ ...(query.status ? { status: query.status } : {}) }} before={before} />
        </section>
      </>,
    );
  });
  app.post("/tasks/:id/release", async (c) => {
    const task = await releaseTask(parts, c.get("actor").tenantId, c.req.param("id"));
    return c.redirect(`/tasks?task=${task.id}`, 303);
  });
  app.post("/tasks/:id/cancel", async (c) => {
    const task = await cancelTask(parts, c.get("actor").tenantId, c.req.param("id"));
    return c.redirect(`/tasks?task=${task.id}`, 303);
  });
};
