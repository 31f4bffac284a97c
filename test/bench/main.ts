/**
 * Measures what a call costs, beside a bare loop that does only the I/O: `bun run bench [scenario…] [--calls N]
 * [--seconds N] [--plain] [--json]`. Without a scenario all run. The voice is reached over TLS, as a service is; with
 * `--plain`, or without the program openssl, over plain TCP. Everything stays on loopback; nothing is left behind.
 */
import { parseArgs } from "node:util";
import { answerScenario } from "./answer-scenario.ts";
import { bargeInScenario } from "./barge-in-scenario.ts";
import { makeCertificate } from "./certificate.ts";
import { killChildrenOnExit } from "./child.ts";
import { engineScenario } from "./engine-scenario.ts";
import { jsonOf, type Scenario, tableOf } from "./figure.ts";
import { schedulerScenario } from "./scheduler-scenario.ts";
import { storeScenario } from "./store-scenario.ts";
import { withFolder } from "./temporary-folder.ts";

interface Choice {
  run: Scenario;
  calls: number;
  seconds: number;
}

const SCENARIOS: Record<string, Choice> = {
  engine: { run: engineScenario, calls: 200, seconds: 20 },
  bargein: { run: bargeInScenario, calls: 20, seconds: 12 },
  answer: { run: answerScenario, calls: 50, seconds: 0 },
  scheduler: { run: schedulerScenario, calls: 50, seconds: 4 },
  store: { run: storeScenario, calls: 200, seconds: 4 },
};
const MAX_CALLS = 1000;
const MAX_SECONDS = 3600;

const refuse = (problem: string): never => {
  console.error(
    `${problem}\nusage: bun run bench [${Object.keys(SCENARIOS).join("|")}]… [--calls N] [--seconds N] [--plain] [--json]`,
  );
  process.exit(2);
};

/** A whole number within its bounds, undefined if the option was not given. */
const bounded = (name: string, text: string | undefined, max: number): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) return refuse(`--${name} takes 1 to ${max}`);
  return value;
};

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    calls: { type: "string" },
    seconds: { type: "string" },
    plain: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const calls = bounded("calls", values.calls, MAX_CALLS);
const seconds = bounded("seconds", values.seconds, MAX_SECONDS);
killChildrenOnExit();
await withFolder(async (directory) => {
  const certificate = values.plain ? null : await makeCertificate(directory);
  if (certificate) console.error("the voice is reached over TLS\n");
  else console.error(`the voice is reached over plain TCP${values.plain ? "" : ": there is no openssl"}\n`);
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
    const scenario = SCENARIOS[name] ?? refuse(`there is no scenario ${name}`);
    const outcome = await scenario.run(calls ?? scenario.calls, seconds ?? scenario.seconds, certificate);
    console.log(values.json ? jsonOf(outcome) : `${tableOf(outcome)}\n`);
  }
});
process.exit(0);
