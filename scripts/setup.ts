/**
 * `bun run setup`: gets what OpenDeep needs to run, and with `--verify` also what its tests need. What is there already
 * stays, so running it again takes less than a second. Node modules may not exist yet, so nothing here imports any at
 * the top.
 */
import { parseArgs } from "node:util";
import { asteriskStep } from "./setup/asterisk.ts";
import { bunPackagesStep } from "./setup/bun-packages.ts";
import { chromiumStep } from "./setup/chromium.ts";
import { mediasoupWorkerStep } from "./setup/mediasoup-worker.ts";
import { sipCalleeStep } from "./setup/sip-callee.ts";
import { runSteps, type SetupStep } from "./setup/step.ts";

const toRun: SetupStep[] = [bunPackagesStep, mediasoupWorkerStep];
const toVerify: SetupStep[] = [asteriskStep, sipCalleeStep, chromiumStep];

const usage = `usage: bun run setup [--verify] [--only ${[...toRun, ...toVerify].map((step) => step.name).join("|")}]`;

const chosenSteps = (): SetupStep[] | string => {
  let options: { verify?: boolean; only?: string };
  try {
    options = parseArgs({ options: { verify: { type: "boolean" }, only: { type: "string" } } }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { verify = false, only } = options;
  if (only === undefined) return verify ? [...toRun, ...toVerify] : toRun;
  const step = [...toRun, ...toVerify].find((one) => one.name === only);
  return step ? [step] : `there is no step called ${only}`;
};

const main = async (): Promise<number> => {
  const steps = chosenSteps();
  if (typeof steps === "string") {
    console.error(`${steps}\n${usage}`);
    return 2;
  }
  const failed = await runSteps(steps);
  for (const { step, problem } of failed) console.error(`\n${step.name} is missing. To get it:\n    ${problem.remedy}`);
  return failed.length === 0 ? 0 : 1;
};

process.exitCode = await main();
