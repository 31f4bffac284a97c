/** First and last byte asked for, both included. */
export interface ByteRange {
  from: number;
  to: number;
}

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a body of `size` bytes. `whole`: none, another unit, several ranges or
 * nothing readable, all of which may be answered with the whole body; `outside`: to be answered 416.
 */
export const readRange = (header: string | undefined, size: number): ByteRange | "whole" | "outside" => {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return "whole";
  const [, first = "", last = ""] = match;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "outside" : { from: size - length, to: size - 1 };
  }
  const from = Number(first);
  const to = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < from) return "whole";
  return from >= size ? "outside" : { from, to };
};
