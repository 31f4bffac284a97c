import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutsideError } from "../../../src/core/errors.ts";
import { claimFolder } from "../../../src/core/store/folder-claim.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "opendeep-claim-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a data folder belongs to one process at a time, and is free again when that gives it up", () => {
  const release = claimFolder(folder, 0);
  expect(() => claimFolder(folder, 0)).toThrow(OutsideError);
  expect(() => claimFolder(folder, 0)).toThrow("DATA_DIR");
  release();
  release();
  claimFolder(folder, 0)();
});

test("a process that is killed leaves its data folder free", async () => {
  const source = join(import.meta.dir, "../../../src/core/store/folder-claim.ts");
  const script = `const { claimFolder } = await import(${JSON.stringify(source)});
    // Kept: a claim that nobody holds any more is collected, and the folder free.
    globalThis.release = claimFolder(${JSON.stringify(folder)}); console.log("held"); setInterval(() => {}, 1000);`;
  const other = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  await other.stdout.getReader().read();
  expect(() => claimFolder(folder, 0)).toThrow(OutsideError);
  other.kill("SIGKILL");
  await other.exited;
  claimFolder(folder, 0)();
});
