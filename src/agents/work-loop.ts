import type { Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";

/** Work in the background that is looked for, woken up and stopped. */
export interface WorkLoop {
  start(): void;
  /** Looks now: there may be something to do. */
  kick(): void;
  /** Looks no more and waits for the look under way. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Calls `look` when it is kicked and at least every `pollMs`, never twice at once; a kick during a look makes another one
 * follow. A look that throws is logged as that of `name`, and the next one comes as usual.
 */
export const createWorkLoop = (parts: {
  name: string;
  look: () => Promise<void>;
  pollMs: number;
  schedule: Schedule;
  log: Log;
}): WorkLoop => {
  const { name, look, pollMs, schedule, log } = parts;
  let stopped = true;
  let lookAgain = false;
  let pass: Promise<void> | null = null;
  let cancelTimer: (() => void) | null = null;

  const kick = (): void => {
    if (stopped) return;
    if (pass !== null) {
      lookAgain = true;
      return;
    }
    cancelTimer?.();
    lookAgain = false;
    pass = look()
      .catch((thrown) => log.error({ worker: name, problem: messageOf(thrown) }, "a look for work failed"))
      .then(() => {
        pass = null;
        if (stopped) return;
        if (lookAgain) kick();
        else cancelTimer = schedule(kick, pollMs);
      });
    inBackground(log, name, pass);
  };

  return {
    start: () => {
      stopped = false;
      kick();
    },
    kick,
    stop: async () => {
      stopped = true;
      cancelTimer?.();
      await pass;
    },
  };
};
