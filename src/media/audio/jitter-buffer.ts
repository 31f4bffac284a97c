import { ByteRing } from "./byte-ring.ts";
import { FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, ULAW_SILENCE } from "./frame.ts";
import { encodeUlaw, ulawDecode } from "./g711.ts";
import { meanSquareOf, ulawEnergy } from "./level.ts";
import { seqDistance, timestampDistance } from "./rtp.ts";

/** What `JitterBuffer.pull` gave: nothing is due; the next audio; a lost frame made up; silence where nothing came. */
export const NONE = 0;
export const VOICE = 1;
export const CONCEALED = 2;
export const SILENCE = 3;

/** Longest payload taken: 120 ms. */
export const MAX_PAYLOAD_BYTES = 960;

const RING_BYTES = 16384;
const MASK = RING_BYTES - 1;
/** Presence is kept for each ms. */
const SLOT_BYTES = SAMPLES_PER_MS;
const SLOT_MASK = RING_BYTES / SLOT_BYTES - 1;
const FRAME_SLOTS = FRAME_SAMPLES / SLOT_BYTES;
const ABSENT = 0;
const PRESENT = 1;
const PAUSED = 2;

/** Audio that can wait: 2.028 s. The frame last given stays in the ring, as concealment repeats it. */
export const JITTER_CAPACITY_MS = (RING_BYTES - FRAME_SAMPLES) / SAMPLES_PER_MS;
/** A longer jump of the timestamp (1 s) is a new time line, not a gap to be filled. */
const MAX_GAP_BYTES = 8192;

/** Bounds of the wait for a missing packet: below, one swapped pair is lost; above, the talk drags. */
const MIN_WAIT_MS = 20;
const MAX_WAIT_MS = 200;
/** Jumps of the sequence number beyond these need a second packet in order to be believed (RFC 3550 §A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEEN = 256;
/** The measured reordering halves in 1400 packets, 28 s. */
const REORDER_FADE = 0.9995;
/** Most wall time ever made up for with silence at once; what an owner that slept missed beyond it is given up. */
const MAX_CATCH_UP_MS = 1000;
/** Stream time is stretched only where the line is as quiet as this. */
const QUIET = meanSquareOf(-45);

const halved = Uint8Array.from(ulawDecode, (sample) => encodeUlaw(sample / 2));

/**
 * Turns RTP packets of µ-law, in whatever order they come, into 160 byte frames in order and without gaps in time.
 *
 * Audio in order leaves at once: the buffer adds no delay. Only a missing packet holds newer ones back, for `waitMs`,
 * which follows measured jitter and reordering (20..200 ms); then the gap is concealed and what waited leaves together.
 * When nothing comes for a packet's length and `waitMs` (the sender is silent, holds, or stalls), silence is given so that stream
 * time goes on with wall time; a pause seen in the timestamps afterwards is shortened by the silence already given,
 * while audio that was only delayed still leaves whole. Stream time may then be ahead of wall time: see `wantsDrop`.
 * When it falls behind (a slow sender's clock) silence is put into quiet places.
 *
 * The owner calls `pull` until `NONE` after each `push` and on each tick. Capacity 2.028 s; if the owner does not pull,
 * the oldest frames are dropped and counted.
 */
export class JitterBuffer {
  /** Packets taken, without duplicates; with `note`d ones. */
  received = 0;
  duplicates = 0;
  /** Packets that came after one with a higher sequence number, in time or late. */
  reordered = 0;
  /** Packets whose place had been concealed already. */
  late = 0;
  /** Packets of a length that is no whole ms or too long, or with a sequence or time that fits nowhere. */
  rejected = 0;
  /** Frames made up for lost packets. */
  concealed = 0;
  /** Frames of silence given for pauses, stalls and slow clocks. */
  silenceInserted = 0;
  /** Frames dropped because 2 s waited. */
  dropped = 0;
  /** New streams and time lines: SSRC changed, sequence or timestamp jumped. */
  resyncs = 0;
  /** Interarrival jitter (RFC 3550 §6.4.1), in ms. */
  jitterMs = 0;
  /** How long a missing packet is waited for now, in ms. */
  waitMs = MIN_WAIT_MS;

  readonly #ring = new ByteRing(RING_BYTES);
  readonly #slots = new Uint8Array(RING_BYTES / SLOT_BYTES);
  /** When the packet beginning at a slot came. */
  readonly #arrivedMs = new Float64Array(RING_BYTES / SLOT_BYTES);
  /** Extended sequence numbers seen last, by their low byte. */
  readonly #seen = new Int32Array(SEEN);

  // Positions are RTP timestamps plus `#shift`, whole ms, compared around the wrap.
  #out = 0;
  #end = 0;
  #shift = 0;
  #concealTo = 0;

  #synced = false;
  #running = false;
  #ssrc = 0;
  #firstSeq = 0;
  #highestSeq = 0;
  #streamReceived = 0;
  #lostBefore = 0;
  #probeSeq = -1;
  #lastTimestamp = 0;
  #lastArrivalMs = 0;
  #reorderMs = 0;
  #packetMs = FRAME_MS;

  /** When stream time began, and bytes given since. */
  #baseMs = 0;
  #given = 0;
  /** When a frame was last due. */
  #idleSinceMs = 0;
  /** Bytes of silence given since the last audio. */
  #credit = 0;
  #lastWasAudio = false;
  #concealedInRow = 0;
  /** When the packet behind the gap concealed last came. */
  #holeClosedByMs = Number.NEGATIVE_INFINITY;

  /** Packets missing so far, among them those still waited for (RFC 3550 §6.4.1: expected less received). */
  get lost(): number {
    return this.#lostBefore + this.#missing();
  }

  /** Audio that waits to be pulled, with the holes in it, in ms. */
  get waitingMs(): number {
    return Math.max(0, timestampDistance(this.#end, this.#out)) / SAMPLES_PER_MS;
  }

  /** Begins stream time now: what waits is forgotten, and silence flows even if no packet ever comes. */
  start(nowMs: number): void {
    this.#clear(timestampDistance(this.#end, this.#out));
    this.#begin(nowMs);
  }

  /** Takes one packet's payload: a whole number of ms up to 960 bytes. `marker` tells the first packet after silence. */
  push(
    seq: number,
    timestamp: number,
    ssrc: number,
    marker: boolean,
    payload: Uint8Array,
    off: number,
    len: number,
    nowMs: number,
  ): void {
    if (len <= 0 || len > MAX_PAYLOAD_BYTES || len % SLOT_BYTES !== 0 || off + len > payload.length) {
      this.rejected++;
      return;
    }
    if (!this.#synced) {
      this.#out = this.#end = this.#concealTo = timestamp & ~(SLOT_BYTES - 1);
      this.#sync(seq, timestamp, ssrc, nowMs);
      if (!this.#running) this.#begin(nowMs - len / SAMPLES_PER_MS);
    } else if (ssrc !== this.#ssrc || this.#restarted(seq)) {
      this.resyncs++;
      this.#sync(seq, timestamp, ssrc, nowMs);
    }
    const advance = seqDistance(seq, this.#highestSeq);
    if (!this.#take(advance)) return;
    this.#packetMs = Math.max(FRAME_MS, len / SAMPLES_PER_MS);
    this.#measure(timestamp, marker, nowMs);
    const at = advance > 0 ? this.#place(timestamp, advance) : this.#placeReordered(timestamp, len, nowMs);
    this.waitMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, 4 * this.jitterMs, 1.25 * this.#reorderMs));
    const late = Math.max(0, timestampDistance(this.#out, at));
    if (late >= len) {
      this.late++;
      return;
    }
    this.#makeRoom(at + len);
    this.#write(at + late, payload, off + late, len - late, nowMs);
    if (advance > 0) this.#end = (at + len) | 0;
  }

  /** A packet of this stream that holds no audio (telephone event, comfort noise): its number is not missing. */
  note(seq: number, ssrc: number): void {
    if (!this.#synced || ssrc !== this.#ssrc) return;
    const advance = seqDistance(seq, this.#highestSeq);
    if (advance > MAX_DROPOUT || advance < -MAX_MISORDER) return;
    if (this.#take(advance) && advance > 0) this.#highestSeq += advance;
  }

  /** Writes the next frame to `target` if one is due; returns `NONE`, `VOICE`, `CONCEALED` or `SILENCE`. */
  pull(target: Uint8Array, nowMs: number): number {
    if (!this.#running) return NONE;
    const waiting = timestampDistance(this.#end, this.#out);
    if (waiting < FRAME_SAMPLES) return this.#fill(target, nowMs);
    const first = this.#out >>> 3;
    let run = 0;
    while (run < FRAME_SLOTS && this.#slots[(first + run) & SLOT_MASK] !== ABSENT) run++;
    if (run === FRAME_SLOTS) return this.#give(target, nowMs);
    if (timestampDistance(this.#concealTo, this.#out) <= 0) {
      let hole = run + 1;
      while (hole * SLOT_BYTES < waiting && this.#slots[(first + hole) & SLOT_MASK] === ABSENT) hole++;
      const arrivedMs = this.#arrivedMs[(first + hole) & SLOT_MASK]!;
      if (nowMs - arrivedMs < this.waitMs) return NONE;
      this.#holeClosedByMs = arrivedMs;
      const heard = run === 0 ? Math.min(this.#credit, hole * SLOT_BYTES) : 0;
      if (heard > 0) {
        // Silence was given in the lost packets' place already.
        this.#credit -= heard;
        this.#out = (this.#out + heard) | 0;
        this.#lastWasAudio = false;
        return this.pull(target, nowMs);
      }
      this.#concealTo = (this.#out + hole * SLOT_BYTES) | 0;
    }
    return this.#conceal(target, nowMs);
  }

  /** Whole frames by which stream time is ahead of wall time; negative when behind. */
  aheadFrames(nowMs: number): number {
    return Math.trunc(this.#aheadMs(nowMs) / FRAME_MS);
  }

  /**
   * Stream time is ahead by more than jitter explains (a fast clock, or a burst after a stall filled with silence).
   * The owner may leave out a frame it finds silent, and tells so with `leftOut`. Best well after speech ended, so that
   * no turn's end is heard later for it.
   */
  wantsDrop(nowMs: number): boolean {
    return this.#aheadMs(nowMs) >= FRAME_MS + this.waitMs;
  }

  /** The frame pulled last was not passed on: stream time is a frame shorter. */
  leftOut(): void {
    this.#given -= FRAME_SAMPLES;
  }

  #aheadMs(nowMs: number): number {
    return this.#given / SAMPLES_PER_MS - (nowMs - this.#baseMs);
  }

  #begin(baseMs: number): void {
    this.#running = true;
    this.#baseMs = this.#idleSinceMs = baseMs;
    this.#given = this.#credit = 0;
    this.#lastWasAudio = false;
  }

  #missing(): number {
    return this.#synced ? this.#highestSeq - this.#firstSeq + 1 - this.#streamReceived : 0;
  }

  /** A new stream goes on where the old one's audio ends, so nothing that waits is lost. */
  #sync(seq: number, timestamp: number, ssrc: number, nowMs: number): void {
    this.#lostBefore += this.#missing();
    this.#synced = true;
    this.#ssrc = ssrc;
    // One lap ahead, so that packets from before the first have positive numbers; the first is still to be taken.
    this.#firstSeq = seq + 65536;
    this.#highestSeq = this.#firstSeq - 1;
    this.#streamReceived = 0;
    this.#seen.fill(-1);
    this.#probeSeq = -1;
    this.#shift = (this.#end - timestamp) | 0;
    this.#lastTimestamp = timestamp;
    this.#lastArrivalMs = nowMs;
  }

  /** The sender began its numbers anew: two packets in a row at a far place. */
  #restarted(seq: number): boolean {
    const advance = seqDistance(seq, this.#highestSeq);
    return (advance > MAX_DROPOUT || advance < -MAX_MISORDER) && seq === this.#probeSeq;
  }

  /** Counts a packet by its number; false if it must not be used. */
  #take(advance: number): boolean {
    const extended = this.#highestSeq + advance;
    if (advance > MAX_DROPOUT || advance < -MAX_MISORDER) {
      this.#probeSeq = (extended + 1) & 0xffff;
      this.rejected++;
      return false;
    }
    if (this.#seen[extended & (SEEN - 1)] === extended) {
      this.duplicates++;
      return false;
    }
    this.#seen[extended & (SEEN - 1)] = extended;
    if (extended < this.#firstSeq) this.#firstSeq = extended;
    this.received++;
    this.#streamReceived++;
    return true;
  }

  #measure(timestamp: number, marker: boolean, nowMs: number): void {
    const sentMs = timestampDistance(timestamp, this.#lastTimestamp) / SAMPLES_PER_MS;
    const deviationMs = Math.abs(nowMs - this.#lastArrivalMs - sentMs);
    // Clocks of talk spurts are loose, and a jump of the timestamp is not the network's.
    if (!marker && deviationMs < MAX_CATCH_UP_MS) this.jitterMs += (deviationMs - this.jitterMs) / 16;
    this.#lastTimestamp = timestamp;
    this.#lastArrivalMs = nowMs;
    this.#reorderMs *= REORDER_FADE;
  }

  /** Position of a packet newer than all before; the sender's pauses become silence in the ring. */
  #place(timestamp: number, advance: number): number {
    this.#highestSeq += advance;
    let at = (timestamp + this.#shift) & ~(SLOT_BYTES - 1);
    let gap = timestampDistance(at, this.#end);
    if (gap < 0 || gap > MAX_GAP_BYTES) {
      // A long pause in unbroken sequence is an ordinary hold; anything else is a new time line.
      if (gap < 0 || advance > 1) this.resyncs++;
      this.#shift = (this.#end - timestamp) | 0;
      return this.#end;
    }
    // What is missing may be speech only if it fills the gap; comfort noise that was taken out on the way does not.
    if (gap <= (advance - 1) * this.#packetMs * SAMPLES_PER_MS) return at;
    const heard = Math.min(this.#credit, gap);
    this.#credit -= heard;
    this.#shift -= heard;
    at = (at - heard) | 0;
    gap -= heard;
    this.#makeRoom(at);
    for (let i = 0; i < gap; i++) this.#ring.bytes[(this.#end + i) & MASK] = ULAW_SILENCE;
    for (let i = 0; i < gap; i += SLOT_BYTES) this.#slots[((this.#end + i) >>> 3) & SLOT_MASK] = PAUSED;
    return at;
  }

  /** Position of a packet older than the newest; one that fits nowhere is placed before all audio, as too late. */
  #placeReordered(timestamp: number, len: number, nowMs: number): number {
    this.reordered++;
    const at = (timestamp + this.#shift) & ~(SLOT_BYTES - 1);
    const tooLate = (this.#out - len) | 0;
    let newerMs = this.#holeClosedByMs;
    if (timestampDistance(at, this.#out) >= 0) {
      const room = timestampDistance(this.#end, at) - len;
      let slot = at >>> 3;
      for (let i = 0; i < len; i += SLOT_BYTES)
        if (room < 0 || this.#slots[slot++ & SLOT_MASK] !== ABSENT) return tooLate;
      for (let i = 0; i < room && this.#slots[slot & SLOT_MASK] === ABSENT; i += SLOT_BYTES) slot++;
      newerMs = this.#arrivedMs[slot & SLOT_MASK]!;
    }
    const behindMs = nowMs - newerMs;
    // Longer than that it was no gap in this packet's place.
    if (behindMs < MAX_CATCH_UP_MS) this.#reorderMs = Math.max(this.#reorderMs, Math.min(MAX_WAIT_MS, behindMs));
    return at;
  }

  /** Drops the oldest frames until audio may end at `end`. */
  #makeRoom(end: number): void {
    const over = timestampDistance(end, this.#out) - (RING_BYTES - FRAME_SAMPLES);
    if (over <= 0) return;
    const frames = Math.ceil(over / FRAME_SAMPLES);
    this.dropped += frames;
    this.#clear(frames * FRAME_SAMPLES);
    this.#lastWasAudio = false;
  }

  #clear(bytes: number): void {
    for (let i = 0; i < bytes; i += SLOT_BYTES) this.#slots[((this.#out + i) >>> 3) & SLOT_MASK] = ABSENT;
    this.#out = (this.#out + bytes) | 0;
  }

  #write(at: number, payload: Uint8Array, off: number, len: number, nowMs: number): void {
    this.#ring.write(at, payload, off, len);
    for (let i = 0; i < len; i += SLOT_BYTES) this.#slots[((at + i) >>> 3) & SLOT_MASK] = PRESENT;
    this.#arrivedMs[(at >>> 3) & SLOT_MASK] = nowMs;
  }

  /** A whole frame. */
  #give(target: Uint8Array, nowMs: number): number {
    const at = this.#out;
    this.#ring.read(at, target, FRAME_SAMPLES);
    let audio = false;
    for (let i = 0; i < FRAME_SLOTS; i++) {
      const slot = ((at >>> 3) + i) & SLOT_MASK;
      if (this.#slots[slot] === PRESENT) audio = true;
      this.#slots[slot] = ABSENT;
    }
    this.#advance(nowMs);
    this.#concealedInRow = 0;
    this.#lastWasAudio = audio;
    if (audio) return VOICE;
    this.silenceInserted++;
    return SILENCE;
  }

  /** A frame with holes: the last frame at half its amplitude once, then silence; what there is stays. */
  #conceal(target: Uint8Array, nowMs: number): number {
    const at = this.#out;
    const repeat = this.#concealedInRow === 0 && this.#lastWasAudio;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const from = at + i;
      if (this.#slots[(from >>> 3) & SLOT_MASK] !== ABSENT) target[i] = this.#ring.bytes[from & MASK]!;
      else target[i] = repeat ? halved[this.#ring.bytes[(from - FRAME_SAMPLES) & MASK]!]! : ULAW_SILENCE;
    }
    for (let i = 0; i < FRAME_SLOTS; i++) this.#slots[((at >>> 3) + i) & SLOT_MASK] = ABSENT;
    this.#advance(nowMs);
    this.#concealedInRow++;
    this.#lastWasAudio = false;
    this.concealed++;
    return CONCEALED;
  }

  #advance(nowMs: number): void {
    this.#out = (this.#out + FRAME_SAMPLES) | 0;
    this.#given += FRAME_SAMPLES;
    this.#credit = 0;
    this.#idleSinceMs = nowMs;
  }

  /** Less than a frame waits: silence if it is overdue. */
  #fill(target: Uint8Array, nowMs: number): number {
    const patienceMs = this.#packetMs + this.waitMs;
    this.#idleSinceMs = Math.max(this.#idleSinceMs, nowMs - MAX_CATCH_UP_MS);
    this.#baseMs = Math.max(this.#baseMs, nowMs - this.#given / SAMPLES_PER_MS - MAX_CATCH_UP_MS);
    if (nowMs - this.#idleSinceMs >= patienceMs) {
      this.#idleSinceMs += FRAME_MS;
      const rest = timestampDistance(this.#end, this.#out);
      this.#credit += FRAME_SAMPLES - rest;
      this.#lastWasAudio = false;
      if (rest > 0) return this.#giveRest(target, rest);
    } else if (this.#aheadMs(nowMs) > -patienceMs || !this.#isQuiet()) {
      return NONE;
    }
    target.fill(ULAW_SILENCE, 0, FRAME_SAMPLES);
    this.#given += FRAME_SAMPLES;
    this.silenceInserted++;
    return SILENCE;
  }

  /** The last ms before a pause, in place of being heard after it: the sender's packets are no whole frames. */
  #giveRest(target: Uint8Array, bytes: number): number {
    let audio = false;
    for (let i = 0; i < bytes; i++) {
      const at = this.#out + i;
      const slot = this.#slots[(at >>> 3) & SLOT_MASK];
      if (slot === PRESENT) audio = true;
      target[i] = slot === ABSENT ? ULAW_SILENCE : this.#ring.bytes[at & MASK]!;
    }
    target.fill(ULAW_SILENCE, bytes, FRAME_SAMPLES);
    this.#clear(bytes);
    this.#given += FRAME_SAMPLES;
    if (audio) return VOICE;
    this.silenceInserted++;
    return SILENCE;
  }

  #isQuiet(): boolean {
    if (!this.#lastWasAudio) return true;
    const from = (this.#out - FRAME_SAMPLES) & MASK;
    const head = Math.min(FRAME_SAMPLES, RING_BYTES - from);
    const tail = FRAME_SAMPLES - head;
    const sum = ulawEnergy(this.#ring.bytes, from, head) * head + ulawEnergy(this.#ring.bytes, 0, tail) * tail;
    return sum / FRAME_SAMPLES < QUIET;
  }
}
