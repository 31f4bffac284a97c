import { BYTES_PER_SECOND, power } from "./sound.ts";

const WINDOW_MS = 20;
/** Sound that begins speech, in windows. */
const ONSET_WINDOWS = 3;
/** Mean square of a window that counts as sound at threshold 0.5; about −40 dBov. */
const SOUND = 330 ** 2;

/** Settings that matter here. */
export interface DetectorSettings {
  threshold: number;
  prefixMs: number;
  silenceMs: number;
}

/**
 * Turn detection by energy, on stream time: it moves only with bytes. Times are ms of all audio appended.
 */
export class TurnDetector {
  ms = 0;
  isSpeech = false;
  /** Where the current speech began, padding included. */
  startMs = 0;
  #format = "";
  #windowBytes = 0;
  #window = new Uint8Array(0);
  #filled = 0;
  #sound = 0;
  #quietMs = 0;
  #settings: DetectorSettings | null = null;
  readonly #started: (startMs: number) => void;
  readonly #stopped: (endMs: number) => void;

  constructor(started: (startMs: number) => void, stopped: (endMs: number) => void) {
    this.#started = started;
    this.#stopped = stopped;
  }

  /** Follows the session; null detects nothing. */
  configure(format: string, settings: DetectorSettings | null): void {
    if (format !== this.#format) {
      this.#format = format;
      this.#windowBytes = (BYTES_PER_SECOND[format]! * WINDOW_MS) / 1000;
      this.#window = new Uint8Array(this.#windowBytes);
      this.#filled = 0;
    }
    this.#settings = settings;
  }

  /** Forgets what it heard; the clock stays. */
  clear(): void {
    this.isSpeech = false;
    this.#sound = this.#quietMs = 0;
  }

  push(bytes: Uint8Array, length: number): void {
    if (this.#filled === 0 && length === this.#windowBytes) return this.#take(bytes, 0);
    for (let i = 0; i < length; i++) {
      this.#window[this.#filled++] = bytes[i]!;
      if (this.#filled < this.#windowBytes) continue;
      this.#filled = 0;
      this.#take(this.#window, 0);
    }
  }

  #take(bytes: Uint8Array, from: number): void {
    this.ms += WINDOW_MS;
    const settings = this.#settings;
    if (!settings) return;
    const isSound = power(this.#format, bytes, from, this.#windowBytes) > SOUND * (settings.threshold / 0.5) ** 2;
    if (!this.isSpeech) {
      this.#sound = isSound ? this.#sound + 1 : 0;
      if (this.#sound < ONSET_WINDOWS) return;
      this.isSpeech = true;
      this.#quietMs = this.#sound = 0;
      this.startMs = Math.max(0, this.ms - ONSET_WINDOWS * WINDOW_MS - settings.prefixMs);
      this.#started(this.startMs);
      return;
    }
    this.#quietMs = isSound ? 0 : this.#quietMs + WINDOW_MS;
    if (this.#quietMs < settings.silenceMs) return;
    this.isSpeech = false;
    this.#quietMs = 0;
    this.#stopped(this.ms);
  }
}
