import type { Certificate } from "./certificate.ts";
import { Child } from "./child.ts";
import type { Closed, Usage } from "./child-protocol.ts";
import { Distribution, median } from "./distribution.ts";
import type { Figure, Scenario } from "./figure.ts";
import { Load } from "./load.ts";
import { CONVERSATION } from "./script.ts";
import { withFolder } from "./temporary-folder.ts";

/** Longest warm-up, in ms: nearly all code is compiled and buffers have grown by then. Short windows have one as long. */
const WARM_UP_MS = 10_000;
/** Calls are answered in so many groups, apart by so many ms: nobody's calls all begin in the same frame. */
const ANSWER_STEPS = 23;
const ANSWER_APART_MS = 23;
/** Windows shorter than this are not split into two rounds, in s. */
const TWO_ROUNDS_SECONDS = 10;
/** A frame this much after its deadline is heard as late, in ms. */
const LATE_MS = 5;

/** What one process did in one window. */
interface Slice {
  usage: Usage;
  closed: Closed;
  calls: number;
  toVoiceMs: Distribution;
  firstFrameMs: Distribution;
  scheduleMs: Distribution;
  driftPpm: number;
  lostAtStart: number;
}

const slice = (
  entry: "host.ts" | "floor.ts",
  calls: number,
  seconds: number,
  certificate: Certificate | null,
): Promise<Slice> =>
  withFolder(async (directory) => {
    const load = await Load.open(calls, CONVERSATION, certificate);
    const child = new Child(entry, certificate);
    try {
      const { carrierPorts, voiceUrl } = load;
      const { ports } = await child.ask({ type: "open", calls, voiceUrl, carrierPorts, directory });
      load.setTargets(ports);
      await child.ask({ type: "prepare" });
      load.start();
      for (let first = 0; first < ANSWER_STEPS; first++) {
        const some = [...ports.keys()].filter((call) => call % ANSWER_STEPS === first);
        await child.ask({ type: "answer", calls: some });
        load.join(some);
        await Bun.sleep(ANSWER_APART_MS);
      }
      await Bun.sleep(Math.min(WARM_UP_MS, seconds * 1000));
      await child.ask({ type: "begin" });
      // What the forced collection delayed is over.
      await Bun.sleep(100);
      const fromMs = performance.now();
      load.isMeasuring = true;
      await Bun.sleep(seconds * 1000);
      load.isMeasuring = false;
      const toMs = performance.now();
      const usage = await child.ask({ type: "end" });
      const schedules = ports.map((_, i) => load.carrier(i).packets.schedule(fromMs, toMs));
      const { toVoiceMs, firstFrameMs, lostAtStart } = load;
      load.stop();
      const closed = await child.ask({ type: "close" });
      const scheduleMs = new Distribution();
      for (const { errorsMs } of schedules) scheduleMs.addAll(errorsMs);
      const driftPpm = median(schedules.map((schedule) => Math.abs(schedule.driftPpm)));
      return { usage, closed, calls, toVoiceMs, firstFrameMs, scheduleMs, driftPpm, lostAtStart };
    } finally {
      await child.end();
      await load.close();
    }
  });

/** CPU seconds of one call in one minute. */
const cpuPerCallMinute = ({ usage, calls }: Slice): number => (usage.cpuMs / usage.wallMs) * (60 / calls);

const pooled = (slices: Slice[], pick: (slice: Slice) => Distribution): Distribution => {
  const all = new Distribution();
  for (const one of slices) all.addAll(pick(one));
  return all;
};

/**
 * Calls under load, beside the floor under the same load: one after the other, in the order floor, host, host, floor,
 * so that a machine that slows down or speeds up favours none.
 */
export const engineScenario: Scenario = async (calls, seconds, certificate) => {
  const rounds = seconds >= TWO_ROUNDS_SECONDS ? 2 : 1;
  const host: Slice[] = [];
  const floor: Slice[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const entry of round % 2 === 0 ? (["floor.ts", "host.ts"] as const) : (["host.ts", "floor.ts"] as const)) {
      (entry === "host.ts" ? host : floor).push(await slice(entry, calls, seconds / rounds, certificate));
    }
  }
  const both = (pick: (slices: Slice[]) => number): { value: number; floor: number } => ({
    value: pick(host),
    floor: pick(floor),
  });
  const each = (pick: (slice: Slice) => number): { value: number; floor: number } =>
    both((slices) => median(slices.map(pick)));
  const spread = (pick: (slice: Slice) => Distribution, q: number): { value: number; floor: number } =>
    both((slices) => pooled(slices, pick).quantile(q));
  const own = (pick: (slice: Slice) => number): { value: number; floor: null } => ({
    value: median(host.map(pick)),
    floor: null,
  });

  const toVoice = (one: Slice): Distribution => one.toVoiceMs;
  const first = (one: Slice): Distribution => one.firstFrameMs;
  const schedule = (one: Slice): Distribution => one.scheduleMs;
  const late = both((slices) => pooled(slices, schedule).shareAbove(LATE_MS) * 100);
  const added = spread(toVoice, 0.5);
  const addedWorst = spread(toVoice, 0.99);
  const callSeconds = (one: Slice): number => (calls * one.usage.wallMs) / 1000;
  const figures: Figure[] = [
    { name: "CPU per call-minute", unit: "s", ...each(cpuPerCallMinute), budget: { ratio: 1.3 } },
    { name: "callee → voice p50", unit: "ms", ...added, budget: { value: 0.3 } },
    { name: "callee → voice p99", unit: "ms", ...addedWorst, budget: { value: 3 } },
    { name: "first frame of an utterance p50", unit: "ms", ...spread(first, 0.5) },
    { name: "first frame of an utterance p99", unit: "ms", ...spread(first, 0.99), budget: { value: 3 } },
    { name: "outbound schedule error p50", unit: "ms", ...spread(schedule, 0.5) },
    { name: "outbound schedule error p99", unit: "ms", ...spread(schedule, 0.99), budget: { value: 3 } },
    { name: "frames over 5 ms late", unit: "%", ...late, budget: { value: 0.5 } },
    { name: "drift", unit: "ppm", ...each((one) => one.driftPpm), budget: { value: 50 } },
    {
      name: "frames late by the host's own count",
      unit: "%",
      ...own(({ closed }) => (100 * closed.lateFrames) / Math.max(1, closed.framesSent)),
      budget: { value: 1 },
    },
    {
      name: "frames lost at the start of calls",
      unit: "",
      ...both((slices) => slices.reduce((sum, one) => sum + one.lostAtStart, 0)),
      budget: { value: 0 },
    },
    {
      name: "memory per call",
      unit: "MB",
      ...each(({ usage }) => (usage.rssEnd - usage.rssBefore) / calls / 2 ** 20),
      budget: { value: 0.3 },
    },
    {
      name: "live heap per call",
      unit: "KB",
      ...each(({ usage }) => (usage.heapEnd.bytes - usage.heapBefore.bytes) / calls / 1024),
    },
    {
      name: "heap growth per call-second",
      unit: "bytes",
      ...each((one) => (one.usage.heapEnd.bytes - one.usage.heapBegin.bytes) / callSeconds(one)),
    },
    {
      name: "heap growth per call-second",
      unit: "objects",
      ...each((one) => (one.usage.heapEnd.objects - one.usage.heapBegin.objects) / callSeconds(one)),
    },
    {
      name: "RSS growth over the window",
      unit: "MB",
      ...each(({ usage }) => (usage.rssEnd - usage.rssBegin) / 2 ** 20),
    },
    { name: "turns stored", unit: "", ...own(({ closed }) => closed.turns) },
  ];
  return { scenario: "engine", calls, seconds, figures };
};
