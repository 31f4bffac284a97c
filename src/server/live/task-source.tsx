import type { Bus } from "../../core/bus.ts";
import type { AppParts } from "../app-parts.ts";
import { TaskRows } from "../components/task-rows.tsx";
import { loadTaskList, type TaskListQuery } from "../task-list.ts";
import type { LiveSource } from "./live-stream.ts";

/** Events that may change what the list shows. */
const MATTERS = /^(task|campaign)\.|^call\.(created|ended)$/;

/** One page of tasks, drawn whole when one of them changed. */
export const taskSource = (given: {
  parts: Pick<AppParts, "store" | "clock" | "planning">;
  bus: Bus;
  tenantId: string;
  query: TaskListQuery;
}): LiveSource => {
  const { parts, bus, tenantId, query } = given;
  let sent = "";
  return {
    listen: (ring) =>
      bus.subscribe((event) => {
        if (event.tenantId === tenantId && MATTERS.test(event.type)) ring();
      }),
    async draw() {
      const { tasks } = await loadTaskList(parts, tenantId, query);
      const drawn = String(
        <hx-partial hx-target="#tasks" hx-swap="outerMorph">
          <TaskRows tasks={tasks} now={parts.clock.now()} ours={parts.planning.zone} />
        </hx-partial>,
      );
      if (drawn === sent) return "";
      sent = drawn;
      return drawn;
    },
    isOver: () => false,
    everyMs: () => 0,
  };
};
