import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type CallbackWish,
  DEMO_RETRY_DELAYS,
  nextAttempt,
  RETRY_DELAYS,
  type RetryQuestion,
  wishedAt,
} from "../../src/agents/retry-policy.ts";
import type { Disposition } from "../../src/core/call.ts";
import { ALWAYS, type CallingHours, nextCallingTime } from "../../src/core/calling-hours.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEW_YORK = "America/New_York";
const WORKING_DAY: CallingHours = { from: 8 * 60, to: 21 * 60, days: null, onHolidays: true };

/** Epoch ms of a time on a clock. */
const at = (local: string, zone = NEW_YORK): number =>
  Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds;

const localOf = (ms: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(ms)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: "minute" });

const wish = (one: Partial<CallbackWish>): CallbackWish => ({
  localTime: null,
  zone: null,
  delayMinutes: null,
  words: "",
  ...one,
});

const WEDNESDAY = at("2026-06-10T14:00");

const question = (changes: Partial<RetryQuestion> = {}): RetryQuestion => ({
  nowMs: changes.endedAt ?? WEDNESDAY,
  endedAt: WEDNESDAY,
  disposition: "busy",
  streak: 1,
  wish: null,
  attempts: 1,
  maxAttempts: 3,
  deadlineAt: null,
  zones: [NEW_YORK],
  country: "US",
  hours: [WORKING_DAY],
  delays: RETRY_DELAYS,
  ...changes,
});

const timeOf = (answer: ReturnType<typeof nextAttempt>): number => {
  if (!answer.again) throw new Error(answer.why);
  return answer.at;
};

describe("when the callee named a time", () => {
  test("“call me tomorrow at 3” is 15:00 of the callee's own zone, wherever that is", () => {
    for (const zone of [NEW_YORK, "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"]) {
      const endedAt = at("2026-06-10T14:00", zone);
      const asked = wish({ localTime: "2026-06-11T15:00", words: "Could you call me tomorrow at 3?" });
      const answer = nextAttempt(question({ endedAt, zones: [zone], wish: asked, disposition: "answered" }));
      expect(localOf(timeOf(answer), zone)).toBe("2026-06-11T15:00");
    }
  });

  test("“at 3” read as 3 in the night is the afternoon, unless the words name the half of the day", () => {
    const night = { localTime: "2026-06-11T03:00" };
    const open = nextAttempt(question({ wish: wish({ ...night, words: "call me tomorrow at 3" }) }));
    expect(localOf(timeOf(open), NEW_YORK)).toBe("2026-06-11T15:00");
    const named = nextAttempt(question({ wish: wish({ ...night, words: "call me at 3 in the morning" }) }));
    expect(localOf(timeOf(named), NEW_YORK)).toBe("2026-06-11T08:00");
  });

  test("a delay counts from the end of the call, however late it is judged", () => {
    const asked = wish({ delayMinutes: 30, words: "in half an hour" });
    expect(timeOf(nextAttempt(question({ wish: asked, nowMs: WEDNESDAY + 10 * MINUTE })))).toBe(
      WEDNESDAY + 30 * MINUTE,
    );
    expect(timeOf(nextAttempt(question({ wish: asked, nowMs: WEDNESDAY + 2 * HOUR })))).toBe(WEDNESDAY + 2 * HOUR);
  });

  test("a time outside the calling hours becomes their next beginning", () => {
    const late = nextAttempt(question({ wish: wish({ localTime: "2026-06-10T22:30", words: "at half past ten pm" }) }));
    expect(localOf(timeOf(late), NEW_YORK)).toBe("2026-06-11T08:00");
  });

  test("a time after the deadline is no attempt", () => {
    const asked = wish({ localTime: "2026-06-12T15:00", words: "on Friday at 3" });
    const answer = nextAttempt(question({ wish: asked, deadlineAt: at("2026-06-11T18:00") }));
    expect(answer).toEqual({ again: false, why: "deadline-passed" });
  });

  test("a time that has passed, lies more than a year ahead or is none leaves the usual wait", () => {
    for (const localTime of ["2026-06-10T13:59", "2027-12-01T10:00", "2026-02-30T10:00", "soon"]) {
      const answer = nextAttempt(question({ wish: wish({ localTime }) }));
      expect(answer).toEqual({ again: true, at: WEDNESDAY + 5 * MINUTE, why: "waited" });
    }
  });

  test("a callee whose zone is in doubt is never called before the time they named", () => {
    const zones = [NEW_YORK, "America/Chicago", "America/Los_Angeles"];
    const asked = wish({ localTime: "2026-06-11T15:00", words: "tomorrow at 3" });
    expect(localOf(timeOf(nextAttempt(question({ wish: asked, zones }))), "America/Los_Angeles")).toBe(
      "2026-06-11T15:00",
    );
  });

  test("another zone counts when the callee named one", () => {
    const asked = wish({ localTime: "2026-06-11T15:00", zone: "Europe/London", words: "at 3 pm London time" });
    expect(localOf(timeOf(nextAttempt(question({ wish: asked }))), "Europe/London")).toBe("2026-06-11T15:00");
  });
});

describe("in the nights the clock changes", () => {
  test("tomorrow at 3 pm is 15:00 on the clock, 24 hours away or not", () => {
    for (const [day, next, hours] of [
      ["2026-03-07", "2026-03-08", 24],
      ["2026-10-31", "2026-11-01", 26],
    ] as const) {
      const endedAt = at(`${day}T14:00`);
      const asked = wish({ localTime: `${next}T15:00`, words: "tomorrow at 3 pm" });
      const answer = nextAttempt(question({ endedAt, wish: asked }));
      expect(localOf(timeOf(answer), NEW_YORK)).toBe(`${next}T15:00`);
      expect(timeOf(answer) - endedAt).toBe(hours * HOUR);
    }
  });

  test("a time that does not exist is the one an hour later, a double one is the first", () => {
    const heard = { zones: [NEW_YORK], country: null, hours: [ALWAYS] };
    const gap = wishedAt(wish({ localTime: "2026-03-08T02:30" }), { ...heard, endedAt: at("2026-03-07T20:00") });
    expect(localOf(gap ?? 0, NEW_YORK)).toBe("2026-03-08T03:30");
    const double = wishedAt(wish({ localTime: "2026-11-01T01:30" }), { ...heard, endedAt: at("2026-10-31T20:00") });
    expect(double).toBe(Date.UTC(2026, 10, 1, 5, 30));
  });

  test("a delay is that many minutes, whatever the clock does", () => {
    const endedAt = at("2026-03-07T20:00");
    const asked = wish({ delayMinutes: 16 * 60, words: "in sixteen hours" });
    const answer = nextAttempt(question({ endedAt, wish: asked }));
    expect(localOf(timeOf(answer), NEW_YORK)).toBe("2026-03-08T13:00");
  });
});

describe("when the callee named no time", () => {
  const waits = (disposition: Disposition, streak: number): number =>
    timeOf(nextAttempt(question({ disposition, streak, attempts: streak, maxAttempts: 9, hours: [ALWAYS] }))) -
    WEDNESDAY;

  test("waits grow: minutes after busy, hours after no answer", () => {
    expect([1, 2, 3, 4].map((streak) => waits("busy", streak) / MINUTE)).toEqual([5, 15, 45, 45]);
    expect([1, 2, 3].map((streak) => waits("no-answer", streak) / HOUR)).toEqual([2, 4, 24]);
    expect([1, 2].map((streak) => waits("rejected", streak) / HOUR)).toEqual([4, 24]);
    expect([1, 2, 3].map((streak) => waits("failed", streak) / MINUTE)).toEqual([2, 10, 30]);
  });

  test("a mailbox is tried again when the calling hours begin on the next day", () => {
    const answer = nextAttempt(question({ disposition: "voicemail" }));
    expect(localOf(timeOf(answer), NEW_YORK)).toBe("2026-06-11T08:00");
    const always = nextAttempt(question({ disposition: "voicemail", hours: [ALWAYS] }));
    expect(localOf(timeOf(always), NEW_YORK)).toBe("2026-06-11T14:00");
  });

  test("a wait that ends at night goes on until the morning", () => {
    const endedAt = at("2026-06-10T20:30");
    expect(localOf(timeOf(nextAttempt(question({ endedAt, disposition: "no-answer" }))), NEW_YORK)).toBe(
      "2026-06-11T08:00",
    );
  });

  test("a wait is cut short rather than past the deadline, while a minute is left", () => {
    const cut = nextAttempt(question({ disposition: "no-answer", deadlineAt: WEDNESDAY + HOUR }));
    expect(cut).toEqual({ again: true, at: WEDNESDAY + HOUR / 2, why: "waited" });
    const over = nextAttempt(question({ disposition: "no-answer", deadlineAt: WEDNESDAY + MINUTE }));
    expect(over).toEqual({ again: false, why: "deadline-passed" });
  });

  test("a number that does not exist is not called again", () => {
    expect(nextAttempt(question({ disposition: "invalid-number" }))).toEqual({
      again: false,
      why: "number-does-not-exist",
    });
  });
});

test("attempts never exceed the cap, and every next one is in the future, inside the hours and before the deadline", () => {
  const dispositions = ["answered", "busy", "no-answer", "rejected", "voicemail", "trunk-failure", "failed"] as const;
  const time = fc.integer({ min: at("2026-01-01T00:00"), max: at("2027-01-01T00:00") });
  const history = fc.record({
    endedAt: time,
    lateMs: fc.integer({ min: 0, max: 48 * HOUR }),
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    deadline: fc.option(fc.integer({ min: -HOUR, max: 90 * 24 * HOUR }), { nil: null }),
    zone: fc.constantFrom(NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"),
    from: fc.integer({ min: 0, max: 12 }).map((hour) => hour * 60),
    to: fc.integer({ min: 13, max: 24 }).map((hour) => hour * 60),
    ends: fc.array(
      fc.record({
        disposition: fc.constantFrom(...dispositions),
        delayMinutes: fc.option(fc.double({ min: -10, max: 600_000, noNaN: true }), { nil: null }),
        localTime: fc.option(fc.constantFrom("2026-03-08T02:30", "2026-06-11T15:00", "never"), { nil: null }),
      }),
      { minLength: 12, maxLength: 12 },
    ),
    delays: fc.constantFrom(RETRY_DELAYS, DEMO_RETRY_DELAYS),
  });
  fc.assert(
    fc.property(history, ({ endedAt, lateMs, maxAttempts, deadline, zone, from, to, ends, delays }) => {
      const hours = [{ from, to, days: null, onHolidays: false }];
      const deadlineAt = deadline === null ? null : endedAt + deadline;
      let attempts = 0;
      let ended = endedAt;
      for (const { disposition, ...said } of ends) {
        attempts++;
        const nowMs = ended + lateMs;
        const asked = said.localTime === null && said.delayMinutes === null ? null : wish(said);
        const common = { disposition, attempts, maxAttempts, deadlineAt, hours, delays, streak: attempts };
        const answer = nextAttempt(question({ ...common, endedAt: ended, nowMs, zones: [zone], wish: asked }));
        if (!answer.again) break;
        expect(answer.at).toBeGreaterThanOrEqual(nowMs);
        if (deadlineAt !== null) expect(answer.at).toBeLessThanOrEqual(deadlineAt);
        expect(nextCallingTime({ nowMs: answer.at, zones: [zone], country: "US", hours })).toBe(answer.at);
        ended = answer.at + MINUTE;
      }
      expect(attempts).toBeLessThanOrEqual(maxAttempts);
    }),
    { numRuns: 1000 },
  );
});
