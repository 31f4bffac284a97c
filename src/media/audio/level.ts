import { ulawDecode } from "./g711.ts";

const ulawSquares = Float64Array.from(ulawDecode, (sample) => sample * sample);

/** Mean square of the loudest µ-law signal, a square wave of ±32124: the 0 dBov of RFC 6464 §3. */
const OVERLOAD = 32124 * 32124;

/** Lowest level of the RFC 6464 scale; digital silence. */
export const SILENT_DBOV = -127;

/** Mean square of `n` µ-law bytes in squared 16 bit units, 0 for silence and for `n` = 0. */
export function ulawEnergy(bytes: Uint8Array, off: number, n: number): number {
  if (n <= 0) return 0;
  // Four sums that do not wait for each other; the squares are whole numbers, so their order does not matter.
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  const end = off + n;
  let i = off;
  for (; i + 3 < end; i += 4) {
    first += ulawSquares[bytes[i]!]!;
    second += ulawSquares[bytes[i + 1]!]!;
    third += ulawSquares[bytes[i + 2]!]!;
    fourth += ulawSquares[bytes[i + 3]!]!;
  }
  for (; i < end; i++) first += ulawSquares[bytes[i]!]!;
  return (first + second + third + fourth) / n;
}

/** Level of a mean square, a whole number of dBov from −127 (silence) to 0 (overload), as in RFC 6464 §3. */
export function levelDbov(meanSquare: number): number {
  if (!(meanSquare > 0)) return SILENT_DBOV;
  const level = Math.round(10 * Math.log10(meanSquare / OVERLOAD));
  // `+ 0` turns −0 into 0.
  return Math.max(SILENT_DBOV, Math.min(0, level)) + 0;
}

/** Mean square of a level in dBov: the inverse of `levelDbov`, for thresholds compared without logarithms. */
export function meanSquareOf(dbov: number): number {
  return OVERLOAD * 10 ** (dbov / 10);
}
