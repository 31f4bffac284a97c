import { expect, test } from "bun:test";
import fc from "fast-check";
import { readRange } from "../../src/server/byte-range.ts";

test("every range that is understood lies inside the body", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.option(fc.nat()), fc.option(fc.nat())).map(([a, b]) => `bytes=${a ?? ""}-${b ?? ""}`),
      ),
      fc.integer({ min: 1, max: 1_000_000 }),
      (header, size) => {
        const range = readRange(header, size);
        if (typeof range === "string") return true;
        return range.from >= 0 && range.from <= range.to && range.to < size;
      },
    ),
  );
});

test("a range that ends before it begins is no range", () => {
  expect(readRange("bytes=5-2", 10)).toBe("whole");
  expect(readRange("bytes=-", 10)).toBe("whole");
  expect(readRange("items=0-1", 10)).toBe("whole");
  expect(readRange("bytes=0-1,3-4", 10)).toBe("whole");
  expect(readRange(undefined, 10)).toBe("whole");
});

test("nothing can be taken of an empty body", () => {
  expect(readRange("bytes=0-", 0)).toBe("outside");
  expect(readRange("bytes=-5", 0)).toBe("outside");
});
