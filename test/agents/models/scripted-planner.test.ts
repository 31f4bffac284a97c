import { describe, expect, test } from "bun:test";
import { readRequest } from "../../../src/agents/models/scripted-planner.ts";

describe("the scripted planner reads", () => {
  test.each([
    [
      "Call Downtown Dental, Smile Studio and the clinic on 5th Street and book the earliest cleaning after Thursday 3 pm",
      ["Downtown Dental", "Smile Studio", "the clinic on 5th Street"],
      "book the earliest cleaning after Thursday 3 pm",
    ],
    ["Please call +1 202 555 0100 to ask about prices.", ["+1 202 555 0100"], "ask about prices"],
    ["Ring Mario, and tell him that I am late", ["Mario"], "tell him that I am late"],
    ["Remind everybody on my list about Monday", [], "Remind everybody on my list about Monday"],
    ["Call them and cancel", [], "cancel"],
    ["Call Lucia", ["Lucia"], ""],
  ])("%s", (text, targets, goal) => {
    expect(readRequest(text)).toEqual({ targets, goal });
  });
});
