import { expect, test } from "bun:test";
import fc from "fast-check";
import { Limiter, mixInto } from "../../../src/media/audio/mixer.ts";
import { Tone } from "../../../src/media/audio/tone.ts";

const FRAME = 160;

/** Mixes tones of these amplitudes for some frames; returns the mix and what the limiter made of it. */
function mixed(amplitudes: number[], frames: number, limiter = new Limiter()) {
  const tones = amplitudes.map((amplitude, i) => new Tone(300 + 170 * i, amplitude));
  const acc = new Int32Array(FRAME);
  const pcm = new Int16Array(FRAME);
  const sums = new Int32Array(frames * FRAME);
  const out = new Int16Array(frames * FRAME);
  for (let frame = 0; frame < frames; frame++) {
    for (const tone of tones) {
      tone.fillPcm(pcm, 0, FRAME);
      mixInto(acc, pcm, 0, FRAME);
    }
    sums.set(acc, frame * FRAME);
    limiter.drain(acc, out, frame * FRAME, FRAME);
    expect(acc.every((sum) => sum === 0)).toBe(true);
  }
  return { sums, out };
}

test("a mix that fits 16 bits passes bit by bit", () => {
  const { sums, out } = mixed([9000, 9000, 9000], 20);
  expect([...out]).toEqual([...sums]);
  const limiter = new Limiter();
  const edge = Int32Array.of(32767, -32768, 0);
  const target = new Int16Array(3);
  limiter.drain(edge, target, 0, 3);
  expect([...target]).toEqual([32767, -32768, 0]);
  expect(limiter.limitedFrames).toBe(0);
});

test("no sample of a loud mix wraps: each keeps its sign and is no louder than it was", () => {
  const sample = fc.integer({ min: -327_680, max: 327_670 });
  fc.assert(
    fc.property(fc.array(fc.array(sample, { minLength: 1, maxLength: 40 }), { maxLength: 12 }), (frames) => {
      const limiter = new Limiter();
      for (const frame of frames) {
        const out = new Int16Array(frame.length);
        limiter.drain(Int32Array.from(frame), out, 0, frame.length);
        frame.forEach((sum, i) => {
          expect(Math.abs(out[i]!)).toBeLessThanOrEqual(Math.min(32768, Math.abs(sum)));
          expect(out[i]! * sum).toBeGreaterThanOrEqual(0);
        });
        expect(limiter.gain).toBeGreaterThan(0);
        expect(limiter.gain).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test("after 2 ms a loud mix is only turned down: its shape is kept", () => {
  const { sums, out } = mixed([30000, 30000, 30000], 10);
  const frame = 9;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = frame * FRAME; i < (frame + 1) * FRAME; i++) {
    xy += sums[i]! * out[i]!;
    xx += sums[i]! ** 2;
    yy += out[i]! ** 2;
  }
  expect(xy / Math.sqrt(xx * yy)).toBeGreaterThan(0.999);
});

test("the gain comes back gently once the mix is quiet again", () => {
  const limiter = new Limiter();
  mixed([32000, 32000], 5, limiter);
  const low = limiter.gain;
  expect(low).toBeLessThan(0.5);
  mixed([1000], 5, limiter);
  expect(limiter.gain).toBeGreaterThan(low);
  expect(limiter.gain).toBeLessThan(0.7);
  mixed([1000], 30, limiter);
  expect(limiter.gain).toBe(1);
});

test("mixing reads at the offset and adds to what is there", () => {
  const acc = Int32Array.of(1, 2, 3);
  mixInto(acc, Int16Array.of(100, 10, 20, 30), 1, 2);
  expect([...acc]).toEqual([11, 22, 3]);
});
