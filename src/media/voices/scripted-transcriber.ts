import { FRAME_MS } from "../audio/frame.ts";
import { SpeechStretches, STRAGGLERS_MS } from "./speech-stretches.ts";
import type { Transcriber, TranscriberSink } from "./transcriber.ts";

/**
 * Writes a supervisor down without a model: its lines in turn, one a stretch of speech. Without any left it says that
 * somebody spoke and for how long, since that is all it knows. Costs nothing.
 */
export const scriptedTranscriber = (settings: { lines: readonly string[] }, sink: TranscriberSink): Transcriber =>
  new ScriptedTranscriber(settings.lines, sink);

class ScriptedTranscriber implements Transcriber {
  readonly #lines: readonly string[];
  readonly #sink: TranscriberSink;
  readonly #speech = new SpeechStretches();
  #told = 0;
  #closed = false;
  #nowMs = 0;
  #endingAtMs = 0;

  constructor(lines: readonly string[], sink: TranscriberSink) {
    this.#lines = lines;
    this.#sink = sink;
  }

  get owesWords(): boolean {
    return !this.#closed && this.#speech.isEnding;
  }

  hear(frame: Uint8Array): void {
    if (!this.#closed && this.#speech.push(frame)) this.#tell();
  }

  utteranceEnded(): void {
    if (this.#closed) return;
    if (this.#speech.end()) this.#tell();
    else this.#endingAtMs = this.#nowMs;
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const isLate = this.#speech.isEnding && nowMs - this.#endingAtMs > STRAGGLERS_MS;
    if (!this.#closed && isLate && this.#speech.finish()) this.#tell();
  }

  close(): void {
    this.#closed = true;
  }

  #tell(): void {
    const { from, to, spokenFrames } = this.#speech;
    const seconds = ((spokenFrames * FRAME_MS) / 1000).toFixed(1);
    const text = this.#lines[this.#told++] ?? `(spoke for ${seconds} s; no transcriber is configured)`;
    this.#sink.supervisorText(`supervisor-${this.#told}`, text, from * FRAME_MS, to * FRAME_MS, true);
  }
}
