/** Why a text is no number to dial. */
export type PhoneRefusal = "empty" | "not-a-number" | "invalid" | "emergency" | "premium" | "too-long";

/** A number that may be dialed. */
export interface PhoneNumber {
  ok: true;
  /** With `+`. */
  e164: string;
  /** ISO 3166 country; `001` for numbers of no country. */
  country: string;
  /** Kind of line as the numbering plan tells it. */
  type: "fixed" | "mobile" | "fixed-or-mobile" | "toll-free" | "voip" | "other";
  /** As people of that country write it. */
  national: string;
}

/** What a text is, read as a phone number. */
export type ParsedPhone = PhoneNumber | { ok: false; reason: PhoneRefusal };

/** Reads a number as people write it; without `+` it is read as one of `defaultCountry` (ISO 3166). */
export const parsePhone = (_text: string, _defaultCountry?: string): ParsedPhone => ({ ok: false, reason: "invalid" });

/** The number with its subscriber part hidden, `+1 202 ••• ••00`, for lists and logs. */
export const maskPhone = (_e164: string): string => "•••";

/** IANA zone of a number's subscriber, where the number tells it; null otherwise. */
export const zoneOfPhone = (_e164: string): string | null => null;
