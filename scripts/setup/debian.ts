import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, type UnpackedDir } from "../paths.ts";
import { runCommand } from "./command.ts";
import { type Say, SetupProblem } from "./step.ts";

/** Longest that one call of apt may take; a mirror that hangs must not hang set-up for ever. */
const APT_TIMEOUT_MS = 600_000;

const isRoot = (): boolean => process.getuid?.() === 0;

/** Those of the named Debian packages that this machine has not installed. */
export const missingPackages = async (names: string[]): Promise<string[]> => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills these in itself
  const query = await runCommand(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", ...names], {
    timeoutMs: 10_000,
  });
  const installed = new Set(
    query.stdout.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])),
  );
  return names.filter((name) => !installed.has(name));
};

/**
 * Installs Debian packages that are missing. Without root it changes nothing and throws a `SetupProblem` that carries
 * the command to run.
 *
 * @param purpose what they are needed for, for the message
 */
export const installPackages = async (names: string[], purpose: string, say: Say): Promise<void> => {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (!Bun.which("apt-get")) {
    throw new SetupProblem(
      `${purpose} needs these Debian packages, and there is no apt-get here: ${missing.join(" ")}`,
      "install what your system calls them, then run set-up again",
    );
  }
  if (!isRoot()) {
    throw new SetupProblem(
      `${purpose} needs Debian packages, and only root may install them`,
      `sudo sh -c '${command}'`,
    );
  }
  say.line(`installing Debian packages: ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-o", "DPkg::Lock::Timeout=120"];
  const steps = [
    ["apt-get", ...wait, "-q", "update"],
    ["apt-get", ...wait, "-q", "install", "-y", "--no-install-recommends", ...missing],
  ];
  for (const argv of steps) {
    const result = await runCommand(argv, { env, timeoutMs: APT_TIMEOUT_MS, onLine: say.progress });
    // A broken third-party source fails the update, yet the packages may be had all the same.
    if (result.code !== 0 && argv.includes("install"))
      throw new SetupProblem(`apt-get failed:\n${result.tail}`, command);
  }
};

/** An apt of our own beside the machine's: its own release, its own state, no rights needed. */
const privateApt = async (suite: string, say: Say): Promise<string[]> => {
  const root = join(cacheDir, `apt-${suite}`);
  for (const dir of ["lists/partial", "archives/partial", "state"]) mkdirSync(join(root, dir), { recursive: true });
  writeFileSync(join(root, "status"), "");
  const targets = await runCommand(
    ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main", "Origin: Debian"],
    { timeoutMs: 10_000 },
  );
  const archive = targets.stdout.split("\n").find((line) => line !== "" && !line.includes("security"));
  const keyrings = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];
  const keyring = keyrings.find((path) => existsSync(path));
  if (!archive || !keyring) {
    throw new SetupProblem(
      "this machine's apt knows no Debian archive",
      "run this on Debian, as root run `apt-get update` once",
    );
  }
  writeFileSync(join(root, "sources.list"), `deb [signed-by=${keyring}] ${archive} ${suite} main\n`);
  const settings = {
    "Dir::Etc::sourcelist": join(root, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::State": join(root, "state"),
    "Dir::State::lists": join(root, "lists"),
    "Dir::State::status": join(root, "status"),
    "Dir::Cache": root,
    "Dir::Cache::archives": join(root, "archives"),
    "Debug::NoLocking": "1",
    "APT::Sandbox::User": "",
    "APT::Install-Recommends": "false",
    "Acquire::Languages": "none",
  };
  const apt = ["apt-get", "-q", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
  say.line(`reading the package lists of Debian ${suite}`);
  const update = await runCommand([...apt, "update"], { timeoutMs: APT_TIMEOUT_MS, onLine: say.progress });
  if (update.code !== 0)
    throw new SetupProblem(`apt-get update failed:\n${update.tail}`, "check the network and run set-up again");
  return apt;
};

/** Something to unpack, see `unpackPackages`. */
export type Unpacking = {
  into: UnpackedDir;
  /** The release of Debian to take it from. */
  suite: string;
  /** The wanted packages. */
  packages: string[];
  /** Whether one of their dependencies, by name, is used and so worth fetching. */
  dependency: (name: string) => boolean;
  /** Programs to be started from it: name in `bin` to path under `fs`. */
  programs: Record<string, string>;
};

/**
 * Fetches Debian packages and their libraries and unpacks them into a folder, without installing anything and without
 * root. Their programs are started through the unpacked loader with the unpacked libraries, so neither the release nor
 * the C library of this machine matters. apt checks the archive's signatures as always.
 */
export const unpackPackages = async (
  { into, suite, packages, dependency, programs }: Unpacking,
  say: Say,
): Promise<void> => {
  if (!Bun.which("apt-get") || !Bun.which("dpkg-deb")) {
    throw new SetupProblem(
      `${packages.join(", ")} come from Debian's packages, and there is no apt-get here`,
      "run this on Debian",
    );
  }
  const apt = await privateApt(suite, say);
  const plan = await runCommand([...apt, "install", "-y", "--print-uris", ...packages], { timeoutMs: APT_TIMEOUT_MS });
  const closure = plan.stdout.split("\n").flatMap((line) => /^'[^']*' ([^_]+)_/.exec(line)?.[1] ?? []);
  if (plan.code !== 0 || closure.length === 0) {
    throw new SetupProblem(`Debian ${suite} cannot offer ${packages.join(", ")}:\n${plan.tail}`, "try again later");
  }
  const wanted = closure.filter((name) => packages.includes(name) || dependency(name));
  const archives = join(into.dir, "archives");
  rmSync(into.dir, { recursive: true, force: true });
  for (const dir of [archives, into.fs, into.bin]) mkdirSync(dir, { recursive: true });
  say.line(`fetching ${wanted.length} of ${closure.length} packages`);
  const fetched = await runCommand([...apt, "download", ...wanted], {
    cwd: archives,
    timeoutMs: APT_TIMEOUT_MS,
    onLine: say.progress,
  });
  if (fetched.code !== 0)
    throw new SetupProblem(`apt-get download failed:\n${fetched.tail}`, "check the network and run set-up again");
  for (const file of readdirSync(archives)) {
    const unpacked = await runCommand(["dpkg-deb", "-x", join(archives, file), into.fs], { timeoutMs: 60_000 });
    if (unpacked.code !== 0)
      throw new SetupProblem(`${file} could not be unpacked:\n${unpacked.tail}`, "run set-up again");
  }
  rmSync(archives, { recursive: true });
  const loader = findLoader(into);
  for (const [name, path] of Object.entries(programs)) {
    const start = `#!/bin/sh\nexec '${loader}' --library-path '${into.lib}' '${join(into.fs, path)}' "$@"\n`;
    writeFileSync(join(into.bin, name), start);
    chmodSync(join(into.bin, name), 0o755);
  }
};

const findLoader = (into: UnpackedDir): string => {
  for (const dir of [join(into.fs, "usr/lib64"), join(into.fs, "usr/lib"), into.lib]) {
    const name = existsSync(dir) ? readdirSync(dir).find((file) => /^ld-linux-.*\.so/.test(file)) : undefined;
    if (name) return join(dir, name);
  }
  throw new SetupProblem("the unpacked packages hold no program loader", "run set-up again");
};

/** First line of what a program says about its version, or `undefined` when it does not start. */
export const versionOf = async (argv: string[]): Promise<string | undefined> => {
  if (argv[0] === undefined || !existsSync(argv[0])) return undefined;
  const result = await runCommand(argv, { timeoutMs: 10_000 });
  return result.tail
    .split("\n")
    .find((line) => /\d+\.\d+/.test(line))
    ?.trim();
};
