import { expect, test } from "bun:test";
import { dndWordsIn } from "../../src/agents/dnd-words.ts";

test("a plain request not to be called again is one, in whatever sentence it stands", () => {
  for (const text of [
    "Stop calling me.",
    "Please stop calling this number!",
    "I told you already. Don’t call me again, please.",
    "Never call here again.",
    "Take me off your list.",
    "Please remove our number from your calling list",
    "Put me on your do-not-call list.",
    "Rufen Sie mich bitte nicht mehr an.",
    "Ne m'appelez plus !",
    "Bitte rufen Sie nicht mehr an.",
    "Rufen Sie hier bitte nie wieder an!",
    "No me llame más.",
    "No nos vuelvan a llamar, por favor.",
    "I'd ask you to never call me again.",
  ]) {
    expect(dndWordsIn(text)).not.toBeNull();
  }
});

test("being busy, a time limit and a correction are no such request", () => {
  for (const text of [
    "I have no time right now.",
    "Don't call before nine.",
    "Please don't call me again before Friday.",
    "Could you call me again in one minute?",
    "Stop calling me sir.",
    "I would rather not talk to a machine.",
    "Never mind, go on.",
    "I have it on my list.",
    "I would never call again without asking.",
    "We don't call here any more.",
    "No me llame ahora, estoy conduciendo.",
    "No me llame mañana.",
    "No nos llame antes de las nueve.",
    "No me llame más tarde, llámeme hoy.",
    "Ne m'appelez plus avant neuf heures.",
    "Rufen Sie heute nicht mehr an.",
  ]) {
    expect(dndWordsIn(text)).toBeNull();
  }
});

test("the words of the request alone come back, not what was said around them", () => {
  expect(dndWordsIn("Hello? Stop calling me. Goodbye.")).toBe("Stop calling me.");
});
