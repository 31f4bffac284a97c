import { describe, expect, test } from "bun:test";
import { type Happening, INITIAL, type Mode, next, type State } from "../../public/softphone/machine.ts";
import { spanText } from "../../public/softphone/span-text.ts";
import { wordsFor } from "../../public/softphone/words.ts";
import type { Present } from "../../src/media/supervision/messages.ts";

const call = { id: "c1", who: "Dental clinic" };
const run = (events: readonly Happening[]): State => events.reduce(next, { ...INITIAL, owner: true });
const rights = ["listen", "whisper", "barge", "takeover"] as const;
const on = (mode: Mode, noticeTone: "off" | "speak" | "listen" = "off"): Happening[] => [
  { type: "ask", call, mode },
  { type: "joined", callId: "c1", who: "Dental clinic", seatId: "me", rights, waits: false, noticeTone, now: 0 },
  ...(mode === "listen"
    ? []
    : ([
        { type: "mic", mic: "muted" },
        { type: "granted", callId: "c1", mode },
      ] as Happening[])),
];
const roster = (...present: Present[]): Happening => ({ type: "roster", callId: "c1", present });
const me: Present = { seatId: "me", name: "Eva", mode: "listen" };

describe("words of the dock", () => {
  test.each([
    ["listen", "Nobody hears you."],
    ["whisper", "The AI hears you. The caller does not."],
    ["barge", "The caller and the AI hear you."],
    ["takeover", "The AI is silent. You speak with the caller."],
  ] as const)("in %s they say who hears whom", (mode, sentence) => {
    const words = wordsFor(run(on(mode)));
    expect(words.sentence).toBe(sentence);
    expect(words.spoken).toContain(sentence);
  });

  test.each([
    ["speak", "listen", "A tone tells the caller before they hear you."],
    ["speak", "whisper", "A tone tells the caller before they hear you."],
    ["speak", "takeover", "A tone tells the caller that you are there."],
    ["listen", "listen", "A tone tells the caller that you are there."],
  ] as const)("where callers are told by a tone (%s), one knows it in %s", (noticeTone, mode, sentence) => {
    const words = wordsFor(run(on(mode, noticeTone)));
    expect(words.sentence).toEndWith(sentence);
    expect(words.spoken).toContain(sentence);
  });

  test("what is not confirmed is not claimed", () => {
    const words = wordsFor(run([...on("listen"), { type: "ask", call, mode: "takeover" }]));
    expect(words.sentence).toBe("Nobody hears you. Asking for take over…");
  });

  test("who is muted while others could hear is told so", () => {
    expect(wordsFor(run([...on("barge"), { type: "mute" }])).sentence).toContain("You are muted.");
    expect(wordsFor(run(on("whisper"))).sentence).not.toContain("muted");
  });

  test("the others on the call are named by what they do, oneself is not", () => {
    const present = [
      me,
      { seatId: "a", name: "Tom", mode: "listen" },
      { seatId: "b", name: "Mia", mode: "barge" },
    ] as const;
    expect(wordsFor(run([...on("listen"), roster(...present)])).sentence).toBe(
      "Nobody hears you. Mia speaks. 1 other listens.",
    );
    expect(wordsFor(run([...on("listen"), roster(me)])).sentence).toBe("Nobody hears you.");
  });

  test("a lost link never claims that the call is over", () => {
    const words = wordsFor(run([...on("takeover"), { type: "lost" }]));
    expect(words).toMatchObject({ badge: "Reconnecting", spoken: "Connection lost, trying again. The call goes on." });
    expect(words.sentence).toContain("Nobody hears you.");
  });

  test("a reloaded page offers the call from before, until another is asked for", () => {
    const back = run([{ type: "remember", call }]);
    expect(wordsFor(back).sentence).toBe("You were on Dental clinic.");
    expect(next(back, { type: "ask", call: { id: "c2", who: "Library" }, mode: "listen" }).before).toBeNull();
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
