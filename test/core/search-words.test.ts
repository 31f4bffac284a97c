import { expect, test } from "bun:test";
import fc from "fast-check";
import { findIn, readSearch } from "../../src/core/search-words.ts";

/** What of a text is marked. */
const marked = (text: string, typed: string): string[] =>
  findIn(text, readSearch(typed)).map(({ from, to }) => text.slice(from, to));

test("words are looked for one by one, and those in quotes in their order", () => {
  expect(readSearch('price "next  Thursday" slot')).toEqual({
    phrases: [["price"], ["next", "Thursday"], ["slot"]],
    isOpen: true,
  });
});

test("parts of a word that only a sign holds apart follow each other", () => {
  expect(readSearch("at 9:30 don't").phrases).toEqual([["at"], ["9", "30"], ["don", "t"]]);
  expect(marked("At 9:30, or 30 past 9.", "9:30")).toEqual(["9:30"]);
});

test("the last word may go on, unless it was quoted", () => {
  expect(marked("An appointment, to appoint", "appoint")).toEqual(["appointment", "appoint"]);
  expect(marked("An appointment, to appoint", '"appoint"')).toEqual(["appoint"]);
  expect(marked("appointment slots", "appoint slot")).toEqual(["slots"]);
});

test("case and marks on letters make no difference", () => {
  expect(marked("Žluťoučký KŮŇ, Ecole", "zlutoucky kun école")).toEqual(["Žluťoučký", "KŮŇ", "Ecole"]);
});

test("signs, emoji and nothing at all are no words", () => {
  for (const typed of ["", "  ", '"', '""', "* ( ) - ^ : +", "😀", "\0", "\ud800"]) {
    expect([typed, readSearch(typed).phrases]).toEqual([typed, []]);
  }
});

/** Letters, marks, signs, pairs of units and halves of them. */
const anything = fc.string({
  unit: fc.constantFrom(
    "a",
    "É",
    "e\u0301",
    "ß",
    "İ",
    "日",
    "9",
    " ",
    '"',
    "-",
    "\0",
    "😀",
    "\ud83d",
    "\ue000",
    "\u0301",
  ),
  maxLength: 60,
});

test("what is marked lies within the text and never overlaps, whatever is typed and said", () => {
  fc.assert(
    fc.property(anything, anything, (text, typed) => {
      let end = 0;
      for (const { from, to } of findIn(text, readSearch(typed))) {
        expect(from >= end && to > from && to <= text.length).toBe(true);
        end = to;
      }
    }),
  );
});
