import { FRAME_SAMPLES } from "../audio/frame.ts";

const HEAD = '{"type":"input_audio_buffer.append","audio":"';
const TAIL = '"}';
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Base64 of 160 bytes: 53 groups of three, one byte left over and two `=` (RFC 4648 §4). */
const TEXT_BYTES = 216;
const LAST = FRAME_SAMPLES - 1;

/** Both characters of each 12 bits. */
const FIRST = Uint8Array.from({ length: 4096 }, (_, bits) => ALPHABET.charCodeAt(bits >> 6));
const SECOND = Uint8Array.from({ length: 4096 }, (_, bits) => ALPHABET.charCodeAt(bits & 63));

/**
 * The message that carries one frame to the Realtime API, fifty times a second a call: written in place, as strings would
 * be made, joined and turned into bytes for every frame.
 */
export class AudioAppend {
  readonly #bytes = Buffer.from(HEAD + "=".repeat(TEXT_BYTES) + TAIL, "latin1");

  /** The whole message as UTF-8 text; its bytes hold until the next call. */
  of(frame: Uint8Array): Buffer {
    const bytes = this.#bytes;
    let to = HEAD.length;
    for (let i = 0; i < LAST; i += 3) {
      const high = (frame[i]! << 4) | (frame[i + 1]! >> 4);
      const low = ((frame[i + 1]! & 15) << 8) | frame[i + 2]!;
      bytes[to] = FIRST[high]!;
      bytes[to + 1] = SECOND[high]!;
      bytes[to + 2] = FIRST[low]!;
      bytes[to + 3] = SECOND[low]!;
      to += 4;
    }
    const rest = frame[LAST]! << 4;
    bytes[to] = FIRST[rest]!;
    bytes[to + 1] = SECOND[rest]!;
    return bytes;
  }
}
