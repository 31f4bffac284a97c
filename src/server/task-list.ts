import { z } from "zod";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";
import { TaskView } from "./api/call-view.ts";

/** Tasks on a page. */
const PAGE = 25;

/** Filter and place in the list; what cannot be read counts as not given, so that any link opens. */
export const TaskListQuery = z.object({
  status: TaskView.shape.status.optional().catch(undefined),
  before: z.string().max(60).optional().catch(undefined),
  /** One task alone. */
  task: z.string().max(60).optional().catch(undefined),
});
/** Which tasks a page shows. */
export type TaskListQuery = z.output<typeof TaskListQuery>;

/** One page of tasks, newest first. */
export interface TaskList {
  tasks: readonly Task[];
  /** The page is about one task. */
  isOne: boolean;
  /** Where the older part begins; null when there is none. */
  before: string | null;
}

/** Looks up a page of tasks; a task that does not exist shows the whole list instead. */
export const loadTaskList = async (
  { store }: { store: Store },
  tenantId: string,
  { status, before, task: taskId }: TaskListQuery,
): Promise<TaskList> => {
  const one = taskId === undefined ? null : await store.tasks.get(tenantId, taskId);
  if (one !== null) return { tasks: [one], isOne: true, before: null };
  const found = await store.tasks.list(tenantId, {
    limit: PAGE + 1,
    ...(status === undefined ? {} : { status }),
    ...(before === undefined ? {} : { before }),
  });
  const tasks = found.slice(0, PAGE);
  return { tasks, isOne: false, before: found.length > PAGE ? (tasks.at(-1)?.id ?? null) : null };
};
