import { z } from "zod";
import { WEEKDAYS } from "../core/calling-hours.ts";
import { type CampaignPlan, readPlan } from "../core/campaign-plan.ts";
import { parsePhone } from "../core/phone.ts";
import type { ListedContact } from "./contact-list.ts";
import { checkSource, type Evidence, hasNumber, numbersIn } from "./look-up-evidence.ts";
import { readMarkedText } from "./marked-text.ts";

/** Something the user is asked, as one field of a form. */
export interface PlannerQuestion {
  /** `[a-z][a-z0-9_]{0,39}`, unique within a form. */
  field_name: string;
  question_text: string;
  response_type: "text" | "long_text" | "phone" | "date" | "choice" | "yes_no";
  /** For `choice`, two or more. */
  options?: string[];
}

const nullable = (longest: number) => z.string().max(longest).nullable();

const ModelQuestion = z.object({
  field_name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be snake_case of at most 40 characters"),
  question_text: z.string().min(1).max(300),
  response_type: z.enum(["text", "long_text", "phone", "date", "choice", "yes_no"]),
  options: z.array(z.string().min(1).max(120)).max(12).nullable(),
});

const ModelContact = z.object({
  name: z.string().max(200),
  phone: z.string().max(60).describe("E.164 with +, exactly as the user or a look-up gave it"),
  source_kind: z.enum(["user", "places", "search", "csv"]),
  source_ref: nullable(2000).describe("Place id or link of the look-up; null when the user gave the number"),
  timezone: nullable(60).describe("IANA zone of the contact where known"),
  context: nullable(4000).describe("What the agent should know about this contact alone"),
});

const ModelPlan = z.object({
  title: z.string().min(1).max(200),
  question: z.string().max(1000).describe("What the user wants to know in the end, as one question"),
  master_agent_prompt: z
    .string()
    .min(1)
    .max(16_000)
    .describe("What the agent is to achieve on each call; the first sentence is the goal"),
  contacts: z.array(ModelContact).max(100),
  include_contact_list: z.boolean().describe("True adds everybody of the user's own list to the contacts"),
  schedule: z.object({
    not_before: nullable(40).describe("Local date and time of the contact, such as 2026-06-11T15:00"),
    not_after: nullable(40),
    window_from: nullable(5).describe("HH:MM of the contact's day; null with window_to for the usual hours"),
    window_to: nullable(5),
    days: z.array(z.enum(WEEKDAYS)).nullable(),
  }),
  max_attempts: z.int().min(1).max(10).nullable(),
  language: nullable(20),
  agent_name: nullable(100),
  organization: nullable(200).describe("On whose behalf the agent calls"),
});

/** An answer of the planning model. Every field is required, as structured outputs want it. */
export const ModelTurn = z.object({
  status: z.enum(["clarifying", "needs_more_info", "plan_complete", "refused"]),
  reply: z.string().max(4000).describe("What the user reads, short and without numbers"),
  questions: z.array(ModelQuestion).max(12),
  campaign_plan: ModelPlan.nullable(),
});
/** An answer of the planning model. */
export type ModelTurn = z.output<typeof ModelTurn>;
type ModelPlan = NonNullable<ModelTurn["campaign_plan"]>;

/** What an answer is held against. */
export interface TurnFacts {
  /** Read when the answer is checked: look-ups of this turn count. */
  evidence(): Evidence;
  /** The user's own lists. */
  contactList: readonly ListedContact[];
  displayName: string;
  /** The plan before; numbers it has were checked. */
  plan: CampaignPlan | null;
  nowMs: number;
}

/** An answer that may be shown. */
export interface CheckedTurn {
  status: ModelTurn["status"];
  reply: string;
  questions: PlannerQuestion[];
  plan: CampaignPlan | null;
}

/** Sentences about what is wrong with an answer, for the model; never empty when `ok` is false. */
export type TurnCheck = { ok: true; turn: CheckedTurn } | { ok: false; problems: string[] };

/** Most problems told to a model at once. */
const MAX_PROBLEMS = 20;

/**
 * Holds an answer against the rules that no wording of a prompt can guarantee: a finished plan has contacts whose numbers
 * can be dialed and come from the user or a look-up, questions have names of their own, and no invented number stands in
 * the reply.
 */
export const checkTurn = (given: ModelTurn, facts: TurnFacts): TurnCheck => {
  const problems: string[] = [];
  const marked = readMarkedText(given.reply);
  const questions = [...given.questions.map(questionOf), ...marked.questions.map(asQuestion)].slice(0, 12);
  const names = questions.map((one) => one.field_name);
  for (const name of new Set(names.filter((one, i) => names.indexOf(one) !== i))) {
    problems.push(`Two questions have the field_name ${name}.`);
  }
  for (const one of questions) {
    if (one.response_type === "choice" && (one.options?.length ?? 0) < 2) {
      problems.push(`The question ${one.field_name} is a choice with fewer than two options.`);
    }
  }
  const evidence = facts.evidence();
  for (const phone of numbersIn(marked.reply)) {
    const isKnown = [...evidence.userTexts, ...evidence.lookUps.map((one) => one.answer)].some((text) =>
      hasNumber(text, phone),
    );
    if (!isKnown && !evidence.listed.has(phone)) problems.push("The reply names a phone number that nobody gave.");
  }
  const wantsPlan = given.status === "plan_complete";
  if (wantsPlan && given.campaign_plan === null) problems.push("The status is plan_complete, but there is no plan.");
  if (!wantsPlan && given.status !== "refused" && questions.length === 0 && marked.reply === "") {
    problems.push("There is neither a reply nor a question.");
  }
  let plan: CampaignPlan | null = null;
  if (wantsPlan && given.campaign_plan !== null) {
    const read = planOf(given.campaign_plan, marked.instructions, facts, evidence);
    if (read.ok) plan = read.plan;
    else problems.push(...read.problems);
  }
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
  return { ok: true, turn: { status: given.status, reply: marked.reply, questions: wantsPlan ? [] : questions, plan } };
};

const planOf = (
  given: ModelPlan,
  instructions: string | null,
  facts: TurnFacts,
  evidence: Evidence,
): { ok: true; plan: CampaignPlan } | { ok: false; problems: string[] } => {
  const problems: string[] = [];
  const contacts: unknown[] = [];
  const iso = (ms: number): string => new Date(ms).toISOString();
  const before = new Map(facts.plan?.contacts.map((one) => [one.phone, one]));
  const named = new Set<string>();
  given.contacts.forEach((contact, i) => {
    const phone = parsePhone(contact.phone);
    if (phone.ok) named.add(phone.e164);
    const kept = phone.ok ? before.get(phone.e164)?.source : undefined;
    let source = kept?.kind === contact.source_kind ? kept : undefined;
    if (source === undefined) {
      const claim = { phone: phone.ok ? phone.e164 : "", kind: contact.source_kind, ref: contact.source_ref };
      const known = phone.ok ? checkSource(claim, evidence) : { ok: true as const, at: null };
      if (!known.ok) problems.push(`The number of contact ${i + 1} ${known.message}.`);
      const at = known.ok && known.at !== null ? known.at : facts.nowMs;
      source = { kind: contact.source_kind, ...some("ref", contact.source_ref), at: iso(at) };
    }
    contacts.push({
      name: contact.name,
      phone: contact.phone,
      source,
      ...some("timezone", contact.timezone),
      ...some("context", contact.context),
    });
  });
  if (given.include_contact_list) {
    // As the user left them in the plan, where they changed one.
    contacts.push(
      ...facts.contactList
        .filter(({ phone }) => !named.has(phone))
        .map((one) => before.get(one.phone) ?? listedContact(one, facts.nowMs)),
    );
  }
  if (contacts.length === 0) problems.push("The plan has no contacts. Look them up, or ask the user for them.");
  const { not_before, not_after, window_from, window_to, days } = given.schedule;
  const read = readPlan(
    {
      title: given.title,
      question: given.question,
      master_agent_prompt: [given.master_agent_prompt, instructions].filter(Boolean).join("\n\n"),
      contacts,
      schedule: {
        ...some("not_before", not_before),
        ...some("not_after", not_after),
        // "After five" has no end of its own.
        ...(window_from || window_to ? { window: { from: window_from || "00:00", to: window_to || "24:00" } } : {}),
        ...(days && days.length > 0 ? { days } : {}),
      },
      ...(given.max_attempts === null ? {} : { max_attempts: given.max_attempts }),
      ...some("language", given.language),
      agent_name: given.agent_name || facts.displayName,
      ...some("organization", given.organization),
    },
    facts.nowMs,
  );
  if (!read.ok && contacts.length > 0) problems.push(...read.problems.map((one) => one.message));
  return read.ok && problems.length === 0 ? { ok: true, plan: read.plan } : { ok: false, problems };
};

/** A person of the user's list as a contact of a plan. */
export const listedContact = (one: ListedContact, nowMs: number): CampaignPlan["contacts"][number] => ({
  name: one.name,
  phone: one.phone,
  source: { kind: "csv", ref: `row ${one.row}`, at: new Date(nowMs).toISOString() },
  ...(one.timezone === null ? {} : { timezone: one.timezone }),
  ...(one.context === "" ? {} : { context: one.context }),
});

const some = <K extends string>(name: K, value: string | null): Partial<Record<K, string>> =>
  value === null || value.trim() === "" ? {} : ({ [name]: value.trim() } as Record<K, string>);

const questionOf = (given: z.output<typeof ModelQuestion>): PlannerQuestion => ({
  field_name: given.field_name,
  question_text: given.question_text,
  response_type: given.response_type,
  ...(given.options && given.options.length > 0 ? { options: given.options } : {}),
});

const asQuestion = (text: string, index: number): PlannerQuestion => ({
  field_name: `question_${index + 1}`,
  question_text: text.slice(0, 300),
  response_type: "text",
});
