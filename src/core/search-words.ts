/** What somebody looks for, read from their words. */
export interface SearchWords {
  /** Each must occur: one word, or several that follow each other. Empty: there is no word to look for. */
  readonly phrases: readonly (readonly string[])[];
  /** The last word may go on: who types “appoint” finds “appointment”. */
  readonly isOpen: boolean;
}

/** Longest text looked at, in characters; the rest is ignored. */
export const MAX_SEARCH = 200;
/** Most phrases looked for; the rest is ignored. */
const MAX_PHRASES = 16;

/** Letters, digits and the marks on them; everything else parts words. */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/**
 * Reads what was typed: words in any order, and those in double quotes in that order. Parts of one word that only a sign
 * holds apart (`9:30`, `don't`) must follow each other too. Nothing in it is an operator.
 */
export const readSearch = (typed: string): SearchWords => {
  const pieces = typed.slice(0, MAX_SEARCH).split('"');
  const phrases: string[][] = [];
  let isOpen = false;
  for (const [i, piece] of pieces.entries()) {
    // Every other piece stands between quotes; one that was never closed still counts as quoted.
    const isQuoted = i % 2 === 1;
    for (const chunk of isQuoted ? [piece] : piece.split(/\s+/u)) {
      const words = chunk.match(WORD);
      if (words === null) continue;
      phrases.push([...words]);
      isOpen = !isQuoted;
    }
  }
  return { phrases: phrases.slice(0, MAX_PHRASES), isOpen: isOpen && phrases.length <= MAX_PHRASES };
};

/** Words that differ by case or by marks on letters alone are one word. */
const folded = (word: string): string => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Where in a text something was found: from a character (UTF-16) to the one behind it. */
export interface Found {
  from: number;
  to: number;
  /** Which of the phrases. */
  phrase: number;
}

/** Every place of a text where one of the phrases stands, in their order, none over another. */
export const findIn = (text: string, { phrases, isOpen }: SearchWords): Found[] => {
  const words = [...text.matchAll(WORD)].map((match) => ({
    word: folded(match[0]),
    from: match.index,
    to: match.index + match[0].length,
  }));
  const wanted = phrases.map((phrase) => phrase.map(folded));
  const isAt = (phrase: readonly string[], at: number, mayGoOn: boolean): boolean =>
    phrase.every((part, i) => {
      const word = words[at + i]?.word;
      return mayGoOn && i === phrase.length - 1 ? word?.startsWith(part) : word === part;
    });
  const found: Found[] = [];
  for (let at = 0; at < words.length; ) {
    const phrase = wanted.findIndex((one, i) => isAt(one, at, isOpen && i === wanted.length - 1));
    const length = wanted[phrase]?.length ?? 1;
    if (phrase >= 0) found.push({ from: words[at]!.from, to: words[at + length - 1]!.to, phrase });
    at += length;
  }
  return found;
};
