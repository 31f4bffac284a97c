import { areUnlimited, calleeHours, type ProcessHours } from "../core/callee-hours.ts";
import { nextCallingTime } from "../core/calling-hours.ts";
import { type CampaignPlan, contactTimes, type PlanContact } from "../core/campaign-plan.ts";

/** What will happen to one contact of a plan when it is confirmed now. */
export interface ContactForecast {
  contact: PlanContact;
  /** Earliest first call, epoch ms; null where plan and calling hours leave no time, and with `needsZone`. */
  at: number | null;
  /** Nothing tells where the contact lives, so that calling hours cannot be kept. */
  needsZone: boolean;
  /** IANA zone whose clock the contact lives by; null where only its country is known, which has several. */
  zone: string | null;
  isListed: boolean;
}

/** What a plan may cost, in USD. */
export interface CostForecast {
  /** Everybody answers the first call. */
  likely: number;
  /** All tries are used and all are talked. */
  most: number;
}

/** A call that reaches somebody, in minutes: a guess that is said to be one. */
export const LIKELY_MINUTES = 3;

/** When each contact is called first, on the plan's hours and the installation's. `isListed` says who must not be. */
export const forecastContacts = (
  plan: CampaignPlan,
  given: { nowMs: number; hours: ProcessHours; isListed: ReadonlySet<string> },
): ContactForecast[] =>
  plan.contacts.map((contact) => {
    const times = contactTimes(plan.schedule, contact);
    const { zones, country, hours } = calleeHours({ phone: contact.phone, ...times }, given.hours);
    const nowMs = Math.max(given.nowMs, times.notBefore ?? 0);
    const needsZone = zones.length === 0 && !areUnlimited(hours);
    const at = needsZone ? null : nextCallingTime({ nowMs, zones, country, hours });
    const isTooLate = at !== null && times.deadlineAt !== null && at > times.deadlineAt;
    return {
      contact,
      at: isTooLate ? null : at,
      needsZone,
      zone: times.timezone,
      isListed: given.isListed.has(contact.phone),
    };
  });

/** What the calls of a plan may cost; null where the price of a minute is not known. */
export const forecastCost = (plan: CampaignPlan, usdPerMinute: number | null): CostForecast | null =>
  usdPerMinute === null
    ? null
    : {
        likely: plan.contacts.length * LIKELY_MINUTES * usdPerMinute,
        most: plan.contacts.length * plan.max_attempts * LIKELY_MINUTES * usdPerMinute,
      };
