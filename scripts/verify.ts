/**
 * `bun run verify`: gets everything the tests need, runs every check and every test, and ends with one line
 * `N passed, N failed, N skipped`, counted from the runners' reports. It succeeds only if nothing failed and no
 * end-to-end test was skipped.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCheck, staticChecks } from "./checks.ts";
import { repoDir } from "./paths.ts";
import { runSuite, type Suite, type SuiteResult } from "./verify/suite.ts";

/** The unit tests take one minute; on a machine with much other work, several. */
const UNIT_TIMEOUT_MS = 30 * 60_000;

/** One end-to-end file holds several whole calls, some of which wait for real timeouts of other programs. */
const E2E_TIMEOUT_MS = 30 * 60_000;

/** Lines of a suite's output shown when it failed. */
const LOG_TAIL_LINES = 40;
/** Of each process of OpenDeep in it. */
const PROCESS_TAIL_LINES = 15;

const suites = (): Suite[] => [
  { name: "unit", args: ["--path-ignore-patterns=test/e2e/**"], timeoutMs: UNIT_TIMEOUT_MS },
  // One process per file and one after another: a crash hides nothing, and two browsers do not share two cores.
  ...[...new Bun.Glob("test/e2e/**/*.test.{ts,tsx}").scanSync(repoDir)].sort().map((file) => ({
    name: file.replace(/^test\//, "").replace(/\.test\.tsx?$/, ""),
    args: [`./${file}`],
    timeoutMs: E2E_TIMEOUT_MS,
  })),
];

const row = (result: SuiteResult): string =>
  [
    result.name.padEnd(36),
    String(result.passed).padStart(7),
    String(result.failed.length).padStart(7),
    String(result.skipped.length).padStart(8),
    `${result.seconds.toFixed(1)} s`.padStart(9),
  ].join("");

const tellEnd = (file: string, lines: number): void => {
  const log = readFileSync(file, "utf8").trimEnd().split("\n");
  console.log(`\n--- the end of ${file}\n${log.slice(-lines).join("\n")}`);
};

const tellFailures = (results: SuiteResult[]): void => {
  for (const result of results) {
    if (result.failed.length === 0) continue;
    for (const file of result.processLogs) tellEnd(file, PROCESS_TAIL_LINES);
    tellEnd(result.logFile, LOG_TAIL_LINES);
  }
  for (const result of results) {
    for (const test of result.failed)
      console.log(`\nfailed: ${result.name}: ${test.name}\n  ${test.message.replaceAll("\n", "\n  ")}`);
    for (const name of result.skipped) console.log(`\nskipped: ${result.name}: ${name}`);
  }
};

const main = async (): Promise<number> => {
  const setup = Bun.spawn([process.execPath, join(import.meta.dir, "setup.ts"), "--verify"], {
    cwd: repoDir,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const broken: string[] = [];
  if ((await setup.exited) !== 0) broken.push("set-up");
  for (const check of staticChecks) if (!(await runCheck(check))) broken.push(check.name);
  const results: SuiteResult[] = [];
  for (const suite of suites()) {
    console.log(`running ${suite.name}`);
    results.push(await runSuite(suite));
  }
  tellFailures(results);
  console.log(`\n${"suite".padEnd(36)} passed failed skipped     time`);
  for (const result of results) console.log(row(result));
  const total = (count: (result: SuiteResult) => number): number => results.reduce((sum, one) => sum + count(one), 0);
  const failed = total((one) => one.failed.length);
  const skippedE2e = total((one) => (one.name.startsWith("e2e/") ? one.skipped.length : 0));
  if (broken.length > 0) console.log(`\nnot in order: ${broken.join(", ")}`);
  if (skippedE2e > 0) console.log(`\nend-to-end tests were skipped: ${skippedE2e}`);
  console.log(
    `\n${total((one) => one.passed)} passed, ${failed} failed, ${total((one) => one.skipped.length)} skipped`,
  );
  return failed === 0 && skippedE2e === 0 && broken.length === 0 ? 0 : 1;
};

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
process.exit(await main());
