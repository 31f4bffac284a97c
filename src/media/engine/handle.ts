import { inBackground, type Log } from "../../core/log.ts";
import type { NoticeTone } from "../../core/supervision.ts";
import { Meters } from "./meters.ts";
import type { MediaCommand, MediaEvent } from "./protocol.ts";
import type { MediaThreadSettings, ThreadMessage, ThreadNews } from "./worker.ts";

/** What the main thread hears of the media thread. After `media-died` no event of an older call follows. */
export type MediaMessage = MediaEvent | { type: "media-died" };

/** The main thread's end of the seam. */
export interface MediaHandle {
  /** Shared figures, read without a message. */
  readonly meters: Meters;
  /** Commands go out in order; those sent while no thread runs are lost together with the calls they were about. */
  send(command: MediaCommand): void;
  /** Hears every event; returns how to stop. A throwing listener is logged, the others still hear. */
  subscribe(listener: (event: MediaMessage) => void): () => void;
  /** Port on 127.0.0.1 that takes the RTP of supervisors who speak; 0 while no thread is up. */
  supervisorPort(): number;
  /** Whether a thread is up. */
  isUp(): boolean;
  /** Closes all calls and the thread; waits up to 5 s. */
  close(): Promise<void>;
}

/** Wait before a dead thread is started again, doubled up to the last, in ms. */
const RESTART_MS = [50, 200, 1000, 5000] as const;
/** A thread that lived this long is trusted again, in ms. */
const STABLE_MS = 60_000;
const CLOSE_TIMEOUT_MS = 5000;
const START_TIMEOUT_MS = 10_000;

/** Starts the media thread and keeps one running: a dead thread is told as `media-died` and replaced. */
export const startMedia = async (deps: {
  rtp: { host: string; from: number; to: number };
  log: Log;
  /** When callees are told by a tone of whoever else is on the line. Default `off`. */
  noticeTone?: NoticeTone;
  /** Counts what was thrown in the thread and caught by nobody; it is logged and the thread goes on. */
  onStray?: () => void;
  /** Ms that pass for the calls in one ms of the machine. Default 1; RTP and live models know no other. */
  speed?: number;
}): Promise<MediaHandle> => {
  const { rtp, log, noticeTone = "off", onStray, speed = 1 } = deps;
  const listeners = new Set<(event: MediaMessage) => void>();
  const meters = new Meters();
  let worker: Worker | null = null;
  let up = false;
  let supervisorPort = 0;
  let closing = false;
  let deaths = 0;

  const tell = (event: MediaMessage): void => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (thrown) {
        log.error({ err: thrown, event: event.type }, "a listener of the media thread threw");
      }
    }
  };

  const spawn = (): Promise<void> =>
    new Promise((started, failed) => {
      const born = Date.now();
      const thread = new Worker(new URL("./worker.ts", import.meta.url).href);
      const timer = setTimeout(() => thread.terminate(), START_TIMEOUT_MS);
      worker = thread;
      const hearNews = (news: ThreadNews): void => {
        if (news.type === "stray") {
          onStray?.();
          log.error({ problem: news.problem }, "unhandled in the media thread");
        } else {
          clearTimeout(timer);
          up = true;
          supervisorPort = news.supervisorPort;
          started();
        }
      };
      thread.onmessage = ({ data }: MessageEvent<ThreadMessage>) => {
        if (!Array.isArray(data)) return hearNews(data);
        for (const event of data) {
          if (event.type === "log") log[event.level]({ ...event.fields, thread: "media" }, event.message);
          else tell(event);
        }
      };
      thread.onerror = (event) => log.error({ detail: event.message }, "the media thread failed");
      thread.addEventListener("close", () => {
        clearTimeout(timer);
        const wasUp = up;
        up = false;
        supervisorPort = 0;
        worker = null;
        if (closing) return;
        if (!wasUp) failed(new Error("the media thread did not start"));
        else died(Date.now() - born);
      });
      const settings: MediaThreadSettings = {
        meters: meters.buffer,
        rtpHost: rtp.host,
        rtpFrom: rtp.from,
        rtpTo: rtp.to,
        noticeTone,
        speed,
      };
      thread.postMessage(settings);
    });

  const died = (livedMs: number): void => {
    deaths = livedMs > STABLE_MS ? 0 : deaths + 1;
    log.error({ livedMs }, "the media thread died; its calls are ended and it is started again");
    tell({ type: "media-died" });
    respawn();
  };

  const respawn = (): void => {
    const wait = RESTART_MS[Math.min(deaths, RESTART_MS.length - 1)]!;
    setTimeout(() => {
      if (closing) return;
      const retry = spawn().catch((thrown) => {
        log.error({ err: thrown }, "the media thread could not be started again");
        deaths++;
        respawn();
      });
      inBackground(log, "restart the media thread", retry);
    }, wait);
  };

  await spawn();
  return {
    meters,
    // A thread that is still starting would take a command for its settings.
    send: (command) => {
      if (up) worker?.postMessage(command);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    supervisorPort: () => supervisorPort,
    isUp: () => up,
    close: async () => {
      if (closing) return;
      closing = true;
      const thread = worker;
      if (!thread) return;
      if (!up) return thread.terminate();
      const ended = new Promise<void>((done) => thread.addEventListener("close", () => done()));
      thread.postMessage({ type: "shutdown" } satisfies MediaCommand);
      await Promise.race([ended, Bun.sleep(CLOSE_TIMEOUT_MS)]);
      thread.terminate();
    },
  };
};
