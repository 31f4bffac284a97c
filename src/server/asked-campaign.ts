import { z } from "zod";
import {
  CampaignPlan,
  checkPlan,
  contactTimes,
  type PlanProblem,
  PlanSchedule,
  readPlan,
} from "../core/campaign-plan.ts";
import { parsePhone } from "../core/phone.ts";
import { CallRequest } from "./call-request.ts";
import { phoneSentence } from "./phone-words.ts";
import { type FieldProblem, Problem } from "./problem.ts";
import { fieldProblems } from "./request-body.ts";

/** Most mistakes told at once; the whole number is told beside them. */
const MAX_TOLD = 500;
/** A time this close to now is not past: clocks differ, and requests take a while. In ms. */
const LATE_MS = 60_000;

const username = CallRequest.shape.organization.describe(
  "Who confirms; the calls are made on their behalf unless the plan says otherwise",
);

/** A plan as it is confirmed. */
export const CampaignRequest = z
  .object({
    campaign_plan: CampaignPlan,
    username,
    conversation_id: z.string().max(60).optional().describe("The planning conversation that it comes from"),
  })
  .describe("A finished plan, confirmed");
/** A confirmed plan, checked. */
export type CampaignRequest = z.output<typeof CampaignRequest>;

/** One task with its time. */
export const TaskRequest = CallRequest.extend({
  scheduled_at: PlanSchedule.shape.not_before
    .unwrap()
    .describe("Not dialed before, such as 2027-01-31T09:30; without an offset on the callee's clock"),
  not_after: PlanSchedule.shape.not_after.describe("Not dialed after; told like scheduled_at"),
  timezone: z.string().trim().max(60).optional().describe("IANA zone of the callee; without it the number tells"),
  max_attempts: CampaignPlan.shape.max_attempts.describe("Most tries"),
  language: CampaignPlan.shape.language.describe("Language of the call, such as en"),
}).describe("One task for a time");
/** One task with its time, checked. */
export type TaskRequest = z.output<typeof TaskRequest>;

const refused = (errors: FieldProblem[]): Problem =>
  new Problem("invalid-request", {
    errors: errors.slice(0, MAX_TOLD),
    ...(errors.length > MAX_TOLD ? { members: { error_count: errors.length } } : {}),
  });

/** Mistakes in the numbers of a plan whose shape is wrong elsewhere, so that all of them are told at once. */
const numberProblems = (value: unknown): FieldProblem[] => {
  const plan = (value as { campaign_plan?: { contacts?: unknown } | null } | null)?.campaign_plan;
  const contacts = Array.isArray(plan?.contacts) ? plan.contacts.slice(0, MAX_TOLD) : [];
  return contacts.flatMap((contact: unknown, i): FieldProblem[] => {
    const text = (contact as { phone?: unknown } | null)?.phone;
    const phone = typeof text === "string" ? parsePhone(text) : null;
    return phone?.ok === false
      ? [{ field: `campaign_plan.contacts.${i}.phone`, message: phoneSentence(phone.reason) }]
      : [];
  });
};

/**
 * Reads a confirmed plan: its shape and its numbers, which come back in E.164. Throws a `Problem` that names every field
 * at fault.
 */
export const askedCampaign = (value: unknown): CampaignRequest => {
  const parsed = CampaignRequest.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const shape = fieldProblems(parsed.error);
    const told = new Set(shape.map(({ field }) => field));
    throw refused([...shape, ...numberProblems(value).filter(({ field }) => !told.has(field))]);
  }
  // Whether its times have passed depends on when it was confirmed first: see `refusePast`.
  const read = readPlan(parsed.data.campaign_plan, 0);
  if (!read.ok) throw refused(read.problems.map(planField));
  return { ...parsed.data, campaign_plan: read.plan };
};

/** Throws a `Problem` for a plan that comes too late, as `askedCampaign` gave it. `nowMs` is epoch ms. */
export const refusePast = (plan: CampaignPlan, nowMs: number): void => {
  const problems = checkPlan(plan, nowMs);
  if (problems.length > 0) throw refused(problems.map(planField));
};

const planField = ({ field, message }: PlanProblem): FieldProblem => ({ field: `campaign_plan.${field}`, message });

/** Names of a plan's fields in the request for one task. */
const TASK_FIELDS: Readonly<Record<string, string>> = {
  "contacts.0.phone": "phone_number",
  "contacts.0.timezone": "timezone",
  "contacts.0.schedule": "not_after",
};

/** The instants of one task, epoch ms, on its callee's clock. */
export interface TaskTimes {
  notBefore: number;
  deadlineAt: number | null;
  /** IANA; null where neither request nor number tells. */
  timezone: string | null;
}

/**
 * When a task is to be dialed, by the same rules as a plan's contacts. Throws a `Problem` that names every field at
 * fault; with `nowMs` (epoch ms) also for times that have passed.
 */
export const taskTimes = (request: TaskRequest, nowMs: number | null): TaskTimes => {
  const contact = {
    phone: request.phone_number,
    ...(request.timezone === undefined ? {} : { timezone: request.timezone }),
  };
  const schedule: PlanSchedule = {
    not_before: request.scheduled_at,
    ...(request.not_after === undefined ? {} : { not_after: request.not_after }),
  };
  const plan: CampaignPlan = {
    title: "task",
    question: "",
    master_agent_prompt: request.action,
    contacts: [{ ...contact, name: request.callee_name, source: { kind: "user", at: "" } }],
    schedule,
    max_attempts: request.max_attempts,
  };
  const errors = checkPlan(plan, nowMs ?? 0).map(({ field, message }) => ({
    field: TASK_FIELDS[field] ?? field,
    message: message.replace("Contact 1", "The task"),
  }));
  if (errors.length > 0) throw refused(errors);
  const { notBefore, deadlineAt, timezone } = contactTimes(schedule, contact);
  if (nowMs !== null && (notBefore ?? 0) < nowMs - LATE_MS) {
    throw refused([{ field: "scheduled_at", message: "This time has passed" }]);
  }
  return { notBefore: notBefore ?? 0, deadlineAt, timezone };
};
