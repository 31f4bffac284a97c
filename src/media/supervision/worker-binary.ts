import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The mediasoup worker to run: the configured one, else the one that set-up keeps in the cache for the installed version
 * of the package; null while there is neither. mediasoup itself is not loaded for this.
 */
export const findWorkerBinary = (options: { configured: string | null; cacheDir: string }): string | null => {
  if (options.configured) return existsSync(options.configured) ? options.configured : null;
  const manifest = join(Bun.resolveSync("mediasoup", import.meta.dir), "../../../package.json");
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  const kept = join(options.cacheDir, `mediasoup-worker-${version}`, "mediasoup-worker");
  return existsSync(kept) ? kept : null;
};
