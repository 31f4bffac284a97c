import { expect, test } from "bun:test";
import fc from "fast-check";
import { getCountries, getCountryCallingCode, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { maskPhone, parsePhone } from "../../src/core/phone.ts";

const GOOD: [string, string | undefined, string][] = [
  ["+12025550100", undefined, "+12025550100"],
  ["  +1 (202) 555-0100 ", undefined, "+12025550100"],
  ["tel:+1-202-555-0100", undefined, "+12025550100"],
  ["+1.202.555.0100", undefined, "+12025550100"],
  ["001 202 555 0100", undefined, "+12025550100"],
  ["202 555 0100", "US", "+12025550100"],
  ["1 202 555 0100", "us", "+12025550100"],
  ["020 7946 0123", "GB", "+442079460123"],
  ["+44 (0)20 7946 0123", undefined, "+442079460123"],
  ["030/12345678", "DE", "+493012345678"],
  ["＋１２０２５５５０１００", undefined, "+12025550100"],
  ["+39 02 3661 8300", undefined, "+390236618300"],
  ["\u202a+1 202-555-0100\u202c", undefined, "+12025550100"],
];
for (const [text, country, e164] of GOOD) {
  test(`"${text}"${country ? ` in ${country}` : ""} is ${e164}`, () => {
    expect(parsePhone(text, country)).toMatchObject({ ok: true, e164 });
  });
}

test("a number tells its country, kind and national spelling", () => {
  expect(parsePhone("+442079460123")).toEqual({
    ok: true,
    e164: "+442079460123",
    code: "44",
    country: "GB",
    type: "fixed",
    national: "020 7946 0123",
  });
  expect(parsePhone("+12025550100")).toMatchObject({
    country: "US",
    type: "fixed-or-mobile",
    national: "(202) 555-0100",
  });
  expect(parsePhone("+491771234567")).toMatchObject({ type: "mobile" });
  expect(parsePhone("+18005550100")).toMatchObject({ type: "toll-free" });
  expect(parsePhone("+80012345678")).toMatchObject({ country: "001", type: "toll-free" });
});

test("a mobile number of every country of the plan is read back from its E.164 form", () => {
  for (const country of getCountries()) {
    const example = getExampleNumber(country, examples);
    if (example === undefined || !["MOBILE", "FIXED_LINE_OR_MOBILE"].includes(String(example.getType()))) continue;
    expect(parsePhone(example.number), country).toMatchObject({ ok: true, e164: example.number });
    expect(parsePhone(example.formatNational(), country), country).toMatchObject({ ok: true, e164: example.number });
  }
});

const EMERGENCY: [string, string?][] = [
  ["911"],
  ["911", "US"],
  ["+911"],
  ["+1911"],
  ["+1 911"],
  ["1911", "US"],
  ["1-911"],
  ["9-1-1"],
  ["(911)"],
  ["9 1 1"],
  ["9.1.1"],
  ["９１１"],
  ["tel:911"],
  ["00911"],
  ["001911"],
  ["00 1 911", "DE"],
  ["011 911", "US"],
  ["011 1 911", "US"],
  ["0011 000", "AU"],
  ["0911"],
  ["112"],
  ["112", "DE"],
  ["+112"],
  ["00 112"],
  ["00112", "DE"],
  ["+49112"],
  ["+49 112"],
  ["0049 112"],
  ["49112", "DE"],
  ["+49 (0) 112"],
  ["0112", "DE"],
  ["+49 110"],
  ["+49 30 110"],
  ["030 112", "DE"],
  ["+49 2331 112"],
  ["+43 1 133"],
  ["999", "GB"],
  ["+44999"],
  ["+44 999"],
  ["0999", "GB"],
  ["000", "AU"],
  ["+61 000"],
  ["111", "NZ"],
  ["15", "FR"],
  ["+33 15"],
  ["18", "FR"],
  ["110", "CN"],
  ["+86 110"],
  ["119", "JP"],
  ["+81 119"],
  ["100", "IN"],
  ["+91 112"],
  ["1122", "PK"],
  ["+92 1122"],
  ["116117", "DE"],
  ["+49 116 117"],
  ["988", "US"],
  ["+1 988"],
  ["+1 411"],
];
for (const [text, country] of EMERGENCY) {
  test(`"${text}"${country ? ` in ${country}` : ""} is refused as an emergency or service number`, () => {
    expect(parsePhone(text, country)).toEqual({ ok: false, reason: "emergency" });
  });
}

test("no emergency number gets through with any country code, prefix, punctuation or home country", () => {
  const services = ["000", "110", "111", "112", "113", "115", "117", "118", "119", "120", "122", "144", "190", "193"];
  services.push("15", "17", "18", "100", "101", "102", "103", "911", "933", "988", "990", "995", "997", "998", "999");
  const countries = getCountries();
  fc.assert(
    fc.property(
      fc.constantFrom(...services),
      fc.constantFrom(...countries),
      // Behind a country's code only marks of an international number count: 1 358 000 may be somebody in Finland.
      fc.oneof(
        fc.tuple(fc.constantFrom("", "+", "00", "011", "0011", "0", "+00", "1", "+1"), fc.constant(false)),
        fc.tuple(fc.constantFrom("+", "00", "+00"), fc.constant(true)),
      ),
      fc.array(fc.constantFrom("", "", " ", "-", ".", "(", ")"), { minLength: 12, maxLength: 12 }),
      fc.boolean(),
      (service, country, [prefix, withCode], fillers, atHome) => {
        const digits = prefix + (withCode ? getCountryCallingCode(country) : "") + service;
        const text = [...digits].map((digit, i) => digit + (i === 0 ? "" : (fillers[i % 12] ?? ""))).join("");
        const parsed = parsePhone(text, atHome ? country : undefined);
        expect(parsed.ok, `${text} in ${country}`).toBe(false);
      },
    ),
    { numRuns: 3000 },
  );
});

const REFUSED: [string, string | undefined, string][] = [
  ["", undefined, "empty"],
  ["   ", undefined, "empty"],
  ["tel:", undefined, "empty"],
  ["call me", "US", "not-a-number"],
  ["+1-800-FLOWERS", undefined, "not-a-number"],
  ["nine one one", "US", "not-a-number"],
  ["911#", "US", "not-a-number"],
  ["*67 202 555 0100", "US", "not-a-number"],
  ["+1 202 555 0100 ext. 12", undefined, "not-a-number"],
  ["+12025550100;ext=1", undefined, "not-a-number"],
  ["+12025550100,,911", undefined, "not-a-number"],
  ["sip:+12025550100@example.org", undefined, "not-a-number"],
  ["+12025550100\r\nX-Header: 1", undefined, "not-a-number"],
  ["+12025550100/n@trunk&PJSIP/+19005551234", undefined, "not-a-number"],
  ["+", undefined, "not-a-number"],
  ["()", "US", "not-a-number"],
  ["2025550100", undefined, "invalid"],
  ["2025550100", "Atlantis", "invalid"],
  ["+1 202 555", undefined, "invalid"],
  ["+1 911 555 1234", undefined, "invalid"],
  ["+999 123 456 789", undefined, "invalid"],
  ["+1 555 555 5555", undefined, "invalid"],
  ["+44 7700 900123", undefined, "invalid"],
  ["+1 202 555 0100 0", undefined, "too-long"],
  ["1".repeat(41), "US", "too-long"],
  ["+123456789012345678901", undefined, "too-long"],
  ["+1 900 555 1234", undefined, "premium"],
  ["900 555 1234", "US", "premium"],
  ["+44 909 879 0123", undefined, "premium"],
  ["0843 555 0123", "GB", "premium"],
  ["+49 900 1 123456", undefined, "premium"],
  ["+49 180 5 123456", undefined, "premium"],
  ["+33 8 99 12 34 56", undefined, "premium"],
  ["+61 1900 123 456", undefined, "premium"],
  ["+44 7012 345678", undefined, "premium"],
  ["+1 500 555 1234", undefined, "premium"],
  ["+979 1 2345 6789", undefined, "premium"],
  ["+881 6 1234 5678", undefined, "premium"],
];
for (const [text, country, reason] of REFUSED) {
  test(`${JSON.stringify(text)}${country ? ` in ${country}` : ""} is refused as ${reason}`, () => {
    expect(parsePhone(text, country)).toMatchObject({ ok: false, reason });
  });
}

test("whatever is typed, the answer is a number in E.164 or a reason, and the same number when read again", () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."+0123456789 ()-.#*;") }));
  fc.assert(
    fc.property(text, fc.constantFrom(undefined, "US", "GB", "DE"), (typed, country) => {
      const parsed = parsePhone(typed, country);
      if (!parsed.ok) return;
      expect(parsed.e164).toMatch(/^\+[1-9]\d{6,14}$/);
      expect(parsePhone(parsed.e164)).toEqual(parsed);
    }),
    { numRuns: 1000 },
  );
});

test("a masked number shows country, area and the last two digits", () => {
  expect(maskPhone("+12025550100")).toBe("+1 202 ••• ••00");
  expect(maskPhone("+442079460123")).toBe("+44 20 •••• ••23");
  expect(maskPhone("+33123456789")).toBe("+33 1 •• •• •• 89");
  expect(maskPhone("+6834002")).toBe("+683 ••02");
  expect(maskPhone("nobody")).toBe("•••");
});

test("a number without its country is never one of another country", () => {
  for (const text of ["(202) 555-0100 5", "20255501005", "420224220081"]) {
    expect([text, parsePhone(text, "US").ok]).toEqual([text, false]);
  }
});
