import { VendorError } from "../agents/models/vendor-error.ts";
import { type MoodAsk, MoodQueue } from "../agents/mood-queue.ts";
import type { MoodReader } from "../agents/mood-reader.ts";
import type { Bus } from "../core/bus.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { MoodReading } from "../core/mood.ts";
import type { Store } from "../core/store/open.ts";
import type { MediaNews } from "./live/spoken-now.ts";

/** What the watch hears, asks and writes to. */
export interface MoodDeps {
  media: Pick<MediaNews, "subscribe">;
  bus: Bus;
  store: Pick<Store, "callMoods">;
  read: MoodReader;
  clock: Clock;
  schedule: Schedule;
  log: Log;
  metrics: Pick<Metrics, "moodRequests" | "moodSeconds">;
}

/** Keeps what a model makes of live calls, on the main thread and beside everything else: calls wait for none of it. */
export interface MoodWatch {
  /** Why moods are not read now, in words safe to show; null while they are. */
  trouble(): string | null;
  /** Stops asking. */
  close(): void;
}

/** An impression as a line of the timeline. */
const lineOf = ({ mood, offPlan, reason }: MoodReading): string =>
  `The model thinks: ${mood}${offPlan ? ", off the plan" : ""}${reason === "" ? "" : ` (${reason})`}`;

/** Starts to have the moods of live calls read: words as the media thread tells them, beginnings and ends from the bus. */
export const startMoodWatch = (deps: MoodDeps): MoodWatch => {
  const { media, bus, store, read, clock, metrics } = deps;
  /** What each call's timeline said last. */
  const told = new Map<string, string>();

  const ask = async (about: MoodAsk, timeoutMs: number): Promise<void> => {
    const { tenantId, callId, signal } = about;
    const beganAt = clock.now();
    const count = (outcome: string): void => {
      metrics.moodRequests.inc({ outcome });
      metrics.moodSeconds.observe((clock.now() - beganAt) / 1000);
    };
    let reading: MoodReading | null;
    try {
      reading = await read(about, timeoutMs);
    } catch (thrown) {
      const why: unknown = signal.aborted ? signal.reason : thrown;
      count(why instanceof VendorError ? why.failure : "failed");
      throw thrown;
    }
    count("answered");
    if (reading === null || signal.aborted) return;
    // The timeline tells changes; each impression is an event.
    const now = `${reading.mood} ${reading.offPlan}`;
    const line = told.get(callId) === now ? null : lineOf(reading);
    await store.callMoods.add(tenantId, callId, { ...reading, at: clock.now(), line });
    told.set(callId, now);
  };

  const queue = new MoodQueue({ ...deps, ask });
  const stops = [
    bus.subscribe((event) => {
      if (event.type === "call.answered") queue.began(event.tenantId, event.callId);
      if (event.type !== "call.ended") return;
      queue.ended(event.callId);
      told.delete(event.callId);
    }),
    media.subscribe((event) => {
      if (event.type === "turn") queue.said(event.callId, event.turn);
    }),
  ];
  return {
    trouble: () => queue.trouble(),
    close: () => {
      for (const stop of stops) stop();
      queue.close();
      told.clear();
    },
  };
};
