import { expect, test } from "bun:test";
import fc from "fast-check";
import { windowState } from "../../src/core/dialing-window.ts";

const BERLIN = "Europe/Berlin";
const at = (local: string, zone = BERLIN): number => Temporal.ZonedDateTime.from(`${local}[${zone}]`).epochMilliseconds;
const state = (local: string, from: number, to: number, zone = BERLIN) =>
  windowState({ nowMs: at(local, zone), zone, from, to });

const EIGHT = 480;
const NINE_PM = 1260;

test("a window is open from its first minute to just before its last", () => {
  const closesAt = at("2026-06-10T21:00");
  expect(state("2026-06-10T07:59:59.999", EIGHT, NINE_PM)).toEqual({
    open: false,
    opensAt: at("2026-06-10T08:00"),
    closesAt: null,
  });
  expect(state("2026-06-10T08:00", EIGHT, NINE_PM)).toEqual({ open: true, opensAt: null, closesAt });
  expect(state("2026-06-10T20:59:59.999", EIGHT, NINE_PM)).toEqual({ open: true, opensAt: null, closesAt });
  expect(state("2026-06-10T21:00", EIGHT, NINE_PM)).toEqual({
    open: false,
    opensAt: at("2026-06-11T08:00"),
    closesAt: null,
  });
});

test("it is the callee's clock that counts", () => {
  const nowMs = at("2026-06-10T12:00", "America/New_York");
  expect(windowState({ nowMs, zone: "America/New_York", from: EIGHT, to: NINE_PM }).open).toBe(true);
  expect(windowState({ nowMs, zone: "Asia/Tokyo", from: EIGHT, to: NINE_PM }).open).toBe(false);
});

test("a window over midnight is open on both sides of it", () => {
  expect(state("2026-06-10T23:00", 1320, 120)).toMatchObject({ open: true, closesAt: at("2026-06-11T02:00") });
  expect(state("2026-06-11T01:59", 1320, 120)).toMatchObject({ open: true, closesAt: at("2026-06-11T02:00") });
  expect(state("2026-06-11T02:00", 1320, 120)).toMatchObject({ open: false, opensAt: at("2026-06-11T22:00") });
});

test("a window to 24:00 closes at midnight; one of the whole day never does; an empty one never opens", () => {
  expect(state("2026-06-10T23:59", EIGHT, 1440)).toMatchObject({ open: true, closesAt: at("2026-06-11T00:00") });
  expect(state("2026-06-10T03:00", 0, 1440)).toEqual({ open: true, opensAt: null, closesAt: null });
  expect(state("2026-06-10T03:00", 600, 600)).toEqual({ open: false, opensAt: null, closesAt: null });
});

test("the night clocks go forward, the next morning comes an hour sooner", () => {
  // 02:00 becomes 03:00 on 29 March 2026 in Berlin.
  const late = at("2026-03-28T21:00");
  const opensAt = windowState({ nowMs: late, zone: BERLIN, from: EIGHT, to: NINE_PM }).opensAt;
  expect(opensAt).toBe(at("2026-03-29T08:00"));
  expect(opensAt! - late).toBe(10 * 3_600_000);
});

test("the night clocks go back, the next morning comes an hour later", () => {
  // 03:00 becomes 02:00 on 25 October 2026 in Berlin.
  const late = at("2026-10-24T21:00");
  const opensAt = windowState({ nowMs: late, zone: BERLIN, from: EIGHT, to: NINE_PM }).opensAt;
  expect(opensAt).toBe(at("2026-10-25T08:00"));
  expect(opensAt! - late).toBe(12 * 3_600_000);
});

test("an end that the clock skips closes the window early, a beginning that it skips opens it late", () => {
  expect(state("2026-03-29T01:00", 0, 150)).toMatchObject({ open: true, closesAt: at("2026-03-29T01:30") });
  expect(state("2026-03-29T03:00", 150, 600)).toMatchObject({ open: false, opensAt: at("2026-03-29T03:30") });
});

test("of a time that happens twice, the second opens the window and the first closes it", () => {
  expect(state("2026-10-25T00:00", 150, 600)).toMatchObject({ open: false, opensAt: at("2026-10-25T02:30+01:00") });
  expect(state("2026-10-25T00:00", 0, 150)).toMatchObject({ open: true, closesAt: at("2026-10-25T02:30+02:00") });
});

test("a window that a clock change swallows is left out that day", () => {
  expect(state("2026-03-29T00:00", 125, 150)).toMatchObject({ open: false, opensAt: at("2026-03-30T02:05") });
});

test("an unknown zone throws a RangeError", () => {
  expect(() => windowState({ nowMs: 0, zone: "Moon/Base", from: 0, to: 60 })).toThrow(RangeError);
});

test("at any time, in any zone: open means the clock on the wall is inside, and the instants told are the next change", () => {
  const zones = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns"];
  const HALF_YEAR_NIGHTS = [
    at("2026-03-29T00:00"),
    at("2026-10-25T00:00"),
    at("2026-03-08T00:00"),
    at("2026-04-05T00:00"),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.oneof(
        fc.integer({ min: at("2026-01-01T00:00"), max: at("2027-01-01T00:00") }),
        fc.tuple(fc.constantFrom(...HALF_YEAR_NIGHTS), fc.nat(86_400_000)).map(([night, ms]) => night + ms),
      ),
      fc.nat(1440),
      fc.nat(1440),
      (zone, nowMs, from, to) => {
        const now = windowState({ nowMs, zone, from, to });
        const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone);
        const wall = hour * 60 + minute;
        const inside = from <= to ? wall >= from && wall < to : wall >= from || wall < to;
        if (now.open) expect(inside).toBe(true);
        if (now.opensAt !== null) {
          expect(now.opensAt).toBeGreaterThan(nowMs);
          expect(windowState({ nowMs: now.opensAt, zone, from, to }).open).toBe(true);
          expect(windowState({ nowMs: now.opensAt - 1, zone, from, to }).open).toBe(false);
        }
        if (now.closesAt !== null) {
          expect(now.closesAt).toBeGreaterThan(nowMs);
          expect(windowState({ nowMs: now.closesAt - 1, zone, from, to }).open).toBe(true);
        }
      },
    ),
    { numRuns: 500 },
  );
});
