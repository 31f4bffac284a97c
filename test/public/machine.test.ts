import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  callOf,
  type Happening,
  INITIAL,
  type Mic,
  type Mode,
  next,
  type State,
} from "../../public/softphone/machine.ts";

const call = { id: "c1", who: "Dental clinic" };
const other = { id: "c2", who: "Library" };
const ALL = ["listen", "whisper", "barge", "takeover", "hang-up"] as const;
const MODES = ["listen", "whisper", "barge", "takeover"] as const;

const run = (events: readonly Happening[], from: State = { ...INITIAL, owner: true }): State =>
  events.reduce(next, from);
const ask = (mode: Mode, of = call): Happening => ({ type: "ask", call: of, mode });
const joined = (more: Partial<Extract<Happening, { type: "joined" }>> = {}): Happening => ({
  type: "joined",
  callId: "c1",
  who: "Dental clinic",
  seatId: "s1",
  rights: ALL,
  waits: false,
  noticeTone: "off",
  now: 1_000,
  ...more,
});
const granted = (mode: Mode): Happening => ({ type: "granted", callId: "c1", mode });
const mic = (now: Mic): Happening => ({ type: "mic", mic: now });

/** On the call in that mode, the microphone as it is then. */
const inMode = (mode: Mode): State =>
  mode === "listen"
    ? run([ask("listen"), joined()])
    : run([ask("listen"), joined(), ask(mode), mic("muted"), granted(mode)]);

describe("softphone states", () => {
  test("asking for a call joins it, and the server's word brings it in as a listener", () => {
    expect(run([ask("listen")]).place).toEqual({ at: "joining", call, goal: "listen" });
    expect(run([ask("listen"), joined()]).place).toMatchObject({ at: "in", mode: "listen", wish: null, since: 1_000 });
  });

  test("a call asked for in a wider mode is joined as a listener, and the mode asked for afterwards", () => {
    const { place } = run([ask("barge"), joined()]);
    expect(place).toMatchObject({ at: "in", mode: "listen", wish: { mode: "barge", opens: true } });
  });

  test("listening never holds a microphone", () => {
    expect(inMode("listen").mic).toBe("off");
    expect(next(inMode("listen"), mic("muted")).mic).toBe("off");
  });

  test("a wider audience opens the microphone only after the server's word", () => {
    const asked = run([ask("listen"), joined(), ask("barge"), mic("muted")]);
    expect(asked).toMatchObject({ mic: "muted", place: { mode: "listen", wish: { mode: "barge" } } });
    expect(next(asked, granted("barge"))).toMatchObject({ mic: "live", place: { mode: "barge", wish: null } });
  });

  test("while a wider audience is asked for, who spoke to a smaller one is silent", () => {
    const talking = next(inMode("whisper"), { type: "talk", on: true });
    expect(talking.mic).toBe("live");
    expect(next(talking, ask("barge")).mic).toBe("muted");
  });

  test("whispering begins silent: it is for the talk button to open the microphone", () => {
    expect(inMode("whisper").mic).toBe("muted");
  });

  test("a narrower audience silences at once, before the server answers, and stays silent after it", () => {
    const asked = next(inMode("takeover"), ask("barge"));
    expect(asked).toMatchObject({ mic: "muted", place: { mode: "takeover", wish: { mode: "barge" } } });
    expect(next(asked, granted("barge"))).toMatchObject({ mic: "muted", place: { mode: "barge" } });
  });

  test("back at listening the device is let go, not before the server has confirmed", () => {
    const asked = next(inMode("barge"), ask("listen"));
    expect(asked.mic).toBe("muted");
    expect(next(asked, granted("listen")).mic).toBe("off");
  });

  test("a refusal keeps the old mode, silent, and says why", () => {
    const state = run(
      [ask("takeover"), { type: "declined", callId: "c1", why: "Eva is already speaking." }],
      inMode("barge"),
    );
    expect(state).toMatchObject({
      mic: "muted",
      problem: "Eva is already speaking.",
      place: { mode: "barge", wish: null },
    });
  });

  test("a refusal at listening lets the device go again", () => {
    const state = run([ask("barge"), mic("muted"), { type: "declined", callId: "c1", why: "no" }], inMode("listen"));
    expect(state).toMatchObject({ mic: "off", place: { mode: "listen", wish: null } });
  });

  test("the button of the mode in force takes back what was asked for", () => {
    const state = run([ask("barge"), mic("muted"), ask("whisper")], inMode("whisper"));
    expect(state).toMatchObject({ mic: "muted", place: { mode: "whisper", wish: null } });
    expect(next(state, granted("barge"))).toEqual(state);
  });

  test("a mode one has no right to is not asked for", () => {
    const state = run([ask("listen"), joined({ rights: ["listen", "whisper"] }), ask("barge")]);
    expect(state.place).toMatchObject({ mode: "listen", wish: null });
    expect(state.problem).toContain("right");
  });

  test.each(["listen"] as const)("talking and muting do nothing in %s", (mode) => {
    const state = inMode(mode);
    for (const event of [{ type: "talk", on: true }, { type: "mute" }] as const)
      expect(next(state, event)).toEqual(state);
  });

  test("talking and muting do nothing while a change is pending or the link is lost", () => {
    for (const state of [next(inMode("whisper"), ask("barge")), next(inMode("barge"), { type: "lost" })])
      for (const event of [{ type: "talk", on: true }, { type: "mute" }] as const)
        expect(next(state, event).mic).toBe("muted");
  });

  test("in whisper the talk button works while it is held, and the mute switch not at all", () => {
    const held = next(inMode("whisper"), { type: "talk", on: true });
    expect(held.mic).toBe("live");
    expect(next(held, { type: "mute" }).mic).toBe("live");
    expect(next(held, { type: "talk", on: false }).mic).toBe("muted");
  });

  test("who cannot hold a button presses it once to begin and once to end", () => {
    const state = next(inMode("whisper"), { type: "hold", on: false });
    const talking = next(state, { type: "mute" });
    expect(talking.mic).toBe("live");
    expect(next(talking, { type: "mute" }).mic).toBe("muted");
    expect(next(talking, { type: "hold", on: true }).mic).toBe("muted");
  });

  test.each(["barge", "takeover"] as const)("in %s the button is a mute switch, and holding it is nothing", (mode) => {
    const muted = next(inMode(mode), { type: "mute" });
    expect(muted.mic).toBe("muted");
    expect(next(muted, { type: "talk", on: true }).mic).toBe("muted");
    expect(next(muted, { type: "mute" }).mic).toBe("live");
  });

  test("another call silences before the first one is left", () => {
    const state = next(inMode("barge"), ask("listen", other));
    expect(state).toMatchObject({ mic: "muted", place: { at: "joining", call: other } });
    expect(next(state, joined({ callId: "c2" })).mic).toBe("off");
  });

  test("the timer runs on over modes, a lost link and a new join", () => {
    const state = run(
      [{ type: "lost" }, joined({ now: 9_000 }), ask("whisper"), mic("muted"), granted("whisper")],
      inMode("barge"),
    );
    expect(state.place).toMatchObject({ at: "in", since: 1_000, mode: "whisper" });
  });

  test.each(MODES)("the end of a call in %s frees the device", (mode) => {
    const state = next(inMode(mode), { type: "call-ended", callId: "c1" });
    expect(state).toMatchObject({ mic: "off", place: { at: "ended" } });
    expect(next(inMode(mode), { type: "leave" })).toMatchObject({ mic: "off", place: { at: "idle" } });
  });

  test.each(["whisper", "barge"] as const)("a lost link ends %s: back again, one listens and is told", (mode) => {
    const lost = next(inMode(mode), { type: "lost" });
    expect(lost).toMatchObject({ mic: "muted", place: { link: "lost" } });
    const back = next(lost, { type: "back", waits: false });
    expect(back).toMatchObject({ mic: "off", place: { link: "ok", mode: "listen", wish: null } });
    expect(back.problem).toContain("You only listen now");
  });

  test.each([{ type: "back", waits: true }, { ...joined({ waits: true }) }] as Happening[])(
    "a takeover that the server kept is asked for again after $type",
    (event) => {
      const back = run([{ type: "lost" }, event], inMode("takeover"));
      expect(back).toMatchObject({ mic: "muted", place: { mode: "listen", wish: { mode: "takeover", opens: true } } });
      expect(next(back, granted("takeover"))).toMatchObject({ mic: "live", place: { mode: "takeover", cut: null } });
    },
  );

  test("who was muted in a takeover is muted after it was lost and found", () => {
    const state = run(
      [{ type: "mute" }, { type: "lost" }, { type: "back", waits: true }, granted("takeover")],
      inMode("takeover"),
    );
    expect(state).toMatchObject({ mic: "muted", place: { mode: "takeover" } });
  });

  test("a takeover that the server did not keep is over", () => {
    const state = run([{ type: "lost" }, { type: "back", waits: false }], inMode("takeover"));
    expect(state).toMatchObject({ mic: "off", place: { mode: "listen", wish: null, cut: null } });
  });

  test("who was giving the call back when the link was lost gives it back afterwards", () => {
    const asked = next(inMode("takeover"), { type: "ask", call, mode: "listen", note: "Thursday" });
    const state = run([{ type: "lost" }, { type: "back", waits: true }], asked);
    expect(state.place).toMatchObject({ wish: { mode: "listen", note: "Thursday" } });
    expect(next(state, granted("listen"))).toMatchObject({ mic: "off", place: { mode: "listen", wish: null } });
  });

  test("who comes back as a listener to a takeover that waits lets the AI go on", () => {
    expect(run([ask("listen"), joined({ waits: true })]).place).toMatchObject({ wish: { mode: "listen" } });
    expect(run([ask("takeover"), joined({ waits: true })]).place).toMatchObject({ wish: { mode: "takeover" } });
  });

  test("a mode that the server takes away is silent at once, and the reason stands in the dock", () => {
    const state = next(inMode("barge"), {
      type: "changed",
      callId: "c1",
      mode: "listen",
      why: "The right was withdrawn.",
    });
    expect(state).toMatchObject({ mic: "off", problem: "The right was withdrawn.", place: { mode: "listen" } });
  });

  test.each(["denied", "missing", "busy"] as const)(
    "without a microphone (%s) the mode stays, and the way out is said",
    (why) => {
      const state = run([ask("barge"), mic("asking"), mic(why)], inMode("listen"));
      expect(state).toMatchObject({ mic: why, place: { mode: "listen", wish: null } });
      expect(state.problem).toMatch(/microphone/);
      expect(run([ask("barge"), mic("asking"), mic("muted"), granted("barge")], state).mic).toBe("live");
    },
  );

  test("answers about a call that was left change nothing", () => {
    const moved = run([ask("listen"), ask("listen", other)]);
    for (const late of [
      joined(),
      granted("barge"),
      { type: "refused", callId: "c1", why: "late" },
      { type: "declined", callId: "c1", why: "late" },
      { type: "changed", callId: "c1", mode: "barge", why: "late" },
      { type: "call-ended", callId: "c1" },
      { type: "roster", callId: "c1", present: [] },
    ] as Happening[])
      expect(next(moved, late)).toEqual(moved);
  });

  test("a call that cannot be joined leaves the phone idle and says why", () => {
    const state = run([ask("listen"), { type: "refused", callId: "c1", why: "This call is over." }]);
    expect(state).toMatchObject({ place: { at: "idle" }, problem: "This call is over." });
  });

  test("the end of the call is shown until it is cleared", () => {
    const ended = run([ask("listen"), joined(), { type: "call-ended", callId: "c1" }]);
    expect(ended.place).toEqual({ at: "ended", call });
    expect(next(ended, { type: "clear" }).place).toEqual({ at: "idle" });
  });

  const happening: fc.Arbitrary<Happening> = fc.oneof(
    fc.tuple(fc.constantFrom(...MODES), fc.constantFrom(call, other)).map(([mode, of]) => ask(mode, of)),
    fc.tuple(fc.constantFrom("c1", "c2"), fc.boolean()).map(([callId, waits]) => joined({ callId, waits })),
    fc
      .tuple(fc.constantFrom(...MODES), fc.constantFrom("c1", "c2"))
      .map(([mode, callId]): Happening => ({ type: "granted", callId, mode })),
    fc
      .tuple(fc.constantFrom(...MODES), fc.constantFrom("c1", "c2"))
      .map(([mode, callId]): Happening => ({ type: "changed", callId, mode, why: "so" })),
    fc.constantFrom<Mic>("off", "asking", "muted", "denied", "missing", "busy").map(mic),
    fc.constantFrom<Happening>(
      { type: "declined", callId: "c1", why: "no" },
      { type: "refused", callId: "c1", why: "no" },
      { type: "call-ended", callId: "c1" },
      { type: "talk", on: true },
      { type: "talk", on: false },
      { type: "mute" },
      { type: "hold", on: true },
      { type: "hold", on: false },
      { type: "lost" },
      { type: "back", waits: true },
      { type: "back", waits: false },
      { type: "leave" },
      { type: "clear" },
    ),
  );

  test("whatever happens, a live microphone is in a confirmed speaking mode with a link and nothing pending", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (events) => {
        let state: State = { ...INITIAL, owner: true };
        for (const event of events) {
          state = next(state, event);
          if (state.mic !== "live") continue;
          expect(state.place).toMatchObject({ at: "in", link: "ok", wish: null });
          expect(state.place.at === "in" && state.place.mode).not.toBe("listen");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("whatever happens, who listens and wishes for nothing holds no device", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (events) => {
        const state = run(events);
        const { place } = state;
        const needsNone =
          place.at === "idle" ||
          place.at === "ended" ||
          (place.at === "in" && place.link === "ok" && place.mode === "listen" && !place.wish);
        if (needsNone) expect(["off", "denied", "missing", "busy"]).toContain(state.mic);
      }),
      { numRuns: 2_000 },
    );
  });

  test("asking for a call always leads to it, and leaving always leads away", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), fc.constantFrom(call, other), (events, wanted) => {
        const asked = next(run(events), ask("listen", wanted));
        expect(callOf(asked)?.id).toBe(wanted.id);
        expect(callOf(next(asked, { type: "leave" }))).toBeNull();
      }),
    );
  });
});
