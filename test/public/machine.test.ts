import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  callOf,
  type Happening,
  INITIAL,
  next,
  type State,
  spanText,
  wordsFor,
} from "../../public/softphone/machine.ts";

const call = { id: "c1", who: "Dental clinic" };
const other = { id: "c2", who: "Library" };
const run = (events: Happening[], from: State = { ...INITIAL, owner: true }): State => events.reduce(next, from);
const ask: Happening = { type: "ask", call, mode: "listen" };
const granted: Happening = { type: "granted", callId: "c1", mode: "listen", who: "Dental clinic", now: 1_000 };

describe("softphone states", () => {
  test("asking for a call joins it, and the server's word brings it in", () => {
    expect(run([ask]).place).toEqual({ at: "joining", call, mode: "listen" });
    expect(run([ask, granted]).place).toEqual({ at: "in", call, mode: "listen", link: "ok", since: 1_000 });
  });

  test("the timer keeps its start over a lost link and a new join", () => {
    const state = run([ask, granted, { type: "link", link: "lost" }, { ...granted, now: 9_000 }]);
    expect(state.place).toMatchObject({ at: "in", link: "ok", since: 1_000 });
  });

  test("answers about a call that was left change nothing", () => {
    const moved = run([ask, { type: "ask", call: other, mode: "listen" }]);
    for (const late of [
      granted,
      { type: "refused", callId: "c1", why: "late" },
      { type: "call-ended", callId: "c1" },
      { type: "roster", callId: "c1", names: ["Eva", "Tom"] },
    ] as const)
      expect(next(moved, late)).toEqual(moved);
  });

  test("a refusal leaves the phone idle and says why", () => {
    const state = run([ask, { type: "refused", callId: "c1", why: "This call is over." }]);
    expect(state.place).toEqual({ at: "idle" });
    expect(state.problem).toBe("This call is over.");
  });

  test("the end of the call is shown until it is cleared", () => {
    const ended = run([ask, granted, { type: "call-ended", callId: "c1" }]);
    expect(ended.place).toEqual({ at: "ended", call });
    expect(next(ended, { type: "clear" }).place).toEqual({ at: "idle" });
  });

  test("a reloaded page offers the call from before, until another is asked for", () => {
    const back = run([{ type: "remember", call }]);
    expect(wordsFor(back).sentence).toBe("You were listening to Dental clinic.");
    expect(run([{ type: "ask", call: other, mode: "listen" }], back).before).toBeNull();
  });

  test("the dock always says that nobody hears a listener", () => {
    expect(wordsFor(run([ask, granted])).sentence).toBe("Nobody hears you.");
    const two = run([ask, granted, { type: "roster", callId: "c1", names: ["Eva", "Tom"] }]);
    expect(wordsFor(two).sentence).toBe("Nobody hears you. 1 other listens.");
  });

  test("whatever happens, the phone is on one call at most, and asking for a call always leads to it", () => {
    const id = fc.constantFrom("c1", "c2");
    const happening: fc.Arbitrary<Happening> = fc.oneof(
      id.map((one): Happening => ({ type: "ask", call: { id: one, who: one }, mode: "listen" })),
      id.map((callId): Happening => ({ type: "granted", callId, mode: "listen", who: callId, now: 5 })),
      id.map((callId): Happening => ({ type: "refused", callId, why: "no" })),
      id.map((callId): Happening => ({ type: "call-ended", callId })),
      fc.constantFrom<Happening>(
        { type: "leave" },
        { type: "clear" },
        { type: "link", link: "lost" },
        { type: "link", link: "ok" },
        { type: "sound", sound: "blocked" },
      ),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), id, (events, wanted) => {
        const state = run(events);
        if (state.place.at !== "in") expect(wordsFor(state).badge).not.toBe("Live");
        const asked = next(state, { type: "ask", call: { id: wanted, who: wanted }, mode: "listen" });
        expect(callOf(asked)?.id).toBe(wanted);
        expect(callOf(next(asked, { type: "leave" }))).toBeNull();
      }),
    );
  });

  test("time on a call is minutes and seconds, with hours once there are any", () => {
    expect([0, 59_999, 60_000, 3_600_000, 3_725_000].map(spanText)).toEqual([
      "0:00",
      "0:59",
      "1:00",
      "1:00:00",
      "1:02:05",
    ]);
  });
});
