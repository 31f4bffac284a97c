import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWavePeaks, WAVE_STRIPES, WavePeaksCache } from "../../src/server/wave-peaks.ts";

const dir = mkdtempSync(join(tmpdir(), "opendeep-wave-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A stereo WAV of 16-bit samples; `claims` is the length its header states. */
const wav = (samples: Int16Array, claims = samples.byteLength, format = 1, bits = 16): Uint8Array => {
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF????WAVEfmt "));
  view.setUint32(16, 16, true);
  view.setUint16(20, format, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, 8000, true);
  view.setUint16(34, bits, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, claims, true);
  bytes.set(new Uint8Array(samples.buffer), 44);
  return bytes;
};

const write = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(dir, name);
  await Bun.write(path, bytes);
  return path;
};

/** The callee speaks in the first half, the agent in the second. */
const conversation = (): Int16Array => {
  const frames = 100_000;
  const samples = new Int16Array(frames * 2);
  for (let i = 0; i < frames; i++) samples[i * 2 + (i < frames / 2 ? 0 : 1)] = i % 2 ? 16_000 : -16_000;
  return samples;
};

test("each party's loudness is read from its own channel, where it spoke", async () => {
  const peaks = await readWavePeaks(await write("a.wav", wav(conversation())));
  expect(peaks?.callee).toHaveLength(WAVE_STRIPES);
  expect(peaks?.callee[100]).toBe(16_000 >> 7);
  expect(peaks?.agent[100]).toBe(0);
  expect(peaks?.callee[400]).toBe(0);
  expect(peaks?.agent[400]).toBe(16_000 >> 7);
});

test("a file whose writer died before it wrote the length is read to its end", async () => {
  const peaks = await readWavePeaks(await write("dead.wav", wav(conversation(), 0)));
  expect(peaks?.agent[400]).toBe(16_000 >> 7);
});

test("full-scale µ-law reads as loud, its silence as silent", async () => {
  const codes = new Uint8Array(2000).fill(0xff);
  for (let i = 0; i < codes.length; i += 2) codes[i] = 0x80;
  const peaks = await readWavePeaks(await write("u.wav", wav(new Int16Array(codes.buffer), 2000, 7, 8)));
  expect(peaks?.callee[10]).toBeGreaterThan(240);
  expect(peaks?.agent[10]).toBe(0);
});

test("a file that is no stereo WAV gives no drawing and no error", async () => {
  expect(await readWavePeaks(await write("b.wav", new Uint8Array(7)))).toBeNull();
  expect(await readWavePeaks(await write("c.wav", wav(new Int16Array(8), 16, 3, 32)))).toBeNull();
  expect(await readWavePeaks(join(dir, "gone.wav"))).toBeNull();
  const empty = await readWavePeaks(await write("d.wav", wav(new Int16Array(0))));
  expect(empty?.callee.every((peak) => peak === 0)).toBe(true);
});

test("a recording's peaks are worked out once", async () => {
  const cache = new WavePeaksCache();
  const path = await write("once.wav", wav(conversation()));
  const first = await cache.of("rec_1", path);
  rmSync(path);
  expect(await cache.of("rec_1", path)).toBe(first);
});
