import { Database } from "bun:sqlite";
import { join } from "node:path";
import { openBenchStore, storeAnsweredCalls } from "./call-rows.ts";
import { median } from "./distribution.ts";
import type { Scenario } from "./figure.ts";
import { withFolder } from "./temporary-folder.ts";

const SLICE_MS = 250;
const TEXT = "Thank you, Thursday at half past nine would suit me well.";

/** Runs `turn` for a slice; gives how often it ran in a second. */
const perSecond = async (turn: (n: number) => Promise<unknown> | unknown, from: number): Promise<number> => {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < SLICE_MS) await turn(from + count++);
  return (count * 1000) / (performance.now() - start);
};

/** Turns of many calls written by the store and, in turn with it, as bare rows by SQLite. */
export const storeScenario: Scenario = (calls, seconds) =>
  withFolder(async (directory) => {
    const store = await openBenchStore(join(directory, "store.sqlite"));
    const ids = await storeAnsweredCalls(store, calls);
    const db = new Database(join(directory, "bare.sqlite"), { create: true, strict: true });
    for (const pragma of ["journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"])
      db.run(`PRAGMA ${pragma}`);
    db.run(
      "CREATE TABLE turns (call_id TEXT, key TEXT, speaker TEXT, text TEXT, at_ms INTEGER, end_ms INTEGER) STRICT",
    );
    const insert = db.query("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)");
    const bare = db.transaction((n: number) => insert.run(ids[n % calls]!, `agent-${n}`, "agent", TEXT, n, n + 900));
    const put = (n: number): Promise<unknown> =>
      store.transcripts.put("default", ids[n % calls]!, {
        key: `agent-${n}`,
        speaker: "agent",
        text: TEXT,
        atMs: n,
        endMs: n + 900,
        interrupted: false,
      });
    const stored: number[] = [];
    const floor: number[] = [];
    const end = performance.now() + seconds * 1000;
    for (let from = 0; stored.length === 0 || performance.now() < end; from += 10_000_000) {
      floor.push(await perSecond((n) => bare.immediate(n), from));
      stored.push(await perSecond(put, from));
    }
    store.close();
    db.close();
    return {
      scenario: "store",
      calls,
      seconds,
      figures: [{ name: "transcript turns a second", unit: "", value: median(stored), floor: median(floor) }],
    };
  });
