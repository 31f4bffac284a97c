import { messageOf } from "../../src/core/errors.ts";

/**
 * Starts a program that is not ours, and once more if it did not come up: what keeps it from that is this machine's
 * doing, such as a port or a stall. `start` leaves nothing behind when it throws. Never for OpenDeep itself.
 */
export const secondTry = async <T>(start: () => Promise<T>): Promise<T> => {
  try {
    return await start();
  } catch (thrown) {
    console.warn(`started once more, since: ${messageOf(thrown)}`);
    return await start();
  }
};

/** Starts several programs at once. If one fails, the others are ended before its error is told. */
export const together = async <T extends readonly { close(): Promise<void> }[]>(
  ...starting: { [K in keyof T]: Promise<T[K]> }
): Promise<T> => {
  const started = await Promise.allSettled(starting);
  const failed = started.find((one) => one.status === "rejected");
  if (!failed) return started.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
  await Promise.all(started.map((one) => (one.status === "fulfilled" ? one.value.close() : null)));
  throw failed.reason;
};
