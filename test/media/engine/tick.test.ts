import { expect, test } from "bun:test";
import { startTicker } from "../../../src/media/engine/tick.ts";
import { until } from "../../support/until.ts";

/** Runs a ticker on the real clock for `ms`, blocking the thread for `blockMs` once. */
const run = async (ms: number, blockMs: number) => {
  const deadlines: number[] = [];
  let skippedTicks = 0;
  const ticker = startTicker({
    periodMs: 20,
    nowMs: () => performance.now(),
    onTick: (deadline, skipped) => {
      deadlines.push(deadline);
      skippedTicks += skipped;
    },
    onError: () => {},
  });
  setTimeout(() => {
    const until = performance.now() + blockMs;
    while (blockMs > 0 && performance.now() < until) {}
  }, 30);
  await new Promise((done) => setTimeout(done, ms));
  ticker.stop();
  return { deadlines, skippedTicks };
};

test("deadlines are whole periods apart, however late a tick runs", async () => {
  const { deadlines, skippedTicks } = await run(300, 35);
  const gaps = deadlines.slice(1).map((deadline, i) => Math.round((deadline - deadlines[i]!) * 1000) / 1000);
  expect(gaps.every((gap) => gap >= 20 && gap % 20 === 0)).toBe(true);
  // A late tick alone leaves none out.
  if (skippedTicks === 0) expect(new Set(gaps)).toEqual(new Set([20]));
});

test("a long stall skips its ticks and says how many, so that time and ticks stay in step", async () => {
  const { deadlines, skippedTicks } = await run(500, 200);
  const passed = (deadlines.at(-1)! - deadlines[0]!) / 20 + 1;
  expect(skippedTicks).toBeGreaterThanOrEqual(5);
  expect(deadlines.length + skippedTicks).toBe(Math.round(passed));
});

test("a tick that throws does not stop the beat", async () => {
  let ticks = 0;
  let errors = 0;
  const ticker = startTicker({
    periodMs: 20,
    nowMs: () => performance.now(),
    onTick: () => {
      ticks++;
      throw new Error("broken");
    },
    onError: () => errors++,
  });
  await until("it has beaten on", () => ticks > 3);
  ticker.stop();
  expect(errors).toBe(ticks);
});

test("ticks that take longer than a period let the thread hear its sockets between them", async () => {
  let now = 0;
  let ticks = 0;
  let skippedTicks = 0;
  let most = 0;
  let sinceOthers = 0;
  const others = setInterval(() => {
    sinceOthers = 0;
  }, 0);
  const ticker = startTicker({
    periodMs: 20,
    nowMs: () => now,
    onTick: (_deadline, skipped) => {
      skippedTicks += skipped;
      most = Math.max(most, ++sinceOthers);
      if (++ticks < 200) now += 30;
    },
    onError: () => {},
  });
  now = 20;
  await until("all ticks ran", () => ticks >= 200);
  ticker.stop();
  clearInterval(others);
  expect(most).toBeLessThanOrEqual(8);
  expect(Math.abs(ticks + skippedTicks - now / 20)).toBeLessThanOrEqual(4);
});
