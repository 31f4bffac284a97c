import { expect, test } from "bun:test";
import fc from "fast-check";
import { DUCKED_GAIN, Ducker } from "../../../src/media/audio/ducker.ts";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";

/** A loud steady frame: what comes out is the gain itself. */
const LOUD = new Uint8Array(FRAME_SAMPLES).fill(0x80);
const FULL = 32_124;

test("the gain falls by 12 dB in 40 ms, comes back in 240 ms, and never jumps from sample to sample", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 5, maxLength: 60 }), (ducks) => {
      const ducker = new Ducker();
      let last = FULL;
      for (const duck of ducks) {
        const sums = new Int32Array(FRAME_SAMPLES);
        ducker.mixInto(sums, LOUD, duck);
        for (const sample of sums) {
          expect(Math.abs(sample - last)).toBeLessThan(FULL / 250);
          last = sample;
        }
        expect(ducker.gain).toBeWithin(DUCKED_GAIN, 1 + Number.EPSILON);
      }
    }),
  );
  const ducker = new Ducker();
  for (let i = 0; i < 2; i++) ducker.pass(true);
  expect(20 * Math.log10(ducker.gain)).toBeCloseTo(-12, 5);
  for (let i = 0; i < 11; i++) ducker.pass(false);
  expect(ducker.gain).toBeLessThan(1);
  ducker.pass(false);
  expect(ducker.gain).toBeCloseTo(1, 10);
});
