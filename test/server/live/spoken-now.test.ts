import { expect, test } from "bun:test";
import { METER, Meters } from "../../../src/media/engine/meters.ts";
import type { MediaEvent } from "../../../src/media/engine/protocol.ts";
import { SpokenNow } from "../../../src/server/live/spoken-now.ts";

type Said = MediaEvent | { type: "media-died" };

const open = () => {
  const listeners = new Set<(event: Said) => void>();
  const meters = new Meters();
  const spoken = new SpokenNow({
    meters,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const hear = (event: Said): void => {
    for (const listener of listeners) listener(event);
  };
  const partial = (key: string, text: string, atMs = 0): void =>
    hear({ type: "partial", callId: "c", key, speaker: "callee", text, atMs });
  return { spoken, meters, hear, partial, listeners };
};

test("words are kept by turn, the newest text of each, in the order they began", () => {
  const { spoken, partial } = open();
  partial("b", "later", 900);
  partial("a", "first", 100);
  partial("a", "first and more", 100);
  expect(spoken.partials("c").map((turn) => turn.text)).toEqual(["first and more", "later"]);
  expect(spoken.partials("other")).toEqual([]);
});

test("a voice that never finishes a turn fills neither memory nor page", () => {
  const { spoken, partial } = open();
  for (let i = 0; i < 500; i++) partial(`key-${i}`, "x".repeat(100_000), i);
  const kept = spoken.partials("c");
  expect(kept.length).toBeLessThanOrEqual(6);
  expect(kept.at(-1)?.key).toBe("key-499");
  expect(kept.every((turn) => turn.text.length <= 4001)).toBe(true);
});

test("levels are there from the opening of the media to its closing", () => {
  const { spoken, meters, hear } = open();
  expect(spoken.levels("c")).toBeNull();
  hear({ type: "opened", callId: "c", port: 0, slot: 2 });
  meters.set(2, METER.agentLevelDbov, -20);
  expect(spoken.levels("c")).toEqual({ callee: 0, agent: -20 });
  hear({ type: "media-died" });
  expect(spoken.levels("c")).toBeNull();
});

test("who follows a call hears of its words only, and is left alone afterwards", () => {
  const { spoken, partial, hear, listeners } = open();
  let changes = 0;
  const stop = spoken.listen("c", () => changes++);
  partial("a", "one");
  hear({ type: "partial", callId: "other", key: "a", speaker: "agent", text: "x", atMs: 0 });
  expect(changes).toBe(1);
  stop();
  partial("a", "two");
  expect(changes).toBe(1);
  spoken.close();
  expect(listeners.size).toBe(0);
});

test("a supervisor's words being spoken count as whispered unless the callee is known to hear them", () => {
  const { spoken, hear } = open();
  hear({ type: "opened", callId: "c", port: 0, slot: 2 });
  const say = (key: string): void =>
    hear({ type: "partial", callId: "c", key, speaker: "supervisor", text: "offer ten", atMs: 0 });
  const supervised = (mode: "listen" | "whisper" | "barge" | "takeover"): void =>
    hear({ type: "supervised", callId: "c", request: 1, mode, atMs: 0 });
  const marks = () => spoken.partials("c").map(({ key, whispered }) => [key, whispered]);
  say("before");
  supervised("barge");
  say("barged");
  supervised("whisper");
  say("barged");
  say("whispered");
  expect(marks()).toEqual([
    ["before", true],
    ["barged", false],
    ["whispered", true],
  ]);
});
