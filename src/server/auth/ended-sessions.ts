import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Sessions that were ended before their time, by their cookies. */
export interface EndedSessions {
  has(cookie: string): boolean;
  add(cookie: string): void;
}

/** Most sessions remembered; the oldest is forgotten first. */
const MOST = 10_000;

/**
 * Remembers ended sessions in a file beside the database, readable by its owner only, so that a restart opens none of
 * them again.
 */
export const keptEndedSessions = (dataDir: string): EndedSessions => {
  const path = join(dataDir, "ended-sessions");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  const ended = new Set(lines.slice(-MOST));
  if (lines.length > MOST) writeFileSync(path, `${[...ended].join("\n")}\n`, { mode: 0o600 });
  return {
    has: (cookie) => ended.has(cookie),
    add(cookie) {
      ended.add(cookie);
      const [oldest = cookie] = ended;
      if (ended.size > MOST) ended.delete(oldest);
      appendFileSync(path, `${cookie}\n`, { mode: 0o600 });
    },
  };
};
