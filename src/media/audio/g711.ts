/**
 * G.711 by table. Linear samples are 16 bit; the tables follow ITU-T G.711 and its reference code (G.191), which look
 * only at the upper 14 (µ-law) or 12 bits (A-law) of a sample, so the encoders index 16 KiB and 4 KiB: both stay in
 * the first cache.
 */

const ULAW_BIAS = 33;
/** Largest magnitude µ-law can say, on its 14 bit scale. */
const ULAW_CLIP = 8158;

function ulawToLinear(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = (((((inverted & 0x0f) << 1) + ULAW_BIAS) << ((inverted >> 4) & 7)) - ULAW_BIAS) << 2;
  return inverted & 0x80 ? -magnitude : magnitude;
}

/** @param linear14 sample without its two lowest bits, −8192..8191 */
function linearToUlaw(linear14: number): number {
  const negative = linear14 < 0;
  const biased = Math.min(negative ? ~linear14 : linear14, ULAW_CLIP) + ULAW_BIAS;
  const exponent = 26 - Math.clz32(biased);
  const code = (exponent << 4) | ((biased >> (exponent + 1)) & 0x0f);
  return ~(negative ? code | 0x80 : code) & 0xff;
}

function alawToLinear(code: number): number {
  const toggled = code ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

/** @param linear12 sample without its four lowest bits, −2048..2047 */
function linearToAlaw(linear12: number): number {
  const negative = linear12 < 0;
  const magnitude = negative ? ~linear12 : linear12;
  const exponent = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const code = magnitude < 16 ? magnitude : (exponent << 4) | ((magnitude >> (exponent - 1)) & 0x0f);
  return (negative ? code : code | 0x80) ^ 0x55;
}

/** Linear sample of each µ-law code, −32124..32124. */
export const ulawDecode: Int16Array = Int16Array.from({ length: 256 }, (_, code) => ulawToLinear(code));

/** Linear sample of each A-law code, −32256..32256. */
export const alawDecode: Int16Array = Int16Array.from({ length: 256 }, (_, code) => alawToLinear(code));

const ulawEncode = Uint8Array.from({ length: 16384 }, (_, index) => linearToUlaw(index - 8192));
const alawEncode = Uint8Array.from({ length: 4096 }, (_, index) => linearToAlaw(index - 2048));

/** µ-law code of one 16 bit sample. */
export function encodeUlaw(sample: number): number {
  return ulawEncode[(sample >> 2) + 8192]!;
}

/** A-law code of one 16 bit sample. */
export function encodeAlaw(sample: number): number {
  return alawEncode[(sample >> 4) + 2048]!;
}

/** Decodes `n` µ-law bytes to samples. */
export function decodeUlaw(src: Uint8Array, srcOff: number, dst: Int16Array, dstOff: number, n: number): void {
  for (let i = 0; i < n; i++) dst[dstOff + i] = ulawDecode[src[srcOff + i]!]!;
}

/** Encodes `n` samples to µ-law bytes. */
export function encodeUlawFrame(src: Int16Array, srcOff: number, dst: Uint8Array, dstOff: number, n: number): void {
  for (let i = 0; i < n; i++) dst[dstOff + i] = ulawEncode[(src[srcOff + i]! >> 2) + 8192]!;
}

/** Decodes `n` A-law bytes to samples. */
export function decodeAlaw(src: Uint8Array, srcOff: number, dst: Int16Array, dstOff: number, n: number): void {
  for (let i = 0; i < n; i++) dst[dstOff + i] = alawDecode[src[srcOff + i]!]!;
}

/** Encodes `n` samples to A-law bytes. */
export function encodeAlawFrame(src: Int16Array, srcOff: number, dst: Uint8Array, dstOff: number, n: number): void {
  for (let i = 0; i < n; i++) dst[dstOff + i] = alawEncode[(src[srcOff + i]! >> 4) + 2048]!;
}
