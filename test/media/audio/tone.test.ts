import { expect, test } from "bun:test";
import { decodeUlaw } from "../../../src/media/audio/g711.ts";
import { dtmfOf, Tone, toneAmplitude } from "../../../src/media/audio/tone.ts";

const KEYS = "0123456789*#ABCD";

test("a tone has its amplitude at its frequency and none elsewhere", () => {
  const pcm = new Int16Array(800);
  new Tone(1000, 10000).fillPcm(pcm, 0, 800);
  expect(toneAmplitude(pcm, 0, 800, 1000)).toBeCloseTo(10000, -1);
  for (const hz of [500, 980, 1020, 2000, 3000]) expect(toneAmplitude(pcm, 0, 800, hz)).toBeLessThan(5);
});

test("a tone goes on smoothly over calls", () => {
  const whole = new Int16Array(500);
  new Tone(433, 9000, 1777).fillPcm(whole, 0, 500);
  const pieces = new Int16Array(500);
  const tone = new Tone(433, 9000, 1777);
  for (let at = 0; at < 500; at += 50) tone.fillPcm(pieces, at, 50);
  expect(pieces).toEqual(whole);
});

test("two loud tones together are held within 16 bits", () => {
  const pcm = new Int16Array(2000);
  new Tone(697, 32767, 1209).fillPcm(pcm, 0, 2000);
  expect(Math.max(...pcm)).toBe(32767);
  expect(Math.min(...pcm)).toBe(-32768);
  // A wrap would be a step of nearly the whole range.
  for (let i = 1; i < pcm.length; i++) expect(Math.abs(pcm[i]! - pcm[i - 1]!)).toBeLessThan(50_000);
});

test("every DTMF key is recognised after µ-law in 40 ms, at any level a phone sends", () => {
  for (const key of KEYS)
    for (const amplitude of [300, 3000, 12000]) {
      const bytes = new Uint8Array(320);
      Tone.dtmf(key, amplitude)!.fillUlaw(bytes, 0, 320);
      const pcm = new Int16Array(320);
      decodeUlaw(bytes, 0, pcm, 0, 320);
      expect(dtmfOf(pcm, 0, 320)).toBe(key);
    }
});

test("silence, single tones, noise and wrong pairs are no key", () => {
  const pcm = new Int16Array(320);
  expect(dtmfOf(pcm, 0, 320)).toBe("");
  for (const [hz, second] of [
    [697, 0],
    [1209, 0],
    [440, 350],
    [697, 852],
    [697, 2600],
  ] as const) {
    new Tone(hz, 8000, second).fillPcm(pcm, 0, 320);
    expect(dtmfOf(pcm, 0, 320)).toBe("");
  }
  let state = 1;
  for (let i = 0; i < 320; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    pcm[i] = (state >>> 17) - 16384;
  }
  expect(dtmfOf(pcm, 0, 320)).toBe("");
  expect(Tone.dtmf("x", 100)).toBeNull();
});
