const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** What an id names; it is the id's prefix, so that a stray id in a log says what it is. */
export type IdKind =
  | "ten"
  | "usr"
  | "agt"
  | "cmp"
  | "tsk"
  | "call"
  | "rec"
  | "dnd"
  | "turn"
  | "cev"
  | "req"
  | "seat"
  | "cmd"
  | "ver"
  | "rep"
  | "cnv"
  | "msg"
  | "qst"
  | "use"
  | "note";

const CHANCE_LENGTH = 11;

/** The newest id of each kind: those of one ms count up from the first, so that they sort as they were made. */
const newest = new Map<IdKind, { nowMs: number; chance: string }>();

/**
 * A new id: prefix, then 9 characters of time and 11 of chance in Crockford's base 32. Ids of one kind sort by the ms
 * they were made in, within one ms by their order in this process, and are safe in file names, URLs, HTML ids and
 * carrier channel ids. They are no secrets: who knows one can guess those made beside it.
 */
export const newId = (kind: IdKind, nowMs: number = Date.now()): string => {
  let time = "";
  for (let rest = nowMs, i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  const last = newest.get(kind);
  const chance = last?.nowMs === nowMs ? after(last.chance) : freshChance();
  newest.set(kind, { nowMs, chance });
  return `${kind}_${time}${chance}`;
};

/** Its first digit is from the lower half, so that what counts up from it never runs out. */
const freshChance = (): string => {
  let chance = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(CHANCE_LENGTH))) {
    chance += ALPHABET[byte & (chance === "" ? 15 : 31)];
  }
  return chance;
};

/** The next greater one of the same length. */
const after = (chance: string): string => {
  const last = ALPHABET.at(-1)!;
  let kept = CHANCE_LENGTH;
  while (chance[kept - 1] === last) kept--;
  const grown = ALPHABET[ALPHABET.indexOf(chance[kept - 1]!) + 1];
  return chance.slice(0, kept - 1) + grown + ALPHABET[0]!.repeat(CHANCE_LENGTH - kept);
};
