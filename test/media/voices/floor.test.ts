import { describe, expect, test } from "bun:test";
import { Floor } from "../../../src/media/voices/floor.ts";

/** A floor whose opening is over. */
const talking = (): Floor => {
  const floor = new Floor();
  floor.openingOver(false);
  return floor;
};
const turn = { nowMs: 1000, serviceAnswers: true, running: false };

describe("the floor", () => {
  test("belongs to the opening first: turns are held until it is over", () => {
    const floor = new Floor();
    expect(floor.answers).toBe(false);
    expect(floor.turnEnded(turn)).toBe("held");
    expect(floor.openingOver(false)).toBe(false);
    expect(floor.answers).toBe(true);
  });

  test("asks for an answer to the speech that cut the opening, once its speaker is silent", () => {
    for (const [speaks, ask] of [
      [false, true],
      [true, false],
    ] as const) {
      const floor = new Floor();
      floor.cut(500, true);
      floor.turnEnded(turn);
      expect(floor.openingOver(speaks)).toBe(ask);
    }
  });

  test("expects the service to answer, and finds out once when it does not", () => {
    const floor = talking();
    expect(floor.turnEnded(turn)).toBe("service-answers");
    expect(floor.isOwed).toBe(true);
    expect(floor.isLate(3400)).toBe(false);
    expect(floor.isLate(3600)).toBe(true);
    expect(floor.isLate(9000)).toBe(false);
    expect(floor.turnEnded({ ...turn, nowMs: 10_000 })).toBe("service-answers");
    floor.answering();
    expect(floor.isLate(20_000)).toBe(false);
  });

  test("asks where the service does not answer, and waits where a response runs", () => {
    expect(talking().turnEnded({ ...turn, serviceAnswers: false })).toBe("ask");
    const floor = talking();
    expect(floor.turnEnded({ ...turn, running: true })).toBe("after-response");
    floor.answerAfter();
    expect(floor.responseOver()).toBe(true);
    expect(floor.responseOver()).toBe(false);
  });

  test("goes on after a cut by nobody, unless somebody begins to speak", () => {
    const floor = talking();
    floor.cut(1000, false);
    expect(floor.isLate(3600)).toBe(true);
    floor.cut(5000, false);
    floor.calleeSpeaks();
    expect(floor.isLate(9000)).toBe(false);
    floor.cut(10_000, true);
    expect(floor.isLate(20_000)).toBe(false);
  });

  test("owes what a lost session owed", () => {
    const floor = talking();
    floor.turnEnded(turn);
    expect(floor.breakOff()).toBe(true);
    expect(floor.breakOff()).toBe(false);
    floor.answerAfter();
    expect(floor.breakOff()).toBe(true);
  });
});

describe("the floor of a call that was taken over", () => {
  test("owes nothing, whatever was owed and whoever speaks", () => {
    const floor = talking();
    floor.turnEnded(turn);
    floor.answerAfter();
    floor.hold();
    expect(floor.answers).toBe(false);
    expect(floor.turnEnded(turn)).toBe("held");
    floor.cut(2000, false);
    expect(floor.isOwed).toBe(false);
    expect(floor.isLate(60_000)).toBe(false);
    expect(floor.responseOver()).toBe(false);
    expect(floor.breakOff()).toBe(false);
  });

  test("is the agent's again when it is given back, with nothing left over", () => {
    const floor = new Floor();
    floor.turnEnded(turn);
    floor.hold();
    expect(floor.openingOver(false)).toBe(false);
    floor.turnEnded(turn);
    floor.release();
    expect(floor.answers).toBe(true);
    expect(floor.isLate(60_000)).toBe(false);
    expect(floor.turnEnded({ ...turn, nowMs: 70_000 })).toBe("service-answers");
  });

  test("needs no opening any more, even if it never came to one", () => {
    const floor = new Floor();
    floor.hold();
    floor.release();
    expect(floor.answers).toBe(true);
  });
});
