import { test } from "bun:test";
import fc from "fast-check";
import { turnDomId } from "../../../src/server/components/transcript.tsx";

test("the id of a turn can stand in a selector, whatever its key is made of", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (key) => /^turn-[A-Za-z0-9_]*$/.test(turnDomId(key))));
});

test("different keys have different ids", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => a === b || turnDomId(a) !== turnDomId(b)),
    {
      examples: [
        ["a_3a_", "a:"],
        [":b", "\u03ab"],
      ],
    },
  );
});
