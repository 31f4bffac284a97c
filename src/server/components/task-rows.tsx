import { refusalSentence } from "../../core/dial-refusal.ts";
import { zoneOfPhone } from "../../core/phone-zone.ts";
import type { Task } from "../../core/store/task-record.ts";
import type { TaskStatus } from "../../core/task.ts";
import { TwoClocks } from "./two-clocks.tsx";

/** A task's state in a word and the class of its badge. */
export const TASK_WORDS: Record<TaskStatus, readonly [word: string, look: string]> = {
  draft: ["Draft", "plain"],
  pending: ["Waiting", "info"],
  "in-progress": ["Calling", "live"],
  pending_analysis: ["Being judged", "ai"],
  completed: ["Done", "ok"],
  failed_conclusive: ["Given up", "bad"],
  on_hold: ["On hold", "warn"],
  cancelled: ["Cancelled", "plain"],
};

const When = ({ task, now, ours }: { task: Task; now: number; ours: string }) => {
  if (task.status !== "pending" || task.nextActionAt === null) return <span class="muted">–</span>;
  if (task.nextActionAt <= now) return <>Next in line</>;
  return <TwoClocks at={task.nextActionAt} theirs={task.timezone ?? zoneOfPhone(task.phone)} ours={ours} />;
};

/** Why a task is where it is: what the dial gate said, else how its last call was judged. */
const Why = ({ task }: { task: Task }) => {
  if (task.lastRefusal !== null) return <small>{refusalSentence(task.lastRefusal)}</small>;
  if (task.lastVerdict === null) return null;
  return (
    <small hx-ignore="">
      {task.lastVerdict.charAt(0).toUpperCase()}
      {task.lastVerdict.slice(1)}.
    </small>
  );
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

const TaskRow = ({ task, now, ours }: { task: Task; now: number; ours: string }) => {
  const [word, look] = TASK_WORDS[task.status];
  return (
    <tr id={`task-${task.id}`}>
      <td>
        <b>{task.calleeName.trim() || task.phone}</b>
        <small class="clip">{task.action}</small>
        <Why task={task} />
        {task.campaignId === null ? null : (
          <small>
            <a href={`/campaigns/${task.campaignId}`}>Its campaign</a>
          </small>
        )}
      </td>
      <td>
        <span class={`badge ${look}`}>{word}</span>
      </td>
      <td class="hide-s">
        <When task={task} now={now} ours={ours} />
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

/** Rows of tasks; `#tasks` is what streams change. `ours` is the IANA zone of who looks. */
export const TaskRows = (props: { tasks: readonly Task[]; now: number; ours: string }) => (
  <tbody id="tasks">
    {props.tasks.map((task) => (
      <TaskRow task={task} now={props.now} ours={props.ours} />
    ))}
  </tbody>
);
