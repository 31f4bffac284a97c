import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Schedule } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { Sessions } from "../auth/session.ts";
import { closeWithSession } from "../auth/session-socket.ts";
import { Problem } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { Doorbell } from "./doorbell.ts";

/** Pace of streams, in ms. */
export interface LivePace {
  /** Rest after each update: four updates a second are as much as eyes take. */
  gapMs: number;
  /** Longest silence; then a comment line keeps the connection, which servers and proxies close when it says nothing. */
  beatMs: number;
}

/** The pace pages run at. */
export const LIVE_PACE: LivePace = { gapMs: 250, beatMs: 15_000 };

/** Where a page's region gets its news from. */
export interface LiveSource {
  /** Starts to listen and rings on every change that may matter; the answer stops it. */
  listen(ring: () => void): () => void;
  /** The whole region first, then what changed since the last time; empty when nothing did. */
  draw(): Promise<string>;
  /** Whether nothing can change any more: after the drawing the stream ends with the event `over`. */
  isOver(): boolean;
  /** Also draw after so many ms without a ring; 0 never. */
  everyMs(): number;
}

/** Most streams open at once; each holds a connection and looks at the store a few times a second. */
const MAX_STREAMS = 1000;

/** How many streams are open. */
export interface OpenStreams {
  count: number;
}

/** Parts streams share. */
export interface LiveParts {
  streams: OpenStreams;
  schedule: Schedule;
  pace: LivePace;
  log: Log;
  metrics: Pick<Metrics, "openStreams">;
  sessions: Pick<Sessions, "whenEnded">;
}

/** Name of the event that ends a stream for good. */
export const OVER_EVENT = "over";

const run = async (stream: SSEStreamingApi, bell: Doorbell, source: LiveSource, pace: LivePace): Promise<void> => {
  let silentMs = 0;
  for (let first = true; !bell.gone; first = false) {
    const waitMs = Math.min(source.everyMs() || pace.beatMs, pace.beatMs);
    const awoken = first ? "rung" : await bell.wait(waitMs);
    if (awoken === "gone") return;
    const drawn = awoken === "rung" || source.everyMs() > 0 ? await source.draw() : "";
    if (bell.gone) return;
    silentMs = awoken === "late" ? silentMs + waitMs : silentMs;
    if (drawn !== "") {
      // Waits while the client does not read: at most this one message is held for it.
      await stream.writeSSE({ data: drawn });
      silentMs = 0;
    } else if (silentMs >= pace.beatMs) {
      await stream.write(": beat\n\n");
      silentMs = 0;
    }
    if (source.isOver()) {
      await stream.writeSSE({ event: OVER_EVENT, data: "over" });
      return;
    }
    await bell.rest(pace.gapMs);
  }
};

/** Answers with a stream of page parts: a snapshot on every connect, then changes, a few a second at most. */
export const liveStream = (c: Context<ServerEnv>, parts: LiveParts, source: LiveSource): Response => {
  c.header("X-Accel-Buffering", "no");
  // A HEAD has nobody to read the stream, so it would never end.
  if (c.req.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" });
  if (parts.streams.count >= MAX_STREAMS) throw new Problem("too-many-streams", { headers: { "Retry-After": "10" } });
  parts.streams.count++;
  parts.metrics.openStreams.inc();
  const response = streamSSE(c, async (stream) => {
    const bell = new Doorbell(parts.schedule);
    let stop: (() => void) | null = source.listen(() => bell.ring());
    let forget = (): void => {};
    const leave = (): void => {
      if (stop === null) return;
      bell.end();
      forget();
      stop();
      stop = null;
      parts.streams.count--;
      parts.metrics.openStreams.dec();
    };
    forget = closeWithSession(parts.sessions, c, leave);
    stream.onAbort(leave);
    try {
      await run(stream, bell, source, parts.pace);
    } catch (thrown) {
      parts.log.error({ problem: messageOf(thrown) }, "a live stream failed");
    } finally {
      leave();
    }
  });
  response.headers.set("Cache-Control", "no-store");
  return response;
};
