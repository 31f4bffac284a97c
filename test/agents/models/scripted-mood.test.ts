import { expect, test } from "bun:test";
import { scriptedMood } from "../../../src/agents/models/scripted-mood.ts";
import { type MoodCase, moodAnswer, moodMessage } from "../../../src/agents/prompts/mood.ts";

const read = (...last_lines: [MoodCase["last_lines"][number]["speaker"], string][]) => {
  const lines = last_lines.map(([speaker, text]) => ({ speaker, text }));
  const message = moodMessage({ objective: "Book a table.", background: "", last_lines: lines });
  return moodAnswer.parse(scriptedMood(message));
};

test.each([
  ["calm", "Friday at seven is fine."],
  ["uneasy", "I am sorry, who is this?"],
  ["uneasy", "Can I talk to a real person?"],
  ["upset", "I already told you that."],
  ["angry", "This is outrageous, you idiot!"],
] as const)("a callee sounds %s who says: %s", (mood, text) => {
  expect(read(["callee", text])).toMatchObject({ mood, off_plan: false });
});

test("only the callee's last lines count, and a wrong person is off the plan", () => {
  expect(read(["agent", "You idiot!"], ["supervisor", "This is outrageous!"], ["callee", "Sure."])).toEqual({
    mood: "calm",
    off_plan: false,
    reason: "",
  });
  expect(read(["callee", "You idiot!"], ["callee", "Well."], ["callee", "Fine."]).mood).toBe("calm");
  expect(read(["callee", "You have the wrong number."], ["callee", "Bye."], ["callee", "Yes."])).toMatchObject({
    off_plan: true,
    reason: "says that it is the wrong person",
  });
});
