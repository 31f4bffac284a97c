import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs work with a folder of its own, which is gone afterwards. */
export const withFolder = async <T>(work: (path: string) => Promise<T>): Promise<T> => {
  const path = await mkdtemp(join(tmpdir(), "opendeep-bench-"));
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
};
