/** Formats of the protocol, as bytes per second. */
export const BYTES_PER_SECOND: Record<string, number> = { "audio/pcmu": 8000, "audio/pcma": 8000, "audio/pcm": 48_000 };

const AMPLITUDE = 8000;
const BIAS = 0x84;

/** ITU-T G.711 µ-law code of a 16-bit sample. */
const toUlaw = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(32_635, Math.abs(sample)) + BIAS;
  const exponent = Math.floor(Math.log2(biased)) - 7;
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff;
};

/** 16-bit sample of a µ-law code. */
const fromUlaw = (code: number): number => {
  const bits = ~code & 0xff;
  const value = ((((bits & 0x0f) << 3) + BIAS) << ((bits >> 4) & 7)) - BIAS;
  return bits & 0x80 ? -value : value;
};

const toAlaw = (sample: number): number => {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(32_767, Math.abs(sample)) >> 4;
  const exponent = magnitude < 16 ? 0 : Math.floor(Math.log2(magnitude)) - 3;
  const mantissa = exponent === 0 ? magnitude & 0x0f : (magnitude >> (exponent - 1)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
};

const fromAlaw = (code: number): number => {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const value = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return bits & 0x80 ? value : -value;
};

const squares = (decode: (code: number) => number): Float64Array =>
  Float64Array.from({ length: 256 }, (_, code) => decode(code) ** 2);
const ULAW_SQUARES = squares(fromUlaw);
const ALAW_SQUARES = squares(fromAlaw);

/** Mean square of `length` bytes from `from` on, in the scale of 16-bit samples. */
export const power = (format: string, bytes: Uint8Array, from: number, length: number): number => {
  let sum = 0;
  if (format === "audio/pcm") {
    for (let i = from; i + 1 < from + length; i += 2) {
      const sample = ((bytes[i]! | (bytes[i + 1]! << 8)) << 16) >> 16;
      sum += sample * sample;
    }
    return sum / (length / 2);
  }
  const table = format === "audio/pcma" ? ALAW_SQUARES : ULAW_SQUARES;
  for (let i = from; i < from + length; i++) sum += table[bytes[i]!]!;
  return sum / length;
};

/** A sine of this pitch in one of the protocol's formats. */
export const tone = (format: string, toneHz: number, seconds: number): Uint8Array => {
  const rate = format === "audio/pcm" ? 24_000 : 8000;
  const samples = Math.round(rate * seconds);
  const bytes = new Uint8Array(format === "audio/pcm" ? samples * 2 : samples);
  for (let i = 0; i < samples; i++) {
    const sample = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * toneHz * i) / rate));
    if (format === "audio/pcm") {
      bytes[2 * i] = sample & 0xff;
      bytes[2 * i + 1] = (sample >> 8) & 0xff;
    } else bytes[i] = format === "audio/pcma" ? toAlaw(sample) : toUlaw(sample);
  }
  return bytes;
};

/** A tone cut into base64 chunks, as deltas carry them. */
export interface Chunks {
  base64: string[];
  /** Bytes of each chunk. */
  bytes: number[];
  total: number;
}

/** Chunks by tone, made once: hundreds of connections play the same few. */
export class ToneBook {
  readonly #chunks = new Map<string, Chunks>();

  chunks(format: string, toneHz: number, seconds: number, chunkBytes: number): Chunks {
    const key = `${format} ${toneHz} ${seconds} ${chunkBytes}`;
    const known = this.#chunks.get(key);
    if (known) return known;
    const sound = tone(format, toneHz, seconds);
    const made: Chunks = { base64: [], bytes: [], total: sound.length };
    for (let at = 0; at < sound.length; at += chunkBytes) {
      const chunk = sound.subarray(at, at + chunkBytes);
      made.base64.push(chunk.toBase64());
      made.bytes.push(chunk.length);
    }
    this.#chunks.set(key, made);
    return made;
  }
}
