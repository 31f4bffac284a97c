import { type Found, findIn, type SearchWords } from "../core/search-words.ts";
import type { StoredTurn } from "../core/store/transcripts.ts";

/** Characters shown before the first word found, and of the whole line; both are cut between words. */
const BEFORE = 60;
const LONGEST = 200;

/** A piece of a line: words that were looked for, or what stands between them. */
export interface Piece {
  text: string;
  isFound: boolean;
}

/** A turn in which something was found. */
export interface SearchHit {
  turn: StoredTurn;
  /** The part of its words around what was found. */
  pieces: Piece[];
}

/** The beginning or end of a part, moved to the next gap between words if there is one near. */
const cutAt = (text: string, at: number): number => {
  const gap = text.slice(at, at + BEFORE / 2).search(/\s/u);
  return gap < 0 ? at : at + gap;
};

const piecesOf = (text: string, found: readonly Found[]): Piece[] => {
  const first = found[0]?.from ?? 0;
  const begin = first <= BEFORE ? 0 : cutAt(text, first - BEFORE);
  const end = text.length - begin <= LONGEST ? text.length : cutAt(text, begin + LONGEST);
  const pieces: Piece[] = [];
  const add = (piece: string, isFound: boolean): void => {
    if (piece !== "") pieces.push({ text: piece, isFound });
  };
  let at = begin;
  if (begin > 0) add("…", false);
  for (const { from, to } of found) {
    if (from < at || to > end) continue;
    add(text.slice(at, from), false);
    add(text.slice(from, to), true);
    at = to;
  }
  add(text.slice(at, end), false);
  if (end < text.length) add("…", false);
  return pieces;
};

/** The turns that say most of what was looked for, at most so many, in the order they were said. */
export const hitsOf = (turns: readonly StoredTurn[], search: SearchWords, most: number): SearchHit[] =>
  turns
    .map((turn) => ({ turn, found: findIn(turn.text, search) }))
    .filter(({ found }) => found.length > 0)
    .map((one) => ({ ...one, phrases: new Set(one.found.map(({ phrase }) => phrase)).size }))
    .sort((a, b) => b.phrases - a.phrases)
    .slice(0, most)
    .sort((a, b) => a.turn.atMs - b.turn.atMs)
    .map(({ turn, found }) => ({ turn, pieces: piecesOf(turn.text, found) }));
