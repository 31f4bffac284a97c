import type { Disposition } from "../core/call.ts";
import { type CallingHours, nextCallingTime } from "../core/calling-hours.ts";

/** When a callee wants to be called, as told on the phone. Either a time on a clock or a delay; both null is no time. */
export interface CallbackWish {
  /** ISO 8601 without offset, such as `2026-06-11T15:00`. */
  localTime: string | null;
  /** IANA zone of that clock where another than the callee's own was named. */
  zone: string | null;
  delayMinutes: number | null;
  /** The callee's own words. */
  words: string;
}

/** Waits after an attempt, in ms: the first after the first of a row, the last for all that follow. */
type Steps = readonly [number, ...number[]];

/** How long to wait when the callee named no time. */
export interface RetryDelays {
  busy: Steps;
  noAnswer: Steps;
  rejected: Steps;
  /** `next-window`: when the calling hours begin on the next day, so that another time of day is tried. */
  voicemail: Steps | "next-window";
  /** Ours or the network's fault; the callee may have heard nothing of it. */
  lost: Steps;
  /** Somebody talked, and there is more to say. */
  unsettled: Steps;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Waits that people at the other end are comfortable with. */
export const RETRY_DELAYS: RetryDelays = {
  busy: [5 * MINUTE_MS, 15 * MINUTE_MS, 45 * MINUTE_MS],
  noAnswer: [2 * HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS],
  rejected: [4 * HOUR_MS, 24 * HOUR_MS],
  voicemail: "next-window",
  lost: [2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS],
  unsettled: [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS],
};

/** Waits of the scripted phone network, where nobody is disturbed and somebody watches. */
export const DEMO_RETRY_DELAYS: RetryDelays = {
  busy: [8_000, 16_000, 32_000],
  noAnswer: [15_000, 30_000, 60_000],
  rejected: [20_000, 60_000],
  voicemail: [20_000, 40_000, 60_000],
  lost: [5_000, 10_000, 20_000],
  unsettled: [20_000, 40_000, 60_000],
};

/** Shortest rest before a number is dialed again when a deadline forces a wait to be cut, in ms. */
const SHORTEST_WAIT_MS = MINUTE_MS;
/** Farthest wish that is kept: beyond it a year was misheard. */
export const LONGEST_WISH_MS = 366 * DAY_MS;

/** What is known when another attempt is wanted. Instants are epoch ms. */
export interface RetryQuestion {
  nowMs: number;
  /** When the attempt ended: what was said counts from there. */
  endedAt: number;
  disposition: Disposition;
  /** Attempts in a row, this one counted, that ended like it. */
  streak: number;
  wish: CallbackWish | null;
  attempts: number;
  maxAttempts: number;
  deadlineAt: number | null;
  /** Zones the callee may be in. */
  zones: readonly string[];
  /** ISO 3166 country whose holidays count; null: none do. */
  country: string | null;
  /** All of them must allow the call. */
  hours: readonly CallingHours[];
  delays: RetryDelays;
}

/** Whether there is another attempt, when, and why. */
export type RetryAnswer =
  | { again: true; at: number; why: "callee-asked" | "waited" }
  | { again: false; why: "attempts-used-up" | "deadline-passed" | "never-open" | "number-does-not-exist" };

/**
 * The one place that says whether and when a task is tried again: never above its cap, never after its deadline, always
 * in the future and inside the callee's hours. Pure.
 */
export const nextAttempt = (question: RetryQuestion): RetryAnswer => {
  const { disposition, attempts, maxAttempts, deadlineAt, nowMs } = question;
  if (disposition === "invalid-number") return { again: false, why: "number-does-not-exist" };
  if (attempts >= maxAttempts) return { again: false, why: "attempts-used-up" };
  if (deadlineAt !== null && nowMs >= deadlineAt) return { again: false, why: "deadline-passed" };
  const wished = question.wish === null ? null : wishedAt(question.wish, question);
  if (wished !== null) return within(question, wished, "callee-asked");
  const waited = within(question, waitedUntil(question), "waited");
  if (waited.again || waited.why !== "deadline-passed" || deadlineAt === null) return waited;
  // A usual wait would be too late: half of the time that is left is better than none.
  const halfway = nowMs + Math.floor((deadlineAt - nowMs) / 2);
  return halfway - nowMs < SHORTEST_WAIT_MS ? waited : within(question, halfway, "waited");
};

/**
 * The instant a callee asked for, epoch ms; null when no time was named or it cannot be meant: before it was said, or
 * more than a year ahead. A clock time that does not exist that night is the one an hour later, one that happens twice is
 * the first. Where the callee's zone is in doubt it is the latest reading, so that nobody is called before the time they
 * named.
 */
export const wishedAt = (
  wish: CallbackWish,
  heard: Pick<RetryQuestion, "endedAt" | "zones" | "country" | "hours">,
): number | null => {
  const { endedAt } = heard;
  if (wish.localTime === null) {
    if (wish.delayMinutes === null || !(wish.delayMinutes > 0)) return null;
    return meant(endedAt + wish.delayMinutes * MINUTE_MS, endedAt);
  }
  const zones = wish.zone !== null ? [wish.zone] : heard.zones.length > 0 ? heard.zones : ["UTC"];
  try {
    const said = Temporal.PlainDateTime.from(wish.localTime);
    const readings = zones.map((zone) => readingOf(said, zone, wish.words, heard));
    return meant(Math.max(...readings), endedAt);
  } catch {
    return null;
  }
};

const meant = (at: number, endedAt: number): number | null =>
  Number.isFinite(at) && at > endedAt && at - endedAt <= LONGEST_WISH_MS ? Math.round(at) : null;

const NAMES_THE_HALF_OF_THE_DAY =
  /\b(a\.?m|p\.?m|morning|noon|afternoon|evening|tonight|night|midnight)\b|\d{1,2}:\d{2}\s*(h|hrs)/i;

/** "At 3" is 15:00 when nobody may be called at 3:00 and the words leave it open. */
const readingOf = (
  said: Temporal.PlainDateTime,
  zone: string,
  words: string,
  { country, hours }: Pick<RetryQuestion, "country" | "hours">,
): number => {
  const at = instantOf(said, zone);
  if (said.hour >= 12 || NAMES_THE_HALF_OF_THE_DAY.test(words)) return at;
  const isOpen = (nowMs: number): boolean => nextCallingTime({ nowMs, zones: [zone], country, hours }) === nowMs;
  const afternoon = instantOf(said.add({ hours: 12 }), zone);
  return !isOpen(at) && isOpen(afternoon) ? afternoon : at;
};

const instantOf = (local: Temporal.PlainDateTime, zone: string): number =>
  local.toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;

const stepsOf = (delays: RetryDelays, disposition: Disposition): Steps | "next-window" => {
  switch (disposition) {
    case "busy":
      return delays.busy;
    case "no-answer":
      return delays.noAnswer;
    case "rejected":
      return delays.rejected;
    case "voicemail":
      return delays.voicemail;
    case "answered":
      return delays.unsettled;
    default:
      return delays.lost;
  }
};

const waitedUntil = (question: RetryQuestion): number => {
  const steps = stepsOf(question.delays, question.disposition);
  if (steps === "next-window") return nextDayOpening(question);
  return question.endedAt + steps[Math.min(Math.max(1, question.streak), steps.length) - 1]!;
};

/** When the hours begin on the next day; around the clock there is no beginning, so it is this time of day again. */
const nextDayOpening = ({ endedAt, zones, country, hours }: RetryQuestion): number => {
  const here = Temporal.Instant.fromEpochMilliseconds(endedAt).toZonedDateTimeISO(zones[0] ?? "UTC");
  const tomorrow = here.add({ days: 1 });
  const midnight = tomorrow.startOfDay().epochMilliseconds;
  const opening = nextCallingTime({ nowMs: midnight, zones, country, hours });
  return opening === null || opening === midnight ? tomorrow.epochMilliseconds : opening;
};

const within = (question: RetryQuestion, wanted: number, why: "callee-asked" | "waited"): RetryAnswer => {
  const { nowMs, zones, country, hours, deadlineAt } = question;
  const at = nextCallingTime({ nowMs: Math.max(wanted, nowMs), zones, country, hours });
  if (at === null) return { again: false, why: "never-open" };
  return deadlineAt !== null && at > deadlineAt ? { again: false, why: "deadline-passed" } : { again: true, at, why };
};
