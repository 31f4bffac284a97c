import { expect, test } from "bun:test";
import fc from "fast-check";
import { Pacing } from "../../src/scheduler/pacing.ts";

test("one call a second starts one call a second", () => {
  const pacing = new Pacing(1, 0);
  const started = Array.from({ length: 100 }, (_, i) => pacing.take(i * 100)).filter(Boolean).length;
  expect(started).toBe(10);
});

test("a rate below one a second starts the first call at once", () => {
  const pacing = new Pacing(0.1, 0);
  expect(pacing.take(0)).toBe(true);
  expect(pacing.take(9_000)).toBe(false);
  expect(pacing.waitMs()).toBe(1000);
  expect(pacing.take(10_000)).toBe(true);
});

test("no stretch of time sees more starts than its length allows, even when the clock jumps back", () => {
  const steps = fc.array(fc.integer({ min: -5000, max: 3000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.double({ min: 0.2, max: 20, noNaN: true }), steps, (perSecond, moves) => {
      const pacing = new Pacing(perSecond, 0);
      let now = 0;
      let forward = 0;
      let started = 0;
      for (const move of moves) {
        now += move;
        forward += Math.max(0, move);
        if (pacing.take(now)) started++;
      }
      expect(started).toBeLessThanOrEqual((forward / 1000) * perSecond + Math.max(1, perSecond) + 1e-6);
    }),
  );
});
