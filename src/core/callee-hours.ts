import { type CallingHours, isTimeZone } from "./calling-hours.ts";
import { parsePhone } from "./phone.ts";
import { zonesOfPhone } from "./phone-zone.ts";

/** The calling hours of the process, which hold for everybody. */
export interface ProcessHours {
  /** Minutes after midnight of the callee. */
  window: { from: number; to: number };
  /** Whether public holidays of the callee's country count as any other day. */
  onHolidays: boolean;
}

/** When and where a callee can be called. */
export interface CalleeHours {
  /** IANA zones the callee may be in; none where nothing tells. */
  zones: string[];
  /** ISO 3166; null where the number tells no country. */
  country: string | null;
  /** All of them must allow the call. */
  hours: CallingHours[];
}

const DAY_MINUTES = 24 * 60;

/**
 * The hours of one callee, the same for the forecast of a plan, the gate of each dial and the wait before the next one. A
 * zone that does not exist counts as unknown.
 */
export const calleeHours = (
  callee: { phone: string; timezone: string | null; hours: CallingHours | null },
  process: ProcessHours,
): CalleeHours => {
  const phone = parsePhone(callee.phone);
  const zones = callee.timezone === null ? zonesOfPhone(callee.phone) : [callee.timezone];
  const onHolidays = process.onHolidays || (callee.hours?.onHolidays ?? false);
  const everybody = { ...process.window, days: null, onHolidays };
  return {
    zones: zones.filter(isTimeZone),
    country: phone.ok ? phone.country : null,
    hours: callee.hours === null ? [everybody] : [everybody, { ...callee.hours, onHolidays }],
  };
};

/** Whether hours have no limit at all, so that no zone need be known to keep them. */
export const areUnlimited = (hours: readonly CallingHours[]): boolean =>
  hours.every(({ from, to, days, onHolidays }) => from === 0 && to === DAY_MINUTES && days === null && onHolidays);
