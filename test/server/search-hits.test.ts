import { expect, test } from "bun:test";
import { readSearch } from "../../src/core/search-words.ts";
import type { StoredTurn } from "../../src/core/store/transcripts.ts";
import { hitsOf, type SearchHit } from "../../src/server/search-hits.ts";

const turns = (...texts: string[]): StoredTurn[] =>
  texts.map((text, i) => ({
    id: `turn_${i}`,
    tenantId: "default",
    callId: "call_1",
    key: `k${i}`,
    speaker: "callee",
    text,
    atMs: i * 1000,
    endMs: i * 1000 + 500,
    interrupted: false,
    whispered: false,
  }));
const shown = ({ pieces }: SearchHit): string =>
  pieces.map(({ text, isFound }) => (isFound ? `[${text}]` : text)).join("");

test("the lines that say most of what was looked for are shown, in the order they were said", () => {
  const said = turns("Monday.", "Nothing.", "Monday or Tuesday.", "Tuesday.", "Tuesday, Monday.");
  expect(hitsOf(said, readSearch("monday tuesday"), 3).map(shown)).toEqual([
    "[Monday].",
    "[Monday] or [Tuesday].",
    "[Tuesday], [Monday].",
  ]);
});

test("a long line is shown from a little before the first word found, cut between words", () => {
  const [hit] = hitsOf(turns(`${"before ".repeat(50)}needle ${"after ".repeat(100)}`), readSearch("needle"), 1);
  const text = shown(hit!);
  expect(text).toStartWith("… before");
  expect(text).toContain("before [needle] after");
  expect(text).toEndWith(" after…");
  expect(text.length).toBeLessThan(250);
});

test("a word is marked as it was written, whatever its case and marks", () => {
  expect(hitsOf(turns("Café at 9:30, cafeteria"), readSearch("9:30 CAFE"), 1).map(shown)).toEqual([
    "[Café] at [9:30], [cafeteria]",
  ]);
});
