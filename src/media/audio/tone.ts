import { RATE_HZ } from "./frame.ts";
import { encodeUlaw } from "./g711.ts";

/** Frequencies of the DTMF keypad's rows and columns in Hz (ITU-T Q.23). */
export const DTMF_ROWS_HZ = [697, 770, 852, 941] as const;
export const DTMF_COLUMNS_HZ = [1209, 1336, 1477, 1633] as const;
const KEYPAD = "123A456B789C*0#D";

/** A sine, or the sum of two, that goes on smoothly from call to call. */
export class Tone {
  readonly #step1: number;
  readonly #step2: number;
  readonly #amplitude: number;
  #phase1 = 0;
  #phase2 = 0;

  /**
   * @param hz frequency
   * @param amplitude peak of each sine, 0..32767
   * @param secondHz a second sine of the same amplitude; 0 for none
   */
  constructor(hz: number, amplitude: number, secondHz = 0, rateHz = RATE_HZ) {
    this.#step1 = (2 * Math.PI * hz) / rateHz;
    this.#step2 = (2 * Math.PI * secondHz) / rateHz;
    this.#amplitude = amplitude;
  }

  /** The two tones of a key at an equal level, or null for what is no key. */
  static dtmf(digit: string, amplitude: number, rateHz = RATE_HZ): Tone | null {
    const key = digit.length === 1 ? KEYPAD.indexOf(digit.toUpperCase()) : -1;
    if (key < 0) return null;
    return new Tone(DTMF_ROWS_HZ[key >> 2]!, amplitude, DTMF_COLUMNS_HZ[key & 3]!, rateHz);
  }

  /** Next sample, rounded and held within 16 bits. */
  next(): number {
    const value = Math.sin(this.#phase1) + (this.#step2 > 0 ? Math.sin(this.#phase2) : 0);
    this.#phase1 = (this.#phase1 + this.#step1) % (2 * Math.PI);
    this.#phase2 = (this.#phase2 + this.#step2) % (2 * Math.PI);
    return Math.max(-32768, Math.min(32767, Math.round(value * this.#amplitude)));
  }

  /** Writes the next `n` samples. */
  fillPcm(target: Int16Array, off: number, n: number): void {
    for (let i = 0; i < n; i++) target[off + i] = this.next();
  }

  /** Writes the next `n` samples as µ-law. */
  fillUlaw(target: Uint8Array, off: number, n: number): void {
    for (let i = 0; i < n; i++) target[off + i] = encodeUlaw(this.next());
  }
}

/**
 * How strong one frequency is (Goertzel): amplitude of that sine in `n` samples, in sample units. Exact when `n` holds
 * whole periods; otherwise neighbours within about rateHz / n leak in.
 */
export function toneAmplitude(pcm: Int16Array, off: number, n: number, hz: number, rateHz = RATE_HZ): number {
  const step = (2 * Math.PI * hz) / rateHz;
  const coefficient = 2 * Math.cos(step);
  let s1 = 0;
  let s2 = 0;
  for (let i = 0; i < n; i++) {
    const s0 = pcm[off + i]! + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  return (2 * Math.sqrt(Math.max(0, power))) / n;
}

/** Key whose two tones stand out in `n` samples (40 ms or more tell keys apart), or "" if none does. */
export function dtmfOf(pcm: Int16Array, off: number, n: number, rateHz = RATE_HZ): string {
  let energy = 0;
  for (let i = 0; i < n; i++) energy += pcm[off + i]! ** 2;
  let row = 0;
  let rowPeak = 0;
  let column = 0;
  let columnPeak = 0;
  for (let i = 0; i < 4; i++) {
    const low = toneAmplitude(pcm, off, n, DTMF_ROWS_HZ[i]!, rateHz);
    if (low > rowPeak) {
      rowPeak = low;
      row = i;
    }
    const high = toneAmplitude(pcm, off, n, DTMF_COLUMNS_HZ[i]!, rateHz);
    if (high > columnPeak) {
      columnPeak = high;
      column = i;
    }
  }
  // Both tones together must be nearly all there is, and neither may be the other's leakage.
  const explained = (rowPeak ** 2 + columnPeak ** 2) / 2;
  const pure = energy > 0 && explained > (0.8 * energy) / n;
  return pure && rowPeak > columnPeak / 4 && columnPeak > rowPeak / 4 ? KEYPAD.charAt(row * 4 + column) : "";
}
