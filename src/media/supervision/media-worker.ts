import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { types } from "mediasoup";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { listenAddresses } from "./listen-addresses.ts";

/** Where browsers reach the worker. */
export interface WebRtcAddress {
  /** An address of this machine; `0.0.0.0` or `::` for all of them. */
  listenIp: string;
  /** Whether browsers come over the loopback address, and all of them includes it. */
  withLoopback: boolean;
  /** What browsers are told instead of where we listen; null tells them that. */
  announcedAddress: string | null;
  /** One of these is taken on each address, for UDP and for TCP. */
  ports: { from: number; to: number };
}

/** A running mediasoup worker with the one port all supervisors share. */
export interface RunningWorker {
  worker: types.Worker;
  webRtcServer: types.WebRtcServer;
}

/** Whether listening can work, and if not what would make it work. */
export type SupervisionHealth = { ok: true; detail: string } | { ok: false; missing: string; fix: string };

/** Rest after a failed start, in ms: a binary that crashes at start is not run in a loop. */
const RETRY_AFTER_MS = 1_000;

/** The mediasoup worker: started when first needed, its binary looked for each time, replaced when it dies. */
export class MediaWorker {
  readonly #log: Log;
  readonly #address: WebRtcAddress;
  readonly #binary: () => string | null;
  readonly #died: () => void;
  #running: RunningWorker | null = null;
  #starting: Promise<RunningWorker | null> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: string | null = null;
  #closed = false;

  /**
   * @param options.binary path of the worker's binary, or null while there is none
   * @param options.died told when a running worker is lost; all its rooms are gone then
   */
  constructor(options: { log: Log; address: WebRtcAddress; binary: () => string | null; died: () => void }) {
    this.#log = options.log;
    this.#address = options.address;
    this.#binary = options.binary;
    this.#died = options.died;
  }

  /** Process id of the worker, or null while none runs. */
  get pid(): number | null {
    return this.#running?.worker.pid ?? null;
  }

  health(): SupervisionHealth {
    if (this.#running) return { ok: true, detail: "The media server for browsers runs." };
    const binary = this.#binary();
    if (!binary || !existsSync(binary))
      return {
        ok: false,
        missing: "The mediasoup worker is not installed, so nobody can listen to live calls.",
        fix: "Run `bun run setup`, or set MEDIASOUP_WORKER_BIN to the worker's path.",
      };
    if (this.#failure)
      return {
        ok: false,
        missing: `The mediasoup worker did not start: ${this.#failure}`,
        fix: "Check WEBRTC_LISTEN_IP and WEBRTC_PORTS, then run `bun run setup` to check the worker itself.",
      };
    return { ok: true, detail: "mediasoup worker is ready to start" };
  }

  /** The running worker, started if need be; null when that fails, and `health` says why. */
  async get(): Promise<RunningWorker | null> {
    if (this.#closed) return null;
    if (this.#running) return this.#running;
    if (!this.#starting) {
      if (performance.now() - this.#failedAt < RETRY_AFTER_MS) return null;
      this.#starting = this.#start().finally(() => {
        this.#starting = null;
      });
    }
    return this.#starting;
  }

  async #start(): Promise<RunningWorker | null> {
    const workerBin = this.#binary();
    if (!workerBin || !existsSync(workerBin)) return null;
    let worker: types.Worker | null = null;
    try {
      const { createWorker } = await import("mediasoup");
      worker = await createWorker({ workerBin, logLevel: "error" });
      const started = worker;
      started.on("died", () => this.#lost(started));
      const webRtcServer = await started.createWebRtcServer({
        listenInfos: [...this.#listen("udp"), ...this.#listen("tcp")],
      });
      if (this.#closed || started.closed) {
        started.close();
        return null;
      }
      this.#failure = null;
      this.#running = { worker: started, webRtcServer };
      this.#log.info({ pid: started.pid }, "mediasoup worker started");
      return this.#running;
    } catch (thrown) {
      worker?.close();
      this.#failedAt = performance.now();
      this.#failure = messageOf(thrown);
      this.#log.error({ error: this.#failure }, "mediasoup worker did not start");
      return null;
    }
  }

  /** Looked up at each start: a machine may have moved to another network. */
  #listen(protocol: "udp" | "tcp"): types.TransportListenInfo[] {
    const { listenIp, withLoopback, announcedAddress, ports } = this.#address;
    const portRange = { min: ports.from, max: ports.to };
    return announcedAddress
      ? [{ protocol, ip: listenIp, announcedAddress, portRange }]
      : listenAddresses(listenIp, withLoopback, networkInterfaces()).map((ip) => ({ protocol, ip, portRange }));
  }

  #lost(worker: types.Worker): void {
    if (this.#running?.worker !== worker) return;
    this.#running = null;
    if (this.#closed) return;
    this.#log.error({ pid: worker.pid }, "mediasoup worker died; rooms are rebuilt in a new one");
    this.#died();
  }

  /** Ends the worker; nothing is told to anyone. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#running?.worker.close();
    this.#running = null;
  }
}
