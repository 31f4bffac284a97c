import { startOpenDeep } from "../../src/server/main.ts";

// OpenDeep as `src/server/main.ts` starts it, for which time passes SPEED times as fast (default 6): its clock, its
// timers and the 20 ms tick of its media thread. Nothing is left out or shortened: phones ring, people talk and retries
// wait as long as ever, on a clock that runs fast. Only for scripted calls, since nobody else keeps that time; and lines
// are tones, since the synthesiser's work takes the machine's time.
globalThis.Worker = class extends Worker {
  constructor(...[url, options]: ConstructorParameters<typeof Worker>) {
    super(String(url).includes("speech-worker") ? new URL("./no-speech-worker.ts", import.meta.url) : url, options);
  }
};

const speed = Number(process.env.SPEED ?? 6);
const startedAt = Date.now();
const clock = { now: (): number => Math.round(startedAt + (Date.now() - startedAt) * speed) };
const schedule = (run: () => void, delayMs: number): (() => void) => {
  const timer = setTimeout(run, delayMs / speed);
  return () => clearTimeout(timer);
};

const openDeep = await startOpenDeep(process.env, { clock, schedule, speed });
process.on("SIGTERM", async () => {
  await openDeep.close();
  process.exit(0);
});
