import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../setup/command.ts";
import { installPackages } from "../setup/debian.ts";
import { type Say, SetupProblem } from "../setup/step.ts";

/** What the build needs from Debian. */
const BUILD_PACKAGES = [
  "g++",
  "meson",
  "ninja-build",
  "pkg-config",
  "libuv1-dev",
  "libssl-dev",
  "libsrtp2-dev",
  "libflatbuffers-dev",
  "flatbuffers-compiler",
];

/** No debugging aids, no abseil and libwebrtc (bandwidth estimation is for video), and nothing that is downloaded. */
const MESON_SETTINGS = [
  "--buildtype=release",
  "-Db_ndebug=true",
  "-Dms_use_builtin_bwe=true",
  "--wrap-mode=nodownload",
];

/** A cold build takes about ten minutes of one core, shared by as many as there are; a slow machine gets time as well. */
const BUILD_TIMEOUT_MS = 30 * 60_000;

/** Changes to the worker's sources: file, what stands there, what has to. */
const PATCHES: [file: string, from: string, to: string][] = [
  // OpenSSL calls this back before an operation and again, with BIO_CB_RETURN added to its code, after it; the second
  // answer becomes the operation's result. Comparing for equality misses the combination, so every control call
  // "succeeds". An OpenSSL built with kernel TLS, as Debian's is, asks by such a call whether the kernel writes its
  // records, believes it, keeps no write buffer of its own and crashes on the first client hello.
  ["src/RTC/DtlsTransport.cpp", "(operationType == BIO_CB_RETURN)", "((operationType & BIO_CB_RETURN) != 0)"],
  // Nothing in the file needs more than the Meson of Debian 12.
  ["meson.build", "meson_version: '>= 1.1.0'", "meson_version: '>= 1.0.1'"],
];

const patch = (sources: string): void => {
  for (const [file, from, to] of PATCHES) {
    const path = join(sources, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(from)) {
      throw new SetupProblem(
        `the worker's ${file} is not as expected`,
        "compare it with scripts/mediasoup-worker/build.ts",
      );
    }
    writeFileSync(path, text.replace(from, to));
  }
};

/** Puts each stand-in of this folder where the worker's wrap file of the same name would unpack its download. */
const placeSubprojects = (sources: string): void => {
  for (const name of readdirSync(import.meta.dir)) {
    if (!statSync(join(import.meta.dir, name)).isDirectory()) continue;
    const wrap = readFileSync(join(sources, "subprojects", `${name}.wrap`), "utf8");
    const folder = /^directory *= *(.+)$/m.exec(wrap)?.[1]?.trim();
    if (!folder)
      throw new SetupProblem(`the worker's ${name}.wrap names no folder`, "compare it with scripts/mediasoup-worker");
    cpSync(join(import.meta.dir, name), join(sources, "subprojects", folder), { recursive: true });
  }
};

const succeed = async (argv: string[], cwd: string, onLine?: (line: string) => void): Promise<void> => {
  const result = await runCommand(argv, { cwd, timeoutMs: BUILD_TIMEOUT_MS, ...(onLine ? { onLine } : {}) });
  if (result.code !== 0) {
    throw new SetupProblem(
      `building the worker failed at ${argv[0]}:\n${result.tail}`,
      "set MEDIASOUP_WORKER_BIN to a worker that runs on this system",
    );
  }
};

/**
 * Builds the worker from the sources in the mediasoup package against the system's libraries.
 *
 * @param options.packageDir the installed mediasoup package; it is only read
 * @param options.workDir an existing folder of its own for the build, which goes on from what is there when an earlier
 *   process was killed in the middle; the caller removes it
 * @returns the path of the finished binary inside `workDir`
 */
export const buildWorker = async (options: { packageDir: string; workDir: string; say: Say }): Promise<string> => {
  const { packageDir, workDir, say } = options;
  await installPackages(BUILD_PACKAGES, "building the mediasoup worker", say);
  const sources = join(workDir, "worker");
  const prepared = join(workDir, "prepared");
  if (!existsSync(prepared)) {
    rmSync(sources, { recursive: true, force: true });
    cpSync(join(packageDir, "worker"), sources, { recursive: true });
    patch(sources);
    placeSubprojects(sources);
    await succeed(["meson", "setup", ...MESON_SETTINGS, "build"], sources);
    writeFileSync(prepared, "");
  }
  await succeed(["ninja", "-C", "build", "mediasoup-worker"], sources, (line) => {
    const count = /^\[(\d+)\/(\d+)\]/.exec(line);
    if (count) say.progress(`compiling ${count[1]} of ${count[2]}`);
  });
  const binary = join(sources, "build/mediasoup-worker");
  await succeed(["strip", binary], sources);
  return binary;
};
