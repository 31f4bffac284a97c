import { expect, test } from "bun:test";
import { parseJunit } from "../../scripts/verify/junit.ts";

const report = (cases: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="bun test" tests="9">\n<testsuite name="a.test.ts">${cases}</testsuite>\n</testsuites>`;

test("passed, failed and skipped tests are counted by what each test case holds", () => {
  const read = parseJunit(
    report(`
      <testcase name="hangs up" classname="" time="0.1" />
      <testcase name="answers" classname="a call" time="0.1">
        <failure type="AssertionError" message="expected 1&#10;received 2">stack</failure>
      </testcase>
      <testcase name="rings" classname=""><skipped /></testcase>
      <testcase name="is busy" classname=""><skipped message="TODO" /></testcase>
      <testcase name="times out" classname=""><failure type="TimeoutError" message="test timed out" /></testcase>`),
  );
  expect(read).toEqual({
    passed: 1,
    failed: [
      { name: "a call > answers", message: "expected 1\nreceived 2" },
      { name: "times out", message: "test timed out" },
    ],
    skipped: ["rings", "is busy"],
  });
});

test("a failure is told with the lines of the tests that led there, and not with those of others", () => {
  const stack =
    "Error: in vain&#10;      at until (/repo/test/support/until.ts:19:9)&#10;      at run (node:timers:1:1)&#10;" +
    "      at &lt;anonymous&gt; (/repo/test/e2e/crash.test.ts:5:1)";
  const read = parseJunit(
    report(`<testcase name="waits" classname=""><failure message="in vain">${stack}</failure></testcase>`),
  );
  expect(read?.failed[0]?.message.split("\n")).toEqual([
    "in vain",
    "      at until (/repo/test/support/until.ts:19:9)",
    "      at <anonymous> (/repo/test/e2e/crash.test.ts:5:1)",
  ]);
});

test("names with quotes, angle brackets and slashes keep every character", () => {
  const read = parseJunit(
    report(`<testcase name="a &quot;b&quot; -&gt; c / d > e" classname="x &amp; y"><failure message="no"/></testcase>`),
  );
  expect(read?.failed).toEqual([{ name: 'x & y > a "b" -> c / d > e', message: "no" }]);
});

test("a passing test that follows another is not taken for part of it", () => {
  const read = parseJunit(
    report(
      `<testcase name="one" classname="" /><testcase name="two" classname=""><failure message="no"></failure></testcase>`,
    ),
  );
  expect(read?.passed).toBe(1);
  expect(read?.failed.map((one) => one.name)).toEqual(["two"]);
});

test("a report that was cut short is no report", () => {
  const whole = report(`<testcase name="one" classname="" />`);
  expect(parseJunit(whole)).toBeDefined();
  expect(parseJunit(whole.slice(0, -5))).toBeUndefined();
  expect(parseJunit("")).toBeUndefined();
});
