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
  for (let tries = 0; tries <= 2 * DAYS_AHEAD; tries++) {
    const { open, opensAt, closesAt } = windowState({ nowMs: from, zone, from: hours.from, to: hours.to });
    const opening = open ? from : opensAt;
    if (opening === null) return null;
    if (everyDay) return opening;
    const local = Temporal.Instant.fromEpochMilliseconds(opening).toZonedDateTimeISO(zone);
    const beganYesterday = hours.from > hours.to && local.hour * 60 + local.minute < hours.to;
    if (calendarAllows(hours, local.toPlainDate(), beganYesterday, country)) return opening;
    // Another window may open on the same day when this one is yesterday's.
    from = beganYesterday && closesAt !== null ? closesAt : nextDay(opening, zone);
  }
  return null;
};

/** Whether calls are allowed today in a window that began today or yesterday: the day it began is the plan's day. */
const calendarAllows = (
  { days, onHolidays }: CallingHours,
  today: Temporal.PlainDate,
  beganYesterday: boolean,
  country: string | null,
): boolean => {
  if (country !== null && !onHolidays && isHoliday(today, country)) return false;
  const began = beganYesterday ? today.subtract({ days: 1 }) : today;
  return days === null || days.includes(WEEKDAYS[began.dayOfWeek - 1]!);
};

const nextDay = (at: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add({ days: 1 }).startOfDay().epochMilliseconds;
