import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repoDir } from "../paths.ts";
import { runCommand } from "./command.ts";
import { SetupProblem, type SetupStep } from "./step.ts";

/** A slow line fetches the packages in a few minutes; one that hangs ends here. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/** Says which lock file the installed packages belong to. It lies inside `node_modules`, so it goes when they go. */
const stampFile = join(repoDir, "node_modules/.installed-from");

const lockHash = (): string => {
  const hash = new Bun.CryptoHasher("sha256");
  for (const name of ["package.json", "bun.lock"]) hash.update(readFileSync(join(repoDir, name)));
  return hash.digest("hex");
};

/** The packages of `bun.lock`, exactly. */
export const bunPackagesStep: SetupStep = {
  name: "packages",
  purpose: "the Bun packages of bun.lock",
  present: async () =>
    existsSync(stampFile) && readFileSync(stampFile, "utf8") === lockHash() ? "as bun.lock says" : undefined,
  provide: async (say) => {
    // The running Bun, since a machine that came here through npx has no other.
    const result = await runCommand([process.execPath, "install", "--frozen-lockfile"], {
      cwd: repoDir,
      timeoutMs: INSTALL_TIMEOUT_MS,
      onLine: say.progress,
    });
    if (result.code !== 0) {
      throw new SetupProblem(
        `bun install failed:\n${result.tail}`,
        "check the network, then run `bun install --frozen-lockfile`",
      );
    }
    writeFileSync(stampFile, lockHash());
  },
};
