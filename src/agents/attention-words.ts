/** Longest stretch of a turn that is looked at, in characters. */
const LOOKED_AT = 2_000;

/** From this likeness on a turn says the same again. */
const SAME_FROM = 0.8;

/** A text as the lists below are written: lower case, no accents, words parted by single spaces. */
const plain = (text: string): string =>
  text
    .slice(0, LOOKED_AT)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replace(/['’]/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Words of a text, as `plain` spells them. */
export const wordsOf = (text: string): string[] => {
  const spelt = plain(text);
  return spelt === "" ? [] : spelt.split(" ");
};

/** One pattern for many phrases; `*` ends a word however it goes on, `(a|b)` is a choice. */
const anyOf = (...phrases: string[]): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${phrases.join("|").replaceAll("*", "\\p{L}*")})(?![\\p{L}\\p{N}])`, "u");

// English, Czech, German, Spanish and French, as people say it on the phone. All lists are tried on every call: whole
// phrases of one language hardly ever mean something else in another.
const HUMAN = anyOf(
  // Not what the callee offers ("do you want to talk to the manager"), nor what it will do itself.
  "(?<!\\b(you (want|like|wish|need|have) to|i (can|will|could|may|shall)|ill|let me) )(speak|talk) (to|with) (a|an|the|your|some|any)? ?(real |actual |live )?(human(?! resources)|person|people|somebody|someone|manager|supervisor|boss|operator|agent|representative|colleague)",
  "(connect|transfer|put) me (to|through|over)( to| with)? ?(a|an|the|your)? ?(real |actual |live )?(human|person|somebody|someone|manager|supervisor|boss|operator|agent|representative|colleague)",
  "get me (a|an|your|the) (real |actual |live )?(human|person|manager|supervisor|operator|representative)",
  "(a|an) (real|actual|live) (human|person)( being)? please",
  "(want|need|prefer|like) (a|to have a) (real |actual |live )?(human|person)( being)?",
  "(dont|do not) want to (talk|speak) (to|with) (a|an|some)? ?(robot|machine|computer|bot|ai)",
  "(mluvit|hovorit|bavit se) s (clovekem|zivym clovekem|nekym|vedoucim*|nadrizen*|operator*|kolegou)",
  "(prepojte|spojte|predejte) me",
  "(nechci|nebudu) (mluvit|se bavit|hovorit) s (robotem|strojem|automatem)",
  "(mit|mochte mit|mit einem|mit einer) (echten |richtigen )?(menschen|person|mitarbeiter*|kollegin|kollegen|vorgesetzten|chef) (sprechen|reden|verbind*)",
  "(verbinden|stellen) sie mich",
  "(nicht|will nicht) mit (einem|einer) (roboter|maschine|computer) (sprechen|reden)",
  "(hablar|comunicarme) con (una persona|alguien|un humano|un agente|su (supervisor|jefe)|un operador)",
  "(no quiero hablar con (un|una) (robot|maquina))",
  "(parler|discuter) (a|avec) (une personne|quelquun|un humain|un conseiller|votre (responsable|superieur)|un operateur)",
  "(passez moi|je ne veux pas parler a (un|une) (robot|machine))",
);

const FURIOUS = anyOf(
  "(fuck|shit|bullshit|bastard|asshole|motherfuck|goddam|idiot|moron)*",
  "(i am|im) (so |really |very |absolutely )?(furious|angry|pissed( off)?|sick of (this|you))",
  "(this is|thats|that is) (a |an )?(outrage*|disgrace*|unacceptable|ridiculous|scam)",
  "(ill|i will|going to) (sue|report) you",
  "(kurv|hovn|debil|idiot|kreten|zmrd|blbec)*",
  "(jsem (uz )?(nastvan*|vztekl*|rozzuren*)|to je (skandal|neprijateln*|podvod)|budu si stezovat)",
  "(scheiss|arschloch|verdammt|idiot|blodmann)*",
  "(ich bin (so |sehr |wirklich )?(wutend|sauer|verargert)|das ist (eine )?(frechheit|unverschamt*|unmoglich))",
  "(mierda|joder|idiota|estup|cabron)*",
  "(estoy (muy )?(enfad|furios|hart)*|esto es (inaceptable|una verguenza|una estafa))",
  "(merde|putain|connard|imbecile)*",
  "(je suis (tres )?(en colere|furieu*)|cest (inacceptable|scandaleux|une honte|une arnaque))",
);

const ANNOYED = anyOf(
  "(stop|quit) (calling|bothering) (me|us)",
  "(leave me alone|waste of (my )?time|are you kidding|you are not listening|youre not listening|listen to me|i (already|just) (told|said) (you|that)|how many times|what is wrong with you|shut up|this is (so )?(annoying|stupid|frustrating))",
  "(dejte mi pokoj|prestante (mi )?volat|ztrata casu|uz jsem (vam )?(to )?rekl*|vy me neposlouchate|delate si srandu|to me stve)",
  "(lassen sie mich in ruhe|horen sie auf|zeitverschwendung|das habe ich (schon|bereits) gesagt|sie horen (mir )?nicht zu|das nervt)",
  "(dejeme en paz|deje de llamar|perdida de tiempo|ya se lo (he dicho|dije)|no me esta escuchando)",
  "(laissez moi tranquille|arretez de (m )?appeler|perte de temps|je vous lai deja dit|vous ne mecoutez pas)",
);

const WRONG_PERSON = anyOf(
  "wrong (number|person)",
  "(there is|theres) (no one|nobody) (here )?(by|with|of) that name",
  "(nobody|no one) (by|with|of) that name",
  "(he|she|they) (doesnt|does not|dont|do not|no longer) (live*|work*) here",
  "(im|i am) not (him|her|that person)",
  "(spatne cislo|to je omyl|tady nikdo takovy|nikdo takovy tu|uz tu (ne)?(pracuje|bydli)*)",
  "(falsche nummer|falsch verbunden|falsche person|(arbeitet|wohnt) (hier )?nicht( mehr)?( hier)?|so jemanden gibt es hier nicht)",
  "(numero equivocado|se ha equivocado|persona equivocada|ya no (vive|trabaja) aqui)",
  "(mauvais numero|vous vous trompez|(nhabite|ne travaille) plus ici)",
);

const NO_ANSWER = anyOf(
  "i (really )?(dont|do not) (know|have (that|this|the|any)( kind of)? (information|detail*|answer*|data))",
  "(im|i am) (not sure|not able to (answer|say|tell|help with)|unable to (answer|say|tell|help with)|afraid i (dont|cant|cannot))",
  "i (cant|cannot|couldnt) (answer|say|tell you|help (you )?with) (that|this|the)?",
  "(to )?(bohuzel )?(nevim|nemam (tu |tuto |ty |tyto )?informac*|nemohu (na to )?odpovedet|nedokazu (vam )?(rict|odpovedet))",
  "(das )?weiss ich (leider )?nicht|(diese|die|keine) information* (habe ich|liegen mir) (leider )?nicht|kann ich (ihnen )?(leider )?nicht (sagen|beantworten)",
  "no (lo )?se|no tengo (esa|esta|la) informacion|no puedo (responder|decirle)",
  "je ne sais pas|je nai pas (cette|l|ces) ?information*|je ne peux pas (repondre|vous dire)",
);

/** What a callee's words say about how the call goes. */
export interface CalleeSigns {
  asksForHuman: boolean;
  /** `furious` insults or threatens, `annoyed` complains. */
  anger: "furious" | "annoyed" | null;
  isWrongPerson: boolean;
}

/** Reads a callee's turn. Words only: irony, and tone of voice, are beyond it. */
export const calleeSigns = (text: string): CalleeSigns => {
  const spelt = plain(text);
  return {
    asksForHuman: HUMAN.test(spelt),
    anger: FURIOUS.test(spelt) ? "furious" : ANNOYED.test(spelt) ? "annoyed" : null,
    isWrongPerson: WRONG_PERSON.test(spelt),
  };
};

/** Whether an agent's turn admits that it has no answer. */
export const lacksAnswer = (text: string): boolean => NO_ANSWER.test(plain(text));

const numbersOf = (words: readonly string[]): string => words.filter((word) => /\p{N}/u.test(word)).join(" ");

/** Whether two turns say nearly the same: other words for it are not, and neither is the same about another number. */
export const saysTheSame = (one: readonly string[], other: readonly string[]): boolean =>
  numbersOf(one) === numbersOf(other) && likeness(one, other) >= SAME_FROM;

/** How alike two lists of words are, 0 … 1: twice the words both have over all words of both (Dice). */
export const likeness = (one: readonly string[], other: readonly string[]): number => {
  if (one.length + other.length === 0) return 1;
  const counts = new Map<string, number>();
  for (const word of one) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of other) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    shared++;
  }
  return (2 * shared) / (one.length + other.length);
};
