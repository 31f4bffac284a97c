/** One ring: two short notes, and the pause after them, in seconds. */
const NOTES_HZ = [660, 880] as const;
const NOTE_S = 0.18;
const LOUDNESS = 0.12;
const EVERY_MS = 2_500;
/** Nobody who has not come after so many rings comes for another one. */
const MOST_RINGS = 8;

/** The tone that calls for help ring with, made on the spot. */
export class Ring {
  readonly #blocked: () => void;
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #rings = 0;

  /** @param options.blocked told when the browser stays silent because nothing was clicked yet */
  constructor(options: { blocked: () => void }) {
    this.#blocked = options.blocked;
  }

  /** Whether it rings. */
  get isRinging(): boolean {
    return this.#rings > 0;
  }

  /** Begins to ring, or begins anew. */
  start(): void {
    this.stop();
    this.#context ??= new AudioContext();
    this.resume();
    this.#timer = setInterval(() => this.#once(), EVERY_MS);
    this.#once();
    // The browser's answer to `resume` comes only with a click.
    setTimeout(() => {
      if (this.isRinging && this.#context?.state === "suspended") this.#blocked();
    }, 300);
  }

  /** Lets it be heard, after a click. */
  resume(): void {
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
  }

  #once(): void {
    const context = this.#context;
    if (!context || ++this.#rings > MOST_RINGS) return this.stop();
    // What is lined up in a silent context would all sound at once when it wakes.
    if (context.state !== "running") return;
    NOTES_HZ.forEach((hz, n) => {
      const from = context.currentTime + n * NOTE_S * 1.2;
      const loudness = new GainNode(context, { gain: 0 });
      loudness.gain.setValueAtTime(0, from);
      loudness.gain.linearRampToValueAtTime(LOUDNESS, from + 0.02);
      loudness.gain.linearRampToValueAtTime(0, from + NOTE_S);
      const note = new OscillatorNode(context, { frequency: hz });
      note.connect(loudness).connect(context.destination);
      note.start(from);
      note.stop(from + NOTE_S);
    });
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
    this.#rings = 0;
  }
}
