import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/clock.ts";
import { keptEndedSessions } from "../../../src/server/auth/ended-sessions.ts";
import { createSessions } from "../../../src/server/auth/session.ts";

const inFolder = (use: (dataDir: string) => void): void => {
  const dataDir = mkdtempSync(join(tmpdir(), "opendeep-"));
  try {
    use(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
};

// Symptom: after a restart the cookie of a session that had been signed out opened everything again.
test("a session that was ended stays so over a restart; others go on", () =>
  inFolder((dataDir) => {
    const clock = new ManualClock();
    const start = () => createSessions({ secret: "s", authToken: "t", clock, ended: keptEndedSessions(dataDir) });
    const before = start();
    const [cookie, other] = [before.open(), before.open()];
    before.end(cookie);
    expect([cookie, other].map(start().isOpen)).toEqual([false, true]);
  }));

test("what is remembered is nobody else's to read, and the newest 10 000 at most", () =>
  inFolder((dataDir) => {
    const path = join(dataDir, "ended-sessions");
    keptEndedSessions(dataDir).add("first");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, Array.from({ length: 10_000 }, (_, i) => `${i}\n`).join(""), { flag: "a" });
    const ended = keptEndedSessions(dataDir);
    expect(["first", "0", "9999"].map(ended.has)).toEqual([false, true, true]);
    ended.add("last");
    expect(["0", "1", "last"].map(ended.has)).toEqual([false, true, true]);
  }));
