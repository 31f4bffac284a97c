import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type NumberType,
  type PhoneNumber as Parsed,
  ParseError,
  parsePhoneNumberWithError,
  validatePhoneNumberLength,
} from "libphonenumber-js/max";

/**
 * Why a text is no number to dial: nothing there, not written as a number, not a number anybody can have, an emergency
 * or service number, one that costs more than a call, or longer than any number.
 */
export type PhoneRefusal = "empty" | "not-a-number" | "invalid" | "emergency" | "premium" | "too-long";

/** A number that may be dialed. */
export interface PhoneNumber {
  ok: true;
  /** With `+`. */
  e164: string;
  /** Digits of `e164` in front of the national number. */
  code: string;
  /** ISO 3166 country; `001` for numbers of no country. */
  country: string;
  /** Kind of line as the numbering plan tells it. */
  type: "fixed" | "mobile" | "fixed-or-mobile" | "toll-free" | "voip" | "other";
  /** As people of that country write it. */
  national: string;
}

/** What a text is, read as a phone number. */
export type ParsedPhone = PhoneNumber | { ok: false; reason: PhoneRefusal };

/** Longest text looked at; people write less, so more is no number. */
const MAX_TEXT = 40;
/** E.164 allows 15 digits; before them may stand an international prefix. */
const MAX_DIGITS = 20;

/** Up to three digits call a service (112, 911, 999, 15 …): no subscriber of any country has a number so short. */
const SERVICE_DIGITS = 3;
/** Longer ones: Europe's services of social value (116 xxx) and Pakistan's emergency number. */
const LONG_SERVICE = /^(?:116\d{3}|1122)$/;

/** Personal numbers forward anywhere at the caller's cost; satellite and 979 numbers cost several dollars a minute. */
const COSTLY_TYPES = new Set<NumberType>(["PREMIUM_RATE", "SHARED_COST", "PERSONAL_NUMBER"]);
const COSTLY_CODES = /^\+(?:870|878|88[123]|979)/;

const TYPES: Partial<Record<NonNullable<NumberType>, PhoneNumber["type"]>> = {
  FIXED_LINE: "fixed",
  MOBILE: "mobile",
  FIXED_LINE_OR_MOBILE: "fixed-or-mobile",
  TOLL_FREE: "toll-free",
  VOIP: "voip",
};

/**
 * Reads a number as people write it, with spaces, brackets, dots, dashes, slashes or `tel:`. Without `+` or `00` it is
 * one of `defaultCountry` (ISO 3166); without that too it is `invalid`. Letters, keys such as `#` and extensions make it
 * no number.
 */
export const parsePhone = (text: string, defaultCountry?: string): ParsedPhone => {
  const refuse = (reason: PhoneRefusal): ParsedPhone => ({ ok: false, reason });
  if (text.length > MAX_TEXT) return refuse("too-long");
  const written = text
    .normalize("NFKC")
    // Marks of direction, which phones and chats copy along with a number.
    .replace(/\p{Cf}/gu, "")
    .replace(/^\s*tel:/i, "")
    .trim();
  if (written === "") return refuse("empty");
  if (!/^\+?[\d\s()./\-\u2010-\u2015\u2212]*$/.test(written)) return refuse("not-a-number");
  const digits = written.replaceAll(/\D/g, "");
  if (digits === "") return refuse("not-a-number");
  if (digits.length > MAX_DIGITS) return refuse("too-long");

  const country = defaultCountry?.toUpperCase();
  const home = country !== undefined && isSupportedCountry(country) ? country : undefined;
  const isInternational = written.startsWith("+") || digits.startsWith("00");
  const international = `+${digits.replace(/^00/, "")}`;

  const number = parsed(isInternational ? international : digits, isInternational ? undefined : home);
  if (typeof number === "string") return refuse(callsService(digits, home) ? "emergency" : number);
  if (callsService(digits, home, number)) return refuse("emergency");
  if (COSTLY_CODES.test(number.number)) return refuse("premium");
  // The library takes digits that no number at home has for one abroad that lost its `+`.
  const isAbroad = !isInternational && home !== undefined && number.countryCallingCode !== getCountryCallingCode(home);
  if (isAbroad) return refuse("invalid");
  if (!number.isValid())
    return refuse(validatePhoneNumberLength(number.number) === "TOO_LONG" ? "too-long" : "invalid");
  const type = number.getType();
  if (COSTLY_TYPES.has(type)) return refuse("premium");
  if (type === "PAGER" || type === "VOICEMAIL") return refuse("invalid");
  return {
    ok: true,
    e164: number.number,
    code: number.countryCallingCode,
    country: number.country ?? "001",
    type: (type && TYPES[type]) ?? "other",
    national: number.formatNational(),
  };
};

const parsed = (text: string, country: CountryCode | undefined): Parsed | PhoneRefusal => {
  try {
    return parsePhoneNumberWithError(text, {
      extract: false,
      ...(country !== undefined && { defaultCountry: country }),
    });
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    return thrown.message === "TOO_LONG" ? "too-long" : "invalid";
  }
};

/** Whether these digits reach a service, with or without an international prefix, country or area in front of it. */
const callsService = (digits: string, home: CountryCode | undefined, number?: Parsed): boolean => {
  const isService = (rest: string): boolean => rest.length <= SERVICE_DIGITS || LONG_SERVICE.test(rest);
  // 00, 011, 0011 and 810 go abroad; a 0 or 1 in front of what follows is a trunk prefix.
  const heads = [digits, digits.replace(/^(?:0011|011|010|00|810)/, "")];
  const codes = new Set(["1"]);
  if (home !== undefined) codes.add(getCountryCallingCode(home));
  if (number !== undefined) codes.add(number.countryCallingCode);
  for (const head of heads) {
    for (const code of ["", ...codes]) {
      if (!head.startsWith(code)) continue;
      const rest = head.slice(code.length);
      if (isService(rest) || isService(rest.replace(/^[01]/, "")) || isService(rest.replace(/^0+/, ""))) return true;
    }
  }
  if (number === undefined) return false;
  const { nationalNumber, countryCallingCode } = number;
  if (isService(nationalNumber)) return true;
  // An area code of Germany or Austria, then 110, 112, 122, 133 …: no subscriber there has so short a number.
  return /^(?:49|43)$/.test(countryCallingCode) && /^\d{1,4}(?:11[02]|1[234][234])$/.test(nationalNumber);
};

/** The number with its subscriber part hidden, `+1 202 ••• ••00`, for lists and logs; `•••` if it is no number. */
export const maskPhone = (e164: string): string => {
  const number = parsed(e164, undefined);
  if (typeof number === "string") return "•••";
  const [code = "", ...groups] = number.formatInternational().split(" ");
  const area = groups.length > 1 ? [groups[0]] : [];
  const subscriber = groups.slice(area.length).join(" ");
  const hidden = subscriber.slice(0, -2).replaceAll(/\d/g, "•") + subscriber.slice(-2);
  return [code, ...area, hidden].join(" ");
};
