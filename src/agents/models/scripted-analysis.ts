import { dndWordsIn } from "../dnd-words.ts";
import type { AnalystCase, VerdictAnswer } from "../prompts/analyst.ts";
import type { ReportAnswer, ReportCase, ReportContact } from "../prompts/summarizer.ts";
import { hasWords } from "../quote-search.ts";
import type { ScriptedRole } from "./scripted.ts";
import { spokenCallback } from "./spoken-times.ts";

/** Plain yes of somebody who does what was asked for. */
const AGREES =
  /\b(?:that works|works for us|it is in the book|written it down|we can do that|consider it done|that is done|i have changed it|that is possible|the answer is yes|let us do it|i can help with that|made a note|keep it in mind|you are booked|booked you|see you (?:then|on))\b/i;
const DECLINES =
  /\b(?:no time for this|rather not|not interested|no,? thank you|wrong number|nobody (?:here )?(?:by|of) that name|we don'?t (?:do|offer|have) (?:that|this)|cannot help|can'?t help)\b/i;
const WARM = /\b(?:perfect|wonderful|great|sure|thank you|thanks|of course|no problem|good)\b/i;
const TIMES = /\b((?:mon|tues|wednes|thurs|fri|satur|sun)day) at (\d{1,2}(?::\d{2})? ?[ap](?:m|\.m\.))/i;
const PRICES = /(?:[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:dollars|euros?|pounds)\b)/i;

/** Sentences of one line, in order. */
const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?])\s+/).filter(hasWords);

/**
 * What a scripted analyst makes of a case (`analystMessage`): it reads plain English words by fixed rules, and says
 * nothing that the transcript does not hold. The same case gives the same verdict.
 */
export const scriptedVerdict = (message: string): VerdictAnswer => {
  const the = JSON.parse(message) as AnalystCase;
  const callee = the.transcript.filter(({ speaker, text }) => speaker === "callee" && hasWords(text));
  const sentences = callee.flatMap(({ text }) => sentencesOf(text));
  const dndWords = callee.map(({ text }) => dndWordsIn(text)).find((words) => words !== null) ?? null;
  const isMachine =
    the.disposition === "voicemail" || sentences.some((one) => /\b(?:voicemail|after the (?:beep|tone))\b/i.test(one));
  const saidAt = the.ended_at.split(" ")[0] ?? the.ended_at;
  const wish = isMachine
    ? null
    : (callee.map(({ text }) => spokenCallback(text, saidAt)).find((found) => found !== null) ?? null);
  const declined = sentences.find((one) => DECLINES.test(one)) ?? null;
  const agreed = sentences.findLast((one) => AGREES.test(one)) ?? null;
  const facts = isMachine ? [] : factsIn(sentences, agreed);
  const completed = agreed !== null && dndWords === null && declined === null && wish === null;
  const broke = /lost|restarted|failed/.test(the.hangup_cause);
  const again = !completed && dndWords === null && declined === null && (wish !== null || isMachine || broke);
  const reason = reasonOf({ completed, dndWords, declined, wish: wish?.words ?? null, isMachine, broke });
  return {
    task_completed: completed,
    reason,
    summary: summaryOf(the, reason, agreed ?? declined ?? wish?.words ?? null),
    facts: completed ? facts : [],
    callee_sentiment: isMachine
      ? null
      : declined || dndWords
        ? "negative"
        : sentences.some((s) => WARM.test(s))
          ? "positive"
          : "neutral",
    disposition: isMachine ? "voicemail" : "answered",
    next_call_needed: again,
    next_call_local_time: again ? (wish?.localTime ?? null) : null,
    next_call_zone: null,
    next_call_delay_minutes: again ? (wish?.delayMinutes ?? null) : null,
    next_call_words: again ? (wish?.words ?? null) : null,
    next_call_prompt_suggestion: wish && again ? "Say that you call again as agreed, and come to the point." : null,
    dnd_requested: dndWords !== null,
    dnd_words: dndWords,
    answered_by: isMachine ? null : the.callee || null,
    menu_path: [],
    promises: wish && again ? [`To call again: “${wish.words}”`.slice(0, 300)] : [],
    notes: [],
  };
};

const factsIn = (sentences: readonly string[], agreed: string | null): VerdictAnswer["facts"] => {
  const facts: VerdictAnswer["facts"] = [];
  for (const sentence of sentences) {
    const time = TIMES.exec(sentence);
    if (time) facts.push({ name: "time", value: `${time[1]} at ${time[2]}`, quote: sentence.slice(0, 600) });
    const price = PRICES.exec(sentence);
    if (price) facts.push({ name: "price", value: price[0], quote: sentence.slice(0, 600) });
  }
  if (facts.length === 0 && agreed !== null) {
    facts.push({ name: "answer", value: agreed.slice(0, 400), quote: agreed.slice(0, 600) });
  }
  return facts.slice(0, 20);
};

const reasonOf = (seen: {
  completed: boolean;
  dndWords: string | null;
  declined: string | null;
  wish: string | null;
  isMachine: boolean;
  broke: boolean;
}): string => {
  if (seen.dndWords !== null) return "asked not to be called any more";
  if (seen.completed) return "agreed to what was asked";
  if (seen.isMachine) return "a machine answered";
  if (seen.wish !== null) return "asked to be called at another time";
  if (seen.declined !== null) return "did not want to go on";
  return seen.broke ? "the line broke before anything was settled" : "nothing was settled";
};

const summaryOf = (the: AnalystCase, reason: string, words: string | null): string => {
  const who = the.callee === "" ? "The callee" : the.callee;
  const said = words === null ? "" : ` Words that tell so: “${words}”`;
  return `${who} ${reason.startsWith("a ") || reason.startsWith("the ") || reason.startsWith("nothing ") ? `was called: ${reason}` : reason}.${said}`.slice(
    0,
    1200,
  );
};

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** Minutes from the week's day the question speaks of (else from today) to a time such as `Friday at 9:30 am`. */
const rankOf = (value: string, from: number): number | null => {
  const match = /^(\w+day) at (\d{1,2})(?::(\d{2}))? ?([ap])/i.exec(value);
  const day = DAYS.indexOf(match?.[1]?.toLowerCase() ?? "");
  if (!match || day < 0) return null;
  const hour = (Number(match[2]) % 12) + (match[4]?.toLowerCase() === "p" ? 12 : 0);
  return ((day - from + 7) % 7) * 1440 + hour * 60 + Number(match[3] ?? 0);
};

const namesOf = (contacts: readonly ReportContact[]): string =>
  contacts.map(({ name }) => name || "one contact").join(", ");

/** What a scripted summarizer makes of a case (`reportMessage`): only values that stand in it, compared by fixed rules. */
export const scriptedReport = (message: string): ReportAnswer => {
  const the = JSON.parse(message) as ReportCase;
  const answered = the.contacts.filter(({ facts }) => facts.length > 0);
  const others = the.contacts.filter(({ facts }) => facts.length === 0);
  const { contacts, reached_goal: reached } = the.totals;
  const asked = `${the.question} ${the.goal}`;
  const askedDay = DAYS.findIndex((day) => new RegExp(`\\b${day}\\b`, "i").test(asked));
  const today = DAYS.indexOf(the.today.split(" ")[1]?.toLowerCase() ?? "");
  const ranked = answered
    .flatMap((contact) =>
      contact.facts.map(({ value }) => ({
        contact,
        value,
        rank: rankOf(value, askedDay >= 0 ? askedDay : Math.max(0, today)),
      })),
    )
    .filter((one) => one.rank !== null)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const first = ranked[0];
  const headline =
    first && /\b(?:earliest|first|soonest|next)\b/i.test(asked)
      ? `The earliest is ${first.value}, at ${first.contact.name || "the contact"}.`
      : answered.length === 0
        ? contacts === 1
          ? "The contact gave no answer."
          : `None of the ${contacts} contacts gave an answer.`
        : answered.length === 1
          ? `${answered[0]!.name || "The contact"}: ${answered[0]!.facts[0]!.value}`
          : `${reached} of ${contacts} contacts gave an answer.`;
  const summary = [
    `${reached} of ${contacts} contacts reached the goal in ${the.totals.attempts} ${the.totals.attempts === 1 ? "call" : "calls"}.`,
    ...answered
      .slice(0, 10)
      .map(({ name, facts }) => `${name || "One contact"}: ${facts.map(({ value }) => value).join("; ")}.`),
    ...(others.length > 0 ? [`No answer from ${namesOf(others.slice(0, 10))}.`] : []),
    ...(the.left_out > 0 ? [`${the.left_out} more contacts are only in the table.`] : []),
  ]
    .join(" ")
    .replace(/\.\./g, ".");
  return {
    headline: headline.slice(0, 300),
    summary: summary.slice(0, 2000),
    contacts: the.contacts.slice(0, 500).map(({ number, facts }) => ({
      number,
      answer: facts
        .map(({ value }) => value)
        .join("; ")
        .slice(0, 400),
      fact: facts.length > 0 ? 1 : null,
    })),
  };
};

/** The scripted model's roles after a call: analyst and summarizer. */
export const SCRIPTED_ANALYSIS_ROLES: Readonly<Record<"analyst" | "summarizer", ScriptedRole>> = {
  analyst: async ({ messages }) => scriptedVerdict(messages[0]?.text ?? ""),
  summarizer: async ({ messages }) => scriptedReport(messages[0]?.text ?? ""),
};
