import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** One stray rejection must not end a process full of calls: it is logged and counted. Returns how to stop guarding. */
export const guardProcess = (log: Log, count: () => void): (() => void) => {
  const survive = (thrown: unknown): void => {
    count();
    log.error({ problem: messageOf(thrown), error: thrown }, "unhandled in the main thread");
  };
  process.on("unhandledRejection", survive);
  process.on("uncaughtException", survive);
  return () => {
    process.off("unhandledRejection", survive);
    process.off("uncaughtException", survive);
  };
};
