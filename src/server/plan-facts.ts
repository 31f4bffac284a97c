import { WEEKDAYS } from "../core/calling-hours.ts";
import type { CampaignPlan } from "../core/campaign-plan.ts";

/** Facts of a plan that are changed one at a time, by the name the form sends. */
export const PLAN_FACTS = {
  title: "Title",
  question: "What you want to know",
  master_agent_prompt: "What the agent does",
  organization: "On whose behalf",
  agent_name: "Agent's name",
  language: "Language",
  max_attempts: "Tries",
  not_before: "Not before",
  not_after: "Not after",
  window: "Hours",
  days: "Days",
} as const;
/** Name of a fact. */
export type PlanFact = keyof typeof PLAN_FACTS;

/** Whether a text names a fact. */
export const isPlanFact = (name: string): name is PlanFact => Object.hasOwn(PLAN_FACTS, name);

/** A fact as a form shows it; empty when the plan leaves it open. */
export const factText = (plan: CampaignPlan, fact: PlanFact): string => {
  const { schedule } = plan;
  if (fact === "window") return schedule.window ? `${schedule.window.from}-${schedule.window.to}` : "";
  if (fact === "days") return schedule.days?.join(", ") ?? "";
  if (fact === "not_before" || fact === "not_after") return schedule[fact] ?? "";
  return String(plan[fact] ?? "");
};

/** The plan with one fact as the user wrote it, unchecked. An empty text leaves an optional fact open. */
export const withFact = (plan: CampaignPlan, fact: PlanFact, text: string): unknown => {
  const value = text.trim();
  if (fact === "max_attempts") return { ...plan, max_attempts: /^\d{1,3}$/.test(value) ? Number(value) : value };
  if (fact === "title" || fact === "question" || fact === "master_agent_prompt") return { ...plan, [fact]: value };
  if (fact === "organization" || fact === "agent_name" || fact === "language") {
    const { [fact]: _, ...rest } = plan;
    return value === "" ? rest : { ...rest, [fact]: value };
  }
  const name = fact;
  const { [name]: _, ...rest } = plan.schedule;
  if (value === "") return { ...plan, schedule: rest };
  if (name === "window") {
    const [from = "", to = ""] = value.split(/\s*(?:-|–|to)\s*/);
    return { ...plan, schedule: { ...rest, window: { from: clock(from), to: clock(to) } } };
  }
  if (name === "days") {
    const days = value
      .toLowerCase()
      .split(/[\s,;]+/)
      .map((one) => WEEKDAYS.find((day) => one.startsWith(day)) ?? one);
    return { ...plan, schedule: { ...rest, days } };
  }
  return { ...plan, schedule: { ...rest, [name]: value } };
};

const clock = (text: string): string => (/^\d:\d\d$/.test(text.trim()) ? `0${text.trim()}` : text.trim());

/** Facts of one contact as a form sends them. */
export interface ContactFields {
  name: string;
  phone: string;
  timezone: string;
  context: string;
}

/** The plan with a contact as the user wrote it, unchecked; a number that is new comes from the user. */
export const withContact = (plan: CampaignPlan, index: number, fields: ContactFields, at: string): unknown => {
  const contacts: unknown[] = [...plan.contacts];
  const before = plan.contacts[index];
  const phone = fields.phone.trim();
  contacts[index] = {
    name: fields.name.trim(),
    phone,
    source: before && before.phone === phone ? before.source : { kind: "user", at },
    ...(fields.timezone.trim() === "" ? {} : { timezone: fields.timezone.trim() }),
    ...(fields.context.trim() === "" ? {} : { context: fields.context.trim() }),
  };
  return { ...plan, contacts };
};

/** The plan without one contact, unchecked. */
export const withoutContact = (plan: CampaignPlan, index: number): unknown => ({
  ...plan,
  contacts: plan.contacts.filter((_, i) => i !== index),
});
