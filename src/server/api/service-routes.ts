import type { Hono } from "hono";
import { TICK } from "../../media/engine/meters.ts";
import type { AppParts } from "../app-parts.ts";
import type { ServerEnv } from "../request-context.ts";
import { askParts, type PartReport } from "./health.ts";
import { openApiDocument } from "./openapi.ts";

/** Figures of the media thread's tick in the text format of Prometheus; read from shared memory when asked. */
const tickFigures = (parts: AppParts): string =>
  (
    [
      ["opendeep_media_ticks_total", "counter", "Ticks of the media thread", TICK.ticks],
      ["opendeep_media_late_ticks_total", "counter", "Ticks of the media thread that came late", TICK.lateTicks],
      ["opendeep_media_tick_lateness_ms", "gauge", "How late the last tick came", TICK.lastLatenessMs],
      ["opendeep_media_tick_max_lateness_ms", "gauge", "How late the latest tick came", TICK.maxLatenessMs],
      ["opendeep_media_tick_busy_ms", "gauge", "Time the last tick took", TICK.busyMs],
      ["opendeep_media_calls", "gauge", "Calls the media thread carries", TICK.calls],
    ] as const
  )
    .map(([name, type, help, column]) => {
      const value = parts.media.meters.tick(column);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${Number.isFinite(value) ? value : 0}\n`;
    })
    .join("");

const isDown = (report: PartReport): boolean => report.state !== "up";

/** Health, figures and the description of the API. */
export const serviceRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.get("/health", async (c) => {
    const reports = await askParts(parts.probes, parts.log);
    const broken = reports.filter(isDown);
    const vital = broken.some((report) => report.vital);
    return c.json(
      {
        status: vital ? "down" : broken.length > 0 ? "degraded" : "up",
        parts: Object.fromEntries(
          reports.map((report) => [
            report.part,
            {
              state: report.state,
              detail: report.detail,
              ...(isDown(report) ? { breaks: report.breaks } : {}),
              ...(report.fix ? { fix: report.fix } : {}),
            },
          ]),
        ),
      },
      vital ? 503 : 200,
    );
  });
  app.get("/api/phone/health", async (c) => {
    const reports = await askParts(
      parts.probes.filter((probe) => probe.part === "carrier" || probe.part === "voice" || probe.part === "media"),
      parts.log,
    );
    const up = !reports.some((report) => report.vital && isDown(report));
    return c.json(
      {
        status: up ? "up" : "down",
        carrier: parts.carrier.kind,
        voice: parts.voice,
        live_calls: await parts.store.calls.liveCount(c.get("actor").tenantId),
        capacity: parts.carrier.capacity(),
        parts: Object.fromEntries(
          reports.map((report) => [report.part, { state: report.state, detail: report.detail }]),
        ),
      },
      up ? 200 : 503,
    );
  });
  app.get("/metrics", async (c) =>
    c.body((await parts.metrics.text()) + tickFigures(parts), 200, { "Content-Type": parts.metrics.contentType }),
  );
  app.get("/api/openapi.json", (c) => c.json(openApiDocument()));
};
