import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { slowness } from "../support/best.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const REPOSITORY = join(import.meta.dir, "../..");

interface Line {
  scenario: string;
  calls: number;
  figures: { name: string; value: number | null; floor: number | null; ratio: number | null; kept: boolean | null }[];
}

test("the benchmark measures every scenario beside its floor and prints one line of JSON for each", async () => {
  const bench = Bun.spawn(["bun", "test/bench/main.ts", "--calls", "5", "--seconds", "2", "--json"], {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = (await new Response(bench.stdout).text()).trim().split("\n");
  expect(await bench.exited).toBe(0);
  const outcomes = lines.map((line) => JSON.parse(line) as Line);
  expect(outcomes.map(({ scenario }) => scenario)).toEqual([
    "engine",
    "bargein",
    "answer",
    "supervision",
    "scheduler",
    "store",
  ]);
  for (const { calls, figures } of outcomes) {
    expect(calls).toBe(5);
    for (const { name, value } of figures) expect({ name, value }).toEqual({ name, value: expect.any(Number) });
  }
  const figure = (scenario: number, name: string) => outcomes[scenario]!.figures.find((one) => one.name === name)!;
  expect(figure(0, "CPU per call-minute").ratio).toBeGreaterThan(0);
  expect(figure(0, "frames lost at the start of calls")).toMatchObject({ value: 0, floor: 0 });
  expect(figure(0, "turns stored").value).toBeGreaterThan(0);
  expect(figure(1, "barge-ins seen").kept).toBe(true);
  expect(figure(1, "frames sent after the decision, worst").kept).toBe(true);
  const slower = slowness();
  expect(figure(2, "answer → first agent packet p50").value).toBeLessThan(100 * slower);
  expect(figure(3, "speaker → callee p50").value).toBeLessThan(100 * slower);
  expect(figure(3, "takeovers of a speaking agent").value).toBeGreaterThan(0);
  expect(figure(5, "transcript turns a second").ratio).toBeGreaterThan(0);
});
