import { existsSync } from "node:fs";
import { join } from "node:path";
import { version } from "mediasoup";

/**
 * Where the mediasoup worker is: the path that was configured, else where set-up keeps the one of the installed version
 * below this folder. Null while nothing is there, as during its build.
 */
export const findWorkerBinary = (configured: string | null, cacheDir: string): string | null => {
  const path = configured ?? join(cacheDir, `mediasoup-worker-${version}`, "mediasoup-worker");
  return existsSync(path) ? path : null;
};
