import type { Hono } from "hono";
import { z } from "zod";
import type { Task } from "../../core/store/task-record.ts";
import type { TaskStatus } from "../../core/task.ts";
import { TaskView } from "../api/call-view.ts";
import { cancelTask, releaseTask } from "../api/v1-tasks.ts";
import type { AppParts } from "../app-parts.ts";
import { Icon } from "../components/icon.tsx";
import { Instant } from "../components/instant.tsx";
import { Pager } from "../components/pager.tsx";
import { refusalSentence } from "../refusal-words.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Tasks on a page. */
const PAGE = 25;

const WORD: Record<TaskStatus, readonly [word: string, look: string]> = {
  draft: ["Draft", "plain"],
  pending: ["Waiting", "info"],
  "in-progress": ["Calling", "live"],
  pending_analysis: ["Being judged", "ai"],
  completed: ["Done", "ok"],
  failed_conclusive: ["Given up", "bad"],
  on_hold: ["On hold", "warn"],
  cancelled: ["Cancelled", "plain"],
};

const FILTERS: readonly (TaskStatus | "")[] = [
  "",
  "draft",
  "pending",
  "in-progress",
  "pending_analysis",
  "completed",
  "on_hold",
  "failed_conclusive",
];

/** Filter and place in the list; what cannot be read counts as not given, so that any link opens. */
const Query = z.object({
  status: TaskView.shape.status.optional().catch(undefined),
  before: z.string().max(60).optional().catch(undefined),
  task: z.string().max(60).optional().catch(undefined),
});

const When = ({ task, now }: { task: Task; now: number }) => {
  if (task.status !== "pending" || task.nextActionAt === null) return <span class="muted">–</span>;
  return task.nextActionAt <= now ? <>Next in line</> : <Instant at={task.nextActionAt} />;
};

const TaskAction = ({ task }: { task: Task }) => (
  <div class="cluster">
    {task.status === "draft" || task.status === "on_hold" ? (
      <form method="post" action={`/tasks/${task.id}/release`}>
        <button type="submit" class="btn small">
          Call now
        </button>
      </form>
    ) : null}
    {task.status === "draft" || task.status === "pending" || task.status === "on_hold" ? (
      <form method="post" action={`/tasks/${task.id}/cancel`} hx-confirm="Cancel this task?">
        <button type="submit" class="btn small quiet">
          Cancel
        </button>
      </form>
    ) : null}
  </div>
);

const TaskRow = ({ task, now }: { task: Task; now: number }) => {
  const [word, look] = WORD[task.status];
  return (
    <tr id={`task-${task.id}`}>
      <td>
        <b>{task.calleeName.trim() || task.phone}</b>
        <small>{task.action}</small>
        {task.lastRefusal === null ? null : <small>{refusalSentence(task.lastRefusal)}</small>}
      </td>
      <td>
        <span class={`badge ${look}`}>{word}</span>
      </td>
      <td class="hide-s">
        <When task={task} now={now} />
      </td>
      <td class="num hide-s">
        {task.attempts} of {task.maxAttempts}
      </td>
      <td class="end">
        <TaskAction task={task} />
      </td>
    </tr>
  );
};

/** The list of tasks, and letting go or withdrawing one. */
export const tasksRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/tasks", async (c) => {
    const { tenantId } = c.get("actor");
    const query = Query.parse(c.req.query());
    const one = query.task ? await parts.store.tasks.get(tenantId, query.task) : null;
    const found = one
      ? [one]
      : await parts.store.tasks.list(tenantId, {
          limit: PAGE + 1,
          ...(query.status ? { status: query.status } : {}),
          ...(query.before ? { before: query.before } : {}),
        });
    const tasks = found.slice(0, PAGE);
    const now = parts.clock.now();
    return renderPage(
      c,
      { title: "Tasks" },
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
                  {...(!one && (query.status ?? "") === status ? { "aria-current": "true" } : {})}
                >
                  {status === "" ? "All" : WORD[status][0]}
                </a>
              ))}
            </nav>
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
                <tbody>
                  {tasks.map((task) => (
                    <TaskRow task={task} now={now} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <Pager
            path="/tasks"
            query={{ ...(query.status ? { status: query.status } : {}) }}
            before={found.length > PAGE ? (tasks.at(-1)?.id ?? null) : null}
          />
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
