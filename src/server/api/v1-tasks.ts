import type { Hono } from "hono";
import { z } from "zod";
import type { Task } from "../../core/store/task-record.ts";
import type { AppParts } from "../app-parts.ts";
import { Problem } from "../problem.ts";
import { checked } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { callView, TaskView, taskView } from "./call-view.ts";
import { CallQuery } from "./v1-calls.ts";

/** Query of a list of tasks. */
export const TaskQuery = z.object({
  status: TaskView.shape.status.optional().describe("Only tasks of this status"),
  limit: CallQuery.shape.limit.describe("Tasks on a page"),
  cursor: CallQuery.shape.cursor.describe("next_cursor of the page before"),
});

/** The tenant's task of this id. Throws a `Problem` when there is none. */
export const taskOf = async (parts: Pick<AppParts, "store">, tenantId: string, taskId: string): Promise<Task> => {
  const task = taskId.length <= 60 ? await parts.store.tasks.get(tenantId, taskId) : null;
  if (task === null) throw new Problem("not-found", { detail: "There is no such task." });
  return task;
};

const notNow = (task: Task, detail: string): Problem =>
  new Problem("task-state", { detail, members: { task_id: task.id, task_status: task.status } });

/** Withdraws a task. Throws a `Problem` while a call of it runs and when it is over. */
export const cancelTask = async (parts: AppParts, tenantId: string, taskId: string): Promise<Task> => {
  const task = await taskOf(parts, tenantId, taskId);
  const cancelled = await parts.store.tasks.cancel(tenantId, task.id);
  if (cancelled.ok) return cancelled.task;
  if (cancelled.reason === "in-progress") throw notNow(task, "A call of this task is running. Hang it up first.");
  throw notNow(task, "The task is over.");
};

/** Lets a draft or a held task be dialed now. Throws a `Problem` when its status does not allow it. */
export const releaseTask = async (parts: AppParts, tenantId: string, taskId: string): Promise<Task> => {
  const task = await taskOf(parts, tenantId, taskId);
  const released = await parts.store.tasks.judge(tenantId, task.id, { to: "pending", reason: "released-by-user" });
  if (!released.ok) {
    const tried = released.reason === "too-many-attempts";
    throw notNow(
      task,
      tried ? "The task has used all its attempts." : "Only drafts and tasks on hold can be released.",
    );
  }
  parts.scheduler.kick();
  return released.task;
};

/** Routes of tasks as resources. */
export const v1TaskRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/api/v1/tasks", async (c) => {
    const query = checked(TaskQuery, c.req.query());
    const tasks = await parts.store.tasks.list(c.get("actor").tenantId, {
      limit: query.limit + 1,
      ...(query.status ? { status: query.status } : {}),
      ...(query.cursor ? { before: query.cursor } : {}),
    });
    const page = tasks.slice(0, query.limit);
    return c.json({
      tasks: page.map(taskView),
      next_cursor: tasks.length > query.limit ? (page.at(-1)?.id ?? null) : null,
    });
  });
  app.get("/api/v1/tasks/:id", async (c) => {
    const { tenantId } = c.get("actor");
    const task = await taskOf(parts, tenantId, c.req.param("id"));
    const calls = await parts.store.calls.list(tenantId, { taskId: task.id, limit: 50 });
    return c.json({ ...taskView(task), calls: calls.map(callView) });
  });
  app.post("/api/v1/tasks/:id/release", async (c) =>
    c.json(taskView(await releaseTask(parts, c.get("actor").tenantId, c.req.param("id"))), 202),
  );
  app.post("/api/v1/tasks/:id/cancel", async (c) =>
    c.json(taskView(await cancelTask(parts, c.get("actor").tenantId, c.req.param("id")))),
  );
};
