import { phraseLanguage, type SpokenPhrases, spokenPhrases } from "../agents/prompts/spoken-phrases.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { SpokenLine } from "../media/engine/protocol.ts";
import type { Speaker } from "../media/voices/speech.ts";

/**
 * The system's own sentences as sound, in the languages that calls are made in. They are made ahead: whoever needs one
 * cannot wait.
 */
export class PhraseBook {
  readonly #speaker: Speaker;
  readonly #log: Log;
  readonly #lines = new Map<string, SpokenLine | null>();

  constructor({ speaker, log }: { speaker: Speaker; log: Log }) {
    this.#speaker = speaker;
    this.#log = log;
  }

  /** Has the sentences of a language made, a BCP 47 tag, unless they are. */
  prepare(tag: string): void {
    const language = phraseLanguage(tag);
    for (const [phrase, text] of Object.entries(spokenPhrases(language))) {
      const key = `${language} ${phrase}`;
      if (this.#lines.has(key)) continue;
      this.#lines.set(key, null);
      inBackground(this.#log, "make a phrase", this.#make(key, language, text));
    }
  }

  async #make(key: string, language: string, text: string): Promise<void> {
    const audio = await this.#speaker.speak(text, "agent", language);
    if (this.#speaker.sounds === "words") this.#lines.set(key, { text, audio });
  }

  /** A sentence in this language; null while there is no sound of it, and where no synthesiser could make words of it. */
  line(phrase: keyof SpokenPhrases, tag: string): SpokenLine | null {
    return this.#lines.get(`${phraseLanguage(tag)} ${phrase}`) ?? null;
  }
}
