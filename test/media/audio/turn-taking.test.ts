import { expect, test } from "bun:test";
import fc from "fast-check";
import { BARGE_IN_DEFAULTS, BargeIn } from "../../../src/media/audio/turn-taking.ts";

const { confirmMs, windowMs, openingConfirmMs } = BARGE_IN_DEFAULTS;

/** Feeds frames of 20 ms (`v` voiced, `.` not) while the agent speaks; returns the index at which it confirmed. */
function confirmedAt(pattern: string, opening = false, rule = new BargeIn()): number {
  for (let i = 0; i < pattern.length; i++) if (rule.push(pattern[i] === "v", true, opening, i * 20)) return i;
  return -1;
}

test("a word of confirmMs takes the turn at the frame that completes it", () => {
  expect(confirmedAt("v".repeat(50))).toBe(confirmMs / 20 - 1);
});

test("gaps inside a word are allowed within the window, scattered sounds are not", () => {
  expect(confirmedAt("vv..vv..vv")).toBe(9);
  expect(confirmedAt("vv........".repeat(30))).toBe(-1);
});

test("a short hello does not interrupt the opening, going on to speak does", () => {
  const hello = "v".repeat(20) + ".".repeat(100);
  expect(confirmedAt(hello, true)).toBe(-1);
  expect(confirmedAt(hello, false)).toBeGreaterThan(-1);
  expect(confirmedAt("v".repeat(100), true)).toBe(openingConfirmMs / 20 - 1);
});

test("words spoken before the agent began do not interrupt it", () => {
  const rule = new BargeIn();
  for (let i = 0; i < 100; i++) expect(rule.push(true, false, false, i * 20)).toBe(false);
  expect(rule.push(true, true, false, 2000)).toBe(false);
});

test("a barge-in is told once; the callee must go on for another", () => {
  const rule = new BargeIn();
  const frames = confirmMs / 20;
  expect(confirmedAt("v".repeat(frames), false, rule)).toBe(frames - 1);
  expect(confirmedAt("v".repeat(frames - 1), false, rule)).toBe(-1);
  expect(rule.confirmed).toBe(1);
  rule.reset();
  expect(confirmedAt("v".repeat(frames - 1), false, rule)).toBe(-1);
});

test("it confirms exactly when enough of the last window was voiced", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200, size: "max" }), (dice) => {
      // Voiced about as often as just does not confirm.
      const frames = dice.map((die) => die < 3);
      const expected = frames.findIndex((_, i) => {
        const window = frames.slice(Math.max(0, i + 1 - windowMs / 20), i + 1);
        return frames[i] && window.filter(Boolean).length >= confirmMs / 20;
      });
      expect(confirmedAt(frames.map((voiced) => (voiced ? "v" : ".")).join(""))).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
