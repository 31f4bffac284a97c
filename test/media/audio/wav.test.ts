import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseWavHeader, WAV_HEADER_BYTES, wavSizeFix, writeWavHeader } from "../../../src/media/audio/wav.ts";

const text = (bytes: Uint8Array, from: number) => String.fromCharCode(...bytes.subarray(from, from + 4));

test("the header is the 44 bytes every player knows", () => {
  const bytes = new Uint8Array(50).fill(1);
  writeWavHeader(bytes.subarray(2), 2, 8000, 32000);
  const header = bytes.subarray(2, 46);
  expect([text(header, 0), text(header, 8), text(header, 12), text(header, 36)]).toEqual([
    "RIFF",
    "WAVE",
    "fmt ",
    "data",
  ]);
  const view = new DataView(header.buffer, header.byteOffset);
  expect(view.getUint32(4, true)).toBe(32036);
  expect([16, 20, 22, 32, 34].map((at) => view.getUint16(at, true))).toEqual([16, 1, 2, 4, 16]);
  expect([24, 28, 40].map((at) => view.getUint32(at, true))).toEqual([8000, 32000, 32000]);
  expect([bytes[0], bytes[1], bytes[46]]).toEqual([1, 1, 1]);
});

test("a written header is read back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 192_000 }),
      fc.integer({ min: 0, max: 2 ** 32 - 45 }),
      (channels, rateHz, dataBytes) => {
        const header = new Uint8Array(WAV_HEADER_BYTES);
        writeWavHeader(header, channels, rateHz, dataBytes);
        expect(parseWavHeader(header)).toEqual({ channels, rateHz, dataBytes });
      },
    ),
  );
});

test("a file cut off anywhere is repaired to its last whole sample of every channel", () => {
  fc.assert(
    fc.property(fc.integer({ min: 44, max: 100_000 }), fc.integer({ min: 1, max: 2 }), (fileBytes, channels) => {
      const header = new Uint8Array(WAV_HEADER_BYTES);
      writeWavHeader(header, channels, 8000, 0);
      const fixed = wavSizeFix(header, fileBytes)!;
      expect(fixed.dataBytes % (channels * 2)).toBe(0);
      expect(fileBytes - WAV_HEADER_BYTES - fixed.dataBytes).toBeLessThan(channels * 2);
      expect(fixed.dataBytes).toBeLessThanOrEqual(fileBytes - WAV_HEADER_BYTES);
      expect(parseWavHeader(header)).toEqual(fixed);
    }),
  );
});

test("anything else is no header and is left as it was", () => {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  writeWavHeader(header, 2, 8000, 0);
  for (const at of [0, 8, 12, 16, 20, 22, 32, 34, 36]) {
    const broken = header.slice();
    broken[at]! ^= 0x06;
    const before = broken.slice();
    expect(parseWavHeader(broken)).toBeNull();
    expect(wavSizeFix(broken, 1000)).toBeNull();
    expect(broken).toEqual(before);
  }
  expect(parseWavHeader(header.subarray(0, 43))).toBeNull();
  expect(wavSizeFix(header, 43)).toBeNull();
});

test("a recording beyond 4 GiB says as much as the format can", () => {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  writeWavHeader(header, 2, 8000, 2 ** 33);
  expect(new DataView(header.buffer).getUint32(4, true)).toBe(0xffff_ffff - 8);
  writeWavHeader(header, 2, 8000, 0);
  expect(wavSizeFix(header, 2 ** 33)!.dataBytes % 4).toBe(0);
});
