import { expect, test } from "bun:test";
import { listText } from "../../src/server/list-text.ts";

const LIST = "name;phone\r\nMüller & Söhne;+493012345678\r\n";
const utf16 = (isBig: boolean): Uint8Array => {
  const bytes = new Uint8Array(2 + 2 * LIST.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, !isBig);
  for (let i = 0; i < LIST.length; i++) view.setUint16(2 + 2 * i, LIST.charCodeAt(i), !isBig);
  return bytes;
};

test.each([
  ["UTF-8", new TextEncoder().encode(LIST)],
  ["UTF-8 with its mark", new TextEncoder().encode(`\ufeff${LIST}`)],
  ["UTF-16, little end first", utf16(false)],
  ["UTF-16, big end first", utf16(true)],
  ["Windows-1252, as plain CSV is saved", Uint8Array.from(LIST, (char) => char.charCodeAt(0))],
])("a list is read in %s", (_what, bytes) => {
  expect(listText(bytes)).toBe(LIST);
});

test("a spreadsheet's own file is no text", () => {
  expect(listText(Uint8Array.of(0x50, 0x4b, 3, 4, 0x14, 0, 6, 0))).toBeNull();
});
