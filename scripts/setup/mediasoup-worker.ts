import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { buildWorker } from "../mediasoup-worker/build.ts";
import { installedVersion, mediasoupWorkerBin, repoDir } from "../paths.ts";
import { runCommand } from "./command.ts";
import type { Say, SetupStep } from "./step.ts";

/** How long the prebuilt worker may take to arrive, in ms; after this it is built from sources. */
const DOWNLOAD_TIMEOUT_MS = 20_000;

/** How long a started worker may take to say that it runs, in ms. It takes 40 on an idle machine. */
const START_TIMEOUT_MS = 10_000;

/** Whether a worker binary really starts and answers on this machine. */
const workerStarts = async (bin: string): Promise<boolean> => {
  if (!existsSync(bin)) return false;
  const { createWorker } = await import("mediasoup");
  const timer = Promise.withResolvers<false>();
  const timeout = setTimeout(() => timer.resolve(false), START_TIMEOUT_MS);
  try {
    const worker = await Promise.race([createWorker({ workerBin: bin, logLevel: "none" }), timer.promise]);
    if (worker) worker.close();
    return worker !== false;
  } catch {
    return false;
  } finally {
    clearTimeout(timeout);
  }
};

/**
 * Fetches the prebuilt worker that the mediasoup package publishes for this system.
 *
 * @returns `undefined` when the worker is in place, else why it is not
 */
const downloadWorker = async (): Promise<string | undefined> => {
  const version = installedVersion("mediasoup");
  const kernel = process.platform === "linux" ? `-kernel${release().split(".")[0]}` : "";
  const base =
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL ||
    "https://github.com/versatica/mediasoup/releases/download";
  const url = `${base}/${version}/mediasoup-worker-${version}-${process.platform}-${process.arch}${kernel}.tgz`;
  const target = mediasoupWorkerBin();
  const work = `${dirname(target)}.download`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!response.ok) return `the server answered ${response.status}`;
    writeFileSync(join(work, "worker.tgz"), new Uint8Array(await response.arrayBuffer()));
    const unpacked = await runCommand(["tar", "-xzf", "worker.tgz"], { cwd: work, timeoutMs: 30_000 });
    const fetched = join(work, process.platform === "win32" ? "mediasoup-worker.exe" : "mediasoup-worker");
    if (unpacked.code !== 0 || !existsSync(fetched)) return "the archive could not be unpacked";
    chmodSync(fetched, 0o755);
    if (!(await workerStarts(fetched))) return "the prebuilt worker does not start on this system";
    placeWorker(fetched);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** Moves a finished worker to where everyone looks for it, in one step, so that nobody ever sees half a file. */
const placeWorker = (from: string): void => {
  const target = mediasoupWorkerBin();
  mkdirSync(dirname(target), { recursive: true });
  renameSync(from, target);
};

/** Whether a process runs. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Makes this process the builder in `workDir`, or tells which other process is. */
const claimBuild = (workDir: string): { mine: true } | { mine: false; pid: number } => {
  mkdirSync(workDir, { recursive: true });
  const ownerFile = join(workDir, "builder.pid");
  const pid = existsSync(ownerFile) ? Number(readFileSync(ownerFile, "utf8")) : 0;
  if (pid > 0 && pid !== process.pid && isAlive(pid)) return { mine: false, pid };
  writeFileSync(ownerFile, String(process.pid));
  return { mine: true };
};

/** How often to look whether another process has finished the build, in ms. */
const WAIT_STEP_MS = 500;

const provideWorker = async (say: Say): Promise<void> => {
  const workDir = `${dirname(mediasoupWorkerBin())}.build`;
  for (;;) {
    const claim = claimBuild(workDir);
    if (claim.mine) break;
    say.progress(`process ${claim.pid} is getting it already, waiting for that`);
    await Bun.sleep(WAIT_STEP_MS);
    if (existsSync(mediasoupWorkerBin())) return;
  }
  // What a killed process leaves in the folder is used by the next one; what ended by itself, well or not, goes.
  try {
    say.line("downloading the prebuilt worker");
    const problem = await downloadWorker();
    if (problem !== undefined) {
      say.line(`no download (${problem}); building it from the package's sources, which takes some minutes`);
      placeWorker(await buildWorker({ packageDir: join(repoDir, "node_modules/mediasoup"), workDir, say }));
    }
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
};

/** The worker process that carries supervisors' audio. One per mediasoup version, kept until that version changes. */
export const mediasoupWorkerStep: SetupStep = {
  name: "mediasoup",
  purpose: "the mediasoup worker, which lets supervisors listen in the browser",
  present: async () => {
    if (!existsSync(join(repoDir, "node_modules/mediasoup"))) return undefined;
    const bin = mediasoupWorkerBin();
    return (await workerStarts(bin)) ? `worker ${installedVersion("mediasoup")} starts` : undefined;
  },
  provide: provideWorker,
};
