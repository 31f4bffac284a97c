import { expect, test } from "bun:test";
import { createMetrics } from "../../src/core/metrics.ts";

test("the text format of Prometheus has every figure under its name, with its labels", async () => {
  const metrics = createMetrics();
  metrics.callsStarted.inc({ carrier: "scripted" });
  metrics.callsEnded.inc({ status: "completed_attempt", disposition: "answered" });
  metrics.liveCalls.set(3);
  metrics.turnLatencyMs.observe(420);
  metrics.firstWordMs.observe(12);
  metrics.lateFrames.inc(2);
  metrics.framesSent.inc(100);
  metrics.bargeIns.inc();
  metrics.httpRequests.inc({ method: "GET", route: "/calls/:id", status: "200" });
  metrics.httpRequestSeconds.observe({ method: "GET", route: "/calls/:id" }, 0.004);
  metrics.dialRefusals.inc({ reason: "do-not-call" });
  metrics.voiceCostUsd.inc({ provider: "openai" }, 0.25);
  metrics.moodRequests.inc({ outcome: "answered" });
  metrics.moodSeconds.observe(1.2);
  metrics.unhandledErrors.inc({ thread: "main" });
  const text = await metrics.text();
  for (const line of [
    'opendeep_calls_started_total{carrier="scripted"} 1',
    'opendeep_calls_ended_total{status="completed_attempt",disposition="answered"} 1',
    "opendeep_live_calls 3",
    'opendeep_turn_latency_ms_bucket{le="500"} 1',
    "opendeep_first_word_ms_sum 12",
    "opendeep_late_frames_total 2",
    "opendeep_frames_sent_total 100",
    "opendeep_barge_ins_total 1",
    'opendeep_http_requests_total{method="GET",route="/calls/:id",status="200"} 1',
    'opendeep_http_request_seconds_count{method="GET",route="/calls/:id"} 1',
    'opendeep_dial_refusals_total{reason="do-not-call"} 1',
    'opendeep_voice_cost_usd_total{provider="openai"} 0.25',
    'opendeep_mood_requests_total{outcome="answered"} 1',
    'opendeep_mood_seconds_bucket{le="1.5"} 1',
    'opendeep_unhandled_errors_total{thread="main"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(metrics.contentType).toStartWith("text/plain");
});

test("two sets of metrics in one process do not meet", async () => {
  const first = createMetrics();
  const second = createMetrics();
  first.liveCalls.set(7);
  expect(await second.text()).toContain("opendeep_live_calls 0\n");
});
