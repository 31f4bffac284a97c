import type { NewTask, Task } from "../core/store/task-record.ts";

/** What a task keeps of its request however far it went. */
const KEPT = [
  "phone",
  "action",
  "context",
  "calleeName",
  "agentName",
  "organization",
  "language",
  "maxAttempts",
  "deadlineAt",
  "timezone",
] as const satisfies readonly (keyof Task & keyof NewTask)[];

/**
 * Whether a known task is what this request asks for, so that a key given again may answer with it. What the request
 * leaves open fits everything; the time it names is compared until anything happened to the task, which moves it.
 */
export const isSameTask = (task: Task, wanted: NewTask): boolean => {
  if (KEPT.some((field) => wanted[field] !== undefined && wanted[field] !== task[field])) return false;
  const isUntouched = task.updatedAt === task.createdAt && task.attempts === 0;
  return !isUntouched || wanted.nextActionAt === undefined || wanted.nextActionAt === task.nextActionAt;
};
