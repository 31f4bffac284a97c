import type { SpokenLine } from "../engine/protocol.ts";

/** A line with what is needed to say it piece by piece without allocating. */
export class Utterance {
  readonly text: string;
  readonly audio: Uint8Array;
  /** The text up to the end of each of its words. */
  readonly #prefixes: string[] = [];

  constructor(line: SpokenLine) {
    this.text = line.text;
    this.audio = line.audio;
    for (const word of line.text.matchAll(/\S+/g)) {
      this.#prefixes.push(line.text.slice(0, word.index + word[0].length));
    }
  }

  /** How long it sounds, in ms. */
  get durationMs(): number {
    return this.audio.length / 8;
  }

  /** How many of its words have sounded after so many bytes; words sound as long as they are written. */
  wordsAt(bytes: number, from: number): number {
    let count = from;
    const reached = bytes * this.text.length;
    while (count < this.#prefixes.length && this.#prefixes[count]!.length * this.audio.length <= reached) count++;
    return count;
  }

  /** Its first words. */
  words(count: number): string {
    return count > 0 ? (this.#prefixes[count - 1] ?? this.text) : "";
  }
}
