import type { Party } from "../../src/media/supervision/messages.ts";

/** Samples looked at for one level: 21 ms at 48 kHz. */
const WINDOW = 1024;

interface Tapped {
  source: MediaStreamAudioSourceNode;
  analyser: AnalyserNode;
}

/** How loud each party is, read from the decoded sound: G.711 streams carry no levels of their own. */
export class Levels {
  readonly #samples = new Float32Array(WINDOW);
  readonly #tapped = new Map<Party, Tapped>();
  #context: AudioContext | null = null;

  /** Looks at this stream from now on, in place of the party's earlier one. */
  watch(party: Party, stream: MediaStream): void {
    this.#context ??= new AudioContext({ latencyHint: "interactive" });
    this.resume();
    this.#tapped.get(party)?.source.disconnect();
    const source = this.#context.createMediaStreamSource(stream);
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = WINDOW;
    source.connect(analyser);
    this.#tapped.set(party, { source, analyser });
  }

  /** Lets the browser start measuring; it may refuse before the first click. */
  resume(): void {
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
  }

  /** Root mean square of the last moments, 0 to 1. */
  of(party: Party): number {
    const tapped = this.#tapped.get(party);
    if (!tapped) return 0;
    tapped.analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.sqrt(sum / WINDOW);
  }

  /** Stops measuring. */
  clear(): void {
    for (const { source } of this.#tapped.values()) source.disconnect();
    this.#tapped.clear();
    this.#context?.suspend().catch(() => {});
  }
}
