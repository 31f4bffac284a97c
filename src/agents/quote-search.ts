/** A line of a transcript. */
interface Line {
  text: string;
  /** Ms after the answer. */
  atMs: number;
}

/** Shortest quote that is looked for, in letters and digits; shorter ones are found anywhere by chance. */
const SHORTEST = 2;

const plain = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/**
 * The line that holds a quote, whatever its case and punctuation; null when nobody said it. A quote over two lines is
 * found by neither.
 */
export const lineOfQuote = <L extends Line>(quote: string, lines: readonly L[]): L | null => {
  const wanted = plain(quote);
  if (wanted.length < SHORTEST) return null;
  return lines.find(({ text }) => ` ${plain(text)} `.includes(` ${wanted} `)) ?? null;
};

/** Whether a text says anything: marks and noises alone are no words. */
export const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);
