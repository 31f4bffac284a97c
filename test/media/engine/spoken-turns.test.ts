import { expect, test } from "bun:test";
import fc from "fast-check";
import { heardWords } from "../../../src/media/engine/spoken-turns.ts";

test("what was heard of a cut sentence ends at the border of a word", () => {
  expect(heardWords("Good morning, this is an assistant", 1)).toBe("Good morning, this is an assistant");
  expect(heardWords("Good morning, this is an assistant", 0.5)).toBe("Good morning,…");
  expect(heardWords("Good morning", 0)).toBe("");
});

test("what was heard is always the beginning of what was meant, and no longer than its part", () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 12 }), fc.double({ min: 0, max: 0.99, noNaN: true }), (text, heard) => {
      const words = heardWords(text, heard).replace("…", "");
      expect(text.startsWith(words)).toBe(true);
      expect(words.length).toBeLessThanOrEqual(Math.round(text.length * heard));
    }),
  );
});
