/** A step that could not be done, and what the reader can do about it. */
export class SetupProblem extends Error {
  /**
   * @param message what is missing, in one line
   * @param remedy the exact command or setting that mends it
   */
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = "SetupProblem";
  }
}

/** One thing that set-up provides. */
export type SetupStep = {
  /** What `--only` takes. */
  name: string;
  /** What it is for, in a few words. */
  purpose: string;
  /** Looks whether it is there and works; gives a short description of it, or `undefined`. Fast, and never throws. */
  present: () => Promise<string | undefined>;
  /** Gets it. Says what it does through `say`; throws `SetupProblem` when it cannot. */
  provide: (say: Say) => Promise<void>;
};

/** Tells the reader what a running step is doing. `progress` lines replace each other on a terminal. */
export type Say = { line: (text: string) => void; progress: (text: string) => void };

/** On a pipe, at most one progress line in this time, so that a log of a long build stays readable. */
const PIPED_PROGRESS_MS = 10_000;

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

const reporter = (): Say & { clear: () => void } => {
  const terminal = process.stdout.isTTY === true;
  let shownAt = performance.now();
  let open = false;
  const clear = (): void => {
    if (open) process.stdout.write("\r\x1b[2K");
    open = false;
  };
  return {
    clear,
    line: (text) => {
      clear();
      console.log(`    ${text}`);
    },
    progress: (text) => {
      if (terminal) {
        process.stdout.write(`\r\x1b[2K    ${text}`);
        open = true;
      } else if (performance.now() - shownAt >= PIPED_PROGRESS_MS) {
        shownAt = performance.now();
        console.log(`    ${text}`);
      }
    },
  };
};

/**
 * Does the steps one after another; a step that fails does not hold up the others.
 *
 * @returns what failed, empty when everything is in place
 */
export const runSteps = async (steps: SetupStep[]): Promise<{ step: SetupStep; problem: SetupProblem }[]> => {
  const failed: { step: SetupStep; problem: SetupProblem }[] = [];
  for (const step of steps) {
    const startedAt = performance.now();
    const already = await step.present();
    if (already !== undefined) {
      console.log(`ready   ${step.name}: ${already} (${seconds(startedAt)})`);
      continue;
    }
    console.log(`getting ${step.name}: ${step.purpose}`);
    const say = reporter();
    try {
      await step.provide(say);
      say.clear();
      const now = await step.present();
      if (now === undefined)
        throw new SetupProblem(`${step.name} was fetched but does not work here`, "see the lines above");
      console.log(`ready   ${step.name}: ${now} (${seconds(startedAt)})`);
    } catch (error) {
      say.clear();
      const problem =
        error instanceof SetupProblem
          ? error
          : new SetupProblem(error instanceof Error ? error.message : String(error), "see the message");
      console.log(`missing ${step.name}: ${problem.message} (${seconds(startedAt)})`);
      failed.push({ step, problem });
    }
  }
  return failed;
};
