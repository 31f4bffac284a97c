import { expect, test } from "bun:test";
import { zoneOfPhone, zonesOfPhone } from "../../src/core/phone-zone.ts";

const ZONES: [string, string | null, string][] = [
  ["+12025550100", "America/New_York", "Washington"],
  ["+13125550100", "America/Chicago", "Chicago"],
  ["+13035550100", "America/Denver", "Denver"],
  ["+16025550100", "America/Phoenix", "Phoenix, without summer time"],
  ["+14155550100", "America/Los_Angeles", "San Francisco"],
  ["+18085550100", "Pacific/Honolulu", "Hawaii"],
  ["+14165550100", "America/Toronto", "Toronto"],
  ["+13065550100", "America/Regina", "Saskatchewan, without summer time"],
  ["+18765550100", "America/Jamaica", "a country inside the American plan"],
  ["+442079460123", "Europe/London", "London"],
  ["+493012345678", "Europe/Berlin", "a country with two names for one time"],
  ["+8613812345678", "Asia/Shanghai", "a country with one legal time"],
  ["+12085550100", null, "an area code across two zones"],
  ["+18005550100", null, "a code of no area"],
  ["+61491570156", null, "a mobile phone in a wide country"],
  ["+80012345678", null, "a number of no country"],
  ["nobody", null, "no number"],
];
for (const [phone, zone, what] of ZONES) {
  test(`the zone of ${phone} (${what}) is ${zone ?? "unknown"}`, () => {
    expect(zoneOfPhone(phone)).toBe(zone);
  });
}

test("a number in doubt has all zones it may be in, each keeping a time of its own", () => {
  const zones = zonesOfPhone("+34612345678");
  const offset = (zone: string) => Temporal.Instant.from("2026-06-01T00:00Z").toZonedDateTimeISO(zone).offset;
  expect(zones).toHaveLength(2);
  expect(new Set(zones.map(offset)).size).toBe(2);
  expect(zonesOfPhone("+18005550100").length).toBeGreaterThan(5);
  expect(zonesOfPhone("+80012345678")).toEqual([]);
});

test("a list of thousands of numbers is read at once, and no answer can change the next one", () => {
  zonesOfPhone("+493012345678").push("Mars/Olympus");
  expect(zonesOfPhone("+493012345678")).toEqual(["Europe/Berlin"]);
  const began = performance.now();
  for (let i = 0; i < 2000; i++) zonesOfPhone(`+4930${12345678 + i}`);
  expect(performance.now() - began).toBeLessThan(2000);
});
