/** Sentences that the system itself speaks to callees. */
export interface SpokenPhrases {
  /** To a callee whose speaker was lost in a takeover. */
  hold: string;
  /** When a voice is lost for good while somebody listens. */
  apology: string;
}

const ENGLISH: SpokenPhrases = {
  hold: "One moment, please. I am right with you.",
  apology: "I am sorry, we have a technical problem. We will call you again. Goodbye.",
};

const PHRASES: Readonly<Record<string, SpokenPhrases>> = {
  en: ENGLISH,
  es: {
    hold: "Un momento, por favor. Enseguida le atiendo.",
    apology: "Lo siento, tenemos un problema técnico. Le volveremos a llamar. Adiós.",
  },
  de: {
    hold: "Einen Moment, bitte. Ich bin gleich für Sie da.",
    apology: "Es tut mir leid, wir haben ein technisches Problem. Wir rufen Sie wieder an. Auf Wiederhören.",
  },
  fr: {
    hold: "Un instant, s'il vous plaît. Je suis à vous tout de suite.",
    apology: "Je suis désolé, nous avons un problème technique. Nous vous rappellerons. Au revoir.",
  },
  pt: {
    hold: "Um momento, por favor. Já falo consigo.",
    apology: "Lamento, temos um problema técnico. Voltaremos a ligar. Adeus.",
  },
  it: {
    hold: "Un momento, per favore. Sono subito da lei.",
    apology: "Mi dispiace, abbiamo un problema tecnico. La richiameremo. Arrivederci.",
  },
};

/** The language in which the sentences are spoken to whoever is called in this one, a BCP 47 tag; `en` for most. */
export const phraseLanguage = (tag: string): string => {
  const language = tag.split("-", 1)[0]!.toLowerCase();
  return Object.hasOwn(PHRASES, language) ? language : "en";
};

/** The sentences in a language, a BCP 47 tag; in English where they are not known in it. */
export const spokenPhrases = (tag: string): SpokenPhrases => PHRASES[phraseLanguage(tag)] ?? ENGLISH;
