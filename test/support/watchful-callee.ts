import { ULAW_SILENCE } from "../../src/media/audio/frame.ts";
import { encodeUlaw, ulawDecode } from "../../src/media/audio/g711.ts";
import { toneAmplitude } from "../../src/media/audio/tone.ts";
import { CalleeMedia } from "./callee-media.ts";

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
/** Mean square of a frame that is sound. */
const SOUND = 150 ** 2;
/** Share of a frame's energy that makes it a tone's. */
const MOST = 0.5;

/** A frame that arrived. */
interface HeardFrame {
  /** `performance.now()` of the arrival. */
  atMs: number;
  /** Name of the tone that it is of, `words` for other sound, or nothing. */
  of: string;
}

/** A callee who holds the line, speaks when told to, and notes what is heard frame by frame, by the time it comes. */
export class WatchfulCallee {
  readonly #media: CalleeMedia;
  readonly #tones: Readonly<Record<string, number>>;
  readonly #frames: HeardFrame[] = [];
  readonly #samples = new Int16Array(FRAME_SAMPLES);
  readonly #silence = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
  #looked = 0;
  #toPort = 0;
  #saying = new Uint8Array(0);
  #said = 0;
  #sent = 0;
  #startMs = 0;
  #pump: Timer | undefined;

  private constructor(media: CalleeMedia, tones: Readonly<Record<string, number>>) {
    this.#media = media;
    this.#tones = tones;
  }

  /** @param tones pitches in Hz by the name of who speaks in them */
  static async open(tones: Readonly<Record<string, number>>): Promise<WatchfulCallee> {
    return new WatchfulCallee(await CalleeMedia.open(), tones);
  }

  /** Where it takes sound. */
  get port(): number {
    return this.#media.port;
  }

  /** Begins to send a frame every 20 ms to this port, of silence while it says nothing. */
  begin(toPort: number): void {
    this.#toPort = toPort;
    this.#startMs = performance.now();
    this.#pump = setInterval(() => this.#send(), FRAME_MS);
  }

  /** Says this, 8 kHz, in place of what it was saying. */
  say(sound: Int16Array): void {
    this.#saying = Uint8Array.from(sound, (sample) => encodeUlaw(sample));
    this.#said = 0;
  }

  #send(): void {
    const due = Math.floor((performance.now() - this.#startMs) / FRAME_MS);
    for (; this.#sent < due; this.#sent++) {
      const frame = this.#saying.subarray(this.#said, this.#said + FRAME_SAMPLES);
      this.#said += frame.length;
      try {
        this.#media.send(frame.length === FRAME_SAMPLES ? frame : this.#silence, this.#toPort);
      } catch {
        // The call is over and its port is closed.
        return clearInterval(this.#pump);
      }
    }
  }

  /** Ms of sound of this name that came between two times of `performance.now()`. */
  heardMs(of: string, fromMs: number, toMs = Number.POSITIVE_INFINITY): number {
    const within = this.#look().filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return FRAME_MS * within.filter((frame) => frame.of === of).length;
  }

  /** When such sound first came after a time; NaN when it has not. */
  firstMs(of: string, fromMs: number): number {
    return this.#look().find((frame) => frame.of === of && frame.atMs >= fromMs)?.atMs ?? Number.NaN;
  }

  /** Longest time without any sound between two times, in ms. */
  longestSilenceMs(fromMs: number, toMs: number): number {
    let longest = 0;
    let last = fromMs;
    for (const { atMs, of } of this.#look()) {
      if (of === "" || atMs < fromMs || atMs > toMs) continue;
      longest = Math.max(longest, atMs - last);
      last = atMs;
    }
    return Math.max(longest, toMs - last);
  }

  /** Share of the frames that a line carries which came between two times, silence included. */
  carried(fromMs: number, toMs: number): number {
    const count = this.#look().filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length;
    return (count * FRAME_MS) / (toMs - fromMs);
  }

  #look(): readonly HeardFrame[] {
    const { packets } = this.#media;
    for (; this.#looked < packets.length; this.#looked++) {
      const { payloadType, payload, atMs } = packets[this.#looked]!;
      if (payloadType === 0 && payload.length === FRAME_SAMPLES) this.#frames.push({ atMs, of: this.#nameOf(payload) });
    }
    return this.#frames;
  }

  #nameOf(payload: Uint8Array): string {
    const samples = this.#samples;
    let energy = 0;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      samples[i] = ulawDecode[payload[i]!]!;
      energy += samples[i]! ** 2;
    }
    const meanSquare = energy / FRAME_SAMPLES;
    if (meanSquare < SOUND) return "";
    for (const [name, hz] of Object.entries(this.#tones))
      if (toneAmplitude(samples, 0, FRAME_SAMPLES, hz) ** 2 / 2 > MOST * meanSquare) return name;
    return "words";
  }

  close(): void {
    clearInterval(this.#pump);
    this.#media.close();
  }
}
