import { expect, test } from "bun:test";
import { spokenCallback } from "../../../src/agents/models/spoken-times.ts";

/** A Wednesday. */
const SAID_AT = "2026-06-10T14:00";

test("wishes of people on the phone become a time on their clock or a delay", () => {
  const named: [string, string | number][] = [
    ["Could you call me tomorrow at 3?", "2026-06-11T15:00"],
    ["Call me back tomorrow at three o'clock.", "2026-06-11T15:00"],
    ["Please call again on Friday at 10:30 am.", "2026-06-12T10:30"],
    ["Call me on Wednesday at 9.", "2026-06-17T09:00"],
    ["Ring me back at noon.", "2026-06-11T12:00"],
    ["Call back the day after tomorrow in the afternoon.", "2026-06-12T15:00"],
    ["Try again at 5 pm.", "2026-06-10T17:00"],
    ["I am busy. Could you call me again in one minute?", 1],
    ["Please call again in half an hour.", 30],
    ["Call me back in two hours.", 120],
    ["Try me again in a week.", 10_080],
  ];
  for (const [text, wanted] of named) {
    const found = spokenCallback(text, SAID_AT);
    expect([text, found?.localTime ?? found?.delayMinutes]).toEqual([text, wanted]);
  }
});

test("a time that is an answer is no wish to be called", () => {
  for (const text of [
    "The first free time is Thursday at 4:15 pm.",
    "We open at 9.",
    "Thank you for calling.",
    "Is that all?",
  ]) {
    expect(spokenCallback(text, SAID_AT)).toBeNull();
  }
});

test("the sentence that names the time comes back as its words", () => {
  expect(spokenCallback("Sorry, no. Please call me tomorrow at 3. Thanks.", SAID_AT)?.words).toBe(
    "Please call me tomorrow at 3.",
  );
});
