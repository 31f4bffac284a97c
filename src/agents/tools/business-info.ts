import { z } from "zod";
import { type PhoneRefusal, parsePhone } from "../../core/phone.ts";
import { explainGoogle } from "../models/google-error.ts";
import type { ModelUsage } from "../models/model.ts";
import { type TryDeps, withTries } from "../models/tries.ts";
import { type Failed, VendorError } from "../models/vendor-error.ts";
import { UnreadableAnswer } from "../models/wire.ts";

/** Where Google serves its Places API (New). */
export const PLACES_URL = "https://places.googleapis.com";

/** What to look for. */
export interface BusinessQuery {
  /** Name and town, or street: `Downtown Dental, Springfield IL`. At most 200 characters are used. */
  readonly query: string;
  /** ISO 3166, two letters; shapes results and the form of addresses. */
  readonly region?: string | null;
  /** BCP 47; default `en`. */
  readonly language?: string | null;
}

/** A business as Google knows it. */
export interface Business {
  /** Google's id of the place: the source of its number. */
  readonly placeId: string;
  readonly name: string;
  /** E.164, valid and dialable; null where there is none. */
  readonly phone: string | null;
  /** Why a listed number cannot be dialed; null when it can, or when none is listed. */
  readonly phoneRefusal: PhoneRefusal | null;
  /** Null for a business that only goes to its customers. */
  readonly address: string | null;
  readonly website: string | null;
  readonly mapsUrl: string | null;
  readonly status: "open" | "closed-temporarily" | "closed-permanently" | "opens-later" | "unknown";
  /** Usual week in words, one line a day, Monday first; empty when unknown. */
  readonly openingHours: readonly string[];
  readonly isOpenNow: boolean | null;
  /** Days within the next week whose hours differ, as `2026-11-26`. */
  readonly specialDays: readonly string[];
  /** IANA name. */
  readonly timezone: string | null;
  /** Minutes east of UTC, now. */
  readonly utcOffsetMinutes: number | null;
}

/** What was found, best match first, at most 5; none when there is no such business. */
export interface BusinessInfo {
  readonly businesses: readonly Business[];
  /** When it was looked up, in epoch ms. */
  readonly at: number;
}

/** Who to ask, and the time. */
export interface BusinessDeps extends TryDeps {
  /** Null without a key. */
  readonly apiKey: string | null;
  /** Default `PLACES_URL`. */
  readonly baseUrl?: string | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Longest time for one try, in ms; default 6,000. A live call cannot wait so long. */
  readonly timeoutMs?: number;
  /** Default 2. */
  readonly tries?: number;
}

const VENDOR = "Google Places";

/** One request. Without a price here: what it costs depends on the account's volume, and its first ones are free. */
export const PLACES_USAGE: ModelUsage = {
  vendor: VENDOR,
  model: "places",
  purpose: "places",
  rounds: 1,
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  costUsd: null,
};
const MAX_QUERY = 200;
const MAX_FOUND = 5;
const MAX_BODY_BYTES = 512 * 1024;

/** Only these are answered, and the dearest of them decides the price of a look-up. */
const FIELDS = [
  "id",
  "displayName",
  "formattedAddress",
  "internationalPhoneNumber",
  "websiteUri",
  "googleMapsUri",
  "businessStatus",
  "regularOpeningHours",
  "currentOpeningHours",
  "timeZone",
  "utcOffsetMinutes",
]
  .map((field) => `places.${field}`)
  .join(",");

const text = (max: number) => z.string().transform((value) => value.slice(0, max));
const webUrl = z
  .string()
  .max(2000)
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""))
  .nullish()
  .catch(null);

/** `google.maps.places.v1.Place`, the part of it that is asked for. */
const placeShape = z.object({
  id: z.string().min(1).max(500),
  displayName: z.object({ text: text(200) }),
  formattedAddress: text(400).nullish(),
  internationalPhoneNumber: z.string().max(60).nullish().catch(null),
  websiteUri: webUrl,
  googleMapsUri: webUrl,
  businessStatus: z.string().nullish().catch(null),
  regularOpeningHours: z
    .object({ weekdayDescriptions: z.array(text(200)).max(7) })
    .nullish()
    .catch(null),
  currentOpeningHours: z
    .object({
      openNow: z.boolean().optional(),
      specialDays: z
        .array(z.object({ date: z.object({ year: z.int(), month: z.int(), day: z.int() }) }))
        .max(14)
        .catch([]),
    })
    .nullish()
    .catch(null),
  timeZone: z
    .object({ id: z.string().refine(isZone) })
    .nullish()
    .catch(null),
  utcOffsetMinutes: z.int().min(-1080).max(1080).nullish().catch(null),
});
const answerShape = z.object({ places: z.array(z.unknown()).max(20).default([]) });

const STATUS: Record<string, Business["status"]> = {
  OPERATIONAL: "open",
  CLOSED_TEMPORARILY: "closed-temporarily",
  CLOSED_PERMANENTLY: "closed-permanently",
  FUTURE_OPENING: "opens-later",
};

/** Places answered with an error. */
class PlacesRefusal extends Error {
  override name = "PlacesRefusal";
  readonly failed: Failed;
  constructor(failed: Failed) {
    super(`refused: ${failed.failure}`);
    this.failed = failed;
  }
}

/**
 * Facts about businesses from Google's Places API (New), text search. Throws a `VendorError`, `key-missing` without a
 * key. A number that cannot be dialed is left out, with the reason.
 */
export const businessInfo = async (
  asked: BusinessQuery,
  deps: BusinessDeps,
  signal?: AbortSignal,
): Promise<BusinessInfo> => {
  const { apiKey, baseUrl = PLACES_URL, clock } = deps;
  if (apiKey === null) {
    const advice = "Set GOOGLE_API_KEY, with the Places API (New) enabled for it, to look up businesses.";
    throw new VendorError(VENDOR, { failure: "key-missing" }, { advice });
  }
  const rules = { vendor: VENDOR, tries: deps.tries ?? 2, timeoutMs: deps.timeoutMs ?? 6000, signal, explain };
  const body = JSON.stringify({
    textQuery: asked.query.slice(0, MAX_QUERY),
    languageCode: asked.language ?? "en",
    ...(asked.region && { regionCode: asked.region }),
    pageSize: MAX_FOUND,
    // Plumbers and others without a shop are businesses too.
    includePureServiceAreaBusinesses: true,
  });
  const asking = withTries(rules, deps, async (one) => {
    const response = await deps.fetch(`${baseUrl}/v1/places:searchText`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": apiKey, "x-goog-fieldmask": FIELDS },
      body,
      signal: one.signal,
      redirect: "error",
    });
    const answer = await bounded(response);
    if (!response.ok) throw new PlacesRefusal(explainGoogle(response.status, answer));
    return placesOf(answer);
  });
  const places = await asking.catch((thrown) => {
    // Google may have answered these, and asks money for answers.
    const mayCost = thrown instanceof VendorError && /^(?:timed-out|unreadable)$/.test(thrown.failure);
    if (mayCost) thrown.usage = PLACES_USAGE;
    throw thrown;
  });
  return { businesses: places.slice(0, MAX_FOUND).map(businessOf), at: clock.now() };
};

const explain = (thrown: unknown): Failed => {
  if (thrown instanceof PlacesRefusal) return thrown.failed;
  const isUnreadable = thrown instanceof UnreadableAnswer || thrown instanceof SyntaxError;
  return { failure: isUnreadable ? "unreadable" : "unreachable" };
};

/** The body, as long as it is no longer than such an answer can be. */
const bounded = async (response: Response): Promise<string> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_BODY_BYTES) throw new UnreadableAnswer("an answer without end");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
};

/** Places that cannot be read are left out; when none of several can, it is not the protocol. */
const placesOf = (body: string): z.output<typeof placeShape>[] => {
  const answer = answerShape.safeParse(JSON.parse(body));
  if (!answer.success) throw new UnreadableAnswer("no answer of searchText", { cause: answer.error });
  const places = answer.data.places.flatMap((place) => placeShape.safeParse(place).data ?? []);
  if (places.length === 0 && answer.data.places.length > 0) throw new UnreadableAnswer("no place can be read");
  return places;
};

const businessOf = (place: z.output<typeof placeShape>): Business => {
  const listed = place.internationalPhoneNumber ?? null;
  const phone = listed === null ? null : parsePhone(listed);
  const { currentOpeningHours: current } = place;
  return {
    placeId: place.id,
    name: place.displayName.text,
    phone: phone?.ok ? phone.e164 : null,
    phoneRefusal: phone === null || phone.ok ? null : phone.reason,
    address: place.formattedAddress ?? null,
    website: place.websiteUri ?? null,
    mapsUrl: place.googleMapsUri ?? null,
    status: STATUS[place.businessStatus ?? ""] ?? "unknown",
    openingHours: place.regularOpeningHours?.weekdayDescriptions ?? [],
    isOpenNow: current?.openNow ?? null,
    specialDays: (current?.specialDays ?? []).map(({ date: { year, month, day } }) =>
      [year, String(month).padStart(2, "0"), String(day).padStart(2, "0")].join("-"),
    ),
    timezone: place.timeZone?.id ?? null,
    utcOffsetMinutes: place.utcOffsetMinutes ?? null,
  };
};

function isZone(id: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(id);
    return true;
  } catch {
    return false;
  }
}
