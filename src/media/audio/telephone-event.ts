import { SAMPLES_PER_MS } from "./frame.ts";
import { timestampDistance } from "./rtp.ts";

/** Bytes of one RFC 4733 event. */
export const TELEPHONE_EVENT_BYTES = 4;

/** What `TelephoneEvents.push` returns when a packet brings no new key. */
export const NO_EVENT = -1;

/** Packets that carry the end of an event, so that two may be lost (RFC 4733 §2.5.1.4). */
const END_PACKETS = 3;
const MAX_DURATION = 0xffff;
const DIGITS = "0123456789*#ABCD";

/** Key of an event code 0..15 (RFC 4733 §3.2), or "" for codes that are no key. */
export function digitOfEvent(event: number): string {
  return DIGITS.charAt(event);
}

/** Event code 0..15 of a key (`0`–`9`, `*`, `#`, `A`–`D`), or `NO_EVENT`. */
export function eventOfDigit(digit: string): number {
  return digit.length === 1 ? DIGITS.indexOf(digit.toUpperCase()) : NO_EVENT;
}

/**
 * Keys pressed in an RTP stream (RFC 4733 §2.3). A key is told once, by the first of its packets that arrives: lost
 * first packets, lost ends and the three copies of the end change nothing. All packets of a key carry the timestamp of
 * its start. Keeps one key; packets of an older key are counted in `stale` and dropped.
 */
export class TelephoneEvents {
  /** Keys told. */
  events = 0;
  /** Packets of a key before the current one. */
  stale = 0;
  /** Packets too short for an event, or with a code that is no key. */
  rejected = 0;
  /** Length of the current key so far, in ms. */
  durationMs = 0;
  /** The current key's end was seen. */
  ended = true;

  #event = NO_EVENT;
  #timestamp = 0;
  #duration = 0;

  /** Takes one packet's payload; returns the event code 0..15 if it begins a key, else `NO_EVENT`. */
  push(timestamp: number, payload: Uint8Array, off: number, len: number): number {
    const event = payload[off] ?? 0xff;
    if (len < TELEPHONE_EVENT_BYTES || off + len > payload.length || event >= DIGITS.length) {
      this.rejected++;
      return NO_EVENT;
    }
    const end = payload[off + 1]! >= 128;
    const duration = (payload[off + 2]! << 8) | payload[off + 3]!;
    const after = this.#event === NO_EVENT ? 1 : timestampDistance(timestamp, this.#timestamp);
    if (after < 0) {
      this.stale++;
      return NO_EVENT;
    }
    // A key held longer than the duration field can say goes on in a new segment (RFC 4733 §2.5.1.3).
    const goesOn = after === 0 || (!this.ended && event === this.#event && after === MAX_DURATION);
    if (after > 0) {
      this.#timestamp = timestamp;
      if (!goesOn) this.durationMs = 0;
      this.#duration = 0;
      this.ended = false;
    }
    this.#event = event;
    // Reordered copies are shorter than what is known.
    if (duration > this.#duration) {
      this.durationMs += (duration - this.#duration) / SAMPLES_PER_MS;
      this.#duration = duration;
    }
    if (end) this.ended = true;
    if (goesOn) return NO_EVENT;
    this.events++;
    return event;
  }

  /** A new stream (SSRC) begins: the next packet is a new key whatever its timestamp. */
  reset(): void {
    this.#event = NO_EVENT;
    this.ended = true;
  }
}

/**
 * Payloads of one key, one for each packet time, then two more copies of the end. All packets of a key carry the
 * timestamp of its start, the first carries the marker (RFC 4733 §2.5.1).
 */
export class TelephoneEventWriter {
  #event = 0;
  #duration = 0;
  #total = 0;
  #step = 0;
  #endsLeft = 0;

  /**
   * @param event code 0..15
   * @param totalMs how long the key is down; at most 8191 ms are told
   * @param stepMs time between packets
   */
  start(event: number, totalMs: number, stepMs: number): void {
    this.#event = event;
    this.#duration = 0;
    this.#total = Math.min(MAX_DURATION, Math.round(totalMs * SAMPLES_PER_MS));
    this.#step = Math.max(1, Math.round(stepMs * SAMPLES_PER_MS));
    this.#endsLeft = END_PACKETS;
  }

  /** Writes the next 4 byte payload; false, and nothing written, once the key has been told. */
  next(target: Uint8Array, off: number): boolean {
    if (this.#endsLeft === 0) return false;
    this.#duration = Math.min(this.#total, this.#duration + this.#step);
    const end = this.#duration === this.#total;
    if (end) this.#endsLeft--;
    target[off] = this.#event;
    target[off + 1] = (end ? 0x80 : 0) | VOLUME;
    target[off + 2] = this.#duration >> 8;
    target[off + 3] = this.#duration;
    return true;
  }
}

/** Power of the tone in −dBm0 (RFC 4733 §2.3.3); the value most gateways send. */
const VOLUME = 10;
