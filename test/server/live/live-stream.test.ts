import { expect, test } from "bun:test";
import { Hono } from "hono";
import { systemSchedule } from "../../../src/core/clock.ts";
import { createLog } from "../../../src/core/log.ts";
import { createMetrics } from "../../../src/core/metrics.ts";
import { SESSION_COOKIE } from "../../../src/server/auth/session.ts";
import { LIVE_PACE, liveStream } from "../../../src/server/live/live-stream.ts";
import type { ServerEnv } from "../../../src/server/request-context.ts";

test("a stream whose session ended while it was opened ends at once and leaves nothing open", async () => {
  const streams = { count: 0 };
  let listeners = 0;
  const whenEnded = (_cookie: string, close: () => void): (() => void) => {
    close();
    return () => {};
  };
  const parts = {
    schedule: systemSchedule,
    pace: LIVE_PACE,
    log: createLog({ level: "silent" }),
    metrics: createMetrics(),
  };
  const app = new Hono<ServerEnv>();
  app.get("/sse", (c) => {
    c.set("signedInBy", "session");
    const listen = (): (() => void) => {
      listeners++;
      return () => listeners--;
    };
    const source = { listen, draw: async () => "words", isOver: () => false, everyMs: () => 0 };
    return liveStream(c, { ...parts, streams, sessions: { whenEnded } }, source);
  });
  const response = await app.request("/sse", { headers: { cookie: `${SESSION_COOKIE}=one` } });
  expect(await response.text()).toBe("");
  expect([streams.count, listeners]).toEqual([0, 0]);
});
