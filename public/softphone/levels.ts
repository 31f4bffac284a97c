/** Samples looked at for one level: 21 ms at 48 kHz. */
const WINDOW = 1024;

interface Tapped {
  source: MediaStreamAudioSourceNode;
  analyser: AnalyserNode;
}

/** How loud each stream is, read from the decoded sound: G.711 streams carry no levels of their own. */
export class Levels {
  readonly #samples = new Float32Array(WINDOW);
  readonly #tapped = new Map<string, Tapped>();
  #context: AudioContext | null = null;

  /** Looks at this stream from now on, in place of the earlier one of this name. */
  watch(name: string, stream: MediaStream): void {
    this.#context ??= new AudioContext({ latencyHint: "interactive" });
    this.resume();
    this.#tapped.get(name)?.source.disconnect();
    const source = this.#context.createMediaStreamSource(stream);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = WINDOW;
    source.connect(analyser);
    this.#tapped.set(name, { source, analyser });
  }

  /** Lets the browser start measuring; it may refuse before the first click. */
  resume(): void {
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
  }

  /** Root mean square of the last moments, 0 to 1. */
  of(name: string): number {
    const tapped = this.#tapped.get(name);
    if (!tapped) return 0;
    tapped.analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.sqrt(sum / WINDOW);
  }

  /** Forgets one stream. */
  forget(name: string): void {
    this.#tapped.get(name)?.source.disconnect();
    this.#tapped.delete(name);
  }

  /** Stops measuring. */
  clear(): void {
    for (const { source } of this.#tapped.values()) source.disconnect();
    this.#tapped.clear();
    this.#context?.suspend().catch(() => {});
  }
}
