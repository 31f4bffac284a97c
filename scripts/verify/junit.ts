/** One test that did not pass. */
export type FailedTest = {
  name: string;
  /** What was expected, and at the end the lines of the test that led there. */
  message: string;
};

/** What a runner reported. */
export type TestReport = {
  passed: number;
  failed: FailedTest[];
  /** Names of the tests that were skipped or are still to be written. */
  skipped: string[];
};

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const decode = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });

const attribute = (tag: string, name: string): string =>
  decode(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");

/** The lines of a stack that are in a test or what supports it. */
const places = (stack: string): string[] =>
  stack.split("\n").filter((line) => /^\s+at .*\btest\/|^\s+at .*\.test\.tsx?:/.test(line));

/**
 * Reads a JUnit report as `bun test --reporter=junit` writes it: every `testcase` is counted by what it holds, so the
 * totals come from the tests themselves.
 *
 * @returns `undefined` when the text is no whole report, as after a crash in the middle of writing it
 */
export const parseJunit = (xml: string): TestReport | undefined => {
  if (!/<\/testsuites>\s*$/.test(xml)) return undefined;
  const report: TestReport = { passed: 0, failed: [], skipped: [] };
  for (const [, tag = "", body = ""] of xml.matchAll(
    /<testcase\b((?:[^">]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const group = attribute(tag, "classname");
    const name = [group, attribute(tag, "name")].filter(Boolean).join(" > ");
    const problem = /<(?:failure|error)\b((?:[^">]|"[^"]*")*)>([^<]*)/.exec(body);
    if (problem) {
      const message = attribute(problem[1] ?? "", "message") || "failed without a message";
      report.failed.push({ name, message: [message, ...places(decode(problem[2] ?? ""))].join("\n") });
    } else if (/<skipped\b/.test(body)) report.skipped.push(name);
    else report.passed += 1;
  }
  return report;
};
