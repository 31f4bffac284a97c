import { expect, test } from "bun:test";
import fc from "fast-check";
import { meanSquareOf } from "../../../src/media/audio/level.ts";
import { VAD_DEFAULTS, Vad } from "../../../src/media/audio/vad.ts";

/** Gives `frames` frames of one level; returns how many of them were speech. */
function feed(vad: Vad, dbov: number, frames: number): number {
  let voiced = 0;
  for (let i = 0; i < frames; i++) if (vad.push(meanSquareOf(dbov))) voiced++;
  return voiced;
}

test("speech over a quiet line is found at its third frame and ends 200 ms after it", () => {
  const vad = new Vad();
  expect(feed(vad, -65, 100)).toBe(0);
  expect([1, 2, 3].map(() => vad.push(meanSquareOf(-25)))).toEqual([false, false, true]);
  feed(vad, -25, 20);
  expect(feed(vad, -65, 50)).toBe(VAD_DEFAULTS.hangoverFrames);
});

test("the raw flag follows each frame at once", () => {
  const vad = new Vad();
  feed(vad, -65, 50);
  vad.push(meanSquareOf(-25));
  expect([vad.frameVoiced, vad.voiced]).toEqual([true, false]);
  feed(vad, -25, 5);
  vad.push(meanSquareOf(-65));
  expect([vad.frameVoiced, vad.voiced]).toEqual([false, true]);
  expect([vad.frames, vad.voicedFrames]).toEqual([57, 6]);
});

test("clicks shorter than the onset are no speech, gaps inside words do not hide it", () => {
  const vad = new Vad();
  feed(vad, -65, 50);
  for (let i = 0; i < 20; i++) {
    expect(feed(vad, -15, 2)).toBe(0);
    expect(feed(vad, -65, 10)).toBe(0);
  }
  expect([-20, -65, -20, -65, -20].map((dbov) => vad.push(meanSquareOf(dbov)))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
});

test("pauses between words up to the hang-over do not end speech", () => {
  const vad = new Vad();
  feed(vad, -65, 50);
  feed(vad, -25, 10);
  for (let word = 0; word < 10; word++) {
    expect(feed(vad, -65, VAD_DEFAULTS.hangoverFrames)).toBe(VAD_DEFAULTS.hangoverFrames);
    expect(feed(vad, -25, 5)).toBe(5);
  }
});

test("steady noise is learned within three seconds, and speech is still found above it", () => {
  for (const noise of [-50, -45, -40]) {
    const vad = new Vad();
    feed(vad, -65, 50);
    feed(vad, noise, 150);
    expect(feed(vad, noise, 100)).toBe(0);
    expect(Math.abs(vad.floorDbov - noise)).toBeLessThan(2);
    expect(feed(vad, noise + 15, 10)).toBe(8);
  }
});

test("ten seconds of speech with pauses between words do not turn into noise", () => {
  const vad = new Vad();
  feed(vad, -60, 100);
  for (let word = 0; word < 25; word++) {
    feed(vad, -60, 5);
    feed(vad, -28, 15);
  }
  expect(vad.voiced).toBe(true);
  expect(vad.floorDbov).toBeLessThan(-55);
});

test("digital silence, as gateways fill it in, does not make the room's noise look like speech", () => {
  const vad = new Vad();
  feed(vad, -48, 500);
  for (let i = 0; i < 500; i++) expect(vad.push(0)).toBe(false);
  expect(feed(vad, -48, 100)).toBe(0);
});

test("what is quieter than the minimum is never speech, and loud speech always is", () => {
  const vad = new Vad();
  feed(vad, -75, 500);
  expect(feed(vad, VAD_DEFAULTS.minimumDbov - 1, 100)).toBe(0);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -100, max: 0 }), { maxLength: 300, size: "max" }), (levels) => {
      const any = new Vad();
      for (const dbov of levels) any.push(meanSquareOf(dbov));
      // The floor cannot rise above −35 dBov, so −24 stands out after anything.
      expect(feed(any, -24, 3)).toBeGreaterThan(0);
    }),
  );
});

test("noise at the very beginning of a call is learned before a second is over", () => {
  const vad = new Vad();
  feed(vad, -45, 40);
  expect(feed(vad, -45, 200)).toBe(0);
});

test("reset forgets speech and noise", () => {
  const vad = new Vad();
  feed(vad, -36, 2000);
  vad.reset();
  expect(vad.voiced).toBe(false);
  expect(feed(vad, -40, 3)).toBe(1);
});
