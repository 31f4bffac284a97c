import { windowState } from "./dialing-window.ts";
import { isHoliday } from "./holidays.ts";

/** The days of a week as plans name them, Monday first. */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A day of the week. */
export type Weekday = (typeof WEEKDAYS)[number];

/** When a callee may be called, on the callee's own clock and calendar. */
export interface CallingHours {
  /** Minutes after midnight, as in `WindowQuestion`. */
  from: number;
  to: number;
  /** Days on which the window begins; null: on every day. */
  days: readonly Weekday[] | null;
  /** Whether public holidays of the callee's country count as any other day. */
  onHolidays: boolean;
}

/** Hours without any limit. */
export const ALWAYS: CallingHours = { from: 0, to: 1440, days: null, onHolidays: true };

/** Whether a text names an IANA time zone. */
export const isTimeZone = (zone: string): boolean => {
  // An offset is no zone: it knows no summer time.
  if (/^[+-]/.test(zone)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
};

/** An instant and whom it is about. */
export interface HoursQuestion {
  /** Epoch ms. */
  nowMs: number;
  /** IANA zones the callee may be in; all of them must allow the call. */
  zones: readonly string[];
  /** ISO 3166 country whose holidays count; null: none do. */
  country: string | null;
  /** All of them must allow the call. */
  hours: readonly CallingHours[];
}

/** Longest search for the next opening: over any run of holidays and the weekdays a plan may name, in days. */
const DAYS_AHEAD = 21;
const DAY_MS = 24 * 60 * 60_000;

/**
 * When the callee may be called: now (`nowMs` itself), or the next instant at which all hours are open in all zones; null
 * when there is none within three weeks, as of hours that have nothing in common. Throws a `RangeError` on an unknown
 * zone.
 */
export const nextCallingTime = ({ nowMs, zones, country, hours }: HoursQuestion): number | null => {
  let at = nowMs;
  while (at - nowMs <= DAYS_AHEAD * DAY_MS) {
    let latest: number | null = at;
    for (const zone of zones) {
      for (const one of hours) {
        const opensAt = openingOf(one, at, zone, country);
        if (opensAt === null) return null;
        latest = Math.max(latest, opensAt);
      }
    }
    if (latest === at) return at;
    at = latest;
  }
  return null;
};

/** The first instant from `at` on at which these hours are open in the zone. */
const openingOf = (hours: CallingHours, at: number, zone: string, country: string | null): number | null => {
  const everyDay = hours.days === null && (hours.onHolidays || country === null);
  if (everyDay && hours.from === 0 && hours.to === 1440) return at;
  let from = at;
  for (let tries = 0; tries <= DAYS_AHEAD; tries++) {
    const opensAt = openingOfClock(hours, from, zone);
    if (opensAt === null) return null;
    if (everyDay || dayIsOpen(hours, opensAt, zone, country)) return opensAt;
    from = nextDay(opensAt, zone);
  }
  return null;
};

const openingOfClock = ({ from, to }: CallingHours, at: number, zone: string): number | null => {
  const state = windowState({ nowMs: at, zone, from, to });
  return state.open ? at : state.opensAt;
};

/** Whether the calendar allows calls at an instant inside the window; after midnight the day before counts too. */
const dayIsOpen = (hours: CallingHours, at: number, zone: string, country: string | null): boolean => {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  const today = local.toPlainDate();
  const isHolidayToday = country !== null && !hours.onHolidays && isHoliday(today, country);
  if (isHolidayToday) return false;
  const beganYesterday = hours.from > hours.to && local.hour * 60 + local.minute < hours.to;
  const began = beganYesterday ? today.subtract({ days: 1 }) : today;
  return hours.days === null || hours.days.includes(WEEKDAYS[began.dayOfWeek - 1]!);
};

const nextDay = (at: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add({ days: 1 }).startOfDay().epochMilliseconds;
