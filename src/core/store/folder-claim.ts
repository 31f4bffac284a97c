import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { OutsideError } from "../errors.ts";

/** How long a process that is just ending may still hold the folder, in ms. */
const HANDOVER_MS = 2_000;

/**
 * Makes this process the only one that works on a data folder (which must exist): two would each take the other's live
 * calls for those of a dead process and settle them. The claim is SQLite's own lock on an empty file in the folder, so
 * the system ends it with the process, however that ends.
 *
 * @returns gives the folder up; may be called twice
 * @throws OutsideError when another process holds it
 */
export const claimFolder = (folder: string, waitMs = HANDOVER_MS): (() => void) => {
  const path = join(folder, "in-use.sqlite");
  const lock = new Database(path, { create: true, readwrite: true });
  try {
    chmodSync(path, 0o600);
    lock.run(`PRAGMA busy_timeout = ${waitMs}`);
    lock.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    if ((cause as { code?: string }).code !== "SQLITE_BUSY") throw cause;
    throw new OutsideError("another OpenDeep already works on this DATA_DIR: stop it, or choose another DATA_DIR", {
      retryable: true,
      cause,
    });
  }
  return () => lock.close();
};
