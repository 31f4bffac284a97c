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

/**
 * A new id: prefix, then 9 characters of time and 11 of chance in Crockford's base 32. Ids of one kind sort by the ms
 * they were made in and are safe in file names, URLs, HTML ids and carrier channel ids.
 */
export const newId = (kind: IdKind, nowMs: number = Date.now()): string => {
  let time = "";
  for (let rest = nowMs, i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let chance = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(11))) chance += ALPHABET[byte & 31];
  return `${kind}_${time}${chance}`;
};
