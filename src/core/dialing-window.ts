/** A calling window and the instant asked about. */
export interface WindowQuestion {
  /** Epoch ms. */
  nowMs: number;
  /** IANA zone of the callee. */
  zone: string;
  /**
   * Times of day in minutes after midnight of the callee, 0 to 1440; `from` is inside, `to` is not. `from` after `to`
   * means over midnight, 0 to 1440 is always, equal times are never.
   */
  from: number;
  to: number;
}

/** Whether a number may be called now, and when that changes. Instants are epoch ms. */
export interface WindowState {
  open: boolean;
  /** When it opens next; null while it is open, and for a window that never opens. */
  opensAt: number | null;
  /** When it closes; null while it is closed, and for a window without an end. */
  closesAt: number | null;
}

const DAY_MINUTES = 1440;

/** Days after today that are searched; a night of a clock change can take one window away, never two in a row. */
const DAYS_AHEAD = 3;

/**
 * The state of a calling window at an instant. Where a clock change makes a time of day happen twice or not at all, the
 * window is the shorter one: nobody is called at a time that is outside on any reading of the clock. Throws a
 * `RangeError` on an unknown zone.
 */
export const windowState = ({ nowMs, zone, from, to }: WindowQuestion): WindowState => {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone).toPlainDate();
  if (from === to) return { open: false, opensAt: null, closesAt: null };
  if (from === 0 && to === DAY_MINUTES) return { open: true, opensAt: null, closesAt: null };

  // Yesterday's window may still be open when it goes over midnight.
  for (let days = -1; days <= DAYS_AHEAD; days++) {
    const day = today.add({ days });
    const opensAt = instantOf(day, from, zone, "later");
    const closesAt = instantOf(from < to ? day : day.add({ days: 1 }), to, zone, "earlier");
    if (closesAt <= opensAt || closesAt <= nowMs) continue;
    return nowMs < opensAt ? { open: false, opensAt, closesAt: null } : { open: true, opensAt: null, closesAt };
  }
  return { open: false, opensAt: null, closesAt: null };
};

const instantOf = (
  day: Temporal.PlainDate,
  minutes: number,
  zone: string,
  disambiguation: "earlier" | "later",
): number => {
  const date = minutes === DAY_MINUTES ? day.add({ days: 1 }) : day;
  const time = new Temporal.PlainTime(Math.floor((minutes % DAY_MINUTES) / 60), minutes % 60);
  return date.toPlainDateTime(time).toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
};
