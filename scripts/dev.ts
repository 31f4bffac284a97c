/**
 * `bun run dev`: brings OpenDeep up from a bare checkout. What is missing is installed first; the mediasoup worker, which
 * only listening in the browser needs, is fetched or built beside the running server.
 */
import { existsSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { mediasoupWorkerBin, repoDir } from "./paths.ts";
import { bunPackagesStep } from "./setup/bun-packages.ts";
import { runSteps } from "./setup/step.ts";

/** Niceness of the background build: calls come first. */
const BACKGROUND_PRIORITY = 10;

/** Starts getting the worker in a process of its own, whose lines are told apart from the server's by their head. */
const getWorkerInBackground = (): Bun.Subprocess => {
  console.log("listening in the browser becomes available in a few minutes: its worker is fetched or built meanwhile");
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "setup.ts"), "--only", "mediasoup"], {
    cwd: repoDir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    detached: true,
  });
  setPriority(child.pid, BACKGROUND_PRIORITY);
  const tell = async (): Promise<void> => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      for (const line of text.split("\n")) if (line.trim()) console.log(`[set-up] ${line.trim()}`);
    }
  };
  void tell();
  return child;
};

/** Ends the child's whole process group; the compilers it started go with it. */
const endGroup = (child: Bun.Subprocess): void => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    // It ended in this moment.
  }
};

const main = async (): Promise<number> => {
  if ((await bunPackagesStep.present()) === undefined) {
    const [failed] = await runSteps([bunPackagesStep]);
    if (failed) {
      console.error(`\n${failed.problem.remedy}`);
      return 1;
    }
  }
  const named = process.env.MEDIASOUP_WORKER_BIN;
  const workerBin = named || mediasoupWorkerBin();
  const background = named || existsSync(workerBin) ? undefined : getWorkerInBackground();
  const server = Bun.spawn([process.execPath, join(repoDir, "src/server/main.ts"), ...process.argv.slice(2)], {
    cwd: repoDir,
    env: { ...process.env, MEDIASOUP_WORKER_BIN: workerBin },
    stdio: ["inherit", "inherit", "inherit"],
  });
  process.on("SIGTERM", () => server.kill("SIGTERM"));
  process.on("SIGHUP", () => server.kill("SIGHUP"));
  // A terminal sends Ctrl-C to the server as well; a second one would cut its orderly end short.
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) server.kill("SIGINT");
  });
  await server.exited;
  if (background) endGroup(background);
  return server.exitCode ?? 1;
};

process.exit(await main());
