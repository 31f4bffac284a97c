import { readFileSync } from "node:fs";
import { startOpenDeep } from "../../src/server/main.ts";

// OpenDeep as `src/server/main.ts` starts it, with a calendar that a test turns: the clock begins at the instant that
// stands in CLOCK_FILE (epoch ms) and goes on as real time does. On SIGUSR2 it moves to the instant that stands there
// then, and what was due until then happens. Sound and sockets keep real time, so calls are as they always are.
const wanted = (): number => Number(readFileSync(process.env.CLOCK_FILE ?? "", "utf8"));

interface Due {
  at: number;
  run: () => void;
  timer: Timer;
}

let offset = wanted() - Date.now();
const clock = { now: (): number => Date.now() + offset };
const waiting = new Set<Due>();
const arm = (due: Due): void => {
  due.timer = setTimeout(
    () => {
      waiting.delete(due);
      due.run();
    },
    Math.max(0, due.at - clock.now()),
  );
};
const schedule = (run: () => void, delayMs: number): (() => void) => {
  const due = { at: clock.now() + delayMs, run } as Due;
  waiting.add(due);
  arm(due);
  return () => {
    clearTimeout(due.timer);
    waiting.delete(due);
  };
};
process.on("SIGUSR2", () => {
  offset = wanted() - Date.now();
  for (const due of waiting) {
    clearTimeout(due.timer);
    arm(due);
  }
});

const openDeep = await startOpenDeep(process.env, { clock, schedule, speed: 1 });
process.on("SIGTERM", async () => {
  await openDeep.close();
  process.exit(0);
});
