import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Figures for Prometheus, all named `opendeep_…`. Label values are words from closed lists or route patterns: never a
 * number, a name or an id.
 */
export interface Metrics {
  readonly callsStarted: Counter<"carrier">;
  readonly callsEnded: Counter<"status" | "disposition">;
  readonly liveCalls: Gauge;
  /** From the callee's last voiced frame to the agent's first, in ms. */
  readonly turnLatencyMs: Histogram;
  /** From the answer to the agent's first voiced frame, in ms. */
  readonly firstWordMs: Histogram;
  readonly lateFrames: Counter;
  readonly framesSent: Counter;
  readonly bargeIns: Counter;
  readonly httpRequests: Counter<"method" | "route" | "status">;
  readonly httpRequestSeconds: Histogram<"method" | "route">;
  /** Live streams of pages. */
  readonly openStreams: Gauge;
  readonly dialRefusals: Counter<"reason">;
  readonly voiceCostUsd: Counter<"provider">;
  /** Requests to a text model for the mood of a live call: `answered`, or what failed. */
  readonly moodRequests: Counter<"outcome">;
  readonly moodSeconds: Histogram;
  readonly unhandledErrors: Counter<"thread">;
  /** For gauges that are set when somebody looks. */
  readonly registry: Registry;
  /** All figures in the text format of Prometheus. */
  text(): Promise<string>;
  /** Content type of `text`. */
  readonly contentType: string;
}

/** A turn under 500 ms feels human, one over 2 s feels broken: the buckets are finest between. */
const TURN_BUCKETS_MS = [100, 200, 300, 400, 500, 650, 800, 1000, 1300, 1600, 2000, 3000, 5000, 10_000];
const FIRST_WORD_BUCKETS_MS = [10, 25, 50, 100, 200, 300, 500, 1000, 2000, 4000];
const MOOD_BUCKETS_S = [0.25, 0.5, 1, 1.5, 2, 3, 5, 10];
const HTTP_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Metrics with a registry of their own, so that two servers in one process do not meet. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  return {
    callsStarted: new Counter({
      name: "opendeep_calls_started_total",
      help: "Calls handed to a carrier",
      labelNames: ["carrier"],
      registers,
    }),
    callsEnded: new Counter({
      name: "opendeep_calls_ended_total",
      help: "Calls that are over",
      labelNames: ["status", "disposition"],
      registers,
    }),
    liveCalls: new Gauge({ name: "opendeep_live_calls", help: "Calls that are not over", registers }),
    turnLatencyMs: new Histogram({
      name: "opendeep_turn_latency_ms",
      help: "From the last voiced frame of the callee to the first of the agent",
      buckets: TURN_BUCKETS_MS,
      registers,
    }),
    firstWordMs: new Histogram({
      name: "opendeep_first_word_ms",
      help: "From the answer to the first voiced frame of the agent",
      buckets: FIRST_WORD_BUCKETS_MS,
      registers,
    }),
    lateFrames: new Counter({
      name: "opendeep_late_frames_total",
      help: "Frames sent more than 5 ms after their deadline",
      registers,
    }),
    framesSent: new Counter({ name: "opendeep_frames_sent_total", help: "Frames sent to callees", registers }),
    bargeIns: new Counter({
      name: "opendeep_barge_ins_total",
      help: "Times a callee talked over the agent",
      registers,
    }),
    httpRequests: new Counter({
      name: "opendeep_http_requests_total",
      help: "HTTP requests answered",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    httpRequestSeconds: new Histogram({
      name: "opendeep_http_request_seconds",
      help: "Time to the answer of an HTTP request",
      labelNames: ["method", "route"],
      buckets: HTTP_BUCKETS_S,
      registers,
    }),
    openStreams: new Gauge({
      name: "opendeep_open_streams",
      help: "Live streams of pages that are open",
      registers,
    }),
    dialRefusals: new Counter({
      name: "opendeep_dial_refusals_total",
      help: "Dials that the gate refused",
      labelNames: ["reason"],
      registers,
    }),
    voiceCostUsd: new Counter({
      name: "opendeep_voice_cost_usd_total",
      help: "What voices cost, in USD",
      labelNames: ["provider"],
      registers,
    }),
    moodRequests: new Counter({
      name: "opendeep_mood_requests_total",
      help: "Requests to a text model for the mood of a live call",
      labelNames: ["outcome"],
      registers,
    }),
    moodSeconds: new Histogram({
      name: "opendeep_mood_seconds",
      help: "Time to the end of a request for the mood of a live call",
      buckets: MOOD_BUCKETS_S,
      registers,
    }),
    unhandledErrors: new Counter({
      name: "opendeep_unhandled_errors_total",
      help: "Rejections and exceptions that nobody caught",
      labelNames: ["thread"],
      registers,
    }),
    registry,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
