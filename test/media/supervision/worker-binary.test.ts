import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cacheDir, mediasoupWorkerBin } from "../../../scripts/paths.ts";
import { findWorkerBinary } from "../../../src/media/supervision/worker-binary.ts";

test("the worker of the cache is found where set-up puts it, and nothing is found where there is none", () => {
  const built = existsSync(mediasoupWorkerBin()) ? mediasoupWorkerBin() : null;
  expect(findWorkerBinary({ configured: null, cacheDir })).toBe(built);
  expect(findWorkerBinary({ configured: null, cacheDir: "/nowhere" })).toBeNull();
});

test("a configured worker is taken as it is, and not replaced by another when it is missing", () => {
  expect(findWorkerBinary({ configured: process.execPath, cacheDir })).toBe(process.execPath);
  expect(findWorkerBinary({ configured: "/nowhere/mediasoup-worker", cacheDir })).toBeNull();
});
