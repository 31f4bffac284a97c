/** `bun run check`: what must pass before a commit. Stops at the first thing that does not. */
import { runCheck, staticChecks } from "./checks.ts";
import { repoDir } from "./paths.ts";

const main = async (): Promise<number> => {
  for (const check of staticChecks) {
    if (await runCheck(check)) continue;
    console.log(`\ncheck stopped: ${check.name} failed`);
    return 1;
  }
  const tests = Bun.spawn([process.execPath, "run", "test"], { cwd: repoDir, stdio: ["ignore", "inherit", "inherit"] });
  const code = await tests.exited;
  console.log(code === 0 ? "\ncheck passed" : "\ncheck stopped: unit tests failed");
  return code;
};

process.exit(await main());
