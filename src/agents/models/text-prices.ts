import type { TokenCount } from "./wire.ts";

/** USD per million tokens: input, cached input, output. */
type Rates = readonly [input: number, cached: number, output: number];

/** Part of a price list: from `from` (UTC) on, models whose names start like this cost so much. */
type Row = readonly [start: string, from: string, rates: Rates];

/**
 * As of 2026-11-20. Those of OpenAI and Anthropic are from their model pages, those of Gemini from the lists of gateways
 * that resell it. Of the rows that fit a name the last one in force counts, so a longer start or a later price stands
 * below.
 */
const ROWS: readonly Row[] = [
  ["gpt-6-luna", "2026-01-01", [0.1, 0.01, 0.5]],
  ["gpt-5.6-luna", "2026-01-01", [0.2, 0.02, 1.2]],
  ["gpt-6.1-terra", "2026-01-01", [1, 0.05, 5]],
  ["gpt-6.1-sol", "2026-01-01", [2, 0.1, 10]],
  // No price of cached input is published for it.
  ["gpt-6-astra", "2026-01-01", [10, 10, 50]],
  ["claude-haiku-5-5", "2026-01-01", [0.1, 0.01, 0.5]],
  ["claude-sonnet-5-5", "2026-01-01", [2, 0.2, 10]],
  ["claude-opus-5-5", "2026-01-01", [4, 0.4, 20]],
  ["claude-haiku-4-5", "2026-01-01", [1, 0.1, 5]],
  // Gateways list the lower price as a promotion that ends with the year; Google's own page was not seen.
  ["gemini-3.8-flash", "2026-01-01", [0.75, 0.075, 3.75]],
  ["gemini-3.8-flash", "2027-01-01", [1.5, 0.15, 7.5]],
];

/** What Gemini 3 asks for each query it sends to Google Search, in USD; its first 5,000 a month are free. */
export const SEARCH_QUERY_USD = 0.014;

/** What Claude asks for putting tokens into its cache for five minutes, against plain input. */
const CACHE_WRITE_FACTOR = 1.25;
const MILLION = 1_000_000;

/** What tokens cost at `nowMs`, in USD; null for a model without a price here, such as one that runs at home. */
export const textCost = (model: string, tokens: TokenCount, nowMs: number): number | null => {
  const row = ROWS.findLast(([start, from]) => model.startsWith(start) && Date.parse(from) <= nowMs);
  if (!row) return null;
  const [input, cached, output] = row[2];
  const plain = Math.max(0, tokens.input - tokens.cached - tokens.cacheWritten);
  const read = plain * input + tokens.cached * cached + tokens.cacheWritten * input * CACHE_WRITE_FACTOR;
  return (read + tokens.output * output) / MILLION;
};
