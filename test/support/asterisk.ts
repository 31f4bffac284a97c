import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asteriskDir, repoDir } from "../../scripts/paths.ts";
import { freePort } from "./ports.ts";
import { secondTry } from "./start-up.ts";
import { PATIENCE_MS } from "./until.ts";

/** Whether set-up has fetched Asterisk; tests of real calls are skipped, loudly, without it. */
export const hasAsterisk = (): boolean => existsSync(join(asteriskDir.bin, "asterisk"));

/**
 * One password for every Asterisk of a test process: the ARI client keeps credentials in one place per process, so two
 * different ones could not be used side by side.
 */
const PASSWORD = "only-for-tests";

/** A stop that asked nicely may take this long when a channel does not want to end. */
const STOP_WITHIN_MS = PATIENCE_MS;

export interface TestAsteriskSettings {
  /** UDP port on loopback where the trunk's far end listens; calls to `PJSIP/…@trunk` go there. */
  trunkPort: number;
  /** More `pjsip.conf` sections; `[name](opendeep-trunk)` inherits what all trunks share. */
  morePjsip?: string;
  /** Keeps the trunk that `asterisk/` describes for users instead of one made for tests. */
  shippedTrunk?: boolean;
  /** ARI app; default `opendeep`. */
  app?: string;
}

/** A channel or bridge as ARI lists it. */
export interface Listed {
  id: string;
  state?: string;
  name?: string;
  technology?: string;
  channels?: string[];
}

/**
 * A real Asterisk of the test's own: the configuration of `asterisk/` with ports, password and trunk replaced, in a
 * temporary directory, on loopback ports that were free.
 */
export class TestAsterisk {
  readonly dir = mkdtempSync(join(tmpdir(), "od-pbx-"));
  readonly app: string;
  httpPort = 0;
  sipPort = 0;
  #process: Bun.Subprocess | undefined;

  private constructor(settings: TestAsteriskSettings) {
    this.app = settings.app ?? "opendeep";
  }

  /** Writes the configuration and starts; ready for calls when it resolves (about 0.4 s). */
  static start(settings: TestAsteriskSettings): Promise<TestAsterisk> {
    return secondTry(async () => {
      const pbx = new TestAsterisk(settings);
      try {
        pbx.httpPort = await freePort();
        pbx.sipPort = await freePort();
        pbx.#configure(settings);
        await pbx.startAgain();
        return pbx;
      } catch (thrown) {
        await pbx.close();
        throw thrown;
      }
    });
  }

  /** What `asteriskControl` takes. */
  get ari(): { url: string; username: string; password: string; app: string; dialEndpoint: string } {
    return {
      url: `http://127.0.0.1:${this.httpPort}`,
      username: "opendeep",
      password: PASSWORD,
      app: this.app,
      dialEndpoint: "PJSIP/{number}@trunk",
    };
  }

  /** Process id; throws while it does not run. */
  get pid(): number {
    if (!this.#process) throw new Error("Asterisk does not run");
    return this.#process.pid;
  }

  /** Starts the stopped or killed one again, on the same ports and with the same configuration. */
  async startAgain(): Promise<void> {
    this.#process = Bun.spawn([join(asteriskDir.bin, "asterisk"), "-f", "-C", join(this.dir, "etc/asterisk.conf")], {
      stdin: "ignore",
      stdout: Bun.file(join(this.dir, "log/console.log")),
      stderr: Bun.file(join(this.dir, "log/errors.log")),
    });
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      if (this.#process.exitCode !== null) throw new Error(`Asterisk ended at once:\n${this.console()}`);
      const module = (await this.get("asterisk/modules/chan_pjsip.so").catch(() => null)) as { status?: string } | null;
      if (module?.status === "Running") return;
      if (Date.now() > until) throw new Error(`Asterisk was not ready in time:\n${this.console()}`);
      await Bun.sleep(20);
    }
  }

  /** Asks it to end: callees get a BYE, we get the last events. Takes 1 to 3 s. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    process.kill("SIGTERM");
    await Promise.race([process.exited, Bun.sleep(STOP_WITHIN_MS)]);
    await this.kill();
  }

  /** Ends it as a crash would: no event, no BYE. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (!process) return;
    process.kill("SIGKILL");
    await process.exited;
  }

  /** Kills it and removes its directory. */
  async close(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** JSON of a GET below `/ari/`; throws with the status when it is not 200. */
  async get(path: string): Promise<unknown> {
    return this.#request("GET", path);
  }

  /** JSON of a POST below `/ari/`. */
  async post(path: string): Promise<unknown> {
    return this.#request("POST", path);
  }

  /** A DELETE below `/ari/`. */
  async delete(path: string): Promise<unknown> {
    return this.#request("DELETE", path);
  }

  async channels(): Promise<Listed[]> {
    return (await this.get("channels")) as Listed[];
  }

  async bridges(): Promise<Listed[]> {
    return (await this.get("bridges")) as Listed[];
  }

  /** Resolves when no channel and no bridge is left; throws with what is left after `withinMs`. */
  async empty(withinMs = PATIENCE_MS): Promise<void> {
    const until = Date.now() + withinMs;
    for (;;) {
      const left = [...(await this.channels()), ...(await this.bridges())];
      if (left.length === 0) return;
      if (Date.now() > until) {
        throw new Error(`left in Asterisk: ${left.map((l) => `${l.id} ${l.name ?? ""} ${l.state ?? ""}`).join(", ")}`);
      }
      await Bun.sleep(10);
    }
  }

  /** Runs a command of its command line, such as `core show channels`. */
  async command(line: string): Promise<string> {
    const cli = [join(asteriskDir.bin, "asterisk"), "-C", join(this.dir, "etc/asterisk.conf"), "-rx", line];
    return await new Response(Bun.spawn(cli, { stderr: "ignore" }).stdout).text();
  }

  /** What it printed, warnings and errors included. */
  console(): string {
    return ["console.log", "errors.log"]
      .map((name) => join(this.dir, "log", name))
      .map((path) => (existsSync(path) ? readFileSync(path, "utf8") : ""))
      .join("");
  }

  /** Lines it printed as warnings or errors. */
  complaints(): string[] {
    return this.console()
      .split("\n")
      .filter((line) => /\b(WARNING|ERROR)\b/.test(line));
  }

  async #request(method: string, path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/ari/${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(`opendeep:${PASSWORD}`)}` },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`ARI answered ${response.status} to ${method} ${path}`);
    const text = await response.text();
    return text === "" ? null : JSON.parse(text);
  }

  #configure(settings: TestAsteriskSettings): void {
    const etc = join(this.dir, "etc");
    for (const name of ["etc", "run", "log", "lib", "spool/recording", "spool/tmp"]) {
      mkdirSync(join(this.dir, name), { recursive: true });
    }
    cpSync(join(repoDir, "asterisk"), etc, { recursive: true });
    const directories = {
      astetcdir: etc,
      astmoddir: `${asteriskDir.lib}/asterisk/modules`,
      astvarlibdir: `${this.dir}/lib`,
      astdbdir: `${this.dir}/lib`,
      astkeydir: `${this.dir}/lib`,
      astdatadir: `${asteriskDir.fs}/usr/share/asterisk`,
      astagidir: `${asteriskDir.fs}/usr/share/asterisk/agi-bin`,
      astspooldir: `${this.dir}/spool`,
      astrundir: `${this.dir}/run`,
      astlogdir: `${this.dir}/log`,
      astsbindir: `${asteriskDir.fs}/usr/sbin`,
    };
    const lines = Object.entries(directories).map(([name, path]) => `${name} => ${path}\n`);
    this.#rewrite("asterisk.conf", (text) => `[directories]\n${lines.join("")}\n${text}`);
    this.#rewrite("http.conf", (text) => replaced(text, "bindport = 8088", `bindport = ${this.httpPort}`));
    this.#rewrite("ari.conf", (text) => replaced(text, "@ARI_PASSWORD@", PASSWORD));
    this.#rewrite("pjsip.conf", (text) => replaced(text, "bind = 127.0.0.1:5060", `bind = 127.0.0.1:${this.sipPort}`));
    this.#rewrite("extensions.conf", (text) => text.replaceAll("Stasis(opendeep,", `Stasis(${this.app},`));
    const rtpStart = 10_000 + 1000 * Math.floor(Math.random() * 10);
    this.#rewrite("rtp.conf", (text) =>
      replaced(
        replaced(text, "rtpstart = 10000", `rtpstart = ${rtpStart}`),
        "rtpend = 19999",
        `rtpend = ${rtpStart + 999}`,
      ),
    );
    this.#rewrite("pjsip-trunk.conf", (text) =>
      settings.shippedTrunk
        ? text.replaceAll("@TRUNK_HOST@", `127.0.0.1:${settings.trunkPort}`)
        : trunk("trunk", settings.trunkPort) + (settings.morePjsip ?? ""),
    );
  }

  #rewrite(name: string, change: (text: string) => string): void {
    const path = join(this.dir, "etc", name);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }
}

/** `pjsip.conf` sections of a trunk on a loopback port, known by its address. */
export const trunk = (name: string, port: number): string =>
  `[${name}](opendeep-trunk)\naors = ${name}\n[${name}]\ntype = aor\ncontact = sip:127.0.0.1:${port}\n` +
  `[${name}]\ntype = identify\nendpoint = ${name}\nmatch = 127.0.0.1:${port}\n`;

const replaced = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`the configuration no longer says "${from}"`);
  return text.replace(from, to);
};
