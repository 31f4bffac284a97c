import { afterEach } from "bun:test";
import { z } from "zod";
import type { TryDeps } from "../../src/agents/models/tries.ts";
import { VendorError } from "../../src/agents/models/vendor-error.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { QuickSchedule } from "./quick-schedule.ts";

/** Instant at which prices and dates of tests are computed. */
export const NOW = Date.parse("2026-11-21T12:00:00Z");

/** Time that nobody waits for; the longest own pauses, without chance. */
export const quickDeps = (): TryDeps & { time: QuickSchedule } => {
  const time = new QuickSchedule();
  return { time, clock: new ManualClock(NOW), schedule: time.schedule, random: () => 1 };
};

const open: { stop(): Promise<void> }[] = [];

/** Stops the server after the test. */
export const during = <S extends { stop(): Promise<void> }>(server: S): S => {
  open.push(server);
  return server;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.stop()));
});

/** A small answer with a reply in it. */
export const Booking = z.object({
  reply: z.string(),
  day: z.enum(["monday", "tuesday"]).nullable(),
  seats: z.number().int().min(1).max(8),
});

/** One that fits `Booking`. */
export const BOOKING = { reply: "Booked for “two” \n at Zoë’s 🍕.", day: "monday" as const, seats: 2 };

/** The failure a promise ends in; throws when it does not end in one. */
export const failureOf = async (promise: Promise<unknown>): Promise<VendorError> => {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof VendorError) return thrown;
    throw thrown;
  }
  throw new Error("it did not fail");
};
