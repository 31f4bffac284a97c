import { parsePhone } from "../../core/phone.ts";
import type { ScriptedAsk, ScriptedRole } from "./scripted.ts";

/** What one sentence asks for, as far as rules can read it. */
export interface ReadRequest {
  /** Whom to call: names or numbers. */
  targets: string[];
  /** What for, beginning with a verb; empty when nothing is said. */
  goal: string;
}

const VERBS =
  "book|find|ask|cancel|reschedule|move|check|tell|remind|confirm|arrange|make|order|get|see|invite|inform|let|reserve|schedule|request|thank|buy|compare|learn";
const CALLS = /\b(?:call|phone|ring|contact|dial)\s+/i;
const MAX_TARGETS = 12;

/** Reads "Call A, B and C and book …". Without a "call" the whole sentence is the goal. */
export const readRequest = (text: string): ReadRequest => {
  const words = text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.!\s]+$/, "");
  const start = CALLS.exec(words);
  if (start === null) return { targets: [], goal: words };
  const rest = words.slice(start.index + start[0].length);
  const split = new RegExp(`^(.*?),?\\s+(?:and|to)\\s+(?:do this:\\s*(.+)|((?:${VERBS})\\b.*))$`, "i").exec(rest);
  const whom = split?.[1] ?? rest;
  const targets = whom
    .split(/\s*,\s*(?:and\s+)?|\s+and\s+/i)
    .map((one) => one.trim())
    .filter((one) => one !== "" && !/^(them|everybody|everyone|all|my list|the list)\b/i.test(one));
  return { targets: targets.slice(0, MAX_TARGETS), goal: (split?.[2] ?? split?.[3] ?? "").trim() };
};

/** Calls nobody may plan; a model judges by meaning, this by words. */
const REFUSED =
  /\b(harass\w*|threat\w*|blackmail\w*|scam\w*|phish\w*|prank\w*|stalk\w*|insult\w*|swat\w*|bomb|spam\w*|robocall\w*|pretend\w* to be|impersonat\w*|password|social security number|credit card number|keep calling|every (?:\d+ )?minutes?)\b/i;

interface Contact {
  name: string;
  phone: string;
  source_kind: "user" | "places" | "search" | "csv";
  source_ref: string | null;
  timezone: string | null;
  context: string | null;
}

interface Plan {
  title: string;
  question: string;
  master_agent_prompt: string;
  contacts: Contact[];
  include_contact_list: boolean;
  schedule: Record<"not_before" | "not_after" | "window_from" | "window_to", string | null> & { days: string[] | null };
  max_attempts: number | null;
  language: string | null;
  agent_name: string | null;
  organization: string | null;
}

type Answers = Readonly<Record<string, string>>;

const question = (
  field_name: string,
  question_text: string,
  response_type = "text",
  options: string[] | null = null,
) => ({
  field_name,
  question_text,
  response_type,
  options,
});
type Question = ReturnType<typeof question>;

const say = (status: string, reply: string, questions: Question[] = [], campaign_plan: Plan | null = null) => ({
  status,
  reply,
  questions,
  campaign_plan,
});

/** The planner of the demo: asks one form, looks everybody up, writes the plan, and takes corrections of it. */
export const scriptedPlanner: ScriptedRole = async (ask) => {
  const said = ask.messages.filter(({ role }) => role === "user").map(({ text }) => text);
  const last = said.at(-1) ?? "";
  if (REFUSED.test(wordsOf(last))) {
    return say(
      "refused",
      "I am sorry, I cannot plan this: calls must not harass, deceive or frighten anybody, nor collect secrets. Tell me what you want to reach, and I look for a fair way.",
    );
  }
  const plan = planIn(ask.system);
  return plan === null ? newPlan(ask, said) : corrected(ask, plan, last);
};

const newPlan = async (ask: ScriptedAsk, said: readonly string[]) => {
  const answers = answersIn(said);
  const words = said.map(wordsOf).filter(Boolean);
  const read = words.map(readRequest);
  const list = listCount(ask.system);
  const targets = answers.whom
    ? namesIn(answers.whom)
    : (read.findLast((one) => one.targets.length > 0)?.targets ?? []);
  const goal = answers.goal ?? read.find((one) => one.goal !== "")?.goal ?? "";
  const hasAsked = ask.messages.some(({ role }) => role === "assistant");
  const needsArea = targets.some((one) => !parsePhone(one).ok);
  const questions = [
    ...(targets.length === 0 && list === 0
      ? [question("whom", "Whom should I call? Names or numbers, with commas between them")]
      : []),
    ...(goal === "" ? [question("goal", "What should the call reach?", "long_text")] : []),
    ...(hasAsked ? [] : firstQuestions(goal, needsArea)),
  ];
  if (questions.length > 0 && !(hasAsked && goal !== "" && (targets.length > 0 || list > 0))) {
    const what = goal === "" ? "calls" : lower(goal);
    return say(
      "clarifying",
      `I can plan that: ${what}. A few things first; leave out what does not matter.`,
      questions,
    );
  }
  const found = await lookUp(ask, targets, answers);
  if (found.missing.length > 0) return askForNumbers(found.missing);
  const plan = writePlan({ goal, answers, contacts: found.contacts, list, displayName: displayNameIn(ask.system) });
  return say("plan_complete", summary(plan, list, found.isDemo), [], plan);
};

const firstQuestions = (goal: string, needsArea: boolean): Question[] => [
  question("on_behalf_of", "For whom do I call?"),
  ...(needsArea ? [question("area", "In which town are they?")] : []),
  ...(/\b(book|reserve|appointment|slot|table|schedule|arrange)\b/i.test(goal)
    ? [
        question("flexibility", "If that time is taken, what may I agree to?", "choice", [
          "The next free time after it",
          "Any free time on the same day",
          "Nothing: only ask, I decide myself",
        ]),
      ]
    : []),
  question("details", "What should they know, or ask you for?", "long_text"),
];

interface Found {
  contacts: Contact[];
  /** Names nobody was found for. */
  missing: string[];
  isDemo: boolean;
}

const lookUp = async (ask: ScriptedAsk, targets: readonly string[], answers: Answers): Promise<Found> => {
  const area = answers.area?.trim() || null;
  const found: Found = { contacts: [], missing: [], isDemo: false };
  const names = targets.filter((one) => !parsePhone(one).ok);
  if (names.length > 0 && ask.hasTool("search_internet")) {
    await ask.useTool("search_internet", { query: [names.join(", "), area].filter(Boolean).join(" in ") });
  }
  for (const [i, target] of targets.entries()) {
    const given = parsePhone(target);
    const typed = parsePhone(answers[fieldOf(target)] ?? "");
    const written = given.ok ? given : typed;
    const name = given.ok ? `Contact ${i + 1}` : target.replace(/^the\s+/i, "");
    if (written.ok) {
      const user = {
        phone: written.e164,
        source_kind: "user",
        source_ref: null,
        timezone: null,
        context: null,
      } as const;
      found.contacts.push({ name: capital(name), ...user });
      continue;
    }
    const place = await placeNamed(ask, target, area);
    if (place === null) found.missing.push(target);
    else {
      found.isDemo = true;
      found.contacts.push(place);
    }
  }
  return found;
};

const placeNamed = async (ask: ScriptedAsk, name: string, area: string | null): Promise<Contact | null> => {
  if (!ask.hasTool("get_authoritative_business_info")) return null;
  const answer = (await ask.useTool("get_authoritative_business_info", { name, area })) as {
    businesses?: { name: string; phone: string | null; placeId: string; timezone: string | null }[];
  };
  const place = answer.businesses?.[0];
  if (place === undefined || place.phone === null) return null;
  return {
    name: place.name,
    phone: place.phone,
    source_kind: "places",
    source_ref: place.placeId,
    timezone: place.timezone,
    context: null,
  };
};

const askForNumbers = (missing: readonly string[]) =>
  say(
    "needs_more_info",
    `I found no number for ${missing.join(", ")}. Do you have ${missing.length === 1 ? "it" : "them"}?`,
    missing.map((name) => question(fieldOf(name), `Phone number of ${name}, with country code`, "phone")),
  );

const writePlan = (given: {
  goal: string;
  answers: Answers;
  contacts: Contact[];
  list: number;
  displayName: string;
}): Plan => {
  const { answers, contacts, list } = given;
  const goal = capital(given.goal);
  const isBooking = /\b(book|reserve|appointment|slot|arrange)\b/i.test(goal);
  const flexibility = answers.flexibility?.trim();
  const prompt = [
    `${goal}.`,
    answers.details?.trim() ? `What they may know: ${answers.details.trim()}` : "",
    flexibility ? `If that time is taken, you may agree to: ${flexibility}` : "",
    "Repeat what was agreed. Promise nothing else, and give no data that is not written here.",
  ];
  const topic = goal.replace(new RegExp(`^(?:${VERBS})\\s+(?:the\\s+)?`, "i"), "");
  const isBatch = contacts.length + list > 1;
  return {
    title: capital(topic),
    question: isBooking
      ? `Which ${isBatch ? "of them has" : "time is"} the ${topic.replace(/^the\s+/i, "")}, and what was agreed?`
      : `What came of it: ${lower(goal)}?`,
    master_agent_prompt: prompt.filter(Boolean).join("\n"),
    contacts,
    include_contact_list: list > 0,
    schedule: { not_before: null, not_after: null, window_from: null, window_to: null, days: null },
    max_attempts: 3,
    language: null,
    agent_name: given.displayName || null,
    organization: answers.on_behalf_of?.trim() || null,
  };
};

const summary = (plan: Plan, list: number, isDemo: boolean): string => {
  const names = plan.contacts.map(({ name }) => name);
  if (list > 0) names.push(`the ${list} contacts of your list`);
  const whom = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "nobody");
  const demo = isDemo ? " The numbers are demo data: they belong to nobody and only ring inside OpenDeep." : "";
  return `The plan is ready: I call ${whom}, up to ${plan.max_attempts ?? 3} times each.${demo} Look it over, change what is not right, then confirm.`;
};

const VAGUE =
  /^(?:no|wrong|(?:no, )?(?:that(?:'?s| is) )?(?:wrong|not (?:quite )?right)|(?:no, )?(?:please )?(?:change|correct) (?:it|that|this|the plan)|(?:no, )?i want to change (?:it|something|the plan))[\s.!,]*$/i;
const COUNTS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

const corrected = async (ask: ScriptedAsk, plan: Plan, last: string) => {
  const answers = answersIn([last]);
  const words = (answers.correction ?? wordsOf(last)).trim();
  const done: string[] = [];
  const next: Plan = { ...plan, contacts: [...plan.contacts] };
  const tries = /\b(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)\s+(?:tries|attempts|times|try)\b/i.exec(
    words,
  );
  const drop = /\b(?:drop|remove|skip|leave out|without|do not call|don'?t call)\s+(.+)$/i.exec(words);
  const add = /\b(?:add|also call|call also|and call)\s+(.+)$/i.exec(words);
  const number = /\+\d[\d\s().-]{6,20}\d/.exec(words);
  const owner = /\b(?:on behalf of|for|behalf is)\s+([A-Z][\p{L}.' -]{1,60})$/u.exec(words);
  if (words === "" || VAGUE.test(words)) {
    return say("clarifying", "What should be different? Then I write the plan anew.", [
      question("correction", "What should change?", "long_text"),
    ]);
  }
  if (tries) {
    const count = Number(tries[1]) || COUNTS.indexOf(tries[1]!.toLowerCase()) + 1;
    next.max_attempts = Math.min(10, Math.max(1, count));
    done.push(`up to ${next.max_attempts} tries each`);
  }
  if (number) {
    const target = next.contacts.find((one) => named(words, one.name)) ?? next.contacts[0];
    const phone = parsePhone(number[0]);
    if (target && phone.ok) {
      next.contacts = next.contacts.map((one) =>
        one === target ? { ...one, phone: phone.e164, source_kind: "user", source_ref: null, timezone: null } : one,
      );
      done.push(`${target.name} has the new number`);
    }
  } else if (drop) {
    const gone = next.contacts.filter((one) => named(drop[1] ?? "", one.name));
    next.contacts = next.contacts.filter((one) => !gone.includes(one));
    if (gone.length > 0) done.push(`${gone.map(({ name }) => name).join(" and ")} is not called`);
  } else if (add) {
    const found = await lookUp(ask, namesIn(add[1] ?? ""), answers);
    if (found.missing.length > 0) return askForNumbers(found.missing);
    next.contacts.push(...found.contacts);
    done.push(`${found.contacts.map(({ name }) => name).join(" and ")} is called too`);
  } else if (owner) {
    next.organization = owner[1]?.trim() ?? null;
    done.push(`I call for ${next.organization}`);
  }
  if (listCount(ask.system) > 0 && /\blist\b/i.test(words)) {
    next.include_contact_list = true;
    done.push("the contacts of your list are called");
  }
  if (done.length === 0) {
    next.master_agent_prompt = `${plan.master_agent_prompt}\nAlso: ${words}`;
    done.push(`the agent is told: “${words.slice(0, 200)}”`);
  }
  if (next.contacts.length === 0 && !next.include_contact_list) {
    return say("clarifying", "Then nobody is left to be called. Whom should I call instead?", [
      question("correction", "Whom should I call? Write “add” and the names", "text"),
    ]);
  }
  return say("plan_complete", `I changed the plan: ${done.join("; ")}. Look it over and confirm.`, [], next);
};

const named = (text: string, name: string): boolean => {
  const words = name.toLowerCase().match(/[\p{L}\d]{3,}/gu) ?? [];
  const spoken = text.toLowerCase();
  return (
    spoken.includes(name.toLowerCase()) || words.some((word) => !/^(the|and|for)$/.test(word) && spoken.includes(word))
  );
};

const namesIn = (text: string): string[] =>
  text
    .split(/\s*[,;\n]\s*(?:and\s+)?|\s+and\s+/i)
    .map((one) => one.replace(/[.!]+$/, "").trim())
    .filter(Boolean)
    .slice(0, MAX_TARGETS);

const fieldOf = (name: string): string =>
  `phone_${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, 30)}`.replace(/_+$/, "");

const ANSWERS = /(?:^|\n\n)Answers: (\{.*\})\s*$/s;

const answersIn = (texts: readonly string[]): Answers => {
  const all: Record<string, string> = {};
  for (const text of texts) {
    for (const piece of text.split(/\n\n(?=Answers: )/)) {
      const json = ANSWERS.exec(piece.split("\n\n")[0] ?? "")?.[1];
      if (json === undefined) continue;
      try {
        Object.assign(all, JSON.parse(json));
      } catch {
        // The user wrote the word themselves.
      }
    }
  }
  return all;
};

const wordsOf = (text: string): string =>
  text
    .split("\n\n")
    .filter((part) => !part.startsWith("Answers: ") && part !== "(nothing)")
    .join(" ");

const planIn = (system: string): Plan | null => {
  const json = /<plan>\n(.*)\n<\/plan>/.exec(system)?.[1];
  if (json === undefined) return null;
  const plan = JSON.parse(json);
  const listed = listCount(system);
  const contacts = (plan.contacts as Record<string, unknown>[]).map((one) => {
    const source = one.source as { kind: Contact["source_kind"]; ref?: string };
    return {
      name: String(one.name),
      phone: String(one.phone),
      source_kind: source.kind,
      source_ref: source.ref ?? null,
      timezone: (one.timezone as string | undefined) ?? null,
      context: (one.context as string | undefined) ?? null,
    };
  });
  const hasList = contacts.some((one) => one.source_kind === "csv") || plan.contact_count > contacts.length;
  const { schedule } = plan;
  return {
    title: plan.title,
    question: plan.question,
    master_agent_prompt: plan.master_agent_prompt,
    contacts: contacts.filter((one) => one.source_kind !== "csv"),
    include_contact_list: listed > 0 && hasList,
    schedule: {
      not_before: schedule.not_before ?? null,
      not_after: schedule.not_after ?? null,
      window_from: schedule.window?.from ?? null,
      window_to: schedule.window?.to ?? null,
      days: schedule.days ?? null,
    },
    max_attempts: plan.max_attempts,
    language: plan.language ?? null,
    agent_name: plan.agent_name ?? null,
    organization: plan.organization ?? null,
  };
};

const listCount = (system: string): number => Number(/gave a list of (\d+) contacts/.exec(system)?.[1] ?? 0);
const displayNameIn = (system: string): string =>
  /^You are (.{1,80}?), an assistant that plans/.exec(system)?.[1] ?? "";
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
