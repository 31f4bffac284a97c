import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import { encodeUlaw, ulawDecode } from "../../../src/media/audio/g711.ts";
import {
  CONCEALED,
  JITTER_CAPACITY_MS,
  JitterBuffer,
  MAX_PAYLOAD_BYTES,
  NONE,
  SILENCE,
  VOICE,
} from "../../../src/media/audio/jitter-buffer.ts";

const SSRC = 0xdecade;
const LOUD = 0x10;
const QUIET = 0xe8;

/** 160 bytes that tell their number, in loud or in quiet codes, and are never digital silence. */
function frameOf(index: number, base = LOUD): Uint8Array {
  return new Uint8Array(160).map((_, i) => base + ((index >> (4 * (i % 5))) & 15));
}
const isQuiet = (frame: Uint8Array) => frame.every((byte) => byte >= QUIET);
function indexOf(frame: Uint8Array): number {
  const base = isQuiet(frame) ? QUIET : LOUD;
  return [4, 3, 2, 1, 0].reduce((sum, digit) => sum * 16 + (frame[digit]! - base), 0);
}

/** A sender of 20 ms packets and the owner of a buffer, who pulls all that is due after each packet and tick. */
class Line {
  readonly buffer = new JitterBuffer();
  readonly frame = new Uint8Array(160);
  codes: number[] = [];
  /** Numbers of the frames heard. */
  heard: number[] = [];
  heardAtMs: number[] = [];
  /** Frames of silence put right behind a loud one. */
  cuts = 0;
  #loud = false;
  /** Leaves out quiet frames when asked to. */
  drops = false;

  constructor(
    readonly firstSeq = 1000,
    readonly firstTimestamp = 160_000,
    readonly ssrc = SSRC,
  ) {}

  send(index: number, nowMs: number, { timestamp = index * 160, base = LOUD, marker = false } = {}): void {
    const seq = (this.firstSeq + index) & 0xffff;
    const at = (this.firstTimestamp + timestamp) >>> 0;
    this.buffer.push(seq, at, this.ssrc, marker, frameOf(index, base), 0, 160, nowMs);
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    for (let code = this.pull(nowMs); code !== NONE; code = this.pull(nowMs)) {
      this.codes.push(code);
      if (code === SILENCE && this.#loud) this.cuts++;
      this.#loud = code === VOICE && !isQuiet(this.frame);
      if (code === VOICE) {
        this.heard.push(indexOf(this.frame));
        this.heardAtMs.push(nowMs);
      }
      if (this.drops && code !== CONCEALED && isQuiet(this.frame) && this.buffer.wantsDrop(nowMs))
        this.buffer.leftOut();
    }
  }

  pull(nowMs: number): number {
    return this.buffer.pull(this.frame, nowMs);
  }

  count(code: number): number {
    return this.codes.filter((one) => one === code).length;
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("in order", () => {
  test("every frame leaves in the moment it comes", () => {
    const line = new Line();
    for (let i = 0; i < 500; i++) {
      line.send(i, i * 20);
      expect(line.heard.length).toBe(i + 1);
    }
    expect(line.heard).toEqual(range(0, 500));
    expect(line.codes.every((code) => code === VOICE)).toBe(true);
    expect(line.buffer.received).toBe(500);
    expect(line.buffer.lost).toBe(0);
  });

  test("sequence and timestamp wrap without a trace", () => {
    for (const firstTimestamp of [0xffff_ffff - 800, 0x7fff_ffff - 800, 0xffff_ffff - 803]) {
      const line = new Line(65530, firstTimestamp);
      for (let i = 0; i < 200; i++) line.send(i, i * 20);
      expect(line.heard).toEqual(range(0, 200));
      expect([line.buffer.resyncs, line.buffer.lost, line.buffer.late]).toEqual([0, 0, 0]);
    }
  });

  test("packets of 10, 30, 60 and 120 ms come out as frames of 20 ms without added silence", () => {
    for (const packetMs of [10, 30, 60, 120]) {
      const buffer = new JitterBuffer();
      const bytes = packetMs * 8;
      const target = new Uint8Array(160);
      const out: number[] = [];
      for (let i = 0; i < 100; i++) {
        const payload = new Uint8Array(bytes).map((_, k) => (i * bytes + k) % 199);
        const nowMs = (i + 1) * packetMs;
        buffer.push(i, i * bytes, SSRC, false, payload, 0, bytes, nowMs);
        for (let at = nowMs; at < nowMs + packetMs; at += 10)
          while (buffer.pull(target, at) === VOICE) out.push(...target);
      }
      expect(out.length).toBeGreaterThan(100 * bytes - 160);
      expect(out.every((byte, k) => byte === k % 199)).toBe(true);
      expect([buffer.silenceInserted, buffer.concealed]).toEqual([0, 0]);
    }
  });

  test("duplicates are heard once and counted", () => {
    const line = new Line();
    for (let i = 0; i < 20; i++) {
      line.send(i, i * 20);
      line.send(i, i * 20 + 1);
    }
    expect(line.heard).toEqual(range(0, 20));
    expect([line.buffer.duplicates, line.buffer.received, line.buffer.lost]).toEqual([20, 20, 0]);
  });
});

describe("a missing packet", () => {
  test("holds newer ones back until it comes, and all leave in order", () => {
    const line = new Line();
    line.send(0, 0);
    line.send(2, 41);
    expect(line.heard).toEqual([0]);
    line.send(1, 45);
    expect(line.heard).toEqual([0, 1, 2]);
    expect([line.buffer.reordered, line.buffer.lost, line.buffer.concealed]).toEqual([1, 0, 0]);
  });

  test("is concealed after the wait by the last frame at half its amplitude, then by silence", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    line.send(13, 260);
    const waitMs = line.buffer.waitMs;
    expect(line.pull(260 + waitMs - 1)).toBe(NONE);
    expect(line.pull(260 + waitMs)).toBe(CONCEALED);
    expect([...line.frame]).toEqual([...frameOf(9)].map((byte) => encodeUlaw(ulawDecode[byte]! / 2)));
    for (let i = 0; i < 2; i++) {
      expect(line.pull(260 + waitMs)).toBe(CONCEALED);
      expect(line.frame.every((byte) => byte === 0xff)).toBe(true);
    }
    expect(line.pull(260 + waitMs)).toBe(VOICE);
    expect(indexOf(line.frame)).toBe(13);
    expect([line.buffer.concealed, line.buffer.lost]).toEqual([3, 3]);
  });

  test("that comes after its concealment is late: dropped, counted, and waited for longer next time", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    const before = line.buffer.waitMs;
    line.send(11, 220);
    line.tick(220 + before);
    line.send(10, 290);
    expect(line.heard.includes(10)).toBe(false);
    expect([line.buffer.late, line.buffer.lost, line.buffer.concealed]).toEqual([1, 0, 1]);
    expect(line.buffer.waitMs).toBeGreaterThan(70);
    expect(line.buffer.waitMs).toBeLessThanOrEqual(200);
  });

  test("two holes in a row each wait from when the packet behind them came", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    line.send(11, 220);
    line.send(13, 221);
    line.tick(221 + line.buffer.waitMs);
    expect(line.heard.slice(-2)).toEqual([11, 13]);
  });

  test("is no loss if a packet without audio had its number", () => {
    const line = new Line();
    line.send(0, 0);
    for (let event = 1; event <= 7; event++) line.buffer.note(line.firstSeq + event, SSRC);
    line.send(8, 160, { timestamp: 160 });
    expect(line.heard).toEqual([0, 8]);
    expect(line.buffer.lost).toBe(0);
  });

  test("the wait follows reordering up and down within its bounds", () => {
    const line = new Line();
    expect(line.buffer.waitMs).toBe(20);
    let nowMs = 0;
    for (let i = 0; i < 200; i += 2, nowMs += 40) {
      line.send(i + 1, nowMs);
      line.send(i, nowMs + 35);
    }
    const grown = line.buffer.waitMs;
    expect(grown).toBeGreaterThan(35);
    for (let i = 200; i < 12_000; i++, nowMs += 20) line.send(i, nowMs);
    expect(line.buffer.waitMs).toBe(20);
    expect(grown).toBeLessThanOrEqual(200);
  });

  test("jitter is measured as RFC 3550 says", () => {
    const line = new Line();
    for (let i = 0; i < 1000; i++) line.send(i, i * 20 + (i % 2) * 10);
    expect(line.buffer.jitterMs).toBeCloseTo(10, 1);
  });
});

test("a talk spurt that begins off its clock, as its marker tells, is no jitter", () => {
  const line = new Line();
  for (let i = 0; i < 100; i++) line.send(i, i * 20 + (i >= 50 ? 300 : 0), { marker: i === 50 });
  expect(line.buffer.jitterMs).toBe(0);
});

describe("pauses and stalls", () => {
  test("during a sender's pause silence keeps wall time, and the first word after it leaves at once", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    for (let nowMs = 195; nowMs < 1180; nowMs += 20) line.tick(nowMs);
    // The timestamp jumps, the sequence does not: nothing was lost.
    line.send(10, 1180, { timestamp: 59 * 160, marker: true });
    expect(line.heard.at(-1)).toBe(10);
    expect(line.codes.length).toBe(60);
    expect(line.count(CONCEALED)).toBe(0);
    expect(line.buffer.aheadFrames(1180)).toBe(0);
    expect(line.buffer.silenceInserted).toBe(49);
  });

  // Symptom: a phone with packets of 10 or 30 ms that sends nothing in pauses left the end of a word unheard until its
  // next word, seconds later, where it was a click. What was no whole frame waited for the rest of it.
  test("the end of a word that is no whole frame is heard before the pause, not after it", () => {
    for (const packetMs of [10, 30]) {
      const buffer = new JitterBuffer();
      const bytes = packetMs * 8;
      const frame = new Uint8Array(160);
      const heard: { atMs: number; byte: number }[] = [];
      const send = (seq: number, nowMs: number, byte: number): void =>
        buffer.push(seq, nowMs * 8, SSRC, false, new Uint8Array(bytes).fill(byte), 0, bytes, nowMs);
      const pull = (nowMs: number): void => {
        while (buffer.pull(frame, nowMs) !== NONE)
          for (const byte of frame) if (byte !== ULAW_SILENCE) heard.push({ atMs: nowMs, byte });
      };
      for (let i = 1; i <= 7; i++) {
        send(i, i * packetMs, i);
        pull(i * packetMs);
      }
      for (let nowMs = 220; nowMs < 5000; nowMs += 20) pull(nowMs);
      for (let i = 8; i <= 11; i++) {
        send(i, 5000 + i * packetMs, i);
        pull(5000 + i * packetMs);
      }
      pull(6000);
      expect(heard.map(({ byte }) => byte)).toEqual(range(0, 11 * bytes).map((k) => 1 + Math.floor(k / bytes)));
      expect(heard.filter(({ byte }) => byte === 7).at(-1)?.atMs).toBeLessThan(300);
      expect(buffer.lost).toBe(0);
    }
  });

  // Symptom: the first word of a phone that sends comfort noise was held back by 20 to 200 ms. Asterisk takes those
  // packets out (measured), and their numbers were waited for as if they were speech.
  test("numbers missing from a pause are not waited for: they were no speech", () => {
    const line = new Line();
    for (let i = 0; i < 20; i++) line.send(i, i * 20);
    for (let nowMs = 400; nowMs < 1180; nowMs += 20) line.tick(nowMs);
    const heardBefore = line.heard.length;
    // Two packets of comfort noise had numbers of their own; 800 ms passed.
    line.send(22, 1200, { timestamp: 60 * 160 });
    expect(line.heard.length).toBe(heardBefore + 1);
    expect(line.buffer.concealed).toBe(0);
    line.send(23, 1220, { timestamp: 61 * 160 });
    expect(line.heard.length).toBe(heardBefore + 2);
  });

  test("a pause longer than a second is an ordinary one", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    for (let nowMs = 195; nowMs < 10_180; nowMs += 20) line.tick(nowMs);
    line.send(10, 10_180, { timestamp: 509 * 160 });
    expect(line.heard).toEqual(range(0, 11));
    expect(Math.abs(line.buffer.aheadFrames(10_180))).toBeLessThanOrEqual(2);
    expect(line.buffer.resyncs).toBe(0);
  });

  test("a timestamp that stood still during the pause loses nothing", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    for (let nowMs = 195; nowMs < 1180; nowMs += 20) line.tick(nowMs);
    for (let i = 10; i < 20; i++) line.send(i, 1180 + (i - 10) * 20);
    expect(line.heard).toEqual(range(0, 20));
  });

  test("a timestamp that jumps back or far ahead begins a new time line and loses nothing", () => {
    for (const jump of [-5000, -160, -3, 9000, 2 ** 30, 2 ** 31 + 77]) {
      const line = new Line();
      for (let i = 0; i < 10; i++) line.send(i, i * 20);
      for (let i = 10; i < 20; i++) line.send(i, i * 20, { timestamp: i * 160 + jump });
      expect(line.heard).toEqual(range(0, 20));
    }
  });

  test("speech delayed by a stall is all heard; the silence given meanwhile leaves again where the owner drops quiet frames", () => {
    const line = new Line();
    for (let i = 0; i < 50; i++) line.send(i, i * 20);
    for (let nowMs = 985; nowMs < 1480; nowMs += 20) line.tick(nowMs);
    for (let i = 50; i < 75; i++) line.send(i, 1480);
    expect(line.heard).toEqual(range(0, 75));
    expect(line.buffer.aheadFrames(1480)).toBeGreaterThan(20);
    expect(line.buffer.wantsDrop(1480)).toBe(true);
    line.drops = true;
    for (let i = 75; i < 575; i++) line.send(i, i * 20, { base: QUIET });
    expect(line.buffer.wantsDrop(575 * 20)).toBe(false);
    expect(line.buffer.aheadFrames(575 * 20)).toBeLessThanOrEqual(2);
  });

  test("packets lost during a stall are not filled a second time", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    for (let nowMs = 195; nowMs < 400; nowMs += 20) line.tick(nowMs);
    const silent = line.count(SILENCE);
    expect(silent).toBeGreaterThan(5);
    line.send(20, 400);
    line.tick(600);
    expect(line.heard.at(-1)).toBe(20);
    expect(line.count(CONCEALED) + silent).toBe(10);
    expect(line.buffer.lost).toBe(10);
  });

  test("after start silence flows though no packet ever came, at the rate of wall time", () => {
    const line = new Line();
    line.tick(0);
    expect(line.codes).toEqual([]);
    line.buffer.start(100);
    for (let nowMs = 100; nowMs < 5100; nowMs += 20) line.tick(nowMs);
    expect(line.count(SILENCE)).toBeGreaterThan(245);
    expect(line.count(SILENCE)).toBeLessThanOrEqual(250);
    line.send(0, 5100);
    expect(line.heard).toEqual([0]);
  });

  test("start forgets what waits from before the answer", () => {
    const line = new Line();
    for (let i = 0; i < 5; i++)
      line.buffer.push(line.firstSeq + i, line.firstTimestamp + i * 160, SSRC, false, frameOf(i), 0, 160, i * 20);
    line.buffer.start(100);
    line.send(5, 100);
    expect(line.heard).toEqual([5]);
  });

  test("an owner that slept does not get more than a second of silence at once", () => {
    const line = new Line();
    line.send(0, 0);
    line.tick(60_000);
    expect(line.count(SILENCE)).toBeLessThanOrEqual(50);
    expect(Math.abs(line.buffer.aheadFrames(60_000))).toBeLessThan(10);
  });
});

describe("a new stream", () => {
  test("another SSRC goes on at once, and what waited of the old one is still heard", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    line.send(11, 220);
    const other = { seq: 40_000, timestamp: 77 };
    for (let i = 12; i < 20; i++) {
      line.buffer.push(other.seq + i, other.timestamp + i * 160, 1, i === 12, frameOf(i), 0, 160, i * 20);
      line.tick(i * 20);
    }
    expect(line.heard).toEqual([...range(0, 10), ...range(11, 20)]);
    expect([line.buffer.resyncs, line.buffer.lost]).toEqual([1, 1]);
  });

  test("numbers begun anew under the same SSRC are believed at their second packet", () => {
    const line = new Line();
    for (let i = 0; i < 10; i++) line.send(i, i * 20);
    const restarted = new Line(30_000, 5);
    for (let i = 10; i < 20; i++) {
      line.buffer.push(restarted.firstSeq + i, i * 160, SSRC, false, frameOf(i), 0, 160, i * 20);
      line.tick(i * 20);
    }
    expect(line.heard).toEqual([...range(0, 10), ...range(11, 20)]);
    expect([line.buffer.resyncs, line.buffer.rejected]).toEqual([1, 1]);
  });
});

describe("bounds", () => {
  test("when nobody pulls the oldest frames are dropped and counted", () => {
    const line = new Line();
    for (let i = 0; i < 150; i++)
      line.buffer.push(line.firstSeq + i, line.firstTimestamp + i * 160, SSRC, false, frameOf(i), 0, 160, i * 20);
    const kept = Math.floor(JITTER_CAPACITY_MS / 20);
    expect(line.buffer.dropped).toBe(150 - kept);
    line.tick(3000);
    expect(line.heard).toEqual(range(150 - kept, 150));
    // A packet lost a lap of the ring later is missed, not played from what was dropped.
    for (let i = 150; i < 320; i++) if (i % 10 !== 5) line.send(i, i * 20);
    line.tick(6500);
    expect(line.heard.filter((i) => i >= 150)).toEqual(range(150, 320).filter((i) => i % 10 !== 5));
    expect(line.buffer.concealed).toBe(17);
  });

  test("payloads that are no whole number of ms, empty, too long or beyond their buffer are rejected", () => {
    const buffer = new JitterBuffer();
    const payload = new Uint8Array(2000);
    for (const [off, len] of [
      [0, 0],
      [0, 161],
      [0, MAX_PAYLOAD_BYTES + 8],
      [1900, 160],
      [0, -8],
    ] as const)
      buffer.push(1, 1, 1, false, payload, off, len, 0);
    expect([buffer.rejected, buffer.received]).toEqual([5, 0]);
    expect(buffer.pull(new Uint8Array(160), 1000)).toBe(NONE);
  });

  test("whatever packets come, every pull ends, time stays bounded and counters stay whole", () => {
    const anyPacket = fc.record({
      seq: fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 990, max: 1010 })),
      timestamp: fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 20_000 })),
      ssrc: fc.integer({ min: 0, max: 2 }),
      marker: fc.boolean(),
      len: fc.integer({ min: 0, max: 125 }).map((ms) => ms * 8),
      waitMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5000 })),
      noted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 200, size: "max" }), (packets) => {
        const buffer = new JitterBuffer();
        const payload = new Uint8Array(1000).fill(3);
        const target = new Uint8Array(160);
        let nowMs = 0;
        for (const packet of packets) {
          nowMs += packet.waitMs;
          if (packet.noted) buffer.note(packet.seq, packet.ssrc);
          buffer.push(packet.seq, packet.timestamp, packet.ssrc, packet.marker, payload, 0, packet.len, nowMs);
          let frames = 0;
          while (buffer.pull(target, nowMs) !== NONE) if (++frames > 300) throw new Error("pull does not end");
        }
        expect(buffer.lost).toBeGreaterThanOrEqual(0);
        expect(buffer.waitMs).toBeGreaterThanOrEqual(20);
        expect(buffer.waitMs).toBeLessThanOrEqual(200);
      }),
      { numRuns: 200 },
    );
  });
});

/** Small seeded generator, so that a failing case can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Network {
  seed: number;
  jitterMs: number;
  loss: number;
  duplicates: number;
  ppm: number;
  firstSeq: number;
  firstTimestamp: number;
}

/** Runs a call over a simulated network: the sender's clock drifts, packets are delayed at random and may overtake. */
function simulate(network: Network, frames: number, line: Line, isVoiced: (index: number) => boolean) {
  const random = randomOf(network.seed);
  const periodMs = 20 / (1 + network.ppm / 1e6);
  const inFlight: { atMs: number; index: number }[] = [];
  const arrived = new Set<number>();
  let nextTickMs = 0;
  const deliver = (untilMs: number) => {
    inFlight.sort((a, b) => a.atMs - b.atMs);
    while (inFlight.length > 0 && inFlight[0]!.atMs <= untilMs) {
      const { atMs, index } = inFlight.shift()!;
      for (; nextTickMs < atMs; nextTickMs += 20) line.tick(nextTickMs);
      line.send(index, atMs, { base: isVoiced(index) ? LOUD : QUIET });
      arrived.add(index);
    }
  };
  for (let index = 0; index < frames; index++) {
    const sentMs = 100 + index * periodMs;
    if (random() >= network.loss) {
      inFlight.push({ atMs: sentMs + random() * network.jitterMs, index });
      if (random() < network.duplicates) inFlight.push({ atMs: sentMs + random() * network.jitterMs, index });
    }
    deliver(sentMs);
  }
  deliver(Number.POSITIVE_INFINITY);
  const silenceBefore = line.buffer.silenceInserted;
  for (let i = 0; i < 20; i++, nextTickMs += 20) line.tick(nextTickMs);
  return { arrived, silenceAfter: line.buffer.silenceInserted - silenceBefore, nowMs: nextTickMs - 20, periodMs };
}

const anyNetwork: fc.Arbitrary<Network> = fc.record({
  seed: fc.nat(),
  jitterMs: fc.constantFrom(0, 5, 15, 40, 90),
  loss: fc.constantFrom(0, 0.01, 0.1, 0.3),
  duplicates: fc.constantFrom(0, 0.05),
  ppm: fc.constantFrom(-200, 0, 200),
  firstSeq: fc.integer({ min: 65_000, max: 65_535 }),
  firstTimestamp: fc.oneof(fc.integer({ min: 0xffff_0000, max: 0xffff_ffff }), fc.constant(0x7fff_f000)),
});

describe("over any network", () => {
  test("what arrives in time is heard exactly once, in order, held back by less than 200 ms, and the counters add up", () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        const line = new Line(network.firstSeq, network.firstTimestamp);
        const { arrived, periodMs } = simulate(network, 800, line, () => true);
        const { buffer } = line;
        for (let i = 1; i < line.heard.length; i++) expect(line.heard[i]!).toBeGreaterThan(line.heard[i - 1]!);
        expect(line.heard.every((index) => arrived.has(index))).toBe(true);
        expect(line.heard.length + buffer.late).toBe(arrived.size);
        expect(buffer.received).toBe(arrived.size);
        const last = Math.max(...arrived);
        const first = Math.min(...arrived);
        expect(buffer.lost).toBe(last - first + 1 - arrived.size);
        expect([buffer.dropped, buffer.resyncs, buffer.rejected]).toEqual([0, 0, 0]);
        // Waited for at most twice: on the network, and behind a hole for 200 ms and the tick that ends it.
        line.heard.forEach((index, i) => {
          expect(line.heardAtMs[i]! - (100 + index * periodMs)).toBeLessThanOrEqual(network.jitterMs + 220);
        });
        expect(line.count(CONCEALED)).toBe(buffer.concealed);
        expect(line.count(SILENCE)).toBe(buffer.silenceInserted);
      }),
      { numRuns: 60 },
    );
  });

  test("a network that only reorders within its jitter makes few packets late once that is measured", () => {
    for (const jitterMs of [30, 60, 90]) {
      const line = new Line();
      const network = { seed: 7, jitterMs, loss: 0, duplicates: 0, ppm: 0, firstSeq: 1000, firstTimestamp: 160_000 };
      simulate(network, 3000, line, () => true);
      expect(line.buffer.reordered).toBeGreaterThan(100);
      expect(line.buffer.late).toBeLessThan(10);
    }
  });

  test("a clock 200 ppm off for an hour neither adds delay nor loses a voiced frame, and stream time keeps wall time", () => {
    // Three seconds of speech, two of pause.
    const isVoiced = (index: number) => index % 250 < 150;
    for (const ppm of [-200, 200]) {
      const line = new Line(64_000, 0xfff0_0000);
      line.drops = true;
      const network = {
        seed: 3,
        jitterMs: 8,
        loss: 0,
        duplicates: 0,
        ppm,
        firstSeq: 64_000,
        firstTimestamp: 0xfff0_0000,
      };
      const frames = 180_000;
      const { nowMs, periodMs, silenceAfter } = simulate(network, frames, line, isVoiced);
      expect(line.heard.length).toBe(frames);
      const worstMs = line.heardAtMs.reduce((worst, atMs, i) => Math.max(worst, atMs - (100 + i * periodMs)), 0);
      expect(worstMs).toBeLessThan(9);
      expect(Math.abs(line.buffer.aheadFrames(nowMs))).toBeLessThanOrEqual(3);
      expect([line.buffer.dropped, line.buffer.concealed, line.buffer.late]).toEqual([0, 0, 0]);
      expect(line.cuts).toBe(0);
      // 0.72 s of drift is made up for by 36 frames.
      if (ppm < 0) expect(Math.abs(line.buffer.silenceInserted - silenceAfter - 36)).toBeLessThanOrEqual(3);
    }
  });
});
