import { expect, test } from "bun:test";
import fc from "fast-check";
import { ALWAYS, type CallingHours, isTimeZone, nextCallingTime } from "../../src/core/calling-hours.ts";
import { isHoliday } from "../../src/core/holidays.ts";

const DAY: CallingHours = { from: 9 * 60, to: 17 * 60, days: null, onHolidays: true };

const next = (now: string, zone: string, ...hours: CallingHours[]): string | null => {
  const at = nextCallingTime({ nowMs: Date.parse(now), zones: [zone], country: "US", hours });
  return at === null
    ? null
    : Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toString().slice(0, 22);
};

test("a task's own hours count beside those of everybody", () => {
  const narrow = { ...DAY, from: 16 * 60, to: 22 * 60 };
  expect(next("2026-06-10T12:00:00Z", "America/New_York", DAY, narrow)).toBe("2026-06-10T16:00:00-04");
  expect(next("2026-06-10T20:30:00Z", "America/New_York", DAY, narrow)).toBe("2026-06-10T16:30:00-04");
  expect(next("2026-06-10T21:00:00Z", "America/New_York", DAY, narrow)).toBe("2026-06-11T16:00:00-04");
});

test("hours that have nothing in common are never open", () => {
  expect(next("2026-06-10T12:00:00Z", "America/New_York", DAY, { ...DAY, from: 17 * 60, to: 20 * 60 })).toBeNull();
});

test("a plan's days are those of the callee", () => {
  // Thursday evening in New York is Friday in Auckland.
  const friday: CallingHours = { ...ALWAYS, days: ["fri"] };
  expect(next("2026-06-11T22:00:00Z", "America/New_York", friday)).toBe("2026-06-12T00:00:00-04");
  expect(next("2026-06-11T22:00:00Z", "Pacific/Auckland", friday)).toBe("2026-06-12T10:00:00+12");
});

test("a night that began on a day of the plan goes on after midnight", () => {
  const night: CallingHours = { ...DAY, from: 22 * 60, to: 2 * 60, days: ["fri"] };
  expect(next("2026-06-13T05:00:00Z", "America/New_York", night)).toBe("2026-06-13T01:00:00-04");
  expect(next("2026-06-12T05:00:00Z", "America/New_York", night)).toBe("2026-06-12T22:00:00-04");
});

test("a public holiday is passed over, unless holidays do not count", () => {
  const workdays: CallingHours = { ...DAY, days: ["mon", "tue", "wed", "thu", "fri"], onHolidays: false };
  // Independence Day 2026 is a Saturday, kept on Friday.
  expect(next("2026-07-03T14:00:00Z", "America/New_York", workdays)).toBe("2026-07-06T09:00:00-04");
  const anyway = { ...workdays, onHolidays: true };
  expect(next("2026-07-03T14:00:00Z", "America/New_York", anyway)).toBe("2026-07-03T10:00:00-04");
});

test("the nights of a clock change keep the hours of the clock", () => {
  expect(next("2026-03-08T05:00:00Z", "America/New_York", DAY)).toBe("2026-03-08T09:00:00-04");
  expect(next("2026-11-01T04:00:00Z", "America/New_York", DAY)).toBe("2026-11-01T09:00:00-05");
  // 2:30 does not exist on that day: the window that would open then opens after the jump.
  const gap = { ...DAY, from: 2 * 60 + 30, to: 5 * 60 };
  expect(next("2026-03-08T06:00:00Z", "America/New_York", gap)).toBe("2026-03-08T03:30:00-04");
});

test("a number of several zones is called when it is time in all of them", () => {
  const zones = ["America/New_York", "America/Los_Angeles"];
  const at = nextCallingTime({ nowMs: Date.UTC(2026, 5, 10, 13), zones, country: "US", hours: [DAY] });
  expect(at).toBe(Date.UTC(2026, 5, 10, 16));
});

test("the time that is found is open by the callee's clock and calendar, and none before it was", () => {
  const zone = fc.constantFrom("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu");
  const minutes = fc.integer({ min: 0, max: 47 }).map((half) => half * 30);
  const question = fc.record({ zone, from: minutes, to: minutes, nowMs: fc.integer({ min: 1.7e12, max: 1.9e12 }) });
  fc.assert(
    fc.property(question, ({ zone: name, from, to, nowMs }) => {
      fc.pre(from < to);
      const hours: CallingHours = { from, to, days: ["tue", "sat"], onHolidays: false };
      const country = name === "Europe/Berlin" ? "DE" : "US";
      const at = nextCallingTime({ nowMs, zones: [name], country, hours: [hours] });
      expect(at).not.toBeNull();
      const allows = (ms: number): boolean => {
        const local = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(name);
        const minute = local.hour * 60 + local.minute;
        const isDay = local.dayOfWeek === 2 || local.dayOfWeek === 6;
        return isDay && minute >= from && minute < to && !isHoliday(local.toPlainDate(), country);
      };
      expect(allows(at!)).toBe(true);
      if (at !== nowMs) expect(allows(nowMs)).toBe(false);
      // Nothing open in between but the doubtful minutes of a clock change, which are left out on purpose.
      const isQuiet = (ms: number): boolean =>
        [-3, 3].every((h) => {
          const local = (t: number) => Temporal.Instant.fromEpochMilliseconds(t).toZonedDateTimeISO(name);
          return local(ms).offset === local(ms + h * 3_600_000).offset;
        });
      for (let ms = nowMs; ms < at!; ms += 1_800_000) if (isQuiet(ms)) expect(allows(ms)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("holidays are the days on which the law of the country puts them", () => {
  const on = (date: string, country: string) => isHoliday(Temporal.PlainDate.from(date), country);
  // Easter Sundays: 2024-03-31, 2025-04-20, 2026-04-05 and 2038-04-25, the latest there is.
  for (const monday of ["2024-04-01", "2025-04-21", "2026-04-06", "2038-04-26"]) expect(on(monday, "DE")).toBe(true);
  expect(on("2026-04-03", "DE")).toBe(true);
  expect(on("2026-04-03", "FR")).toBe(false);
  expect(on("2026-05-14", "FR")).toBe(true);
  expect(on("2026-11-26", "US")).toBe(true);
  expect(on("2026-05-25", "US")).toBe(true);
  expect(on("2026-01-19", "US")).toBe(true);
  // New Year 2028 is a Saturday, kept on the last day of 2027.
  expect(on("2027-12-31", "US")).toBe(true);
  expect(on("2026-12-25", "XX")).toBe(false);
});

test("an offset is no time zone, for it knows no summer time", () => {
  expect(isTimeZone("Europe/Berlin")).toBe(true);
  for (const text of ["+02:00", "Europe/Nowhere", "", "berlin time"]) expect(isTimeZone(text)).toBe(false);
});
