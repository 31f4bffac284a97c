import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoDir } from "../../scripts/paths.ts";
import type { Json } from "./open-deep.ts";
import type { ConnectionScript } from "./realtime-server/script.ts";

/** The Realtime server as a process of its own, steered over HTTP. */
export class RealtimeProcess {
  readonly #child: Bun.Subprocess;
  readonly #dir: string;
  /** Base URL for the vendor's client. */
  readonly url: string;
  readonly #atExit = (): void => this.#child.kill("SIGKILL");

  private constructor(child: Bun.Subprocess, dir: string, url: string) {
    this.#child = child;
    this.#dir = dir;
    this.url = url;
    process.on("exit", this.#atExit);
  }

  /** Starts it on a free port. A list has one script a connection; the last one serves all later ones. */
  static async start(script: ConnectionScript | ConnectionScript[]): Promise<RealtimeProcess> {
    const dir = mkdtempSync(join(tmpdir(), "od-realtime-"));
    writeFileSync(join(dir, "script.json"), JSON.stringify(script));
    const main = join(repoDir, "test/support/realtime-server/main.ts");
    const child = Bun.spawn([process.execPath, main, "--keep", "--script", join(dir, "script.json")], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = child.stdout.getReader();
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the Realtime server ended at once");
      said += new TextDecoder().decode(value);
    }
    reader.releaseLock();
    return new RealtimeProcess(child, dir, said.trim());
  }

  /** µ-law bytes that the nth connection, counted from 1, was given of the callee so far. */
  async heard(connection: number): Promise<Uint8Array> {
    return await (await this.#ask(`audio?connection=${connection}`)).bytes();
  }

  /** Client events except audio, and server events except audio, of the nth connection. */
  async events(connection: number): Promise<{ received: Json[]; sent: Json[] }> {
    return (await (await this.#ask(`events?connection=${connection}`)).json()) as { received: Json[]; sent: Json[] };
  }

  /** One line for each connection there was. */
  async connections(): Promise<Json[]> {
    return (await (await this.#ask("connections")).json()) as Json[];
  }

  /** Cuts the nth connection; 1006 without a word. */
  async drop(connection: number, code = 1006): Promise<void> {
    await this.#ask(`drop?connection=${connection}&code=${code}`, "POST");
  }

  async #ask(path: string, method = "GET"): Promise<Response> {
    const response = await fetch(new URL(`/control/${path}`, this.url), { method });
    if (!response.ok) throw new Error(`the Realtime server gave ${response.status} to ${path}`);
    return response;
  }

  async close(): Promise<void> {
    process.off("exit", this.#atExit);
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
