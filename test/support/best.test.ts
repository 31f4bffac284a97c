import { expect, test } from "bun:test";
import { best } from "./best.ts";

/** Gives one of these after the other. */
const measuring = (...values: number[]) => {
  let asked = 0;
  return { measure: async () => values[asked++] ?? Number.NaN, asked: () => asked };
};

test("a limit that is kept is measured once, and told as it is", async () => {
  const { measure, asked } = measuring(90, 10);
  expect(await best(100, measure)).toBe(90);
  expect(asked()).toBe(1);
});

test("one attempt of three that keeps the limit is enough", async () => {
  const { measure, asked } = measuring(1e6, 1e6, 90);
  expect(await best(100, measure)).toBe(90);
  expect(asked()).toBe(3);
});

test("a limit that is missed by far is missed on any machine, and so is one where nothing came", async () => {
  expect(await best(100, measuring(1e6, 1e6, 1e6).measure)).toBeGreaterThan(100);
  expect(await best(100, measuring(Number.NaN, Number.NaN, Number.NaN).measure)).toBe(Number.POSITIVE_INFINITY);
});
