import { parsePhone } from "../core/phone.ts";

/** What one look-up of a conversation answered. */
export interface LookUp {
  /** Name of the tool. */
  tool: string;
  /** What was asked, as one line. */
  asked: string;
  /** The answer as JSON, cut to `MAX_ANSWER` characters. */
  answer: string;
  /** Epoch ms. */
  at: number;
}

/** Longest answer of a look-up that is kept, in characters. */
export const MAX_ANSWER = 12_000;

/** The look-up that tells numbers with authority; a number found elsewhere counts only once this one was asked. */
export const AUTHORITATIVE_TOOL = "get_authoritative_business_info";

/** A contact as a model names it: the number in E.164 and where it claims to have it from. */
export interface ClaimedSource {
  phone: string;
  kind: "user" | "places" | "search" | "csv";
  /** Place id or link; null for the user's own numbers. */
  ref: string | null;
}

/** Everything a number may come from. */
export interface Evidence {
  /** All the user wrote, answers included. */
  userTexts: readonly string[];
  lookUps: readonly LookUp[];
  /** E.164 numbers of lists the user gave. */
  listed: ReadonlySet<string>;
}

/** A claim held against what is known: where the number really stands and since when, or one sentence why it counts not. */
export type SourceCheck = { ok: true; at: number | null } | { ok: false; message: string };

/** Things written like a phone number, at most so many of one text. */
const NUMBER_LIKE = /\+?\(?\d[\d\s()./\-\u2010-\u2015]{5,24}\d/g;
const MAX_NUMBERS = 500;

/** What may stand between two digits of one number. */
const GAP = "[\\s()./\\-\\u2010-\\u2015]{0,4}";
/** An international number that began in front of a match: its digits so far. */
const BEGUN = /(?:\+|(?<!\d)00|(?<!\d)0?011)([\d\s()./\-\u2010-\u2015]{0,12})$/;
/** A country code and the zero of home have no more digits; with more it is another number. */
const LONGEST_LEAD = 6;

/** Checks that a number was said by the user, listed by the user or answered by a look-up: models invent numbers. */
export const checkSource = (claim: ClaimedSource, evidence: Evidence): SourceCheck => {
  const { phone, kind, ref } = claim;
  if (kind === "csv") {
    if (evidence.listed.has(phone)) return { ok: true, at: null };
    return { ok: false, message: "is said to be from the user's list, but the list has no such number" };
  }
  if (kind === "user") {
    if (evidence.userTexts.some((text) => hasNumber(text, phone))) return { ok: true, at: null };
    return { ok: false, message: "is said to be from the user, but the user gave no such number; look it up or ask" };
  }
  const found = evidence.lookUps.filter((one) => hasNumber(one.answer, phone));
  if (found.length === 0) {
    return { ok: false, message: "is in no answer of a look-up; never write a number that was not looked up" };
  }
  const proof = found.find((one) => ref !== null && ref !== "" && names(one, ref, phone));
  if (proof === undefined) {
    return {
      ok: false,
      message: "names a source that the look-up did not give for it; use its place id or link as it stands",
    };
  }
  if (kind === "places" && proof.tool !== AUTHORITATIVE_TOOL) {
    return { ok: false, message: `is not from ${AUTHORITATIVE_TOOL}; its source kind is "search"` };
  }
  if (kind === "search" && !evidence.lookUps.some((one) => one.tool === AUTHORITATIVE_TOOL)) {
    return { ok: false, message: `is from a search alone; ask ${AUTHORITATIVE_TOOL} before it is used` };
  }
  return { ok: true, at: proof.at };
};

/** Whether an answer has this source for this number: of several businesses the one that the source names. */
const names = ({ tool, answer }: LookUp, ref: string, phone: string): boolean => {
  if (!answer.includes(JSON.stringify(ref))) return false;
  if (tool !== AUTHORITATIVE_TOOL) return true;
  const given = businessesIn(answer);
  return (
    given === null || given.some((one) => Object.values(one).includes(ref) && hasNumber(JSON.stringify(one), phone))
  );
};

/** Null for an answer that was cut, or that tells of no businesses one by one. */
const businessesIn = (answer: string): Record<string, unknown>[] | null => {
  try {
    const { businesses } = JSON.parse(answer) as { businesses?: Record<string, unknown>[] };
    return Array.isArray(businesses) ? businesses : null;
  } catch {
    return null;
  }
};

/**
 * Whether a text has this E.164 number in it, in any spelling: with its country, as dialed from abroad or at home. Part
 * of a number is none: whoever leaves out the area is asked for it.
 */
export const hasNumber = (text: string, e164: string): boolean => {
  const number = parsePhone(e164);
  if (!number.ok) return false;
  const { code } = number;
  const digits = [...e164.slice(1 + code.length)].join(GAP);
  const plain = text.normalize("NFKC").replace(/\p{Cf}/gu, "");
  // In front of it, in one piece with it, may stand its country and what is dialed before an area.
  const written = new RegExp(`(?<!\\d)(?:(?:00|0?011)?${code})?(?:0|8|06)?${digits}(?!\\d)`, "g");
  for (const { index } of plain.matchAll(written)) {
    const lead = BEGUN.exec(plain.slice(Math.max(0, index - 16), index))?.[1]?.replace(/\D/g, "") ?? "";
    if (lead === "" || lead === code || lead === `${code}0` || lead.length > LONGEST_LEAD) return true;
  }
  return false;
};

/** Numbers a text names in international form, in E.164. */
export const numbersIn = (text: string): string[] => {
  const numbers = new Set<string>();
  for (const [found] of firstOf(text.matchAll(NUMBER_LIKE), MAX_NUMBERS)) {
    // Other digits may follow a number: "+1 202 555 0100 2 times".
    for (let written = found; written !== ""; written = written.replace(LAST_GROUP, "")) {
      const phone = parsePhone(written);
      if (phone.ok) numbers.add(phone.e164);
      if (phone.ok || !LAST_GROUP.test(written)) break;
    }
  }
  return [...numbers];
};

const LAST_GROUP = /[\s()./\-\u2010-\u2015]+\d+$/;

function* firstOf<T>(values: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const value of values) {
    if (left-- <= 0) return;
    yield value;
  }
}
