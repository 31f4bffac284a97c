/**
 * Asks again every `everyMs` until `ask` gives something true, and gives it; throws with what was waited for after
 * `timeoutMs`.
 */
export const until = async <T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = 10_000,
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
