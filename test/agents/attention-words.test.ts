import { expect, test } from "bun:test";
import fc from "fast-check";
import { calleeSigns, lacksAnswer, likeness, saysTheSame, wordsOf } from "../../src/agents/attention-words.ts";

const asks = (text: string): boolean => calleeSigns(text).asksForHuman;

test.each([
  "I want to speak to a human.",
  "Can I talk to someone, please?",
  "Put me through to your manager!",
  "Just get me a real person.",
  "I don't want to talk to a robot.",
  "Chci mluvit s člověkem!",
  "Přepojte mě, prosím.",
  "Ich möchte mit einem Menschen sprechen.",
  "Verbinden Sie mich bitte.",
  "Quiero hablar con una persona.",
  "Je veux parler à un conseiller.",
])("asks for a human: %s", (text) => expect(asks(text)).toBe(true));

test.each([
  "Are you a robot?",
  "This person lives here.",
  "Do you want to talk to the manager?",
  "Well, I can speak to the manager for you.",
  "You have to talk to human resources.",
  "A table for four people, please.",
  "",
])("does not ask for a human: %s", (text) => expect(asks(text)).toBe(false));

test.each([
  ["You idiot!", "furious"],
  ["I'm really angry.", "furious"],
  ["This is UNACCEPTABLE!!", "furious"],
  ["Ich bin wütend.", "furious"],
  ["Stop calling me.", "annoyed"],
  ["You’re not listening to me", "annoyed"],
  ["Už jsem vám to řekla.", "annoyed"],
  ["That sounds lovely.", null],
  ["We are closed on Mondays.", null],
] as const)("how angry is: %s", (text, anger) => expect(calleeSigns(text).anger).toBe(anger));

test.each(["Wrong number.", "There's nobody by that name here.", "He doesn't work here anymore.", "To je omyl."])(
  "a wrong person says: %s",
  (text) => expect(calleeSigns(text).isWrongPerson).toBe(true),
);

test("an agent without an answer is recognized by its words", () => {
  for (const text of [
    "I'm afraid I don't have that information.",
    "I can't answer that.",
    "Das weiß ich leider nicht.",
  ])
    expect([text, lacksAnswer(text)]).toEqual([text, true]);
  for (const text of ["I do know that.", "Thank you, that answers it."])
    expect([text, lacksAnswer(text)]).toEqual([text, false]);
});

test("accents, case and punctuation make no other word", () => {
  expect(wordsOf("  Überhaupt NICHT — it’s “fine” ")).toEqual(["uberhaupt", "nicht", "its", "fine"]);
  expect(wordsOf("…")).toEqual([]);
});

test("likeness is 1 for the same words, 0 for none in common, and does not mind which side is asked", () => {
  expect(likeness(["a", "b"], ["b", "a"])).toBe(1);
  expect(likeness(["a"], ["b"])).toBe(0);
  expect(likeness(["a", "a"], ["a"])).toBeCloseTo(2 / 3);
  const words = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(
    fc.property(words, words, (one, other) => {
      const value = likeness(one, other);
      return value >= 0 && value <= 1 && Math.abs(value - likeness(other, one)) < 1e-9;
    }),
  );
});

test("the same question about another number is another question", () => {
  const ask = (text: string) => wordsOf(text);
  const nine = ask("Would Thursday at 9 be possible for a cleaning?");
  expect(saysTheSame(nine, ask("And would Thursday at 9 be possible for a cleaning?"))).toBe(true);
  expect(saysTheSame(nine, ask("Would Thursday at 11 be possible for a cleaning?"))).toBe(false);
  expect(saysTheSame(nine, ask("Is nine o'clock fine on Thursday then?"))).toBe(false);
});

test("the longest turn is read in a moment, whatever it says", () => {
  const evil = ["i dont want to talk to a ", "mit einem ", "ich bin so sehr ", "talk to the real actual "];
  const before = process.cpuUsage();
  for (const part of evil) {
    calleeSigns(part.repeat(20_000));
    lacksAnswer(part.repeat(20_000));
  }
  // 3 ms each here; a pattern that tries every way to fail takes seconds. The processor's time, as others may have it between.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
});
