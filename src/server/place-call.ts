import type { Bus } from "../core/bus.ts";
import type { Schedule } from "../core/clock.ts";
import { refusalSentence } from "../core/dial-refusal.ts";
import { assert } from "../core/errors.ts";
import type { StoredEvent } from "../core/events.ts";
import { parsePhone } from "../core/phone.ts";
import type { Call } from "../core/store/call-record.ts";
import type { Store } from "../core/store/open.ts";
import type { NewTask, Task } from "../core/store/task-record.ts";
import type { CallRequest, RegisterRequest } from "./call-request.ts";
import { Problem } from "./problem.ts";
import { isSameTask } from "./same-task.ts";

/** The number of a checked request, in one spelling. */
const e164Of = (request: CallRequest): string => {
  const phone = parsePhone(request.phone_number);
  assert(phone.ok, "the number of a request was checked before it is placed");
  return phone.e164;
};

/** What placing a call needs of the rest. */
export interface CallPlacing {
  store: Store;
  bus: Bus;
  /** `kick` lets the scheduler look for due tasks now. */
  scheduler: { kick(): void };
  /** Longest wait for the scheduler's decision, in ms; after it the task is answered as accepted. */
  decisionMs: number;
  schedule: Schedule;
}

/** A task that was asked for and the call made of it; no call when it waits. `repeated`: the key was known. */
export interface Placed {
  task: Task;
  call: Call | null;
  repeated: boolean;
}

const newTask = (request: CallRequest, phone: string): NewTask => ({
  phone,
  action: request.action,
  context: request.context,
  calleeName: request.callee_name,
  agentName: request.agent_name,
  organization: request.organization,
  idempotencyKey: request.idempotency_key ?? null,
});

const refused = (task: Task, reason: string): Problem =>
  new Problem("call-refused", {
    detail: refusalSentence(reason),
    members: {
      reason,
      task_id: task.id,
      task_status: task.status,
      next_action_time: task.nextActionAt === null ? null : new Date(task.nextActionAt).toISOString(),
    },
  });

const latestCall = async (store: Store, tenantId: string, taskId: string): Promise<Call | null> =>
  (await store.calls.list(tenantId, { taskId, limit: 1 }))[0] ?? null;

/**
 * Creates a task for one call now and waits for what the scheduler makes of it. All ways of asking for a call come here.
 * The request is a checked one (`askedCall`).
 * Throws a `Problem` for a refusal of the dial gate and a reused idempotency key.
 */
export const placeCall = async (parts: CallPlacing, tenantId: string, request: CallRequest): Promise<Placed> => {
  const phone = e164Of(request);
  const seen: StoredEvent[] = [];
  let decide = (): void => {};
  const decided = new Promise<void>((resolve) => {
    decide = resolve;
  });
  let taskId: string | null = null;
  const decides = (event: StoredEvent): boolean =>
    (event.type === "call.created" || event.type === "task.refused") && event.taskId === taskId;
  const unsubscribe = parts.bus.subscribe((event) => {
    if (event.tenantId !== tenantId) return;
    if (taskId === null) seen.push(event);
    else if (decides(event)) decide();
  });
  let stopWaiting = (): void => {};
  try {
    const wanted = newTask(request, phone);
    const { task, created } = await parts.store.tasks.create(tenantId, wanted);
    if (!created) {
      if (!isSameTask(task, wanted)) throw new Problem("idempotency-key-reused");
      const call = await latestCall(parts.store, tenantId, task.id);
      // The same refusal again for the same request: nothing changed, so nothing else may be answered.
      if (call === null && task.lastRefusal !== null) throw refused(task, task.lastRefusal);
      return { task, call, repeated: true };
    }
    taskId = task.id;
    if (seen.splice(0).some(decides)) decide();
    parts.scheduler.kick();
    stopWaiting = parts.schedule(() => decide(), parts.decisionMs);
    await decided;
    const now = (await parts.store.tasks.get(tenantId, task.id)) ?? task;
    const call = await latestCall(parts.store, tenantId, task.id);
    if (call === null && now.lastRefusal !== null) throw refused(now, now.lastRefusal);
    return { task: now, call, repeated: false };
  } finally {
    stopWaiting();
    unsubscribe();
  }
};

/** Creates a task that is not dialed now: a draft, or with a time a pending one. Throws a `Problem` for a reused key. */
export const registerCall = async (
  parts: Pick<CallPlacing, "store" | "scheduler">,
  tenantId: string,
  request: RegisterRequest,
): Promise<Placed> => {
  const phone = e164Of(request);
  const wanted: NewTask = {
    ...newTask(request, phone),
    ...(request.scheduled_at === undefined
      ? { status: "draft" as const }
      : { status: "pending" as const, nextActionAt: Date.parse(request.scheduled_at) }),
  };
  const { task, created } = await parts.store.tasks.create(tenantId, wanted);
  if (!created && !isSameTask(task, wanted)) throw new Problem("idempotency-key-reused");
  if (created && task.status === "pending") parts.scheduler.kick();
  return { task, call: created ? null : await latestCall(parts.store, tenantId, task.id), repeated: !created };
};
