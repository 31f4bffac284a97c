/** What a machine with much other work may take for anything, in ms: longer is taken as never. */
export const PATIENCE_MS = 45_000;

/**
 * Asks again every `everyMs` until `ask` gives something true, and gives it; throws with what was waited for after
 * `timeoutMs`.
 */
export const until = async <T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = PATIENCE_MS,
  everyMs = 20,
): Promise<Exclude<T, false | null | undefined>> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await Bun.sleep(everyMs);
  }
};
