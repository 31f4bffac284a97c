import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  digitOfEvent,
  eventOfDigit,
  NO_EVENT,
  TELEPHONE_EVENT_BYTES,
  TelephoneEvents,
  TelephoneEventWriter,
} from "../../../src/media/audio/telephone-event.ts";

const KEYS = "0123456789*#ABCD";

/** The packets of one key. */
function packetsOf(digit: string, totalMs = 100): Uint8Array[] {
  const writer = new TelephoneEventWriter();
  writer.start(eventOfDigit(digit), totalMs, 20);
  const packets: Uint8Array[] = [];
  for (let packet = new Uint8Array(4); writer.next(packet, 0); packet = new Uint8Array(4)) packets.push(packet);
  return packets;
}

test("a key is written as growing durations whose end is sent three times", () => {
  const packets = packetsOf("#", 100);
  expect(packets.map((p) => p[0])).toEqual(Array(7).fill(11));
  expect(packets.map((p) => (p[2]! << 8) | p[3]!)).toEqual([160, 320, 480, 640, 800, 800, 800]);
  expect(packets.map((p) => p[1]! >> 7)).toEqual([0, 0, 0, 0, 1, 1, 1]);
  expect(packets.every((p) => (p[1]! & 0x40) === 0)).toBe(true);
});

test("each key is told exactly once however its packets are lost, repeated or swapped, if one of them arrives", () => {
  const anyKey = fc.record({
    digit: fc.constantFrom(...KEYS),
    // Which of the seven packets arrive, in which order; repetitions are copies made by the network.
    arrivals: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 20 }),
  });
  fc.assert(
    fc.property(
      fc.array(anyKey, { maxLength: 8 }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      (keys, firstTimestamp) => {
        const events = new TelephoneEvents();
        const told: string[] = [];
        let timestamp = firstTimestamp;
        for (const { digit, arrivals } of keys) {
          const packets = packetsOf(digit);
          for (const i of arrivals) {
            const event = events.push(timestamp, packets[i]!, 0, TELEPHONE_EVENT_BYTES);
            if (event !== NO_EVENT) told.push(digitOfEvent(event));
          }
          expect(events.ended).toBe(arrivals.some((i) => i >= 4));
          expect(events.durationMs).toBe(20 * Math.min(5, Math.max(...arrivals) + 1));
          timestamp = (timestamp + 1600) >>> 0;
        }
        expect(told).toEqual(keys.map((key) => key.digit));
        expect(events.events).toBe(keys.length);
      },
    ),
  );
});

test("a packet of an earlier key that comes late is not a new key", () => {
  const events = new TelephoneEvents();
  const [first, second] = [packetsOf("1"), packetsOf("2")];
  events.push(1000, first[0]!, 0, 4);
  events.push(3000, second[0]!, 0, 4);
  expect(events.push(1000, first[6]!, 0, 4)).toBe(NO_EVENT);
  expect(events.stale).toBe(1);
  expect(events.ended).toBe(false);
});

test("a key held longer than eight seconds is one key over its segments", () => {
  const events = new TelephoneEvents();
  const packet = Uint8Array.of(5, 10, 0xff, 0xff);
  expect(events.push(1000, packet, 0, 4)).toBe(5);
  expect(events.push(1000 + 0xffff, Uint8Array.of(5, 10, 0, 160), 0, 4)).toBe(NO_EVENT);
  expect(events.durationMs).toBeCloseTo((0xffff + 160) / 8, 6);
  expect(events.push(1000 + 0xffff + 4000, packet, 0, 4)).toBe(5);
});

test("short packets and codes that are no key are rejected", () => {
  const events = new TelephoneEvents();
  expect(events.push(1, Uint8Array.of(5, 10, 0), 0, 3)).toBe(NO_EVENT);
  expect(events.push(1, Uint8Array.of(5, 10, 0, 160), 1, 4)).toBe(NO_EVENT);
  expect(events.push(1, Uint8Array.of(16, 10, 0, 160), 0, 4)).toBe(NO_EVENT);
  expect(events.rejected).toBe(3);
  expect(events.events).toBe(0);
});

test("after a reset any timestamp begins a new key", () => {
  const events = new TelephoneEvents();
  events.push(5000, packetsOf("7")[0]!, 0, 4);
  events.reset();
  expect(events.push(20, packetsOf("7")[0]!, 0, 4)).toBe(7);
});

test("keys and event codes match each other", () => {
  for (const key of KEYS) expect(digitOfEvent(eventOfDigit(key))).toBe(key);
  expect(eventOfDigit("d")).toBe(15);
  for (const other of ["", "E", "12", " "]) expect(eventOfDigit(other)).toBe(NO_EVENT);
  expect(digitOfEvent(16)).toBe("");
});
