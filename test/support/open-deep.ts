import { Database } from "bun:sqlite";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { repoDir } from "../../scripts/paths.ts";
import { freePort } from "./ports.ts";
import { PATIENCE_MS, until } from "./until.ts";

/** An answer of the API: members are checked by the test that reads them. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of the API, read by tests only.
export type Json = any;

/** A call that was asked for. */
export interface PlacedCall {
  callId: string;
  taskId: string;
}

const STOP_WITHIN_MS = 30_000;
/** Ports of one process: more than its calls, so that ports others hold can be passed over. */
const RTP_PORTS = 60;
const WEBRTC_PORTS = 20;

/**
 * A whole OpenDeep as a process of its own: `src/server/main.ts` with a data folder and ports of its own. What the
 * surrounding environment configures does not reach it. Its folder outlives `kill` and `startAgain`, and goes with
 * `close`.
 */
export class OpenDeep {
  readonly dir = mkdtempSync(join(tmpdir(), "od-server-"));
  readonly dataDir = join(this.dir, "data");
  readonly url: string;
  readonly #env: Record<string, string>;
  readonly #main: string;
  /** Whom requests trust beside the authorities of the machine: the certificate it was given. */
  readonly #trust: BunFetchRequestInit = {};
  #process: Bun.Subprocess | undefined;
  #runs = 0;
  readonly #atExit = (): void => {
    this.#process?.kill("SIGKILL");
  };

  private constructor(port: number, env: Record<string, string>, main: string) {
    this.#main = main;
    const certificate = env.TLS_CERT_FILE;
    if (certificate) this.#trust = { tls: { ca: readFileSync(certificate, "utf8") } };
    this.url = `${certificate ? "https" : "http"}://127.0.0.1:${port}`;
    const rtp = 20_000 + RTP_PORTS * Math.floor(Math.random() * 160);
    const webrtc = 30_000 + WEBRTC_PORTS * Math.floor(Math.random() * 130);
    this.#env = {
      PATH: process.env.PATH ?? "",
      HOME: this.dir,
      ...(process.env.OPENDEEP_CACHE_DIR ? { OPENDEEP_CACHE_DIR: process.env.OPENDEEP_CACHE_DIR } : {}),
      PORT: String(port),
      DATA_DIR: this.dataDir,
      RTP_PORTS: `${rtp}-${rtp + RTP_PORTS - 1}`,
      WEBRTC_PORTS: `${webrtc}-${webrtc + WEBRTC_PORTS - 1}`,
      CALLING_WINDOW: "00:00-24:00",
      DIAL_RATE: "50",
      ...env,
    };
    // A test that ends without closing it must not leave it running.
    process.on("exit", this.#atExit);
  }

  /** Starts one with this configuration, from another file if need be; `/health` answers when it resolves. */
  static async start(env: Record<string, string>, main = "src/server/main.ts"): Promise<OpenDeep> {
    const openDeep = new OpenDeep(await freePort(), env, main);
    try {
      await openDeep.startAgain();
    } catch (thrown) {
      await openDeep.close();
      throw thrown;
    }
    return openDeep;
  }

  /** Process id; throws while it does not run. */
  get pid(): number {
    if (!this.#process) throw new Error("OpenDeep does not run");
    return this.#process.pid;
  }

  /** Whether the process has not ended. */
  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Starts the ended one again on the same folder and ports. Gives the ms until `/health` answered. */
  async startAgain(): Promise<number> {
    const startedAt = performance.now();
    this.#runs++;
    const log = Bun.file(this.#logPath);
    const child = Bun.spawn([process.execPath, "--no-env-file", join(repoDir, this.#main)], {
      cwd: repoDir,
      env: this.#env,
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    this.#process = child;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      if (!this.isRunning) throw new Error(`OpenDeep ended at once:\n${this.log()}`);
      const answer = await fetch(`${this.url}/health`, { ...this.#trust, signal: AbortSignal.timeout(10_000) }).catch(
        () => null,
      );
      await answer?.body?.cancel();
      if (answer) return performance.now() - startedAt;
      if (performance.now() > deadline) throw new Error(`OpenDeep did not answer in time:\n${this.log()}`);
      await Bun.sleep(20);
    }
  }

  get #logPath(): string {
    return join(this.dir, `log-${this.#runs}`);
  }

  /** What the running or last process wrote. */
  log(): string {
    return existsSync(this.#logPath) ? readFileSync(this.#logPath, "utf8") : "";
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks it to end, as an operator does. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await child.exited;
    clearTimeout(late);
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.stop();
    process.off("exit", this.#atExit);
    // Whoever runs the tests may ask what it wrote.
    const keptIn = process.env.TEST_LOGS_DIR;
    for (let run = 1; keptIn && run <= this.#runs; run++)
      cpSync(join(this.dir, `log-${run}`), join(keptIn, `${basename(this.dir)}-${run}.log`));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** JSON of a GET; throws with the answer's text when it is not 2xx. */
  async get(path: string): Promise<Json> {
    return await this.#json(path, {});
  }

  /** JSON of a POST of JSON; throws with the answer's text when it is not 2xx. */
  async post(path: string, body: unknown = {}): Promise<Json> {
    const headers = { "content-type": "application/json" };
    return await this.#json(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #json(path: string, init: RequestInit): Promise<Json> {
    const response = await fetch(this.url + path, {
      ...this.#trust,
      ...init,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method ?? "GET"} ${path} gave ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Asks for a call now, and waits for it where it waits for its turn; throws when it is refused. */
  async placeCall(phone: string, more: Record<string, string> = {}): Promise<PlacedCall> {
    const body = { phone_number: phone, action: "Ask for the opening hours.", ...more };
    const response = await fetch(`${this.url}/api/phone/call`, {
      ...this.#trust,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer: Json = await response.json();
    const { call_id: callId, task_id: taskId } = answer;
    // A loaded process may take longer to dial than it lets its asker wait.
    if (response.status === 202) {
      const id = await until(
        "its turn has come",
        async () => (await this.task(taskId)).calls[0]?.id as string | undefined,
      );
      return { callId: id, taskId };
    }
    if (response.status !== 201 || typeof callId !== "string") {
      throw new Error(`the call was answered with ${response.status}: ${JSON.stringify(answer)}`);
    }
    return { callId, taskId };
  }

  async call(callId: string): Promise<Json> {
    return await this.get(`/api/v1/calls/${callId}`);
  }

  /** Where the end of its latest attempt handed a task, however far others have carried it since; null before that. */
  handedTo(taskId: string): string | null {
    const db = new Database(join(this.dataDir, "opendeep.sqlite"), { readonly: true });
    try {
      const row = db
        .query<{ status: string }, [string]>(
          `SELECT json_extract(data, '$.to') AS status FROM events WHERE type = 'task.changed'
           AND json_extract(data, '$.from') = 'in-progress' AND json_extract(data, '$.taskId') = ?
           ORDER BY id DESC LIMIT 1`,
        )
        .get(taskId);
      return row?.status ?? null;
    } finally {
      db.close();
    }
  }

  async task(taskId: string): Promise<Json> {
    return await this.get(`/api/v1/tasks/${taskId}`);
  }

  /** Everything that happened to a call, in order. */
  async events(callId: string): Promise<Json[]> {
    return (await this.get(`/api/v1/calls/${callId}/events?limit=1000`)).events;
  }

  /** Resolves with the call as soon as `is` says so; throws with the call as it stands after `withinMs`. */
  async callWhen(callId: string, what: string, is: (call: Json) => boolean, withinMs = PATIENCE_MS): Promise<Json> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const call = await this.call(callId);
      if (is(call)) return call;
      if (performance.now() > deadline) {
        throw new Error(`waited ${withinMs} ms in vain until the call ${what}: ${JSON.stringify(call)}\n${this.log()}`);
      }
      await Bun.sleep(20);
    }
  }

  /** The call once somebody has answered it. */
  async answered(callId: string, withinMs = PATIENCE_MS): Promise<Json> {
    return await this.callWhen(callId, "was answered", (call) => call.answered_at !== null, withinMs);
  }

  /** The call once it is over. */
  async over(callId: string, withinMs = PATIENCE_MS): Promise<Json> {
    return await this.callWhen(callId, "was over", (call) => call.ended_at !== null, withinMs);
  }

  /** The recording of a call that is over, as a browser gets it. */
  async recording(callId: string): Promise<Uint8Array> {
    const response = await fetch(`${this.url}/api/v1/calls/${callId}/recording.wav`, this.#trust);
    if (!response.ok) throw new Error(`the recording gave ${response.status}: ${await response.text()}`);
    return await response.bytes();
  }

  /** A figure of `/metrics`: the sum over all its labels that `labels` (such as `thread="media"`) selects. */
  async metric(name: string, labels = ""): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`, this.#trust)).text();
    return text
      .split("\n")
      .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }
}
