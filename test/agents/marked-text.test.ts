import { describe, expect, test } from "bun:test";
import { readMarkedText } from "../../src/agents/marked-text.ts";

describe("a text with marks", () => {
  test("without any is all reply", () => {
    expect(readMarkedText(" Hello [there] ")).toEqual({ reply: "Hello [there]", questions: [], instructions: null });
  });

  test("has its questions and instructions apart, in any order and case, closed or open", () => {
    expect(
      readMarkedText(
        "Fine. [agent_instructions]Be kind.[/AGENT_INSTRUCTIONS] More.\n[QUESTIONS_FOR_USER]\n1) Who?\n\n• When?\n[AGENT_INSTRUCTIONS]Be short.",
      ),
    ).toEqual({ reply: "Fine.\n\nMore.", questions: ["Who?", "When?"], instructions: "Be kind.\n\nBe short." });
  });

  test("asks a bounded number of questions", () => {
    expect(readMarkedText(`[QUESTIONS_FOR_USER]${"\nWhat?".repeat(100)}`).questions).toHaveLength(12);
  });
});
