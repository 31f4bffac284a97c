/** Bytes of a frame that hold its stamp. */
export const STAMP_BYTES = 4;
/** What a frame of pure silence reads as; no stamp has this value. */
export const NO_STAMP = 0xffff;

/**
 * Writes a number of 16 bits into the first bytes of a µ-law frame, four bits a byte, as codes so near to silence that
 * neither levels nor voice detection notice.
 */
export const writeStamp = (frame: Uint8Array, off: number, value: number): void => {
  for (let i = 0; i < STAMP_BYTES; i++) frame[off + i] = 0xf0 | ((value >> (12 - 4 * i)) & 15);
};

/** The number in a frame, `NO_STAMP` for silence. */
export const readStamp = (frame: Uint8Array, off: number): number =>
  ((frame[off]! & 15) << 12) | ((frame[off + 1]! & 15) << 8) | ((frame[off + 2]! & 15) << 4) | (frame[off + 3]! & 15);
