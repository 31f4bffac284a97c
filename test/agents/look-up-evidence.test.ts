import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkSource, hasNumber, type LookUp, numbersIn } from "../../src/agents/look-up-evidence.ts";

describe("a number the user wrote is found", () => {
  test.each([
    ["one on each line, as at home", "202-555-0100\n202-555-0101", "+12025550101"],
    ["the first of a numbered list", "1. 202-555-0100\n2. 202-555-0101", "+12025550100"],
    ["the last of a numbered list", "1. 202-555-0100\n2. 202-555-0101", "+12025550101"],
    ["one space behind another", "2025550100 2025550101", "+12025550100"],
    ["behind a date", "On 2026-11-24 202-555-0100", "+12025550100"],
    ["in front of an extension", "(202) 555-0100 ext. 12", "+12025550100"],
    ["in front of a count", "+1 202-555-0100 2 times", "+12025550100"],
    ["with the zero of home in brackets", "+44 (0)20 7946 0958", "+442079460958"],
    ["as dialed from America", "011 44 20 7946 0958", "+442079460958"],
    ["as dialed from Europe", "0049 30 1234567", "+49301234567"],
    ["with the zero of home", "030 1234567", "+49301234567"],
    ["with a zero that stays", "+39 06 1234 5678", "+390612345678"],
    ["in one piece", "12025550100", "+12025550100"],
    ["in wide digits", "＋１ ２０２ ５５５ ０１００", "+12025550100"],
    ["between marks of direction, as phones copy it", "\u202a+1 202\u2011555\u20110100\u202c", "+12025550100"],
  ])("%s", (_what, text, e164) => {
    expect(hasNumber(text, e164)).toBe(true);
  });

  test.each([
    ["the end of a longer one", "99202555010077", "+12025550100"],
    ["a number of another country that ends alike", "+44 20 7946 0958", "+12079460958"],
    ["the same abroad, with zeros", "0044 20 7946 0958", "+12079460958"],
    ["one whose area code nobody gave", "555-0100", "+12125550100"],
  ])("but not %s", (_what, text, e164) => {
    expect(hasNumber(text, e164)).toBe(false);
  });

  test("whatever stands around it, with any usual marks inside", () => {
    const gap = fc.constantFrom("", " ", "-", ".", " - ", "/", "\u00a0");
    const around = fc.constantFrom("", "\n", " and ", ": ", ", ", "; ");
    const other = fc.constantFrom("", "202-555-0199", "+49 30 1234567", "12:30", "7");
    fc.assert(
      fc.property(gap, gap, gap, around, around, other, other, (a, b, c, left, right, before, after) => {
        const text = `${before}${before && left === "" ? " " : left}+1${a}202${b}555${c}0100${after && right === "" ? " " : right}${after}`;
        expect(hasNumber(text, "+12025550100")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

test("numbers in international form are read out of a text, also with other digits behind them", () => {
  expect(numbersIn("Call +1 202 555 0100 2 times, then +44 (0)20 7946 0958.")).toEqual([
    "+12025550100",
    "+442079460958",
  ]);
});

describe("a source", () => {
  const business = (placeId: string, phone: string) => ({ placeId, name: `Shop ${placeId}`, phone, website: null });
  const answer = (value: unknown, tool = "get_authoritative_business_info"): LookUp => ({
    tool,
    asked: "shops",
    answer: JSON.stringify(value),
    at: 1,
  });
  const two = answer({ businesses: [business("place-a", "+12025550100"), business("place-b", "+12025550101")] });
  const check = (kind: "places" | "search", ref: string, lookUps: LookUp[] = [two]) =>
    checkSource({ phone: "+12025550100", kind, ref }, { userTexts: [], lookUps, listed: new Set() });

  test("is the place that has the number, not another one of the same answer", () => {
    expect(check("places", "place-a")).toEqual({ ok: true, at: 1 });
    expect(check("places", "place-b")).toMatchObject({ ok: false });
  });

  test("is named whole: a piece of an answer is no source", () => {
    for (const ref of ["place", "a", "phone", "http"]) expect(check("places", ref)).toMatchObject({ ok: false });
    const found = answer(
      { answer: "Ring +1 202 555 0100 [1]", sources: [{ number: 1, title: "Shop", url: "https://shop.example/a" }] },
      "search_internet",
    );
    expect(check("search", "https://shop.example/a", [found, two])).toEqual({ ok: true, at: 1 });
    expect(check("search", "https://shop.example", [found, two])).toMatchObject({ ok: false });
  });
});
