import { expect, test } from "bun:test";
import fc from "fast-check";
import { FRAME_SAMPLES, ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import { RtpHeader } from "../../../src/media/audio/rtp.ts";
import { SupervisorLeg } from "../../../src/media/supervision/leg.ts";
import { toneFrame } from "../../support/call-rig.ts";

/** Sends frames that carry their number as every byte and reads one a tick. */
class Stream {
  readonly leg = new SupervisorLeg(7);
  readonly frame = new Uint8Array(FRAME_SAMPLES);
  /** When each number was read, by number; and the ticks without any. */
  readonly readAt = new Map<number, number>();
  empty = 0;
  readonly #header = new RtpHeader();

  send(
    n: number,
    nowMs: number,
    payload: Uint8Array = new Uint8Array(FRAME_SAMPLES).fill(n & 0x7f),
    payloadType = 0,
  ): void {
    Object.assign(this.#header, { seq: n & 0xffff, timestamp: n * 160, ssrc: 7, marker: n === 0, payloadType });
    this.#header.payloadOff = 0;
    this.#header.payloadLen = payload.length;
    this.leg.take(this.#header, payload, nowMs);
  }

  tick(nowMs: number): boolean {
    const spoke = this.leg.read(this.frame, nowMs);
    if (spoke) this.readAt.set(this.frame[0]!, nowMs);
    else this.empty++;
    return spoke;
  }
}

test("on a steady link every frame comes out in order, 15 to 35 ms after it came in", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 19 }), (phaseMs) => {
      const stream = new Stream();
      for (let n = 0; n < 100; n++) {
        stream.send(n, n * 20 + phaseMs);
        stream.tick(n * 20 + 20);
      }
      for (let n = 0; n < 97; n++) {
        const delayMs = stream.readAt.get(n)! - (n * 20 + phaseMs);
        expect(delayMs).toBeGreaterThanOrEqual(15);
        expect(delayMs).toBeLessThan(35);
      }
      expect(stream.leg.underruns).toBe(0);
    }),
  );
});

test("packets that come up to 15 ms late leave no hole", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 60, maxLength: 60 }), (lateMs) => {
      const stream = new Stream();
      const arrivals = lateMs.map((late, n) => ({ n, at: n * 20 + (n === 0 ? 0 : late) }));
      for (let tick = 1; tick < 60; tick++) {
        for (const { n, at } of arrivals) if (at > tick * 20 - 20 && at <= tick * 20) stream.send(n, at);
        if (tick === 1) stream.send(0, 0);
        stream.tick(tick * 20);
      }
      expect(stream.leg.underruns).toBe(0);
    }),
  );
});

test("speech that waits after a stall is caught up with where it is quiet, so that lag does not last", () => {
  const stream = new Stream();
  const quiet = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
  let n = 0;
  for (let tick = 1; tick <= 20; tick++) {
    stream.send(n, tick * 20 - 3, toneFrame(500, n++));
    stream.tick(tick * 20);
  }
  for (let tick = 21; tick <= 30; tick++) stream.tick(tick * 20);
  for (let i = 0; i < 10; i++) stream.send(n, 617, toneFrame(500, n++));
  for (let tick = 31; tick <= 60; tick++) {
    stream.send(n, tick * 20 - 3, tick > 50 ? quiet : toneFrame(500, n));
    n++;
    stream.tick(tick * 20);
  }
  expect(stream.leg.leftOut).toBeGreaterThan(0);
  stream.send(n, 1217, new Uint8Array(FRAME_SAMPLES).fill(0x11));
  let waited = 0;
  for (let tick = 61; stream.frame[0] !== 0x11; tick++, waited++) stream.tick(tick * 20);
  expect(waited).toBeLessThanOrEqual(4);
});

test("a stream that pauses and goes on is heard again without lag", () => {
  const stream = new Stream();
  for (let n = 0; n < 20; n++) {
    stream.send(n, n * 20);
    stream.tick(n * 20 + 18);
  }
  for (let tick = 20; tick < 60; tick++) stream.tick(tick * 20 + 18);
  for (let n = 60; n < 100; n++) {
    stream.send(n, n * 20);
    stream.tick(n * 20 + 18);
  }
  expect(stream.readAt.get(99 & 0x7f) ?? stream.readAt.get(98)).toBeGreaterThan(1900);
  expect(stream.readAt.get(97)! - 97 * 20).toBeLessThan(60);
});

test("payloads that are not µ-law are counted and never heard", () => {
  const stream = new Stream();
  for (let n = 0; n < 10; n++) {
    stream.send(n, n * 20, undefined, 111);
    expect(stream.tick(n * 20 + 19)).toBe(false);
  }
  expect(stream.leg.foreign).toBe(10);
  expect(stream.leg.lastPacketMs).toBe(180);
});
