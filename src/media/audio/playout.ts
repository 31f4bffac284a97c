import { ByteRing } from "./byte-ring.ts";
import { FRAME_SAMPLES, SAMPLES_PER_MS, ULAW_SILENCE } from "./frame.ts";

/** Items waiting or remembered. When none of them is over, audio of a further item is dropped and counted. */
export const PLAYOUT_ITEMS = 64;

/** Speech taken without growing: 2 s. A model far ahead of its voice doubles it a few times, once in a call. */
const START_BYTES = 16 * 1024;
/** Most speech that may wait: 131 s. Beyond it the newest bytes are dropped and counted. */
const MAX_BYTES = 1024 * 1024;

/** Utterances a barge-in cut, in playing order: the first `count` entries hold. Kept and filled again each time. */
export class PlayoutCuts {
  count = 0;
  readonly tag = new Float64Array(PLAYOUT_ITEMS);
  /** How much of the item the callee was sent, in ms, exact to the byte (1/8 ms). */
  readonly heardMs = new Float64Array(PLAYOUT_ITEMS);
  /** How much of it had come from the voice, in ms. */
  readonly receivedMs = new Float64Array(PLAYOUT_ITEMS);
}

/**
 * Speech waiting to be heard, as µ-law bytes of items (utterances) named by rising integer tags. Items play without a
 * gap: the end of one and the beginning of the next share a frame. Silence fills a frame only after a closed item,
 * never inside one. Heard means copied out by `pull`.
 */
export class Playout {
  /** Frames that were due inside an item whose bytes had not come: audible holes. */
  underruns = 0;
  /** Bytes dropped because 1 MiB or 64 items waited. */
  droppedBytes = 0;
  /** Bytes that came for items already cleared or closed. */
  stragglerBytes = 0;
  /** Most bytes that ever waited. */
  maxQueuedBytes = 0;

  #ring = new ByteRing(START_BYTES);
  #read = 0;
  #queued = 0;

  // Items, oldest first, around the rings; those over stay until their place is needed, so that they can be asked for.
  readonly #tag = new Float64Array(PLAYOUT_ITEMS);
  readonly #received = new Float64Array(PLAYOUT_ITEMS);
  readonly #sent = new Float64Array(PLAYOUT_ITEMS);
  readonly #closed = new Uint8Array(PLAYOUT_ITEMS);
  #first = 0;
  #items = 0;
  /** Items at the front that are over. */
  #over = 0;

  /** Speech that waits, in ms. */
  get queuedMs(): number {
    return this.#queued / SAMPLES_PER_MS;
  }

  /** Whether an item is being played or waits: speech waits, or one was begun and is not closed. */
  get active(): boolean {
    return this.#over < this.#items;
  }

  /** Tag of the item at the front, or −1 if there is none. */
  get currentTag(): number {
    return this.active ? this.#tag[this.#slot(this.#over)]! : -1;
  }

  /** How much of an item was heard, in ms; 0 for an item unknown or long over. */
  heardMs(tag: number): number {
    const slot = this.#find(tag);
    return slot < 0 ? 0 : this.#sent[slot]! / SAMPLES_PER_MS;
  }

  /** How much of an item has come and was kept, in ms; 0 for an item unknown or long over. */
  receivedMs(tag: number): number {
    const slot = this.#find(tag);
    return slot < 0 ? 0 : this.#received[slot]! / SAMPLES_PER_MS;
  }

  /** Takes bytes of an item. A new tag must be greater than all before it, and closes the item before. */
  push(bytes: Uint8Array, off: number, len: number, tag: number): void {
    const slot = this.#open(tag);
    if (slot === STRAGGLER) {
      this.stragglerBytes += len;
      return;
    }
    const kept = slot === FULL ? 0 : Math.min(len, this.#room(len));
    this.droppedBytes += len - kept;
    if (kept === 0) return;
    this.#ring.write(this.#read + this.#queued, bytes, off, kept);
    this.#queued += kept;
    this.#received[slot] = this.#received[slot]! + kept;
    if (this.#queued > this.maxQueuedBytes) this.maxQueuedBytes = this.#queued;
  }

  /** No more bytes of this item will come: its last frame may be filled up with silence. */
  endItem(tag: number): void {
    const slot = this.#find(tag);
    if (slot < 0) return;
    this.#closed[slot] = 1;
    this.#retire();
  }

  /**
   * Writes the next 160 bytes to be heard. Returns 1 for speech, 0 for silence only: nothing waits, or less than a
   * frame of an item whose rest has not come.
   */
  pull(target: Uint8Array): number {
    let count = FRAME_SAMPLES;
    if (this.#queued < count) {
      count = this.#closedBytes();
      if (count === 0) {
        if (this.active && this.#sent[this.#slot(this.#over)]! > 0) this.underruns++;
        target.fill(ULAW_SILENCE, 0, FRAME_SAMPLES);
        return 0;
      }
      target.fill(ULAW_SILENCE, count, FRAME_SAMPLES);
    }
    this.#ring.read(this.#read, target, count);
    this.#read = (this.#read + count) % this.#ring.bytes.length;
    this.#queued -= count;
    this.#attribute(count);
    return 1;
  }

  /**
   * Barge-in: forgets what waits, fills `cuts` with every item not wholly heard and returns their number. Bytes that
   * still come for these or earlier items are dropped.
   */
  clear(cuts: PlayoutCuts): number {
    cuts.count = 0;
    for (let i = this.#over; i < this.#items; i++) {
      const slot = this.#slot(i);
      cuts.tag[cuts.count] = this.#tag[slot]!;
      cuts.heardMs[cuts.count] = this.#sent[slot]! / SAMPLES_PER_MS;
      cuts.receivedMs[cuts.count] = this.#received[slot]! / SAMPLES_PER_MS;
      cuts.count++;
      this.#closed[slot] = 1;
    }
    this.#over = this.#items;
    this.#queued = 0;
    return cuts.count;
  }

  #slot(index: number): number {
    return (this.#first + index) % PLAYOUT_ITEMS;
  }

  #find(tag: number): number {
    for (let i = this.#items - 1; i >= 0; i--) {
      const slot = this.#slot(i);
      if (this.#tag[slot] === tag) return slot;
    }
    return -1;
  }

  /** Slot that takes bytes of this tag now, or why none does. */
  #open(tag: number): number {
    if (this.#items > 0) {
      const newest = this.#slot(this.#items - 1);
      const newestTag = this.#tag[newest]!;
      if (tag < newestTag) return STRAGGLER;
      if (tag === newestTag) return this.#closed[newest] === 1 ? STRAGGLER : newest;
      this.#closed[newest] = 1;
      this.#retire();
    }
    if (this.#items === PLAYOUT_ITEMS) {
      if (this.#over === 0) return FULL;
      this.#first = this.#slot(1);
      this.#items--;
      this.#over--;
    }
    const slot = this.#slot(this.#items++);
    this.#tag[slot] = tag;
    this.#received[slot] = this.#sent[slot] = this.#closed[slot] = 0;
    return slot;
  }

  /** Bytes that can be taken now; doubles the ring when it is too small. */
  #room(len: number): number {
    while (this.#ring.bytes.length - this.#queued < len && this.#ring.bytes.length < MAX_BYTES) {
      const larger = new ByteRing(this.#ring.bytes.length * 2);
      this.#ring.read(this.#read, larger.bytes, this.#queued);
      this.#ring = larger;
      this.#read = 0;
    }
    return this.#ring.bytes.length - this.#queued;
  }

  /** Bytes waiting in front of the item that is still open. */
  #closedBytes(): number {
    if (!this.active) return 0;
    const newest = this.#slot(this.#items - 1);
    const open = this.#closed[newest] === 1 ? 0 : this.#received[newest]! - this.#sent[newest]!;
    return this.#queued - open;
  }

  /** Notes bytes as heard, item by item. */
  #attribute(count: number): void {
    let left = count;
    for (let i = this.#over; left > 0 && i < this.#items; i++) {
      const slot = this.#slot(i);
      const heard = Math.min(left, this.#received[slot]! - this.#sent[slot]!);
      this.#sent[slot] = this.#sent[slot]! + heard;
      left -= heard;
    }
    this.#retire();
  }

  #retire(): void {
    while (this.#over < this.#items) {
      const slot = this.#slot(this.#over);
      if (this.#closed[slot] === 0 || this.#sent[slot] !== this.#received[slot]) return;
      this.#over++;
    }
  }
}

const STRAGGLER = -1;
const FULL = -2;
