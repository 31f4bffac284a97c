/** Bytes of speech one message may bring on the fast path: 2 s of G.711; longer ones take the slow one. */
const CAPACITY = 16_384;
const PREFIX = '{"type":"response.output_audio.delta"';
const RESPONSE = '"response_id":"';
const ITEM = '"item_id":"';
const DELTA = '"delta":"';
/** Names that stay the same on both paths: no escapes, one byte a character. */
const PLAIN = /^[\x20-\x7e]{1,256}$/;

/** Speech of one message; the first `length` bytes count. */
export interface AudioDelta {
  readonly responseId: string;
  readonly itemId: string;
  readonly bytes: Uint8Array;
  readonly length: number;
}

/**
 * Reads `response.output_audio.delta` without parsing JSON: it is nearly all that a session sends. Anything unusual
 * about a message (spaces, escapes, another order of members at its start) makes it decline, and the message is parsed.
 *
 * The outcome is kept in the reader and holds until its next call.
 */
export class AudioDeltaReader implements AudioDelta {
  responseId = "";
  itemId = "";
  readonly bytes: Uint8Array;
  length = 0;
  readonly #buffer = Buffer.allocUnsafeSlow(CAPACITY);

  constructor() {
    this.bytes = this.#buffer;
  }

  /** Takes a whole text message; false when it is something else or has to be parsed. */
  read(message: Buffer): boolean {
    const text = message.toString("latin1");
    if (!text.startsWith(PREFIX) || text.indexOf("\\") >= 0) return false;
    const response = this.#name(text, RESPONSE, this.responseId);
    const item = this.#name(text, ITEM, this.itemId);
    const at = text.indexOf(DELTA);
    if (response === null || item === null || at < 0) return false;
    const from = at + DELTA.length;
    const to = text.indexOf('"', from);
    if (to < 0 || to - from > (CAPACITY * 4) / 3 || text.charCodeAt(text.length - 1) !== 0x7d) return false;
    this.responseId = response;
    this.itemId = item;
    this.length = this.#buffer.write(text.slice(from, to), 0, "base64");
    return true;
  }

  /** The value of a member, as the string kept from the last message where it is the same one. */
  #name(text: string, member: string, kept: string): string | null {
    const at = text.indexOf(member);
    if (at < 0) return null;
    const from = at + member.length;
    const end = from + kept.length;
    if (kept !== "" && text.startsWith(kept, from) && text.charCodeAt(end) === 0x22) return kept;
    const to = text.indexOf('"', from);
    if (to < 0) return null;
    const name = text.slice(from, to);
    return PLAIN.test(name) ? name : null;
  }
}
