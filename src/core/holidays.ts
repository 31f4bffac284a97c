/** A public holiday as a rule over the years. */
type Rule =
  /** Month and day; with `move`, a holiday on a Sunday (or Saturday) is kept on the workday next to it. */
  | { month: number; day: number; move?: "nearest" | "monday" }
  /** The n-th such weekday of a month, 1 is Monday; n = -1 is the last. */
  | { month: number; weekday: number; nth: number }
  /** Days after Easter Sunday. */
  | { easter: number };

const on = (month: number, day: number, move?: "nearest" | "monday"): Rule => ({ month, day, ...(move && { move }) });
const nth = (month: number, weekday: number, n: number): Rule => ({ month, weekday, nth: n });
const easter = (days: number): Rule => ({ easter: days });

const NEW_YEAR = on(1, 1);
const LABOUR = on(5, 1);
const CHRISTMAS = on(12, 25);
const SECOND_CHRISTMAS = on(12, 26);
const GOOD_FRIDAY = easter(-2);
const EASTER_MONDAY = easter(1);
const ASCENSION = easter(39);
const WHIT_MONDAY = easter(50);

/**
 * Holidays of the whole country, by ISO 3166 code, as its law names them. Those of single states, and those of calendars
 * other than the Gregorian one, are not in it. A country that is not in it has none.
 */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  US: [
    on(1, 1, "nearest"),
    nth(1, 1, 3),
    nth(2, 1, 3),
    nth(5, 1, -1),
    on(6, 19, "nearest"),
    on(7, 4, "nearest"),
    nth(9, 1, 1),
    nth(10, 1, 2),
    on(11, 11, "nearest"),
    nth(11, 4, 4),
    on(12, 25, "nearest"),
  ],
  CA: [on(1, 1, "monday"), GOOD_FRIDAY, on(7, 1, "monday"), nth(9, 1, 1), on(12, 25, "monday")],
  GB: [on(1, 1, "monday"), GOOD_FRIDAY, nth(5, 1, 1), nth(5, 1, -1), CHRISTMAS, SECOND_CHRISTMAS],
  IE: [
    NEW_YEAR,
    on(3, 17),
    EASTER_MONDAY,
    nth(5, 1, 1),
    nth(6, 1, 1),
    nth(8, 1, 1),
    nth(10, 1, -1),
    CHRISTMAS,
    SECOND_CHRISTMAS,
  ],
  DE: [NEW_YEAR, GOOD_FRIDAY, EASTER_MONDAY, LABOUR, ASCENSION, WHIT_MONDAY, on(10, 3), CHRISTMAS, SECOND_CHRISTMAS],
  AT: [
    NEW_YEAR,
    on(1, 6),
    EASTER_MONDAY,
    LABOUR,
    ASCENSION,
    WHIT_MONDAY,
    easter(60),
    on(8, 15),
    on(10, 26),
    on(11, 1),
    on(12, 8),
    CHRISTMAS,
    SECOND_CHRISTMAS,
  ],
  CH: [NEW_YEAR, ASCENSION, on(8, 1), CHRISTMAS],
  FR: [
    NEW_YEAR,
    EASTER_MONDAY,
    LABOUR,
    on(5, 8),
    ASCENSION,
    WHIT_MONDAY,
    on(7, 14),
    on(8, 15),
    on(11, 1),
    on(11, 11),
    CHRISTMAS,
  ],
  BE: [NEW_YEAR, EASTER_MONDAY, LABOUR, ASCENSION, WHIT_MONDAY, on(7, 21), on(8, 15), on(11, 1), on(11, 11), CHRISTMAS],
  NL: [NEW_YEAR, EASTER_MONDAY, on(4, 27), ASCENSION, WHIT_MONDAY, CHRISTMAS, SECOND_CHRISTMAS],
  ES: [NEW_YEAR, on(1, 6), GOOD_FRIDAY, LABOUR, on(8, 15), on(10, 12), on(11, 1), on(12, 6), on(12, 8), CHRISTMAS],
  IT: [
    NEW_YEAR,
    on(1, 6),
    EASTER_MONDAY,
    on(4, 25),
    LABOUR,
    on(6, 2),
    on(8, 15),
    on(11, 1),
    on(12, 8),
    CHRISTMAS,
    SECOND_CHRISTMAS,
  ],
  AU: [on(1, 1, "monday"), on(1, 26, "monday"), GOOD_FRIDAY, EASTER_MONDAY, on(4, 25), CHRISTMAS, SECOND_CHRISTMAS],
};

/** Easter Sunday of a Gregorian year (Meeus/Jones/Butcher). */
const easterOf = (year: number): Temporal.PlainDate => {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const n = h + l - 7 * Math.floor((a + 11 * h + 22 * l) / 451) + 114;
  return new Temporal.PlainDate(year, Math.floor(n / 31), (n % 31) + 1);
};

/** The dates a rule gives in a year: the day itself and, where it moves, the workday on which it is kept. */
const datesOf = (rule: Rule, year: number): Temporal.PlainDate[] => {
  if ("easter" in rule) return [easterOf(year).add({ days: rule.easter })];
  if ("nth" in rule) {
    const first = new Temporal.PlainDate(year, rule.month, 1);
    const lead = (rule.weekday - first.dayOfWeek + 7) % 7;
    if (rule.nth > 0) return [first.add({ days: lead + 7 * (rule.nth - 1) })];
    const inMonth = Math.floor((first.daysInMonth - 1 - lead) / 7);
    return [first.add({ days: lead + 7 * inMonth })];
  }
  const date = new Temporal.PlainDate(year, rule.month, rule.day);
  if (rule.move === undefined || date.dayOfWeek < 6) return [date];
  const back = rule.move === "nearest" && date.dayOfWeek === 6;
  return [date, back ? date.subtract({ days: 1 }) : date.add({ days: 8 - date.dayOfWeek })];
};

/** Whether a date is a public holiday of the whole of a country (ISO 3166). */
export const isHoliday = (date: Temporal.PlainDate, country: string): boolean => {
  const rules = RULES[country] ?? [];
  // New Year on a Saturday is kept on the last day of the year before.
  return [date.year, date.year + 1].some((year) =>
    rules.some((rule) => datesOf(rule, year).some((holiday) => holiday.equals(date))),
  );
};
