import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The secret that signs sessions: made once, kept beside the database, readable by its owner only. */
export const keptSecret = (dataDir: string): string => {
  const path = join(dataDir, "secret");
  if (!existsSync(path)) {
    writeFileSync(path, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"), { mode: 0o600 });
  }
  return readFileSync(path, "utf8").trim();
};
