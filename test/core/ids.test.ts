import { expect, test } from "bun:test";
import fc from "fast-check";
import { newId } from "../../src/core/ids.ts";

const NOW = Date.UTC(2026, 10, 21);

test("an id tells its kind and is safe in names, addresses and markup", () => {
  for (const kind of ["call", "tsk", "cmp"] as const) {
    expect(newId(kind, NOW)).toMatch(new RegExp(`^${kind}_[0-9a-hjkmnp-tv-z]{20}$`));
  }
});

test("ids of one ms sort as they were made, and none is made twice", () => {
  const ids = Array.from({ length: 50_000 }, () => newId("tsk", NOW + 1));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("ids of a later ms sort behind all of an earlier one, whichever were made first", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 44 }), fc.integer({ min: 1, max: 1000 }), (earlier, laterBy) => {
      const late = [newId("call", earlier + laterBy), newId("call", earlier + laterBy)];
      const early = [newId("call", earlier), newId("call", earlier)];
      expect([...early, ...late].toSorted()).toEqual([...early, ...late]);
    }),
  );
});

test("ids of two kinds in the same ms share no chance", () => {
  expect(newId("call", NOW + 2).slice(-11)).not.toBe(newId("tsk", NOW + 2).slice(-11));
});
