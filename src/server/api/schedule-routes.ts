import type { Context, Hono } from "hono";
import { z } from "zod";
import type { Scheduled } from "../../agents/orchestrator.ts";
import { parsePhone } from "../../core/phone.ts";
import type { NewTask, Task } from "../../core/store/task-record.ts";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import { askedCampaign, type CampaignRequest, refusePast, TaskRequest, taskTimes } from "../asked-campaign.ts";
import type { Actor } from "../auth/actor.ts";
import { confirmationKey, openPlan } from "../planning.ts";
import { Problem } from "../problem.ts";
import { jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { isSameTask } from "../same-task.ts";
import { TaskView } from "./call-view.ts";
import { contentKey, headerKey, withKey } from "./idempotency-key.ts";

/** A task that was scheduled. */
export const ScheduledTaskView = z
  .object({
    id: z.string(),
    phone: z.string().describe("E.164"),
    status: TaskView.shape.status,
    next_action_time: TaskView.shape.next_action_time,
  })
  .describe("A task and when it is dialed");

/** A campaign that was scheduled. */
export const CampaignView = z
  .object({ campaign_id: z.string(), tasks: z.array(ScheduledTaskView).describe("In the order of the plan") })
  .describe("What was made of a confirmed plan");

const taskView = ({ id, phone, status, nextActionAt }: Task): z.output<typeof ScheduledTaskView> => ({
  id,
  phone,
  status,
  next_action_time: nextActionAt === null ? null : new Date(nextActionAt).toISOString(),
});

const answered = <V>(c: Context, view: V, { path, created }: { path: string; created: boolean }) => {
  c.header("Location", path);
  if (!created) c.header("Idempotency-Replayed", "true");
  return c.json(view as object, created ? 201 : 200);
};

/** What is confirmed, under which key; `isKnown`: it was confirmed before. */
const confirmation = async (parts: AppParts, actor: Actor, request: CampaignRequest, header: string | undefined) => {
  const { campaign_plan: plan, conversation_id: id } = request;
  const { campaigns } = parts.store;
  const conversation = id === undefined ? null : (await openPlan(parts, actor, id)).conversation;
  if (conversation !== null && conversation.plan === null) {
    throw new Problem("plan-state", {
      detail: "This conversation has no finished plan.",
      fix: "Go on with it at /api/chat_interaction until the status is plan_complete.",
    });
  }
  const key =
    header !== undefined
      ? `key:${header}`
      : conversation !== null
        ? confirmationKey({ id: conversation.id, plan })
        : contentKey("plan", { userId: actor.userId, username: request.username, plan });
  const known = await campaigns.byKey(actor.tenantId, key);
  // A conversation is scheduled once, also when it was confirmed on its page or under another key.
  const campaignId = conversation?.stage === "scheduled" ? conversation.campaignId : null;
  const before = known ?? (campaignId === null ? null : await campaigns.get(actor.tenantId, campaignId));
  return { conversationId: conversation?.id ?? null, key: before?.idempotencyKey ?? key, isKnown: before !== null };
};

/** Schedules a confirmed plan once, however often it is confirmed. Throws a `Problem` for what cannot be. */
const executeCampaign = async (
  parts: AppParts,
  actor: Actor,
  request: CampaignRequest,
  header: string | undefined,
): Promise<Scheduled> => {
  const { campaign_plan: plan, username } = request;
  const { conversationId, key, isKnown } = await confirmation(parts, actor, request, header);
  if (!isKnown) refusePast(plan, parts.clock.now());
  const scheduled = await parts.planning.schedule(actor.tenantId, {
    plan: username === "" || plan.organization ? plan : { ...plan, organization: username },
    userId: actor.userId,
    conversationId,
    idempotencyKey: key,
    withoutModel: true,
  });
  if (scheduled.created) {
    parts.scheduler.kick();
    return scheduled;
  }
  const { organization: _first, ...first } = scheduled.campaign.plan;
  const { organization, ...again } = plan;
  // Whom a plan without a name is made for is told by the confirmation, which may have been given on a page.
  const name = organization || (conversationId === null && username !== "" ? username : undefined);
  const isSameName = name === undefined || name === scheduled.campaign.plan.organization;
  const isOfSamePlan = conversationId === scheduled.campaign.conversationId;
  if (!isSameName || !isOfSamePlan || !Bun.deepEquals(first, again)) {
    if (header !== undefined) throw new Problem("idempotency-key-reused");
    throw new Problem("plan-state", {
      detail: "Another plan of this conversation was confirmed and its calls are scheduled.",
      fix: "Start a new plan, or steer the campaign.",
      members: { campaign_id: scheduled.campaign.id },
    });
  }
  return scheduled;
};

/** Creates one task for a time; the same request gives the same task. Throws a `Problem` for what cannot be. */
const scheduleTask = async (parts: AppParts, tenantId: string, request: TaskRequest) => {
  const { tasks } = parts.store;
  const phone = parsePhone(request.phone_number);
  if (!phone.ok) throw new Problem("phone-number-refused", { members: { reason: phone.reason } });
  const key = request.idempotency_key ?? contentKey("task", { ...request, phone_number: phone.e164 });
  const isKnown = (await tasks.byKey(tenantId, key)) !== null;
  const { notBefore, deadlineAt, timezone } = taskTimes(request, isKnown ? null : parts.clock.now());
  const wanted: NewTask = {
    phone: phone.e164,
    action: request.action,
    context: request.context,
    calleeName: request.callee_name,
    agentName: request.agent_name,
    organization: request.organization,
    ...(request.language ? { language: request.language } : {}),
    maxAttempts: request.max_attempts,
    nextActionAt: notBefore,
    deadlineAt,
    timezone,
    idempotencyKey: key,
  };
  const { task, created } = await tasks.create(tenantId, wanted);
  if (!created && !isSameTask(task, wanted)) throw new Problem("idempotency-key-reused");
  if (created) parts.scheduler.kick();
  return { task, created };
};

/** Confirming plans and scheduling single tasks, for programs. */
export const scheduleRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.post("/api/execute_campaign", async (c) => {
    const header = headerKey(c);
    const request = askedCampaign(await jsonBody(c));
    const { campaign, tasks, created } = await executeCampaign(parts, c.get("actor"), request, header);
    const view: z.output<typeof CampaignView> = { campaign_id: campaign.id, tasks: tasks.map(taskView) };
    return answered(c, view, { path: `/campaigns/${campaign.id}`, created });
  });
  app.post("/api/schedule_task", async (c) => {
    const request = withKey(c, askedCall(TaskRequest, await jsonBody(c), "phone_number"));
    const { task, created } = await scheduleTask(parts, c.get("actor").tenantId, request);
    return answered(c, taskView(task), { path: `/api/v1/tasks/${task.id}`, created });
  });
};
