import { closeSync, openSync, write, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { FRAME_MS, FRAME_SAMPLES, RATE_HZ, ULAW_SILENCE } from "../audio/frame.ts";
import { ulawDecode } from "../audio/g711.ts";
import { WAV_HEADER_BYTES, wavSizeFix, writeWavHeader } from "../audio/wav.ts";
import type { RecordingFile } from "./protocol.ts";

/** Channels of a call's file, and of the file of its supervisors. */
export const RECORDED = { callee: 0, sent: 1, supervisor: 0 } as const;

const CALL_CHANNELS = 2;
/** Frames kept in memory, 2.56 s. A disk that hangs longer loses sound of the recording, never of the call. */
const RING_FRAMES = 128;
/** Sound is written when so many frames of every channel wait: what a crash loses is less than 1 s. */
const FLUSH_FRAMES = 45;
/**
 * How far one channel may lag behind the other before its missing frames are written as silence. Packets that
 * waited while the process stood still put the callee's channel ahead, until silence was left out of it.
 */
const MAX_SKEW_FRAMES = 70;

/** Buffers that hold sound on its way to the disk, shared by recordings: as many as were ever written at once. */
export class WriteBuffers {
  readonly #free: Int16Array<ArrayBuffer>[] = [];

  take(): Int16Array<ArrayBuffer> {
    return this.#free.pop() ?? new Int16Array(FLUSH_FRAMES * FRAME_SAMPLES * CALL_CHANNELS);
  }

  /** Nobody writes from it any more. */
  giveBack(buffer: Int16Array<ArrayBuffer>): void {
    this.#free.push(buffer);
  }
}

/**
 * A recording: a 16-bit WAV at 8 kHz, streamed to disk while the call runs. Frames are placed by their number since the
 * answer, not by when they came. Writes are asynchronous; the tick never waits for the disk. If the ring is full because
 * the disk hangs, new frames are dropped and counted. A file whose process died lacks only its sizes in the header
 * (`repairRecording` mends that).
 */
export class Recorder {
  /** Frames that found the ring full. */
  droppedFrames = 0;
  readonly #path: string;
  readonly #fd: number;
  readonly #channels: number;
  readonly #frameBytes: number;
  // Silence wherever a frame has not come.
  readonly #rings: Uint8Array[] = [];
  readonly #positions: number[] = [];
  readonly #buffers: WriteBuffers;
  #buffer: Int16Array<ArrayBuffer> | null = null;
  readonly #onWritten: (error: NodeJS.ErrnoException | null) => void;
  readonly #onError: (detail: string) => void;
  #flushed: number;
  #writing = 0;
  #failed = false;
  #idle: (() => void) | null = null;

  /**
   * Creates the file (its folder must exist), readable by its owner only.
   * @param file `channels`: one or two; `startFrame`: silence before the first frame
   * @throws when it cannot be created.
   */
  constructor(
    path: string,
    onError: (detail: string) => void,
    buffers = new WriteBuffers(),
    file = { channels: CALL_CHANNELS, startFrame: 0 },
  ) {
    this.#path = path;
    this.#buffers = buffers;
    this.#onError = onError;
    this.#channels = file.channels;
    this.#frameBytes = FRAME_SAMPLES * file.channels * 2;
    this.#flushed = file.startFrame;
    for (let channel = 0; channel < file.channels; channel++) {
      this.#rings.push(new Uint8Array(RING_FRAMES * FRAME_SAMPLES).fill(ULAW_SILENCE));
      this.#positions.push(file.startFrame);
    }
    this.#fd = openSync(path, "w", 0o600);
    writeSync(this.#fd, header(file.channels, 0));
    this.#onWritten = (error) => this.#written(error);
  }

  /** Number of the frame that a channel takes next. */
  position(channel: number): number {
    return this.#positions[channel] ?? 0;
  }

  /** The next 20 ms of a channel. */
  put(channel: number, frame: Uint8Array): void {
    // What was waited for too long is silence in the file; sound that comes now is put behind it.
    const at = Math.max(this.#positions[channel]!, this.#flushed + this.#writing);
    this.#positions[channel] = at + 1;
    if (at >= this.#flushed + RING_FRAMES) this.droppedFrames++;
    else this.#rings[channel]!.set(frame, (at % RING_FRAMES) * FRAME_SAMPLES);
    this.#flushIfDue();
  }

  /** Frames of a channel that hold nothing, or never were because the process stalled: time passes in silence. */
  skip(channel: number, frames: number): void {
    this.#positions[channel]! += frames;
    this.#flushIfDue();
  }

  #flushIfDue(): void {
    let ahead = 0;
    let behind = Number.POSITIVE_INFINITY;
    for (let channel = 0; channel < this.#channels; channel++) {
      const position = this.#positions[channel]!;
      if (position > ahead) ahead = position;
      if (position < behind) behind = position;
    }
    const ready = Math.max(behind, ahead - MAX_SKEW_FRAMES);
    if (ready - this.#flushed >= FLUSH_FRAMES) this.#flush(ready);
  }

  #flush(ready: number): void {
    if (this.#writing > 0 || this.#failed) return;
    const start = this.#flushed % RING_FRAMES;
    const count = Math.min(ready - this.#flushed, RING_FRAMES - start, FLUSH_FRAMES);
    if (count <= 0) return;
    this.#writing = count;
    const buffer = this.#buffers.take();
    this.#buffer = buffer;
    this.#decode(buffer, start * FRAME_SAMPLES, count * FRAME_SAMPLES);
    const position = WAV_HEADER_BYTES + this.#flushed * this.#frameBytes;
    write(this.#fd, buffer, 0, count * this.#frameBytes, position, this.#onWritten);
  }

  #decode(into: Int16Array, from: number, samples: number): void {
    for (let channel = 0; channel < this.#channels; channel++) {
      const ring = this.#rings[channel]!;
      let to = channel;
      for (let i = from; i < from + samples; i++) {
        into[to] = ulawDecode[ring[i]!]!;
        to += this.#channels;
      }
    }
  }

  #written(error: NodeJS.ErrnoException | null): void {
    const count = this.#writing;
    this.#writing = 0;
    if (this.#buffer) this.#buffers.giveBack(this.#buffer);
    this.#buffer = null;
    if (error) {
      this.#failed = true;
      this.#onError(`the recording cannot be written (${error.code ?? "unknown"})`);
    } else {
      const from = (this.#flushed % RING_FRAMES) * FRAME_SAMPLES;
      for (const ring of this.#rings) ring.fill(ULAW_SILENCE, from, from + count * FRAME_SAMPLES);
      this.#flushed += count;
    }
    this.#idle?.();
  }

  /** Writes what is left and the header's sizes, and closes the file. What it returns is what is on disk. */
  async close(): Promise<RecordingFile> {
    const end = Math.max(...this.#positions);
    while (!this.#failed && this.#flushed < end) {
      this.#flush(end);
      await new Promise<void>((done) => {
        this.#idle = done;
      });
    }
    const bytes = this.#flushed * this.#frameBytes;
    writeSync(this.#fd, header(this.#channels, bytes), 0, WAV_HEADER_BYTES, 0);
    closeSync(this.#fd);
    return {
      path: this.#path,
      durationMs: this.#flushed * FRAME_MS,
      bytes: WAV_HEADER_BYTES + bytes,
    };
  }
}

const header = (channels: number, dataBytes: number): Uint8Array => {
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  writeWavHeader(bytes, channels, RATE_HZ, dataBytes);
  return bytes;
};

/**
 * Makes a recording playable whose process died before it could close it: writes the sizes that its length says.
 * Null when there is no such file or it is none of ours.
 */
export const repairRecording = async (path: string): Promise<RecordingFile | null> => {
  const file = await open(path, "r+").catch(() => null);
  if (!file) return null;
  try {
    const head = new Uint8Array(WAV_HEADER_BYTES);
    await file.read(head, 0, WAV_HEADER_BYTES, 0);
    const format = wavSizeFix(head, (await file.stat()).size);
    if (!format) return null;
    await file.truncate(WAV_HEADER_BYTES + format.dataBytes);
    await file.write(head, 0, WAV_HEADER_BYTES, 0);
    const durationMs = Math.floor(format.dataBytes / (format.channels * 2 * (format.rateHz / 1000)));
    return { path, durationMs, bytes: WAV_HEADER_BYTES + format.dataBytes };
  } finally {
    await file.close();
  }
};
