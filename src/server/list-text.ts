/** Marks of text that no list has: of a spreadsheet's own file, a picture or a program. */
const NO_TEXT = /[^\P{Cc}\s\u0080-\u009f]|\ufffd/u;

/**
 * The text of an uploaded list as spreadsheets save it: UTF-8, UTF-16 with its mark ("Unicode text"), else Windows-1252,
 * which is what they call plain CSV in the west. Null for a file that is no text.
 */
export const listText = (bytes: Uint8Array): string | null => {
  const text = decoded(bytes);
  return NO_TEXT.test(text) ? null : text;
};

const decoded = (bytes: Uint8Array): string => {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
};
