import { expect, test } from "bun:test";
import fc from "fast-check";
import { ReplyStream } from "../../../src/agents/models/reply-stream.ts";

const heard = (pieces: string[], field = "reply"): string[] => {
  const stream = new ReplyStream(field);
  return pieces.map((piece) => stream.push(piece));
};
const whole = (json: string, field = "reply"): string => heard([json], field).join("");

// A raw template gives characters beyond the basic plane as escapes of its own, so one of them stands outside.
const TRICKY = `${String.raw`{ "a": ["reply", {"reply": "no"}], "b\n": {"reply":"no"}, "re\u0070ly" : "Say \"hi\", \\ \/ \b\f\n\r\t caf\u00e9 \ud83c\udf55`} 🍕 {[:,]}" }`;

test("the field's text comes unescaped, wherever the object is cut in two or in three", () => {
  const said = JSON.parse(TRICKY).reply;
  for (let i = 0; i <= TRICKY.length; i++) {
    for (let j = i; j <= TRICKY.length; j++) {
      const pieces = [TRICKY.slice(0, i), TRICKY.slice(i, j), TRICKY.slice(j)];
      // One comparison instead of ten thousand expectations.
      if (heard(pieces).join("") !== said) expect([pieces, heard(pieces).join("")]).toEqual([pieces, said]);
    }
  }
  expect(heard(TRICKY.split("")).join("")).toBe(said);
});

test("any object that JSON can hold gives its field, in any pieces", () => {
  const key = fc.oneof(fc.constant("reply"), fc.string({ unit: "binary" }));
  const anything = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" })), { maxKeys: 6 });
  const cuts = fc.array(fc.nat(300), { maxLength: 8 });
  fc.assert(
    fc.property(anything, cuts, fc.constantFrom(undefined, 1), (object, places, indent) => {
      const json = JSON.stringify(object, null, indent);
      const at = [0, ...places.filter((place) => place < json.length).sort((a, b) => a - b), json.length];
      const pieces = at.slice(1).map((end, i) => json.slice(at[i], end));
      const reply = Object.hasOwn(object, "reply") ? object.reply : "";
      expect(heard(pieces).join("")).toBe(typeof reply === "string" ? reply : "");
    }),
    { numRuns: 300 },
  );
});

test("no piece ends within a character", () => {
  const json = String.raw`{"reply":"a\ud83c\udf55b"}`;
  for (const piece of heard(json.split(""))) expect(piece.isWellFormed()).toBe(true);
});

test("what stands around the object is passed over", () => {
  expect(whole('```json\n{"reply": "Hi"}\n``` {"reply": "no"}')).toBe("Hi");
  expect(whole('He said "reply": "no". {"reply": "Hi"}')).toBe("Hi");
});

test("a field that is no string, or is not there, gives nothing", () => {
  for (const json of [
    '{"reply": null}',
    '{"reply": {"reply": "no"}}',
    '{"reply": ["no"]}',
    '{"other": "reply"}',
    "[]",
    "",
  ]) {
    expect(whole(json)).toBe("");
  }
  expect(whole('["reply", "no"]')).toBe("");
});

test("a field that breaks off gives what was there", () => {
  expect(whole('{"reply": "Half a sen')).toBe("Half a sen");
  expect(whole('{"reply": "Half \\u00')).toBe("Half ");
});
