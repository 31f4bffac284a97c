import { z } from "zod";
import { ALWAYS, type CallingHours, isTimeZone, WEEKDAYS } from "./calling-hours.ts";
import { type PhoneRefusal, parsePhone } from "./phone.ts";
import { zonesOfPhone } from "./phone-zone.ts";
import { DEFAULT_MAX_ATTEMPTS } from "./task.ts";

/** Most contacts of one campaign. */
export const MAX_CONTACTS = 10_000;
/** Most tries at one contact. */
export const MAX_ATTEMPTS = 10;

const text = (longest: number) => z.string().trim().max(longest);
/** What is spoken of in prompts, where a line break would start something new. */
const line = (longest: number) =>
  z
    .string()
    .overwrite((value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " "))
    .trim()
    .max(longest);
const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be a time of day such as 09:30");
/** ISO 8601; without `Z` or an offset it is the contact's own time. */
const moment = z
  .string()
  .max(40)
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?$/,
    "must be a date and time such as 2026-06-11T15:00",
  )
  .refine((value) => momentIsReal(value), "must be a date and time that exists");

/** Where a contact's number comes from: `ref` is a link, a place id or a row; `at` an ISO 8601 instant. */
export const ContactSource = z.object({
  kind: z.enum(["user", "places", "search", "csv"]),
  ref: text(2000).optional(),
  at: text(40),
});

/** Somebody to be called. */
export const PlanContact = z.object({
  name: line(200),
  /** E.164 once the plan was checked; until then whatever was written. */
  phone: text(60),
  source: ContactSource,
  /** IANA zone; without it the number tells. */
  timezone: text(60).optional(),
  /** What the agent should know about this contact. */
  context: text(4000).optional(),
});

/** When the contacts may be called, on their own clocks. */
export const PlanSchedule = z.object({
  not_before: moment.optional(),
  not_after: moment.optional(),
  window: z.object({ from: timeOfDay, to: timeOfDay }).optional(),
  days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
  /** Also on public holidays of the contact's country; false unless said. */
  call_on_holidays: z.boolean().optional(),
});

/** A whole plan as users confirm it, models write it and the API takes it. */
export const CampaignPlan = z.object({
  title: text(200).min(1),
  /** What the user wants to know: the report's headline answers it. Empty: the title says it. */
  question: text(1000).default(""),
  /** What the agent is to do on each call. */
  master_agent_prompt: text(16_000).min(1),
  contacts: z.array(PlanContact).min(1).max(MAX_CONTACTS),
  schedule: PlanSchedule.default({}),
  max_attempts: z.int().min(1).max(MAX_ATTEMPTS).default(DEFAULT_MAX_ATTEMPTS),
  /** BCP 47; `en` unless said. */
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/, "must be a language such as en or pt-BR")
    .optional(),
  /** The name the agent gives, and on whose behalf it calls. */
  agent_name: line(100).optional(),
  organization: line(200).optional(),
});

/** A plan whose shape is right; `checkPlan` tells whether it can be carried out. */
export type CampaignPlan = z.infer<typeof CampaignPlan>;
/** A contact of a plan. */
export type PlanContact = z.infer<typeof PlanContact>;
/** Where a number comes from. */
export type ContactSource = z.infer<typeof ContactSource>;
/** When a plan's contacts may be called. */
export type PlanSchedule = z.infer<typeof PlanSchedule>;

/** One thing that is wrong with a plan. */
export interface PlanProblem {
  /** Which contact, from 0; null: the plan as a whole. */
  contact: number | null;
  /** Path of the field, such as `contacts.2.phone`. */
  field: string;
  code:
    | "shape"
    | "missing-number"
    | "invalid-number"
    | "emergency-number"
    | "premium-number"
    | "duplicate-number"
    | "unknown-timezone"
    | "ends-before-it-starts"
    | "never-open"
    | "already-over";
  /** One sentence for people and models; without numbers and names. */
  message: string;
}

const PHONE_CODES: Record<PhoneRefusal, PlanProblem["code"]> = {
  empty: "missing-number",
  "not-a-number": "invalid-number",
  invalid: "invalid-number",
  "too-long": "invalid-number",
  emergency: "emergency-number",
  premium: "premium-number",
};
const PHONE_MESSAGES: Partial<Record<PlanProblem["code"], string>> = {
  "missing-number": "has no phone number",
  "invalid-number": "has a number that nobody can have; write it in international form, such as +12025550100",
  "emergency-number": "has the number of an emergency or public service, which is never called",
  "premium-number": "has a number that costs more than a call, which is never called",
};

/** Problems of a plan that cannot be carried out as it stands; empty when it can. `nowMs` is epoch ms. */
export const checkPlan = (plan: CampaignPlan, nowMs: number): PlanProblem[] => examined(plan, nowMs).problems;

/** The problems of a plan, and the numbers of its contacts in E.164 where they have one. */
const examined = (plan: CampaignPlan, nowMs: number): { problems: PlanProblem[]; phones: (string | null)[] } => {
  const problems: PlanProblem[] = [];
  const phones: (string | null)[] = [];
  const first = new Map<string, number>();
  plan.contacts.forEach((contact, i) => {
    const complain = (field: string, code: PlanProblem["code"], message: string): void => {
      problems.push({ contact: i, field: `contacts.${i}.${field}`, code, message: `Contact ${i + 1} ${message}.` });
    };
    const phone = parsePhone(contact.phone);
    phones.push(phone.ok ? phone.e164 : null);
    if (!phone.ok) {
      const code = PHONE_CODES[phone.reason];
      complain("phone", code, PHONE_MESSAGES[code] ?? "has no number that can be called");
    } else {
      const before = first.get(phone.e164);
      if (before === undefined) first.set(phone.e164, i);
      else complain("phone", "duplicate-number", `has the same number as contact ${before + 1}`);
    }
    if (contact.timezone !== undefined && !isTimeZone(contact.timezone)) {
      complain("timezone", "unknown-timezone", "has a time zone that does not exist; use one such as Europe/Berlin");
    } else if (phone.ok) {
      const { notBefore, deadlineAt } = timesOf(plan.schedule, zonesOf(contact.timezone, phone.e164));
      if (deadlineAt !== null && deadlineAt <= nowMs) {
        complain("schedule", "already-over", "is to be called before a time that has passed");
      } else if (deadlineAt !== null && notBefore !== null && deadlineAt <= notBefore) {
        complain("schedule", "ends-before-it-starts", "is to be called before the time after which it may be called");
      }
    }
  });
  const { window } = plan.schedule;
  if (window !== undefined && window.from === window.to) {
    const message = "The calling window begins and ends at the same time.";
    problems.push({ contact: null, field: "schedule.window", code: "never-open", message });
  }
  return { problems, phones };
};

/** Reads a plan from outside: its shape, then whether it can be carried out. Numbers come back in E.164. */
export const readPlan = (
  value: unknown,
  nowMs: number,
): { ok: true; plan: CampaignPlan } | { ok: false; problems: PlanProblem[] } => {
  const parsed = CampaignPlan.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }): PlanProblem => {
      const contact = path[0] === "contacts" && typeof path[1] === "number" ? path[1] : null;
      return { contact, field: path.join("."), code: "shape", message: `${path.join(".") || "The plan"}: ${message}` };
    });
    return { ok: false, problems };
  }
  const { problems, phones } = examined(parsed.data, nowMs);
  if (problems.length > 0) return { ok: false, problems };
  const contacts = parsed.data.contacts.map((contact, i) => ({ ...contact, phone: phones[i] ?? contact.phone }));
  return { ok: true, plan: { ...parsed.data, contacts } };
};

/** When one contact of a plan is called first and no more, epoch ms, and in which hours. */
export interface ContactTimes {
  notBefore: number | null;
  deadlineAt: number | null;
  /** IANA; null where neither plan nor number leaves no doubt. */
  timezone: string | null;
  hours: CallingHours | null;
}

/**
 * The times of a contact whose number is in E.164, from the plan's schedule on the contact's own clock. Where the contact
 * may live in several zones, times without an offset are kept in all of them; where nothing tells, they are UTC.
 */
export const contactTimes = (schedule: PlanSchedule, contact: { phone: string; timezone?: string | undefined }) => {
  const zones = zonesOf(contact.timezone, contact.phone);
  const timezone = zones.length === 1 ? zones[0]! : null;
  return { ...timesOf(schedule, zones), timezone, hours: hoursOf(schedule) } satisfies ContactTimes;
};

const hoursOf = ({ window, days, call_on_holidays: onHolidays = false }: PlanSchedule): CallingHours | null => {
  if (window === undefined && days === undefined && !onHolidays) return null;
  return {
    from: window === undefined ? ALWAYS.from : minutesOf(window.from),
    to: window === undefined ? ALWAYS.to : minutesOf(window.to),
    days: days ?? null,
    onHolidays,
  };
};

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

const zonesOf = (timezone: string | undefined, phone: string): string[] =>
  timezone === undefined ? zonesOfPhone(phone) : [timezone];

const timesOf = ({ not_before, not_after }: PlanSchedule, zones: readonly string[]) => ({
  notBefore: not_before === undefined ? null : Math.max(...instantsOf(not_before, zones)),
  deadlineAt: not_after === undefined ? null : Math.min(...instantsOf(not_after, zones)),
});

const HAS_OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/;

/** What a moment is in each zone, epoch ms; at least one. */
const instantsOf = (moment: string, zones: readonly string[]): number[] => {
  if (HAS_OFFSET.test(moment)) return [Temporal.Instant.from(moment).epochMilliseconds];
  const local = Temporal.PlainDateTime.from(moment);
  return (zones.length === 0 ? ["UTC"] : zones).map((zone) => local.toZonedDateTime(zone).epochMilliseconds);
};

const momentIsReal = (moment: string): boolean => {
  try {
    return instantsOf(moment, []).length > 0;
  } catch {
    return false;
  }
};
