import { expect, test } from "bun:test";
import { ownWork, type TryRules, withTries } from "../../../src/agents/models/tries.ts";
import { retryAfterMs } from "../../../src/agents/models/vendor-error.ts";
import { AssertionError, assert } from "../../../src/core/errors.ts";
import { failureOf, NOW, quickDeps } from "../../support/model-rig.ts";

const rules: TryRules = {
  vendor: "Oracle",
  tries: 3,
  timeoutMs: 40_000,
  silenceMs: 20_000,
  explain: () => ({ failure: "overloaded" }),
};
const never = () => new Promise<never>(() => {});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a client that does not heed its signal cannot keep anybody waiting", async () => {
  const deps = quickDeps();
  const late = failureOf(withTries({ ...rules, tries: 1 }, deps, never));
  expect(deps.time.ring(40_000)).toBe(1);
  expect((await late).failure).toBe("timed-out");
  const stop = new AbortController();
  const stopped = failureOf(withTries({ ...rules, signal: stop.signal }, deps, never));
  stop.abort();
  expect((await stopped).failure).toBe("stopped");
  expect(deps.time.held).toEqual([]);
});

test("silence counts from the first sign of life, anew with each", async () => {
  const deps = quickDeps();
  let alive = () => {};
  const late = failureOf(
    withTries({ ...rules, tries: 1 }, deps, (one) => {
      alive = one.alive;
      return never();
    }),
  );
  expect(deps.time.held).toEqual([40_000]);
  alive();
  alive();
  expect(deps.time.held).toEqual([40_000, 20_000]);
  expect(deps.time.ring(20_000)).toBe(1);
  expect((await late).failure).toBe("timed-out");
  alive();
  expect(deps.time.held).toEqual([]);
});

test("chance shortens a pause by up to half", async () => {
  for (const [chance, pause] of [
    [0, 250],
    [0.5, 375],
    [1, 500],
  ] as const) {
    const deps = { ...quickDeps(), random: () => chance };
    await failureOf(withTries({ ...rules, tries: 2 }, deps, () => Promise.reject(new Error("busy"))));
    expect(deps.time.pauses).toEqual([pause]);
  }
});

test("own pauses never grow beyond eight seconds", async () => {
  const deps = quickDeps();
  await failureOf(withTries({ ...rules, tries: 8 }, deps, () => Promise.reject(new Error("busy"))));
  expect(deps.time.pauses).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("what our own code throws is not explained away", async () => {
  const bug = new TypeError("undefined is not a function");
  const throwing = () => {
    throw bug;
  };
  await expect(withTries(rules, quickDeps(), async () => ownWork(throwing))).rejects.toBe(bug);
  const broken = async () => assert(false, "it holds");
  await expect(withTries(rules, quickDeps(), broken)).rejects.toBeInstanceOf(AssertionError);
  expect((await failureOf(withTries(rules, quickDeps(), async () => throwing()))).failure).toBe("overloaded");
});

test("a try leaves nothing behind on a signal that lives on", async () => {
  const deps = quickDeps();
  const { signal } = new AbortController();
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => {
      listening++;
      add(...args);
    },
    removeEventListener: (...args: Parameters<typeof remove>) => {
      listening--;
      remove(...args);
    },
  });
  let number = 0;
  const second = () => (++number === 2 ? Promise.resolve("yes") : Promise.reject(new Error("busy")));
  expect(await withTries({ ...rules, signal }, deps, second)).toBe("yes");
  await turn();
  expect([listening, deps.time.held]).toEqual([0, []]);
});

test("what a try left open is closed when it is over, and later signs of life count for nothing", async () => {
  const deps = quickDeps();
  const seen: { signal: AbortSignal; alive(): void }[] = [];
  await failureOf(
    withTries({ ...rules, tries: 2 }, deps, (one) => {
      seen.push(one);
      return Promise.reject(new Error("busy"));
    }),
  );
  for (const { alive } of seen) alive();
  expect(seen.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  expect(deps.time.held).toEqual([]);
});

test.each([
  [{}, undefined],
  [{ "retry-after": "" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "-5" }, undefined],
  [{ "retry-after": "2" }, 2000],
  [{ "retry-after": "0.5" }, 500],
  [{ "retry-after-ms": "20", "retry-after": "2" }, 20],
  [{ "retry-after": new Date(NOW - 60_000).toUTCString() }, 0],
  [{ "retry-after": new Date(NOW + 60_000).toUTCString() }, 60_000],
] as const)("%j asks for a pause of %p ms", (headers, pause) => {
  expect(retryAfterMs(new Headers(headers as Record<string, string>), NOW)).toBe(pause as number);
});
