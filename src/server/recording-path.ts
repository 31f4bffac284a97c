import { isAbsolute, join, relative, sep } from "node:path";

/** Absolute path of a recording stored relative to the data folder; null if it would lead out of that folder. */
export const recordingPath = (dataDir: string, stored: string): string | null => {
  const path = join(dataDir, stored);
  const inside = relative(dataDir, path);
  return isAbsolute(stored) || inside === "" || inside === ".." || inside.startsWith(`..${sep}`) ? null : path;
};
