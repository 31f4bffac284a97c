/** `bun run check`: what must pass before a commit. Stops at the first thing that does not. */
import { runCheck, staticChecks } from "./checks.ts";
import { repoDir } from "./paths.ts";
import { bunPackagesStep } from "./setup/bun-packages.ts";
import { runSteps } from "./setup/step.ts";

const main = async (): Promise<number> => {
  if ((await runSteps([bunPackagesStep])).length > 0) return 1;
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
