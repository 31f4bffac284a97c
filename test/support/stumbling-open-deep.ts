import { startOpenDeep } from "../../src/server/main.ts";

// OpenDeep as `src/server/main.ts` starts it, which stumbles on request: SIGUSR2 lets a promise and a timer of the main
// thread throw where nobody catches, and the media thread choke on a command; SIGHUP ends the media thread at once.
const threads: Worker[] = [];
globalThis.Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    if (String(args[0]).includes("/engine/")) threads.push(this);
  }
};

const openDeep = await startOpenDeep(process.env);
process.on("SIGUSR2", () => {
  void Promise.reject(new Error("a stray rejection"));
  setTimeout(() => {
    throw new Error("a stray exception");
  }, 0);
  threads.at(-1)?.postMessage(null);
});
process.on("SIGHUP", () => threads.at(-1)?.terminate());
process.on("SIGTERM", async () => {
  await openDeep.close();
  process.exit(0);
});
