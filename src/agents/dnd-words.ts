/**
 * Requests not to be called any more, in the plainest words of a few languages. Nothing milder: "don't call before nine"
 * and "I have no time" are none. It stands beside a model's judgement, so that a clear request counts while no model can
 * be asked.
 */
const REQUESTS: readonly RegExp[] = [
  /\b(?:stop|quit) (?:calling|phoning|ringing|bothering)(?: (?:me|us|here|this number|my (?:phone|number|house|office)))?(?=[^\w\s']|$| (?:again|please|now|already|any ?more|ever|and|or|i|you|okay|ok|all)\b)/i,
  /(?<!\b(?:i|we|they|he|she)(?: would| will|'d|'ll)? )\b(?:do not|don'?t|never) (?:ever )?(?:call|phone|ring|contact) (?:me |us |here |this number )?(?:again|any ?more|ever)\b(?! (?:before|until|till|today|tonight|this))/i,
  /\b(?:take|remove|delete|get|put) (?:me|us|my (?:number|name)|our (?:number|name)|this number) (?:off|from|out of|on) (?:of )?(?:your|the|any|all)? ?(?:call(?:ing)? |phone |do[- ]not[- ]call |dnd |contact )?lists?\b/i,
  /\bdo[- ]not[- ]call list\b/i,
  /\blose (?:my|this|our) number\b/i,
  /\brufen sie (?:(?:mich|uns|hier|bitte) ){0,2}(?:nie wieder|nicht mehr|nie mehr) an\b/i,
  /\b(?:ne m'appelez|ne nous appelez|n'appelez) plus\b(?! (?:avant|pendant|aujourd'hui|ce |cet |cette |le |la |à |au |si |en ))/i,
  /\bno (?:me|nos) (?:llamen? (?:nunca )?m[aá]s|vuelvan? a llamar(?: (?:nunca|jam[aá]s))?)(?![\p{L}]| (?:antes|hasta|hoy|ahora|esta|este|ma[nñ]ana|tarde|a las|a la|en))/iu,
];

/** The words of a clear request not to be called again, or null. `text` is what one callee said in one turn. */
export const dndWordsIn = (text: string): string | null => {
  const plain = text.replace(/[’`]/g, "'");
  for (const sentence of plain.split(/(?<=[.!?])\s+/)) {
    if (REQUESTS.some((request) => request.test(sentence))) return sentence.trim();
  }
  return null;
};
