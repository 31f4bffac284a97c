import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the checkout, absolute. */
export const repoDir = resolve(import.meta.dir, "..");

/**
 * Where set-up keeps what it fetched and built. `OPENDEEP_CACHE_DIR` moves it, so that several checkouts can share one.
 */
export const cacheDir = resolve(repoDir, process.env.OPENDEEP_CACHE_DIR || ".cache");

/** Node's name of this machine's processor as Debian's libraries are filed under it. */
const multiarch = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

/** The version of an installed Bun package. Throws while the packages are not installed. */
export const installedVersion = (name: string): string => {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(repoDir, "node_modules", name, "package.json"), "utf8"),
  );
  return manifest.version;
};

/** The mediasoup worker of the installed mediasoup version; the default of `MEDIASOUP_WORKER_BIN`. It may not be there yet. */
export const mediasoupWorkerBin = (): string =>
  join(cacheDir, `mediasoup-worker-${installedVersion("mediasoup")}`, "mediasoup-worker");

/** Programs of Debian packages that were unpacked into the cache instead of being installed. */
export type UnpackedDir = {
  /** Holds one folder per unpacked tree: `fs` (the files of the packages) and `bin` (how to start their programs). */
  dir: string;
  /** The root of the packages' files. */
  fs: string;
  /** Where the packages' shared libraries and plug-ins are. */
  lib: string;
  /** Small scripts that start the unpacked programs with their own libraries. */
  bin: string;
};

const unpackedDir = (name: string): UnpackedDir => {
  const dir = join(cacheDir, name);
  return { dir, fs: join(dir, "fs"), lib: join(dir, "fs/usr/lib", multiarch), bin: join(dir, "bin") };
};

/** Asterisk from Debian's packages. `bin/asterisk` starts it; modules are in `lib/asterisk/modules`, data in `fs/usr/share/asterisk`. */
export const asteriskDir = unpackedDir("asterisk");

/** SIP callees from Debian's packages. `bin/sipp` and `bin/baresip` start them; baresip's modules are in `fs/usr/lib/baresip/modules`. */
export const sipCalleeDir = unpackedDir("sip-callee");

/**
 * The Chromium that tests drive: `CHROMIUM_BIN`, else the first browser of that family on the `PATH`.
 * `undefined` when there is none.
 */
export const chromiumBin = (): string | undefined => {
  const named = process.env.CHROMIUM_BIN;
  if (named) return existsSync(named) ? named : undefined;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const found = Bun.which(name);
    if (found) return found;
  }
  return undefined;
};

/** Whether a folder exists and has something in it. */
export const hasFiles = (dir: string): boolean => existsSync(dir) && readdirSync(dir).length > 0;
