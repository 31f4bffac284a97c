/** A time somebody named for another call. Exactly one of the two is set. */
export interface SpokenTime {
  /** ISO 8601 without offset. */
  localTime: string | null;
  delayMinutes: number | null;
  /** The sentence it was named in. */
  words: string;
}

const NUMBERS = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];
const TENS: Readonly<Record<string, number>> = { fifteen: 15, twenty: 20, thirty: 30, forty: 40, fifty: 50 };
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440, week: 10_080 };

const NUMBER = `\\d{1,3}|${[...NUMBERS.slice(1), ...Object.keys(TENS)].join("|")}|an?`;
const DELAY = new RegExp(`\\bin (?:about )?(half an hour|(${NUMBER}) (?:more )?(minute|hour|day|week)s?)\\b`, "i");
const CLOCK = new RegExp(
  `\\b(?:at|around|by|about)? ?(?:(noon|midday)|(\\d{1,2}|${NUMBERS.slice(1).join("|")})(?:[:.](\\d{2}))? ?(o'?clock)?(?: ?(a\\.?m\\b|p\\.?m\\b|in the morning|in the afternoon|in the evening))?)`,
  "gi",
);

/** Asks for another call: without such words a time is a fact and no wish. */
const WISH =
  /\b(?:call|ring|phone|try|reach|get back to)\b[^.!?]*\b(?:again|back|me|us|later|then|tomorrow|in|at|on|next)\b|\b(?:call|ring|phone) back\b/i;

const numberOf = (word: string): number => {
  const lower = word.toLowerCase();
  if (/^\d+$/.test(lower)) return Number(lower);
  if (lower === "a" || lower === "an") return 1;
  return TENS[lower] ?? NUMBERS.indexOf(lower);
};

/**
 * The wish to be called at another time in an English sentence, counted from `saidAt` (ISO 8601, the speaker's clock);
 * null when there is none. Understands what people say on the phone: "in half an hour", "tomorrow at 3", "on Friday at
 * half past" it does not. An hour without its half of the day is the one of the working day.
 */
export const spokenCallback = (text: string, saidAt: string): SpokenTime | null => {
  const now = Temporal.PlainDateTime.from(saidAt);
  for (const sentence of text.split(/(?<=[.!?])\s+(?=[A-Z])/)) {
    if (!WISH.test(sentence)) continue;
    const words = sentence.trim();
    const delay = DELAY.exec(sentence);
    if (delay) {
      const minutes = delay[2] === undefined ? 30 : numberOf(delay[2]) * (UNIT_MINUTES[delay[3]!.toLowerCase()] ?? 1);
      return { localTime: null, delayMinutes: minutes, words };
    }
    const date = dateOf(sentence, now);
    const time = timeOf(sentence);
    if (date === null && time === null) continue;
    let at = (date ?? now.toPlainDate()).toPlainDateTime(time ?? new Temporal.PlainTime(10));
    if (date === null && Temporal.PlainDateTime.compare(at, now) <= 0) at = at.add({ days: 1 });
    return { localTime: at.toString({ smallestUnit: "minute" }), delayMinutes: null, words };
  }
  return null;
};

const dateOf = (sentence: string, now: Temporal.PlainDateTime): Temporal.PlainDate | null => {
  const today = now.toPlainDate();
  if (/\bday after tomorrow\b/i.test(sentence)) return today.add({ days: 2 });
  if (/\btomorrow\b/i.test(sentence)) return today.add({ days: 1 });
  if (/\bnext week\b/i.test(sentence)) return today.add({ days: 7 });
  const weekday = DAYS.findIndex((day) => new RegExp(`\\b${day}\\b`, "i").test(sentence));
  if (weekday < 0) return null;
  return today.add({ days: (weekday + 1 - today.dayOfWeek + 7) % 7 || 7 });
};

const timeOf = (sentence: string): Temporal.PlainTime | null => {
  for (const [match, noon, hourWord, minuteWord, oClock, half] of sentence.matchAll(CLOCK)) {
    if (noon !== undefined) return new Temporal.PlainTime(12);
    // A bare number is a time only where "at" or something else of a clock stands by it.
    const isClock = /^\s*(?:at|around|by|about)\b/i.test(match) || minuteWord || oClock || half;
    if (hourWord === undefined || !isClock) continue;
    const hour = numberOf(hourWord);
    const minute = Number(minuteWord ?? 0);
    if (hour > 23 || minute > 59) continue;
    return new Temporal.PlainTime(hourOfDay(hour, half), minute);
  }
  return /\bmorning\b/i.test(sentence)
    ? new Temporal.PlainTime(9)
    : /\bafternoon\b/i.test(sentence)
      ? new Temporal.PlainTime(15)
      : null;
};

const hourOfDay = (hour: number, half: string | undefined): number => {
  if (half === undefined) return hour > 0 && hour < 8 ? hour + 12 : hour;
  if (/^a|morning/i.test(half)) return hour % 12;
  return (hour % 12) + 12;
};
