import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, mediasoupWorkerBin, repoDir } from "../paths.ts";
import { parseJunit, type TestReport } from "./junit.ts";

/** A test or its preparation that names no time of its own, in ms: more than any needs, for machines under load. */
const TEST_TIMEOUT_MS = 180_000;

/** Test files that run in one process of their own. */
export type Suite = {
  /** How it is called in the table and in the names of its report and log. */
  name: string;
  /** What `bun test` is given. */
  args: string[];
  /** After this the process and all it started are ended and the suite counts as crashed, in ms. */
  timeoutMs: number;
};

/** How a suite went. A crash is among the failed tests. */
export type SuiteResult = TestReport & {
  name: string;
  seconds: number;
  logFile: string;
  /** What processes of OpenDeep wrote that its tests started. */
  processLogs: string[];
};

/** Where the reports and the full output of the last run lie. */
const reportsDir = join(cacheDir, "reports");

/** What a suite that left no usable report is told by. */
const crash = (suite: Suite, code: number | null, late: boolean): TestReport["failed"][number] => ({
  name: suite.name,
  message: late
    ? `did not end within ${suite.timeoutMs / 1000} s and was stopped`
    : `ended with exit code ${code ?? "of a signal"} and no failed test in its report`,
});

/** Ends a process group; what a test left running goes with its runner. */
const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
};

/** Runs one suite to its end or its time limit. Never throws: a crash is a result. */
export const runSuite = async (suite: Suite): Promise<SuiteResult> => {
  const base = join(reportsDir, suite.name.replaceAll("/", "-"));
  const reportFile = `${base}.xml`;
  const logFile = `${base}.log`;
  const processLogsDir = `${base}-processes`;
  rmSync(reportFile, { force: true });
  rmSync(processLogsDir, { recursive: true, force: true });
  mkdirSync(processLogsDir, { recursive: true });
  const startedAt = performance.now();
  const log = Bun.file(logFile);
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      `--timeout=${TEST_TIMEOUT_MS}`,
      ...suite.args,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
    ],
    {
      cwd: repoDir,
      env: { MEDIASOUP_WORKER_BIN: mediasoupWorkerBin(), ...process.env, TEST_LOGS_DIR: processLogsDir },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
    },
  );
  const stop = (): void => endGroup(child.pid);
  process.once("exit", stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, suite.timeoutMs);
  const code = await child.exited;
  clearTimeout(timer);
  stop();
  process.off("exit", stop);
  const report = existsSync(reportFile) ? parseJunit(readFileSync(reportFile, "utf8")) : undefined;
  const result = report ?? { passed: 0, failed: [], skipped: [] };
  if (report === undefined || late || (code !== 0 && result.failed.length === 0)) {
    result.failed.push(crash(suite, child.exitCode, late));
  }
  const processLogs = readdirSync(processLogsDir).map((name) => join(processLogsDir, name));
  return { ...result, name: suite.name, seconds: (performance.now() - startedAt) / 1000, logFile, processLogs };
};
