import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PERSONAS } from "../../../src/media/carriers/scripted/personas.ts";
import { spokenAction } from "../../../src/media/voices/demo-action.ts";
import { type DemoSubject, demoScript } from "../../../src/media/voices/demo-script.ts";

const subject: DemoSubject = {
  action: "Book a table for two on Friday.",
  context: "a window seat if possible",
  calleeName: "Mario",
  agentName: "Appu",
  organization: "Maya",
};
const people = { owner: "Maya", callee: "Mario" };

describe("a demo conversation", () => {
  test("opens with who calls, for whom, and that it is an AI", () => {
    const { agentLines } = demoScript({ ...subject, persona: "answers", seed: 1 });
    expect(agentLines[0]).toBe("Hello, Mario. This is Appu, an AI assistant calling on behalf of Maya.");
    expect(agentLines[1]).toContain("I am calling to book a table for two on Friday.");
    expect(agentLines[2]).toContain("a window seat if possible.");
    expect(agentLines.at(-1)).toEndWith("Goodbye.");
  });

  test("gives every persona lines that fit it, in bounded sentences, whatever it is given", () => {
    const text = fc.oneof(fc.string({ maxLength: 500 }), fc.constantFrom("", "-f /etc/passwd", "a".repeat(5000)));
    const anything = fc.record({
      action: text,
      context: text,
      calleeName: text,
      agentName: text,
      organization: text,
      persona: fc.constantFrom(...PERSONAS.map(({ name }) => name)),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(anything, (given) => {
        const script = demoScript(given);
        const machine = given.persona === "voicemail";
        const putsOff = given.persona === "call-me-later";
        const hasFive = given.persona === "talks-over" || given.persona === "asks-back";
        expect(script.agentLines).toHaveLength(putsOff ? 3 : 5);
        expect(script.calleeLines).toHaveLength(machine ? 1 : putsOff ? 2 : hasFive ? 5 : 4);
        const asides = [script.yield, script.message, script.polite, script.late];
        const all = [...script.agentLines, ...script.calleeLines, ...asides];
        for (const line of all) {
          expect(line.length).toBeWithin(3, 700);
          expect(line).not.toMatch(/\p{Cc}|undefined/u);
        }
        expect(demoScript(given)).toEqual(script);
      }),
      { numRuns: 200 },
    );
  });

  test("puts the first call about a matter off and settles it in the next one", () => {
    const call = { ...subject, persona: "call-me-later", seed: 3 } as const;
    expect(demoScript(call).calleeLines.at(-1)).toContain("again in one minute");
    expect(demoScript(call).agentLines.at(-1)).toEndWith("in one minute. Goodbye.");
    expect(demoScript({ ...call, attempt: 2 }).calleeLines.join(" ")).not.toContain("one minute");
  });

  test("asks the owner what the callee wants to know, and says it in the next call", () => {
    const call = { ...subject, persona: "asks-back", seed: 3 } as const;
    const first = demoScript(call);
    expect(first.asks).toEqual({ afterLine: 2, question: expect.stringMatching(/^Mario asks which phone number/) });
    expect(first.agentLines[2]).toContain("ask Maya. Please hold the line");
    const next = demoScript({ ...call, attempt: 2, ownerAnswer: "212 555 0199" });
    expect(next.asks).toBeNull();
    expect(next.agentLines[2]).toContain("The answer is: 212 555 0199.");
  });

  test("speaks the goal of a longer action, and of the rest only what the callee may know", () => {
    const action = "Book a cleaning.\nWhat they may know: Patient since 2019\nPromise nothing.";
    const said = demoScript({ ...subject, action, context: "", persona: "answers", seed: 1 }).agentLines.join(" ");
    expect(said).toContain("I am calling to book a cleaning.");
    expect(said).toContain("Patient since 2019.");
    expect(said).not.toContain("Promise");
  });

  test("names a free time when a time on a weekday is asked for", () => {
    const action = "Book the earliest cleaning after Thursday 3 pm.";
    for (let seed = 0; seed < 20; seed++) {
      const { calleeLines } = demoScript({ ...subject, action, persona: "answers", seed });
      expect(calleeLines[2]).toMatch(/^The first free time is (Thursday|Friday|Monday) at \d/);
    }
  });

  test("differs by seed", () => {
    const scripts = [1, 2, 3, 4, 5, 6].map((seed) =>
      JSON.stringify(demoScript({ ...subject, persona: "answers", seed })),
    );
    expect(new Set(scripts).size).toBeGreaterThan(2);
  });
});

describe("the action of a task, spoken", () => {
  test.each([
    ["Book a table for two", "book", "to book a table for two"],
    ["Please call the dentist and find the earliest slot for me.", "book", "to find the earliest slot for Maya"],
    ["Do you have vegan dishes?", "ask", "with a question. Do you have vegan dishes?"],
    ["the delivery of my parcel", "other", "about the delivery of Maya's parcel"],
    ["Remind him about dinner", "inform", "to remind you about dinner"],
    ["Remind Mario that Mariott closes", "inform", "to remind you that Mariott closes"],
    ["Ask whether they are open on Sunday", "ask", "to ask whether you are open on Sunday"],
    ["Cancel order 12", "cancel", "to cancel order 12"],
    ["", "ask", "with a short question"],
  ] as const)("%p is to %s: %p", (action, kind, purpose) => {
    expect(spokenAction(action, people)).toEqual({ kind, purpose });
  });
});
