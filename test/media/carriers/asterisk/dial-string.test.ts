import { expect, test } from "bun:test";
import fc from "fast-check";
import { callerVariables, dialString, isDialPattern } from "../../../../src/media/carriers/asterisk/dial-string.ts";

test("the number goes where the pattern says, with or without its plus", () => {
  expect(dialString("PJSIP/{number}@trunk", "+12025550100")).toBe("PJSIP/+12025550100@trunk");
  expect(dialString("PJSIP/{digits}@trunk", "+12025550100")).toBe("PJSIP/12025550100@trunk");
  expect(dialString("PJSIP/trunk/sip:00{digits}@192.0.2.1:5060", "+12025550100")).toBe(
    "PJSIP/trunk/sip:0012025550100@192.0.2.1:5060",
  );
});

test("a pattern without a place for the number is none", () => {
  expect(isDialPattern("PJSIP/{number}@trunk")).toBe(true);
  expect(isDialPattern("PJSIP/{digits}@trunk")).toBe(true);
  expect(isDialPattern("PJSIP/100@trunk")).toBe(false);
});

test.each([
  "",
  "12025550100",
  "+0202555",
  "+1202555010a",
  "+12025550100@evil",
  "+1/PJSIP",
  "+12025550100&SIP/1",
  "+1 202",
])("%p is not dialled", (to) => {
  expect(dialString("PJSIP/{number}@trunk", to)).toBeNull();
});

test("whatever is dialled adds nothing but digits and a plus to the pattern", () => {
  fc.assert(
    fc.property(fc.string(), (to) => {
      const dialled = dialString("A/{number}@t", to);
      if (dialled !== null) expect(dialled).toMatch(/^A\/\+[1-9][0-9]+@t$/);
    }),
  );
});

test("a caller's name cannot break out of its header", () => {
  expect(callerVariables("+12025550199", 'Acme "X" <sip:a@b>\r\nVia: x')).toEqual({
    "CALLERID(num)": "+12025550199",
    "CALLERID(name)": "Acme X sipabVia x",
  });
  expect(callerVariables("anonymous", "Acme")).toEqual({});
  expect(callerVariables(undefined, "Acme")).toEqual({});
});
