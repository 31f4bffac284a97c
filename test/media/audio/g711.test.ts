import { describe, expect, test } from "bun:test";
import { ALAW_SILENCE, ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import {
  alawDecode,
  decodeAlaw,
  decodeUlaw,
  encodeAlaw,
  encodeAlawFrame,
  encodeUlaw,
  encodeUlawFrame,
  ulawDecode,
} from "../../../src/media/audio/g711.ts";

/** Output of a µ-law code by the segments of ITU-T G.711 table 2, on the 16 bit scale. */
function ulawReference(code: number): number {
  const inverted = 255 - code;
  const segment = Math.floor((inverted % 128) / 16);
  const magnitude = (2 ** segment * (2 * (inverted % 16) + 33) - 33) * 4;
  return inverted >= 128 ? -magnitude : magnitude;
}

/** Output of an A-law code by the segments of ITU-T G.711 table 1, on the 16 bit scale; even bits are inverted. */
function alawReference(code: number): number {
  const plain = code ^ 0b0101_0101;
  const segment = Math.floor((plain % 128) / 16);
  const step = plain % 16;
  const magnitude = segment === 0 ? 2 * step + 1 : 2 ** (segment - 1) * (2 * step + 33);
  return plain >= 128 ? magnitude * 8 : -magnitude * 8;
}

const ulawHalfStep = (code: number) => 4 * 2 ** Math.floor(((255 - code) % 128) / 16);
const alawHalfStep = (code: number) => 8 * 2 ** Math.max(0, Math.floor(((code ^ 0b0101_0101) % 128) / 16) - 1);

const laws = [
  {
    name: "µ-law",
    decode: ulawDecode,
    encode: encodeUlaw,
    reference: ulawReference,
    halfStep: ulawHalfStep,
    maxInput: 32635,
  },
  {
    name: "A-law",
    decode: alawDecode,
    encode: encodeAlaw,
    reference: alawReference,
    halfStep: alawHalfStep,
    maxInput: 32768,
  },
];

for (const { name, decode, encode, reference, halfStep, maxInput } of laws) {
  describe(name, () => {
    test("every code decodes to the value of the recommendation", () => {
      for (let code = 0; code < 256; code++) expect(decode[code]! + 0).toBe(reference(code) + 0);
    });

    test("every code survives decoding and encoding, the two zeros as one", () => {
      for (let code = 0; code < 256; code++) {
        const again = encode(decode[code]!);
        if (decode[code] === 0) expect(again).toBe(ULAW_SILENCE);
        else expect(again).toBe(code);
      }
    });

    test("coding never falls as samples rise, and coding twice changes nothing more", () => {
      let previous = Number.NEGATIVE_INFINITY;
      for (let sample = -32768; sample <= 32767; sample++) {
        const value = decode[encode(sample)]!;
        if (value < previous) throw new Error(`falls at ${sample}`);
        previous = value;
        if (decode[encode(value)] !== value) throw new Error(`changes again at ${sample}`);
      }
    });

    test("every sample is off by half a step of its segment at most, up to the clipping point", () => {
      for (let sample = -32768; sample <= 32767; sample++) {
        const code = encode(sample);
        const clipped = Math.abs(sample) > maxInput;
        const error = Math.abs(decode[code]! - sample);
        if (!clipped && error > halfStep(code)) throw new Error(`${sample} is off by ${error}`);
      }
    });
  });
}

test("silence is coded as the silence bytes", () => {
  expect(encodeUlaw(0)).toBe(ULAW_SILENCE);
  expect(encodeAlaw(0)).toBe(ALAW_SILENCE);
});

test("frames are coded at their offsets and nowhere else", () => {
  const pcm = Int16Array.from({ length: 20 }, (_, i) => (i - 10) * 3000);
  for (const [encodeFrame, decodeFrame, decode, encode] of [
    [encodeUlawFrame, decodeUlaw, ulawDecode, encodeUlaw],
    [encodeAlawFrame, decodeAlaw, alawDecode, encodeAlaw],
  ] as const) {
    const bytes = new Uint8Array(20).fill(7);
    encodeFrame(pcm, 5, bytes, 3, 10);
    expect([...bytes]).toEqual([...Array(20).keys()].map((i) => (i < 3 || i > 12 ? 7 : encode(pcm[i + 2]!))));
    const back = new Int16Array(20).fill(9);
    decodeFrame(bytes, 3, back, 1, 10);
    expect([...back]).toEqual([...Array(20).keys()].map((i) => (i < 1 || i > 10 ? 9 : decode[bytes[i + 2]!]!)));
  }
});
