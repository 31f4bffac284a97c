import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SUPERVISION_MODES, type SupervisionMode } from "../../../src/core/supervision.ts";
import {
  type FloorEffect,
  type FloorEvent,
  type FloorState,
  FREE_FLOOR,
  type Holder,
  modeAt,
  type SpeakingMode,
  speakerOf,
  stepFloor,
} from "../../../src/media/supervision/floor.ts";

const eva: Holder = { seatId: "seat_eva", tenantId: "ten_1", userId: "usr_eva", name: "Eva" };
const tom: Holder = { seatId: "seat_tom", tenantId: "ten_1", userId: "usr_tom", name: "Tom" };
const SPEAKING = ["whisper", "barge", "takeover"] as const satisfies readonly SpeakingMode[];

const follow = (state: FloorState, ...events: FloorEvent[]): { state: FloorState; effects: FloorEffect[] } => {
  const effects: FloorEffect[] = [];
  for (const event of events) {
    const [next, done] = stepFloor(state, event);
    state = next;
    effects.push(...done);
  }
  return { state, effects };
};
const ask = (by: Holder, mode: SupervisionMode, hasMicrophone = true): FloorEvent => ({
  type: "asked",
  ticket: 1,
  by,
  mode,
  note: "",
  hasMicrophone,
});
/** The engine carries out what it was asked last. */
const confirm = (state: FloorState): FloorState =>
  follow(state, { type: "confirmed", request: state.requests, atMs: 9 }).state;
const held = (mode: SpeakingMode, by = eva): FloorState => confirm(follow(FREE_FLOOR, ask(by, mode)).state);
const supervised = (effects: readonly FloorEffect[]) =>
  effects.filter((effect) => effect.do === "supervise").map(({ mode, by }) => `${mode} ${by?.name ?? "nobody"}`);
const notes = (effects: readonly FloorEffect[]) =>
  effects.filter((effect) => effect.do === "note").map(({ by, from, to, why }) => `${by.name} ${from}>${to} ${why}`);
const answers = (effects: readonly FloorEffect[]) =>
  effects.filter((effect) => effect.do === "answer").map(({ answer }) => (answer.ok ? answer.mode : answer.reason));
const does = (effects: readonly FloorEffect[], what: FloorEffect["do"]) => effects.some((effect) => effect.do === what);

/** What each loss means to the speaker's floor: `waits` asks the caller to hold the line, `listen` gives it to the agent. */
const LOSSES: readonly [string, FloorEvent, Record<SpeakingMode, "waits" | "listen">][] = [
  [
    "the microphone's way is closed",
    { type: "microphone-lost", seatId: eva.seatId },
    { whisper: "listen", barge: "listen", takeover: "waits" },
  ],
  ["the engine hears nothing", { type: "speaker-lost" }, { whisper: "listen", barge: "listen", takeover: "waits" }],
  [
    "the person leaves",
    { type: "left", seatId: eva.seatId },
    { whisper: "listen", barge: "listen", takeover: "listen" },
  ],
];

test("a whisper ends when nothing writes it down any more, and its speaker is told; speaking with the callee goes on", () => {
  const { state, effects } = follow(held("whisper"), { type: "transcriber-lost" });
  expect(state.floor).toEqual({ at: "free" });
  expect(supervised(effects)).toEqual(["listen nobody"]);
  expect(notes(effects)).toEqual(["Eva whisper>listen not-written-down"]);
  expect(effects).toContainEqual(
    expect.objectContaining({
      do: "tell",
      seatId: eva.seatId,
      mode: "listen",
      why: expect.stringContaining("by text"),
    }),
  );
  for (const mode of ["barge", "takeover"] as const) {
    const before = held(mode);
    expect(follow(before, { type: "transcriber-lost" })).toEqual({ state: before, effects: [] });
  }
});

describe("losses", () => {
  for (const [what, loss, outcomes] of LOSSES)
    for (const mode of SPEAKING)
      test(`in ${mode}, when ${what}, ${outcomes[mode] === "waits" ? "the caller is held" : "the agent has the call at once"}`, () => {
        const { state, effects } = follow(held(mode), loss);
        const why = loss.type === "left" ? "left" : "link-lost";
        if (outcomes[mode] === "waits") {
          expect(state.floor.at).toBe("lost");
          expect(does(effects, "hold-caller")).toBe(true);
          expect(notes(effects)).toEqual([]);
        } else {
          expect(supervised(effects)).toEqual(["listen nobody"]);
          expect(state.floor.at).toBe("free");
          expect(notes(effects)).toEqual([`Eva ${mode}>listen ${why}`]);
          expect(does(effects, "tell")).toBe(why === "link-lost");
        }
      });

  for (const [what, loss] of LOSSES) {
    test(`in listen, when ${what}, nothing changes`, () => {
      expect(follow(FREE_FLOOR, loss)).toEqual({ state: FREE_FLOOR, effects: [] });
    });
    for (const from of SUPERVISION_MODES)
      for (const to of SPEAKING)
        if (from !== to && loss.type !== "speaker-lost")
          test(`on the way from ${from} to ${to}, when ${what}, the agent has the call at once`, () => {
            const before = from === "listen" ? FREE_FLOOR : held(from);
            const { state, effects } = follow(follow(before, ask(eva, to)).state, loss);
            expect(state.floor.at).toBe("free");
            expect(supervised(effects)).toEqual(["listen nobody"]);
            expect(answers(effects)).toEqual(["failed"]);
          });
  }

  test("a microphone closed on the way back to Listen loses nothing, and there is no way back", () => {
    const going = follow(held("takeover"), ask(eva, "listen")).state;
    for (const loss of [{ type: "microphone-lost", seatId: eva.seatId }, { type: "speaker-lost" }] as const) {
      const { state, effects } = follow(going, loss);
      expect(notes(effects)).toEqual(["Eva takeover>listen asked"]);
      expect(does(effects, "hold-caller")).toBe(false);
      expect(answers(follow(state, { type: "confirmed", request: 2, atMs: 5 }).effects)).toEqual(["listen"]);
      expect(supervised(follow(state, { type: "unconfirmed", request: 2 }).effects)).toEqual(["listen nobody"]);
    }
  });

  test("a loss while the same person moves to another window gives the agent the call at once", () => {
    const moving = follow(held("takeover"), ask({ ...eva, seatId: "seat_eva_2" }, "barge")).state;
    const { state, effects } = follow(moving, { type: "microphone-lost", seatId: eva.seatId });
    expect(state.floor.at).toBe("free");
    expect(supervised(effects)).toEqual(["listen nobody"]);
  });

  test("a loss at another place changes nothing", () => {
    const speaking = held("takeover");
    for (const type of ["microphone-lost", "left"] as const)
      expect(follow(speaking, { type, seatId: tom.seatId })).toEqual({ state: speaking, effects: [] });
  });

  test("what fell back is asked for until the engine confirms it", () => {
    const fallen = follow(held("barge"), { type: "speaker-lost" });
    const again = follow(fallen.state, { type: "unconfirmed", request: fallen.state.requests });
    expect(supervised(again.effects)).toEqual(["listen nobody"]);
    expect(again.state.requests).toBe(fallen.state.requests + 1);
    expect(confirm(again.state).change).toBeNull();
  });
});

describe("a takeover whose speaker is lost", () => {
  const gone = follow(held("takeover"), { type: "microphone-lost", seatId: eva.seatId }).state;
  const silent = follow(held("takeover"), { type: "speaker-lost" }).state;

  test("lets nobody's stream in while the microphone is gone, and that of a silent one", () => {
    expect([speakerOf(gone), speakerOf(silent)]).toEqual([null, eva.seatId]);
    const { effects } = follow(held("takeover"), { type: "microphone-lost", seatId: eva.seatId });
    expect(supervised(effects)).toEqual(["takeover nobody"]);
  });

  test("goes on when a silent microphone is heard again, and not when it is gone", () => {
    const back = follow(silent, { type: "speaker-back" });
    expect(back.state.floor).toEqual({ at: "held", by: eva, mode: "takeover" });
    expect(back.effects).toEqual([{ do: "release-caller" }]);
    expect(follow(gone, { type: "speaker-back" }).state).toBe(gone);
    const closed = follow(silent, { type: "microphone-lost", seatId: eva.seatId }, { type: "speaker-back" });
    expect(closed.state.floor).toMatchObject({ at: "lost", microphone: "gone" });
  });

  test("is listened for anew when it is asked for with the same silent microphone", () => {
    const { effects } = follow(silent, ask(eva, "takeover"));
    expect(supervised(effects)).toEqual(["takeover nobody", "takeover Eva"]);
  });

  test("goes on when the same person asks for it again, also from another place", () => {
    const elsewhere = { ...eva, seatId: "seat_eva_2" };
    for (const by of [eva, elsewhere]) {
      const asked = follow(gone, ask(by, "takeover"));
      expect(supervised(asked.effects)).toEqual(["takeover Eva"]);
      const { state, effects } = follow(asked.state, { type: "confirmed", request: asked.state.requests, atMs: 5 });
      expect(modeAt(state, by.seatId)).toBe("takeover");
      expect(does(effects, "release-caller")).toBe(true);
      expect(answers(effects)).toEqual(["takeover"]);
    }
  });

  test("is given back by the same person at once, from wherever", () => {
    const { state, effects } = follow(gone, ask({ ...eva, seatId: "seat_eva_2" }, "listen"));
    expect(supervised(effects)).toEqual(["listen nobody"]);
    expect(confirm(state).floor).toEqual({ at: "free" });
  });

  test("may be taken by another, and both are on record", () => {
    const asked = follow(gone, ask(tom, "takeover"));
    const { state, effects } = follow(asked.state, { type: "confirmed", request: asked.state.requests, atMs: 5 });
    expect(modeAt(state, tom.seatId)).toBe("takeover");
    expect(notes(effects)).toEqual(["Eva takeover>listen link-lost", "Tom listen>takeover asked"]);
    expect(does(effects, "release-caller")).toBe(true);
  });

  test("falls to the agent when the caller has waited long enough, and everybody hears of it", () => {
    for (const lost of [gone, silent]) {
      const { state, effects } = follow(lost, { type: "waited-too-long" });
      expect(state.floor.at).toBe("free");
      expect(supervised(effects)).toEqual(["listen nobody"]);
      expect(effects).toContainEqual(expect.objectContaining({ do: "tell", seatId: null, mode: "listen" }));
      expect(notes(effects)).toEqual(["Eva takeover>listen link-lost"]);
    }
  });

  test("falls to the agent when the time is over while a return is under way", () => {
    const { state, effects } = follow(follow(gone, ask(eva, "takeover")).state, { type: "waited-too-long" });
    expect(state.floor.at).toBe("free");
    expect(answers(effects)).toEqual(["failed"]);
  });
});

describe("asking for a mode", () => {
  test("one speaker at a time: the other is told who speaks", () => {
    for (const mode of SPEAKING)
      for (const wanted of SPEAKING) {
        const { state, effects } = follow(held(mode), ask(tom, wanted));
        expect(effects).toEqual([
          {
            do: "answer",
            ticket: 1,
            answer: { ok: false, reason: "taken", why: "Eva is already speaking on this call." },
          },
        ]);
        expect(modeAt(state, eva.seatId)).toBe(mode);
      }
  });

  test("who is about to speak counts as speaking", () => {
    const { effects } = follow(follow(FREE_FLOOR, ask(eva, "barge")).state, ask(tom, "whisper"));
    expect(answers(effects)).toEqual(["taken"]);
  });

  test("speaking needs a microphone, listening none", () => {
    for (const mode of SUPERVISION_MODES) {
      const { effects } = follow(FREE_FLOOR, ask(eva, mode, false));
      expect(answers(effects)).toEqual([mode === "listen" ? "listen" : "not-now"]);
    }
  });

  test("the answer comes when the engine has confirmed that very request", () => {
    const asked = follow(FREE_FLOOR, ask(eva, "barge"));
    expect(answers(asked.effects)).toEqual([]);
    expect(modeAt(asked.state, eva.seatId)).toBe("listen");
    expect(follow(asked.state, { type: "confirmed", request: 7, atMs: 5 }).state).toBe(asked.state);
    const { state, effects } = follow(asked.state, { type: "confirmed", request: 1, atMs: 5 });
    expect(answers(effects)).toEqual(["barge"]);
    expect(modeAt(state, eva.seatId)).toBe("barge");
    expect(notes(effects)).toEqual(["Eva listen>barge asked"]);
  });

  test("without a confirmation the wish is refused and the old mode asked for again", () => {
    for (const from of SUPERVISION_MODES) {
      const before = from === "listen" ? FREE_FLOOR : held(from);
      const asked = follow(before, ask(eva, from === "barge" ? "takeover" : "barge"));
      const { state, effects } = follow(asked.state, { type: "unconfirmed", request: asked.state.requests });
      expect(answers(effects)).toEqual(["failed"]);
      expect(supervised(effects)).toEqual([`${from} ${from === "listen" ? "nobody" : "Eva"}`]);
      expect(modeAt(state, eva.seatId)).toBe(from);
      // The confirmation that comes after all changes nothing any more.
      expect(follow(state, { type: "confirmed", request: asked.state.requests, atMs: 5 }).state).toBe(state);
    }
  });

  test("a listener who goes back to Listen takes nobody's floor, not even in another window", () => {
    for (const by of [tom, { ...eva, seatId: "seat_eva_2" }]) {
      const speaking = held("takeover");
      const { state, effects } = follow(speaking, ask(by, "listen"));
      expect(answers(effects)).toEqual(["listen"]);
      expect(state).toBe(speaking);
    }
  });

  test("a person who speaks from another window moves the floor there", () => {
    const asked = follow(held("barge"), ask({ ...eva, seatId: "seat_eva_2" }, "barge"));
    const { state, effects } = follow(asked.state, { type: "confirmed", request: asked.state.requests, atMs: 5 });
    expect(speakerOf(state)).toBe("seat_eva_2");
    expect(effects).toContainEqual(expect.objectContaining({ do: "tell", seatId: eva.seatId, mode: "listen" }));
    expect(notes(effects)).toEqual([]);
  });
});

const anyEvent = (state: FloorState): fc.Arbitrary<FloorEvent> => {
  const person = fc.constantFrom(eva, tom, { ...eva, seatId: "seat_eva_2" });
  const seatId = person.map((one) => one.seatId);
  const request = fc.integer({ min: Math.max(0, state.requests - 2), max: state.requests });
  return fc.oneof(
    fc.record({
      type: fc.constant("asked" as const),
      ticket: fc.nat(),
      by: person,
      mode: fc.constantFrom(...SUPERVISION_MODES),
      note: fc.constant(""),
      hasMicrophone: fc.boolean(),
    }),
    fc.record({ type: fc.constant("confirmed" as const), request, atMs: fc.nat() }),
    fc.record({ type: fc.constant("unconfirmed" as const), request }),
    fc.record({ type: fc.constantFrom("microphone-lost" as const, "left" as const), seatId }),
    fc.record({
      type: fc.constantFrom(
        "speaker-lost" as const,
        "speaker-back" as const,
        "transcriber-lost" as const,
        "waited-too-long" as const,
      ),
    }),
  );
};

test("whatever happens, the caller is with the agent, with a speaker, or waiting for a time that is running", () => {
  fc.assert(
    fc.property(fc.gen(), fc.integer({ min: 1, max: 30 }), (gen, steps) => {
      let state = FREE_FLOOR;
      let isTimed = false;
      /** What the engine was asked last. */
      let engine: SupervisionMode = "listen";
      let tickets = 0;
      let open = 0;
      for (let i = 0; i < steps; i++) {
        const event = gen(anyEvent, state);
        if (event.type === "waited-too-long" && !isTimed) continue;
        if (event.type === "asked") {
          open++;
          event.ticket = ++tickets;
        }
        const before = state.requests;
        const [next, effects] = stepFloor(state, event);
        if (event.type === "waited-too-long") isTimed = false;
        for (const effect of effects) {
          if (effect.do === "hold-caller") isTimed = true;
          if (effect.do === "release-caller") isTimed = false;
          if (effect.do === "answer") open--;
          if (effect.do === "supervise") {
            expect(effect.request).toBeGreaterThan(before);
            engine = effect.mode;
          }
        }
        state = next;
        expect(isTimed).toBe(state.floor.at === "lost");
        if (state.change === null) {
          const wanted =
            state.floor.at === "free" ? "listen" : state.floor.at === "lost" ? "takeover" : state.floor.mode;
          expect(engine).toBe(wanted);
        }
        expect(open).toBe(state.change?.asked ? 1 : 0);
      }
    }),
    { numRuns: 500 },
  );
});
