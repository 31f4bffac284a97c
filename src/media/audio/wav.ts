/** Bytes before the samples of a plain PCM file. */
export const WAV_HEADER_BYTES = 44;

/** What a PCM16 WAV file says of itself. */
export interface WavFormat {
  channels: number;
  rateHz: number;
  /** Bytes of samples. */
  dataBytes: number;
}

/** Sizes in a RIFF file are 32 bit: a longer recording keeps its samples but says this much. */
const MAX_DATA_BYTES = 0xffff_ffff - WAV_HEADER_BYTES;

/** Writes the header of a PCM16 file (RIFF/WAVE, little endian) to the first 44 bytes of `target`. */
export function writeWavHeader(target: Uint8Array, channels: number, rateHz: number, dataBytes: number): void {
  const view = new DataView(target.buffer, target.byteOffset, WAV_HEADER_BYTES);
  const size = Math.min(dataBytes, MAX_DATA_BYTES);
  view.setUint32(0, 0x52494646); // RIFF
  view.setUint32(4, size + WAV_HEADER_BYTES - 8, true);
  view.setUint32(8, 0x57415645); // WAVE
  view.setUint32(12, 0x666d7420); // fmt
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  view.setUint32(36, 0x64617461); // data
  view.setUint32(40, size, true);
}

/** Reads the 44 byte header `writeWavHeader` makes; null if `bytes` is anything else. */
export function parseWavHeader(bytes: Uint8Array): WavFormat | null {
  if (bytes.length < WAV_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, WAV_HEADER_BYTES);
  const riff = view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
  const plain = view.getUint32(12) === 0x666d7420 && view.getUint32(16, true) === 16 && view.getUint16(20, true) === 1;
  const channels = view.getUint16(22, true);
  if (!riff || !plain || view.getUint32(36) !== 0x64617461) return null;
  if (channels === 0 || view.getUint16(32, true) !== channels * 2 || view.getUint16(34, true) !== 16) return null;
  return { channels, rateHz: view.getUint32(24, true), dataBytes: view.getUint32(40, true) };
}

/**
 * Corrects the sizes in the header of a file whose writer ended before it could.
 * @param header the file's first 44 bytes; rewritten in place
 * @param fileBytes length of the file now
 * @returns the corrected format, whose `dataBytes` is whole sample groups (cut the file to 44 + dataBytes), or null if
 *   this is no file of ours
 */
export function wavSizeFix(header: Uint8Array, fileBytes: number): WavFormat | null {
  const format = parseWavHeader(header);
  if (format === null || fileBytes < WAV_HEADER_BYTES) return null;
  const data = Math.min(fileBytes - WAV_HEADER_BYTES, MAX_DATA_BYTES);
  format.dataBytes = data - (data % (format.channels * 2));
  writeWavHeader(header, format.channels, format.rateHz, format.dataBytes);
  return format;
}
