import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Resampler } from "../../../src/media/audio/resampler.ts";
import { Tone } from "../../../src/media/audio/tone.ts";

const AMPLITUDE = 16000;
const db = (ratio: number) => 20 * Math.log10(Math.max(ratio, 1e-9));

/** One second of a tone, resampled; the first 50 ms, in which the filter fills, are left out. */
function settled(fromHz: number, toHz: number, hz: number): Int16Array {
  const input = new Int16Array(fromHz);
  new Tone(hz, AMPLITUDE, 0, fromHz).fillPcm(input, 0, fromHz);
  const resampler = new Resampler(fromHz, toHz);
  const output = new Int16Array(resampler.maxOutput(fromHz));
  const written = resampler.process(input, 0, fromHz, output, 0);
  return output.slice(Math.round(toHz * 0.05), written);
}

/**
 * Amplitude of one tone and RMS of all else, by least squares over the sine and cosine of `hz`.
 */
function split(pcm: Int16Array, hz: number, rateHz: number): { tone: number; rest: number } {
  const step = (2 * Math.PI * hz) / rateHz;
  let [cc, cs, ss, xc, xs, xx] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < pcm.length; i++) {
    const c = Math.cos(step * i);
    const s = Math.sin(step * i);
    cc += c * c;
    cs += c * s;
    ss += s * s;
    xc += pcm[i]! * c;
    xs += pcm[i]! * s;
    xx += pcm[i]! ** 2;
  }
  const determinant = cc * ss - cs * cs;
  const a = (xc * ss - xs * cs) / determinant;
  const b = (xs * cc - xc * cs) / determinant;
  return { tone: Math.hypot(a, b), rest: Math.sqrt(Math.max(0, xx - a * xc - b * xs) / pcm.length) };
}

const ratios = [
  [8000, 16000],
  [16000, 8000],
  [8000, 24000],
  [24000, 8000],
  [8000, 48000],
  [48000, 8000],
  [16000, 24000],
  [48000, 24000],
  [22050, 8000],
] as const;

for (const [fromHz, toHz] of ratios) {
  const nyquistHz = Math.min(fromHz, toHz) / 2;
  describe(`${fromHz} Hz → ${toHz} Hz`, () => {
    test("passband tones keep their amplitude within 0.05 dB, and all images and aliases are 60 dB down", () => {
      for (let share = 0.02; share <= 0.84; share += 0.0683) {
        const { tone, rest } = split(settled(fromHz, toHz, share * nyquistHz), share * nyquistHz, toHz);
        expect(Math.abs(db(tone / AMPLITUDE))).toBeLessThan(0.05);
        expect(db((rest * Math.SQRT2) / AMPLITUDE)).toBeLessThan(-60);
      }
    });

    if (fromHz > toHz)
      test("tones above the new Nyquist frequency are 60 dB down wherever they would fold to", () => {
        for (let hz = nyquistHz * 1.001; hz < fromHz / 2; hz += (fromHz / 2 - nyquistHz) / 23) {
          const output = settled(fromHz, toHz, hz);
          let sum = 0;
          for (const sample of output) sum += sample ** 2;
          expect(db(Math.sqrt((2 * sum) / output.length) / AMPLITUDE)).toBeLessThan(-60);
        }
      });

    test("a second of input makes a second of output", () => {
      const resampler = new Resampler(fromHz, toHz);
      const output = new Int16Array(resampler.maxOutput(fromHz));
      expect(Math.abs(resampler.process(new Int16Array(fromHz), 0, fromHz, output, 0) - toHz)).toBeLessThanOrEqual(1);
    });

    test("the signal is late by the stated delay", () => {
      const resampler = new Resampler(fromHz, toHz);
      const input = new Int16Array(fromHz);
      const atMs = 100;
      // A pulse of the filter's own width, so that its peak shows where it went.
      for (let i = 0; i < fromHz; i++) input[i] = 20000 * Math.exp(-(((i / fromHz) * 1000 - atMs) ** 2) / 2);
      const output = new Int16Array(resampler.maxOutput(fromHz));
      const written = resampler.process(input, 0, fromHz, output, 0);
      let weight = 0;
      let moment = 0;
      for (let i = 0; i < written; i++) {
        weight += output[i]!;
        moment += output[i]! * i;
      }
      expect((moment / weight / toHz) * 1000).toBeCloseTo(atMs + resampler.delayMs, 1);
    });
  });
}

test("cutting the input anywhere changes no output sample, and no call writes more than maxOutput", () => {
  const input = new Int16Array(3000);
  new Tone(440, 9000, 1333, 22050).fillPcm(input, 0, input.length);
  const anyRatio = fc.constantFrom(...ratios);
  const anyCuts = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 12 });
  fc.assert(
    fc.property(anyRatio, anyCuts, ([fromHz, toHz], cuts) => {
      const whole = new Resampler(fromHz, toHz);
      const expected = new Int16Array(whole.maxOutput(input.length));
      const length = whole.process(input, 0, input.length, expected, 0);
      const pieces = new Resampler(fromHz, toHz);
      const output = new Int16Array(expected.length + 16);
      let taken = 0;
      let written = 0;
      for (const cut of [...cuts, input.length]) {
        const count = Math.min(cut, input.length - taken);
        const more = pieces.process(input, taken, count, output, written);
        expect(more).toBeLessThanOrEqual(pieces.maxOutput(count));
        written += more;
        taken += count;
      }
      expect(written).toBe(length);
      expect(output.subarray(0, written)).toEqual(expected.subarray(0, length));
    }),
    { numRuns: 40 },
  );
});

test("full scale overshoot is clipped instead of wrapping", () => {
  const resampler = new Resampler(8000, 16000);
  const input = Int16Array.from({ length: 800 }, (_, i) => (i % 80 < 40 ? 32767 : -32768));
  const output = new Int16Array(resampler.maxOutput(800));
  const written = resampler.process(input, 0, 800, output, 0);
  const delay = Math.round(resampler.delayMs * 16);
  // Away from the edges of the square wave the sign is certain.
  for (let i = 200; i < written; i++) {
    const place = ((i - delay) / 2) % 80;
    if (place > 5 && place < 35) expect(output[i]).toBeGreaterThan(25000);
    if (place > 45 && place < 75) expect(output[i]).toBeLessThan(-25000);
  }
});

test("reset forgets the signal", () => {
  const resampler = new Resampler(16000, 8000);
  const noise = Int16Array.from({ length: 777 }, (_, i) => ((i * 7919) % 20000) - 10000);
  const first = new Int16Array(400);
  const again = new Int16Array(400);
  const length = resampler.process(noise, 0, 777, first, 0);
  resampler.reset();
  expect(resampler.process(noise, 0, 777, again, 0)).toBe(length);
  expect(again).toEqual(first);
});

test("equal rates pass every sample through without delay", () => {
  const resampler = new Resampler(8000, 8000);
  const input = Int16Array.from({ length: 1200 }, (_, i) => i * 7);
  const output = new Int16Array(1201);
  expect(resampler.process(input, 0, 1200, output, 0)).toBe(1200);
  expect(output.subarray(0, 1200)).toEqual(input);
  expect(resampler.delayMs).toBe(0);
});

test("rates without a small common ratio are refused", () => {
  expect(() => new Resampler(8000, 44101)).toThrow(RangeError);
});
