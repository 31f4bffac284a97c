import { expect, test } from "bun:test";
import fc from "fast-check";
import { ByteRing } from "../../../src/media/audio/byte-ring.ts";

const LENGTH = 16;

test("what is written at a position is read there, around the end of the ring and of 32 bits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.uint8Array({ maxLength: LENGTH }),
      fc.nat(5),
      (at, bytes, off) => {
        const ring = new ByteRing(LENGTH);
        ring.write(at, new Uint8Array([...Array(off).fill(1), ...bytes, 1]), off, bytes.length);
        for (const [i, byte] of bytes.entries()) expect(ring.bytes[(at + i) & (LENGTH - 1)]).toBe(byte);
        const read = new Uint8Array(bytes.length + 1).fill(7);
        ring.read(at, read, bytes.length);
        expect([...read]).toEqual([...bytes, 7]);
      },
    ),
  );
});
