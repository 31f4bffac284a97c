import { expect, test } from "bun:test";
import { spokenPhrases } from "../../src/agents/prompts/spoken-phrases.ts";
import { createLog } from "../../src/core/log.ts";
import type { Speaker } from "../../src/media/voices/speech.ts";
import { PhraseBook } from "../../src/server/phrase-book.ts";

const book = (sounds: Speaker["sounds"]) => {
  const asked: string[] = [];
  const speaker: Speaker = {
    sounds,
    speak: async (text, _voice, language) => {
      asked.push(`${language}: ${text}`);
      return new Uint8Array([asked.length]);
    },
    close: async () => {},
  };
  return { asked, phrases: new PhraseBook({ speaker, log: createLog({ level: "silent" }) }) };
};

test("a sentence is there in the language it was made in, made once for all calls in it", async () => {
  const { asked, phrases } = book("words");
  phrases.prepare("es-MX");
  phrases.prepare("es");
  expect(phrases.line("hold", "es")).toBeNull();
  await Bun.sleep(0);
  const { hold, apology } = spokenPhrases("es");
  expect(asked).toEqual([`es: ${hold}`, `es: ${apology}`]);
  expect(phrases.line("hold", "es-AR")?.text).toBe(hold);
  expect(phrases.line("apology", "es")?.text).toBe(apology);
  expect(phrases.line("hold", "en")).toBeNull();
});

test("tones never stand for a sentence to a callee", async () => {
  const { phrases } = book("tones");
  phrases.prepare("en");
  await Bun.sleep(0);
  expect(phrases.line("hold", "en")).toBeNull();
});
