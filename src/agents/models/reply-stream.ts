const ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** A field's name is kept only up to this many characters; a longer one is none that anybody follows. */
const MAX_NAME = 200;

/**
 * Reads one string field of a JSON object (RFC 8259) while the object is still being written, in pieces cut anywhere.
 * Only the object's own fields count, not those of objects within. What stands before the object is passed over.
 */
export class ReplyStream {
  readonly #field: string;
  #depth = 0;
  /** The next string is a name of the object itself: strings at depth 1 alternate between names and values. */
  #expectsName = false;
  #isString = false;
  #isName = false;
  #isReply = false;
  #isDone = false;
  #name = "";
  #lastName = "";
  /** What follows a backslash, `u` and up to four digits; null outside an escape. */
  #escape: string | null = null;
  /** First half of a pair, kept until the second comes, so that no piece ends within a character. */
  #half = "";

  constructor(field: string) {
    this.#field = field;
  }

  /** Takes the next piece; gives what it adds to the field, often nothing. */
  push(piece: string): string {
    if (this.#isDone) return "";
    let added = "";
    for (let i = 0; i < piece.length && !this.#isDone; i++) {
      const char = piece.charAt(i);
      if (this.#isString) added += this.#inString(char);
      else this.#between(char);
    }
    return added;
  }

  #between(char: string): void {
    switch (char) {
      case "{":
      case "[":
        this.#depth++;
        this.#expectsName = this.#depth === 1 && char === "{";
        return;
      case "}":
      case "]":
        if (this.#depth > 0 && --this.#depth === 0) this.#isDone = true;
        return;
      case ":":
        if (this.#depth === 1) this.#expectsName = false;
        return;
      case ",":
        if (this.#depth === 1) this.#expectsName = true;
        return;
      case '"':
        if (this.#depth === 0) return;
        this.#isString = true;
        this.#isName = this.#expectsName;
        this.#isReply = this.#depth === 1 && !this.#expectsName && this.#lastName === this.#field;
        this.#name = "";
    }
  }

  #inString(char: string): string {
    if (this.#escape !== null) return this.#inEscape(char);
    if (char === "\\") {
      this.#escape = "";
      return "";
    }
    if (char !== '"') return this.#take(char);
    this.#isString = false;
    if (this.#isName) this.#lastName = this.#name;
    if (!this.#isReply) return "";
    this.#isDone = true;
    return this.#half;
  }

  #inEscape(char: string): string {
    const whole = `${this.#escape}${char}`;
    if (whole.startsWith("u") && whole.length < 5) {
      this.#escape = whole;
      return "";
    }
    this.#escape = null;
    if (!whole.startsWith("u")) return this.#take(ESCAPES[whole] ?? whole);
    const code = Number.parseInt(whole.slice(1), 16);
    return this.#take(Number.isNaN(code) ? "\ufffd" : String.fromCharCode(code));
  }

  #take(char: string): string {
    if (this.#isName && this.#name.length < MAX_NAME) this.#name += char;
    if (!this.#isReply) return "";
    const whole = this.#half + char;
    const code = char.charCodeAt(0);
    this.#half = code >= 0xd800 && code < 0xdc00 ? char : "";
    return this.#half === "" ? whole : whole.slice(0, -1);
  }
}
