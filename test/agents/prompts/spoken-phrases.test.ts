import { expect, test } from "bun:test";
import { phraseLanguage, spokenPhrases } from "../../../src/agents/prompts/spoken-phrases.ts";
import { SPEECH_LANGUAGES } from "../../../src/media/voices/speech.ts";

test("sentences are in the language of the call, whatever its region, and in English where they are not known in it", () => {
  expect(["de-AT", "pt-BR", "EN-us", "cs", "constructor", ""].map(phraseLanguage)).toEqual([
    "de",
    "pt",
    "en",
    "en",
    "en",
    "en",
  ]);
  expect(spokenPhrases("it-CH").hold).toStartWith("Un momento");
  expect(spokenPhrases("ja")).toEqual(spokenPhrases("en"));
});

test("every language that can be spoken has sentences of its own", () => {
  const own = SPEECH_LANGUAGES.map((language) => `${spokenPhrases(language).hold} ${spokenPhrases(language).apology}`);
  expect(new Set(own).size).toBe(SPEECH_LANGUAGES.length);
});
