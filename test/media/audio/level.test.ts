import { expect, test } from "bun:test";
import { ulawDecode } from "../../../src/media/audio/g711.ts";
import { levelDbov, meanSquareOf, SILENT_DBOV, ulawEnergy } from "../../../src/media/audio/level.ts";
import { Tone } from "../../../src/media/audio/tone.ts";

test("energy is the mean of the squared samples in the range asked for", () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
  for (const [off, n] of [
    [0, 64],
    [3, 7],
    [63, 1],
  ] as const) {
    let sum = 0;
    for (let i = off; i < off + n; i++) sum += ulawDecode[bytes[i]!]! ** 2;
    expect(ulawEnergy(bytes, off, n)).toBeCloseTo(sum / n, 6);
  }
  expect(ulawEnergy(bytes, 0, 0)).toBe(0);
});

test("the loudest square wave is 0 dBov, silence is −127, a full sine is −3", () => {
  expect(levelDbov(ulawEnergy(new Uint8Array(160).fill(0x80), 0, 160))).toBe(0);
  expect(levelDbov(ulawEnergy(new Uint8Array(160).fill(0xff), 0, 160))).toBe(SILENT_DBOV);
  const sine = new Uint8Array(160);
  new Tone(1000, 32124).fillUlaw(sine, 0, 160);
  expect(levelDbov(ulawEnergy(sine, 0, 160))).toBe(-3);
});

test("levels stay on the scale whatever the energy", () => {
  expect(levelDbov(Number.POSITIVE_INFINITY)).toBe(0);
  expect(Object.is(levelDbov(32124 ** 2), 0)).toBe(true);
  expect(levelDbov(1e-12)).toBe(SILENT_DBOV);
  expect(levelDbov(Number.NaN)).toBe(SILENT_DBOV);
  expect(levelDbov(-1)).toBe(SILENT_DBOV);
});

test("a threshold in dBov and its mean square mean the same", () => {
  for (let dbov = -126; dbov <= 0; dbov++) expect(levelDbov(meanSquareOf(dbov))).toBe(dbov);
});
