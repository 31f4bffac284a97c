import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PLAYOUT_ITEMS, Playout, PlayoutCuts } from "../../../src/media/audio/playout.ts";

const SILENT_FRAME = new Uint8Array(160).fill(0xff);
/** Bytes of an item that tell their tag and place; never silence. */
const speech = (tag: number, from: number, len: number) =>
  Uint8Array.from({ length: len }, (_, i) => (tag * 31 + (from + i) * 7) % 251);

/** Pulls until silence; returns all frames. */
function drain(playout: Playout): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = new Uint8Array(160); playout.pull(frame) === 1; frame = new Uint8Array(160)) frames.push(frame);
  return frames;
}

describe("playing", () => {
  test("bytes come out as whole frames in the order they went in", () => {
    const playout = new Playout();
    for (let at = 0; at < 800; at += 50) playout.push(speech(1, at, 50), 0, 50, 1);
    playout.endItem(1);
    const frames = drain(playout);
    expect(frames.length).toBe(5);
    expect(Buffer.concat(frames)).toEqual(Buffer.from(speech(1, 0, 800)));
  });

  test("an empty playout gives a frame of silence, which is no underrun", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    expect(playout.pull(frame)).toBe(0);
    expect(frame).toEqual(SILENT_FRAME);
    expect(playout.underruns).toBe(0);
  });

  test("a sentence is never padded in its middle: less than a frame waits for more, and the hole is counted", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    playout.push(speech(1, 0, 100), 0, 100, 1);
    expect(playout.pull(frame)).toBe(0);
    expect(playout.underruns).toBe(0); // It has not begun.
    playout.push(speech(1, 100, 160), 0, 160, 1);
    expect(playout.pull(frame)).toBe(1);
    expect(playout.pull(frame)).toBe(0);
    expect(frame).toEqual(SILENT_FRAME);
    expect(playout.underruns).toBe(1);
    playout.push(speech(1, 260, 60), 0, 60, 1);
    expect(playout.pull(frame)).toBe(1);
    expect(frame).toEqual(speech(1, 160, 160));
  });

  test("the last frame of a closed item is filled up with silence", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    playout.push(speech(1, 0, 10), 0, 10, 1);
    playout.endItem(1);
    expect(playout.pull(frame)).toBe(1);
    expect(frame.subarray(0, 10)).toEqual(speech(1, 0, 10));
    expect(frame.subarray(10)).toEqual(SILENT_FRAME.subarray(10));
    expect(playout.heardMs(1)).toBe(10 / 8);
    expect(playout.active).toBe(false);
  });

  test("the end of an item and the beginning of the next share a frame", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    playout.push(speech(1, 0, 100), 0, 100, 1);
    playout.endItem(1);
    playout.push(speech(2, 0, 100), 0, 100, 2);
    expect(playout.currentTag).toBe(1);
    expect(playout.pull(frame)).toBe(1);
    expect(frame).toEqual(Uint8Array.of(...speech(1, 0, 100), ...speech(2, 0, 60)));
    expect([playout.heardMs(1), playout.heardMs(2), playout.currentTag]).toEqual([12.5, 7.5, 2]);
  });

  test("a closed item does not wait for the next one to fill its last frame", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    playout.push(speech(1, 0, 100), 0, 100, 1);
    playout.endItem(1);
    playout.push(speech(2, 0, 20), 0, 20, 2);
    expect(playout.pull(frame)).toBe(1);
    expect(frame.subarray(100)).toEqual(SILENT_FRAME.subarray(100));
    expect(playout.heardMs(2)).toBe(0);
  });

  test("a new tag closes the item before it", () => {
    const playout = new Playout();
    playout.push(speech(1, 0, 10), 0, 10, 1);
    playout.push(speech(2, 0, 20), 0, 20, 2);
    expect(drain(playout).length).toBe(1);
    playout.push(speech(1, 10, 10), 0, 10, 1);
    expect(playout.stragglerBytes).toBe(10);
  });
});

describe("barge-in", () => {
  test("everything is forgotten, and each item not wholly heard is told with what was heard of it", () => {
    const playout = new Playout();
    const cuts = new PlayoutCuts();
    for (const tag of [3, 4, 5]) {
      playout.push(speech(tag, 0, 400), 0, 400, tag);
      playout.endItem(tag);
    }
    const frame = new Uint8Array(160);
    for (let i = 0; i < 4; i++) playout.pull(frame);
    expect(playout.clear(cuts)).toBe(2);
    expect([...cuts.tag.subarray(0, 2)]).toEqual([4, 5]);
    expect([...cuts.heardMs.subarray(0, 2)]).toEqual([30, 0]);
    expect([...cuts.receivedMs.subarray(0, 2)]).toEqual([50, 50]);
    expect(playout.pull(frame)).toBe(0);
    expect([playout.queuedMs, playout.active, playout.currentTag]).toEqual([0, false, -1]);
    expect(playout.heardMs(3)).toBe(50);
  });

  test("an item still being made counts as cut even if all that came was heard", () => {
    const playout = new Playout();
    const cuts = new PlayoutCuts();
    playout.push(speech(1, 0, 160), 0, 160, 1);
    playout.pull(new Uint8Array(160));
    expect(playout.clear(cuts)).toBe(1);
    expect([cuts.heardMs[0], cuts.receivedMs[0]]).toEqual([20, 20]);
  });

  test("nothing is told after everything was heard", () => {
    const playout = new Playout();
    const cuts = new PlayoutCuts();
    playout.push(speech(1, 0, 160), 0, 160, 1);
    playout.pull(new Uint8Array(160));
    playout.endItem(1);
    expect(playout.clear(cuts)).toBe(0);
    expect(new Playout().clear(cuts)).toBe(0);
  });

  test("bytes that still come for what was cleared are dropped and counted; the next item plays", () => {
    const playout = new Playout();
    const frame = new Uint8Array(160);
    playout.push(speech(7, 0, 500), 0, 500, 7);
    playout.clear(new PlayoutCuts());
    playout.push(speech(7, 500, 300), 0, 300, 7);
    playout.push(speech(6, 0, 20), 0, 20, 6);
    expect(playout.stragglerBytes).toBe(320);
    expect(playout.pull(frame)).toBe(0);
    playout.push(speech(8, 0, 160), 0, 160, 8);
    expect(playout.pull(frame)).toBe(1);
    expect(frame).toEqual(speech(8, 0, 160));
  });
});

describe("bounds", () => {
  test("two minutes of speech fit; beyond 1 MiB the newest bytes are dropped and counted", () => {
    const playout = new Playout();
    const block = 10_000;
    for (let at = 0; at < 1_100_000; at += block) playout.push(speech(1, at, block), 0, block, 1);
    playout.endItem(1);
    expect(playout.droppedBytes).toBe(1_100_000 - 1024 * 1024);
    expect(playout.queuedMs).toBe((1024 * 1024) / 8);
    expect(playout.receivedMs(1)).toBe((1024 * 1024) / 8);
    expect(Buffer.concat(drain(playout)).subarray(0, 1024 * 1024)).toEqual(Buffer.from(speech(1, 0, 1024 * 1024)));
  });

  test("growing keeps what waits, wherever it lies in the ring", () => {
    const playout = new Playout();
    playout.push(speech(1, 0, 60_000), 0, 60_000, 1);
    const frames: Uint8Array[] = [];
    for (let i = 0; i < 300; i++) {
      const frame = new Uint8Array(160);
      playout.pull(frame);
      frames.push(frame);
    }
    playout.push(speech(1, 60_000, 100_000), 0, 100_000, 1);
    playout.endItem(1);
    expect(Buffer.concat([...frames, ...drain(playout)])).toEqual(Buffer.from(speech(1, 0, 160_000)));
  });

  test("a 65th item that waits is dropped and counted, and fits once one is over", () => {
    const playout = new Playout();
    for (let tag = 1; tag <= PLAYOUT_ITEMS + 1; tag++) playout.push(speech(tag, 0, 160), 0, 160, tag);
    expect(playout.droppedBytes).toBe(160);
    playout.pull(new Uint8Array(160));
    playout.push(speech(66, 0, 160), 0, 160, 66);
    expect(playout.droppedBytes).toBe(160);
    expect(playout.receivedMs(66)).toBe(20);
    expect(playout.heardMs(1)).toBe(0); // Long over and its place taken.
  });
});

test("over any course of pushes, ends, pulls and barge-ins each item is heard from its start without loss or repeats", () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("push" as const), len: fc.integer({ min: 0, max: 700 }) }),
    fc.record({ kind: fc.constant("next" as const), len: fc.integer({ min: 0, max: 700 }) }),
    fc.constant({ kind: "end" as const, len: 0 }),
    fc.record({ kind: fc.constant("pull" as const), len: fc.integer({ min: 1, max: 6 }) }),
    fc.constant({ kind: "clear" as const, len: 0 }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
      const playout = new Playout();
      const cuts = new PlayoutCuts();
      const frame = new Uint8Array(160);
      /** What must be heard still: [tag, place] of each byte. */
      let waiting: [number, number][] = [];
      const heard = new Map<number, number>();
      const received = new Map<number, number>();
      const closed = new Set<number>();
      let tag = 1;
      for (const { kind, len } of actions) {
        if (kind === "push" || kind === "next") {
          if (kind === "next" || closed.has(tag)) closed.add(tag++);
          const from = received.get(tag) ?? 0;
          playout.push(speech(tag, from, len), 0, len, tag);
          for (let i = 0; i < len; i++) waiting.push([tag, from + i]);
          received.set(tag, from + len);
        } else if (kind === "end") {
          playout.endItem(tag);
          closed.add(tag);
        } else if (kind === "pull") {
          for (let i = 0; i < len; i++) {
            const open = closed.has(tag) ? 0 : waiting.filter(([of]) => of === tag).length;
            const count = waiting.length >= 160 ? 160 : waiting.length - open;
            expect(playout.pull(frame)).toBe(count > 0 ? 1 : 0);
            const due = waiting.splice(0, count);
            const expected = due.map(([of, place]) => speech(of, place, 1)[0]!);
            expect([...frame]).toEqual([...expected, ...Array(160 - count).fill(0xff)]);
            for (const [of] of due) heard.set(of, (heard.get(of) ?? 0) + 1);
          }
        } else {
          const count = playout.clear(cuts);
          waiting = [];
          for (let i = 0; i < count; i++) {
            const of = cuts.tag[i]!;
            expect(cuts.heardMs[i]).toBe((heard.get(of) ?? 0) / 8);
            expect(cuts.receivedMs[i]).toBe((received.get(of) ?? 0) / 8);
            expect(closed.has(of) && heard.get(of) === received.get(of)).toBe(false);
          }
          closed.add(tag);
        }
        expect(playout.queuedMs).toBe(waiting.length / 8);
        if (received.has(tag)) expect(playout.heardMs(tag)).toBe((heard.get(tag) ?? 0) / 8);
      }
      expect(playout.droppedBytes + playout.stragglerBytes).toBe(0);
    }),
    { numRuns: 150 },
  );
});
