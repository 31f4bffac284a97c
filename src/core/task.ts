/**
 * Where one task is. A task is an objective ("book a table for two on Friday"); each try at it is a call.
 *
 * `draft` not released · `pending` waits for its time · `in-progress` an attempt runs · `pending_analysis` an attempt
 * ended and is to be judged · `completed` objective reached · `failed_conclusive` given up for good · `on_hold` waits
 * for a person · `cancelled` withdrawn.
 */
export type TaskStatus =
  | "draft"
  | "pending"
  | "in-progress"
  | "pending_analysis"
  | "completed"
  | "failed_conclusive"
  | "on_hold"
  | "cancelled";

const NEXT: Record<TaskStatus, readonly TaskStatus[]> = {
  draft: ["pending", "cancelled"],
  pending: ["in-progress", "on_hold", "failed_conclusive", "cancelled"],
  "in-progress": ["pending_analysis"],
  pending_analysis: ["pending", "completed", "failed_conclusive", "on_hold", "cancelled"],
  completed: [],
  failed_conclusive: [],
  on_hold: ["pending", "failed_conclusive", "cancelled"],
  cancelled: [],
};

/** Whether a task may go from one status to another. */
export const taskMayBecome = (from: TaskStatus, to: TaskStatus): boolean => NEXT[from].includes(to);

/** Whether a task in this status is finished for good. */
export const taskIsOver = (status: TaskStatus): boolean => NEXT[status].length === 0;

/** Tries at one task unless its plan says otherwise. */
export const DEFAULT_MAX_ATTEMPTS = 3;
