import { repoDir } from "./paths.ts";
import { runCommand } from "./setup/command.ts";

/** A check of the code as it stands, without running it. */
export type Check = { name: string; argv: string[] };

/** Long past what any of them takes; a tool that hangs ends here, in ms. */
const CHECK_TIMEOUT_MS = 120_000;

const tool = (name: string, ...args: string[]): string[] => [
  process.execPath,
  "x",
  "--no-install",
  "--bun",
  name,
  ...args,
];

/** Format and lint, types, unused code: the cheapest first. */
export const staticChecks: Check[] = [
  { name: "format and lint", argv: tool("biome", "check", "--error-on-warnings", "--diagnostic-level=warn") },
  { name: "types", argv: tool("tsc", "--noEmit", "--pretty", "false", "-p", ".") },
  { name: "unused code", argv: tool("knip", "--no-progress") },
];

/** Runs one check and prints how it went, with all it had to say when it failed. */
export const runCheck = async (check: Check): Promise<boolean> => {
  const startedAt = performance.now();
  const lines: string[] = [];
  const { code } = await runCommand(check.argv, {
    cwd: repoDir,
    timeoutMs: CHECK_TIMEOUT_MS,
    onLine: (line) => lines.push(line),
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (code !== 0) console.log(lines.join("\n"));
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${check.name} (${seconds} s)`);
  return code === 0;
};
