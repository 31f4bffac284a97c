/** What a task wants from the callee, as far as its words tell. */
export type ActionKind = "book" | "cancel" | "ask" | "inform" | "other";

/** A task's action in words that fit into spoken sentences. */
export interface SpokenAction {
  kind: ActionKind;
  /** Completes "I am calling …": `to book a table for two`, `about the delivery`, `with a question: do you …?`. */
  purpose: string;
}

/** Longest action that is spoken, in characters; what is longer is cut at a word, since a sentence has to end. */
const LONGEST_ACTION = 180;

const KINDS: readonly [ActionKind, RegExp][] = [
  ["cancel", /\b(cancel|reschedul\w*|postpone|move|change)\b/i],
  ["book", /\b(book|reserv\w*|appointment|slot|table|arrange|schedule|order)\b/i],
  ["ask", /\?|\b(ask|find out|check|whether|if they|how much|price\w*|opening hours|availab\w*|quote|learn|know)\b/i],
  ["inform", /\b(remind|tell|inform|let \w+ know|notify|confirm|thank|congratulate|invite|wish)\b/i],
];

/** Words that open an action which is not an order: it is then spoken of with "about". */
const NOT_AN_ORDER =
  /^(the|a|an|your|their|his|her|this|that|these|those|some|any|new|about|regarding|re:?)\b|^\w+ing\b/i;

/** Fits free text into one spoken line: one space between words, no control characters, cut at a word. */
export const spokenText = (text: string, longest: number): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text from outside is cleaned of exactly these
  const words = text.replace(/[\u0000-\u001f\u007f\s]+/g, " ").trim();
  if (words.length <= longest) return words;
  const border = words.lastIndexOf(" ", longest);
  return words.slice(0, border > longest / 2 ? border : longest).replace(/[,;:–-]+$/, "");
};

/** Whom an action speaks of; either name may be empty. */
export interface ActionPeople {
  /** For whom the call is made: on the phone, the "me" of the task. */
  owner: string;
  /** Who is called: on the phone, "you". */
  callee: string;
}

/** Reads an action of any wording; an empty one becomes a short question. */
export const spokenAction = (action: string, { owner, callee }: ActionPeople): SpokenAction => {
  let words = spokenText(action, LONGEST_ACTION)
    .replace(/[.!\s]+$/, "")
    .replace(/^(please|kindly)\s+/i, "")
    .replace(/^(call|phone|ring)\s+(?:[^\s,]+,?\s+){0,4}?(and|to)\s+/i, "")
    .replace(/^to\s+/i, "");
  if (words === "") return { kind: "ask", purpose: "with a short question" };
  const kind = KINDS.find(([, pattern]) => pattern.test(words))?.[0] ?? "other";
  words = spokenPronouns(words, kind, owner, callee);
  if (words.endsWith("?")) return { kind: "ask", purpose: `with a question. ${capital(words)}` };
  const first = words.split(" ", 1)[0]!;
  const lower = /^[A-Z][a-z]+$/.test(first) ? first.toLowerCase() + words.slice(first.length) : words;
  if (NOT_AN_ORDER.test(lower)) return { kind, purpose: `about ${lower.replace(/^(about|regarding|re:?)\s+/i, "")}` };
  return { kind, purpose: `to ${lower}` };
};

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const spokenPronouns = (words: string, kind: ActionKind, owner: string, callee: string): string => {
  let spoken = words
    .replace(/\b(my|our)\b/gi, () => (owner ? `${owner}'s` : "their"))
    .replace(/\b(me|us)\b/gi, () => owner || "them")
    .replace(/\b(remind|tell|inform|let|notify|invite|thank|ask|congratulate) (him|her|them)\b/gi, "$1 you");
  if (callee)
    spoken = spoken.replace(new RegExp(`(?<![\\p{L}\\d])${RegExp.escape(callee)}(?![\\p{L}\\d])`, "gu"), "you");
  return kind === "ask" ? spoken.replace(/\b(if|whether|when|what|where|how|that) they\b/gi, "$1 you") : spoken;
};
