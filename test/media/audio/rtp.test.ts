import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseRtp, RtpHeader, seqDistance, timestampDistance, writeRtpHeader } from "../../../src/media/audio/rtp.ts";

const anyHeader = fc.record({
  payloadType: fc.integer({ min: 0, max: 127 }),
  seq: fc.integer({ min: 0, max: 0xffff }),
  timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
  ssrc: fc.integer({ min: 0, max: 0xffff_ffff }),
  marker: fc.boolean(),
});

test("a written header is read back", () => {
  fc.assert(
    fc.property(anyHeader, fc.integer({ min: 0, max: 200 }), (wanted, payloadLen) => {
      const packet = new Uint8Array(12 + payloadLen);
      writeRtpHeader(packet, wanted.payloadType, wanted.seq, wanted.timestamp, wanted.ssrc, wanted.marker);
      const header = new RtpHeader();
      expect(parseRtp(packet, packet.length, header)).toBe(true);
      expect({ ...header }).toEqual({ ...wanted, payloadOff: 12, payloadLen });
    }),
  );
});

test("CSRC list, extension and padding are stepped over", () => {
  const sizes = fc.record({
    csrcs: fc.integer({ min: 0, max: 15 }),
    extensionWords: fc.option(fc.integer({ min: 0, max: 20 }), { nil: null }),
    padding: fc.integer({ min: 0, max: 255 }),
    payloadLen: fc.integer({ min: 0, max: 160 }),
  });
  fc.assert(
    fc.property(sizes, ({ csrcs, extensionWords, padding, payloadLen }) => {
      const payloadOff = 12 + csrcs * 4 + (extensionWords === null ? 0 : 4 + extensionWords * 4);
      const packet = new Uint8Array(payloadOff + payloadLen + padding);
      writeRtpHeader(packet, 0, 1, 2, 3, false);
      packet[0] = 0x80 | csrcs | (extensionWords === null ? 0 : 0x10) | (padding > 0 ? 0x20 : 0);
      if (extensionWords !== null) packet[12 + csrcs * 4 + 3] = extensionWords;
      if (padding > 0) packet[packet.length - 1] = padding;
      const header = new RtpHeader();
      expect(parseRtp(packet, packet.length, header)).toBe(true);
      expect([header.payloadOff, header.payloadLen]).toEqual([payloadOff, payloadLen]);
      // Cut anywhere before the payload it is no packet any more.
      for (let length = 0; length < payloadOff && padding === 0; length++)
        expect(parseRtp(packet, length, header)).toBe(false);
    }),
  );
});

test("whatever bytes come, parsing does not throw and an accepted payload lies inside the packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 3 }), (packet, cut) => {
      if (packet.length > 0 && cut > 0) packet[0] = 0x80 | (packet[0]! & 0x3f);
      const header = new RtpHeader();
      if (!parseRtp(packet, packet.length, header)) return;
      expect(header.payloadOff).toBeGreaterThanOrEqual(12);
      expect(header.payloadLen).toBeGreaterThanOrEqual(0);
      expect(header.payloadOff + header.payloadLen).toBeLessThanOrEqual(packet.length);
    }),
    { numRuns: 1000 },
  );
});

test("other versions, impossible padding and a length beyond the buffer are refused", () => {
  const header = new RtpHeader();
  const packet = new Uint8Array(20);
  writeRtpHeader(packet, 0, 1, 2, 3, false);
  expect(parseRtp(packet, 20, header)).toBe(true);
  expect(parseRtp(packet, 21, header)).toBe(false);
  for (const version of [0, 1, 3]) {
    packet[0] = version << 6;
    expect(parseRtp(packet, 20, header)).toBe(false);
  }
  packet[0] = 0xa0;
  for (const padding of [0, 9, 255]) {
    packet[19] = padding;
    expect(parseRtp(packet, 20, header)).toBe(false);
  }
  packet[19] = 8;
  expect(parseRtp(packet, 20, header)).toBe(true);
  expect(header.payloadLen).toBe(0);
});

test("distances count around the wrap", () => {
  expect(seqDistance(2, 0xffff)).toBe(3);
  expect(seqDistance(0xffff, 2)).toBe(-3);
  expect(timestampDistance(80, 0xffff_ffb0)).toBe(160);
  expect(timestampDistance(0xffff_ffb0, 80)).toBe(-160);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: -32768, max: 32767 }),
      (from, by) => seqDistance((from + by) & 0xffff, from) === by,
    ),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      (from, by) => timestampDistance((from + by) >>> 0, from) === by,
    ),
  );
});
