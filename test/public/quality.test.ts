import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { gradeOf, opinionScore, QualityWatch } from "../../public/softphone/quality.ts";

const counted = (packetsReceived: number, packetsLost: number) => ({
  packetsReceived,
  packetsLost,
  jitterMs: 5,
  roundTripMs: 20,
});

describe("call quality", () => {
  test("a quiet network is good, 5 % loss with delay is fair, more is poor", () => {
    expect(gradeOf(opinionScore(0, 2, 40))).toBe("good");
    expect(opinionScore(5, 30, 200)).toBeCloseTo(3.7, 1);
    expect(gradeOf(opinionScore(5, 30, 200))).toBe("fair");
    expect(gradeOf(opinionScore(8, 40, 300))).toBe("poor");
  });

  test("more loss, jitter or delay never sounds better", () => {
    const loss = fc.double({ min: 0, max: 100, noNaN: true });
    const ms = fc.double({ min: 0, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(loss, ms, ms, loss, ms, ms, (aLoss, aJitter, aTrip, bLoss, bJitter, bTrip) => {
        const better = opinionScore(Math.min(aLoss, bLoss), Math.min(aJitter, bJitter), Math.min(aTrip, bTrip));
        const worse = opinionScore(Math.max(aLoss, bLoss), Math.max(aJitter, bJitter), Math.max(aTrip, bTrip));
        expect(worse).toBeLessThanOrEqual(better + 1e-9);
        expect(better).toBeGreaterThanOrEqual(1);
        expect(better).toBeLessThanOrEqual(4.5);
      }),
    );
  });

  test("only the last window counts, not what was lost long ago", () => {
    const watch = new QualityWatch();
    expect(watch.add(counted(1_000, 500))).toBeNull();
    expect(watch.add(counted(1_100, 500))?.quality).toMatchObject({ lossPercent: 0, grade: "good" });
  });

  test("three poor windows in a row are worth one warning", () => {
    const watch = new QualityWatch();
    watch.add(counted(0, 0));
    const warned = [1, 2, 3, 4].map((n) => watch.add(counted(n * 80, n * 20))?.warn);
    expect(warned).toEqual([false, false, true, false]);
  });

  test("silence of the network counts as total loss", () => {
    const watch = new QualityWatch();
    watch.add(counted(100, 0));
    expect(watch.add(counted(100, 0))?.quality.lossPercent).toBe(100);
  });
});
