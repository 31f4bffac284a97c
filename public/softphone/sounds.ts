/** What the phone plays: one element per stream, so that each has its own loudness. */
export class Sounds {
  readonly #host: HTMLElement;
  readonly #told: (sound: "ok" | "blocked") => void;
  readonly #players = new Map<string, HTMLAudioElement>();
  readonly #volumes = new Map<string, number>();
  #speaker = "";

  /** @param options.told whether the browser plays, each time it was asked to */
  constructor(options: { host: HTMLElement; told: (sound: "ok" | "blocked") => void }) {
    this.#host = options.host;
    this.#told = options.told;
  }

  /** Plays a stream under this name, in place of its earlier one. */
  play(name: string, stream: MediaStream): void {
    let player = this.#players.get(name);
    if (!player) {
      player = document.createElement("audio");
      player.autoplay = true;
      player.volume = this.#volumes.get(name) ?? 1;
      this.#players.set(name, player);
      this.#host.append(player);
      this.#route(player);
    }
    player.srcObject = stream;
    this.#start(player);
  }

  /** Plays all again, after a click where the browser wanted one. */
  playAll(): void {
    for (const player of this.#players.values()) if (player.srcObject) this.#start(player);
  }

  /** Whether this stream is held back. */
  isPaused(name: string): boolean {
    return this.#players.get(name)?.paused ?? true;
  }

  /** @param volume 0 to 1 */
  setVolume(name: string, volume: number): void {
    this.#volumes.set(name, volume);
    const player = this.#players.get(name);
    if (player) player.volume = volume;
  }

  /** Plays through this device from now on; empty for the browser's own choice. */
  setSpeaker(deviceId: string): void {
    this.#speaker = deviceId;
    for (const player of this.#players.values()) this.#route(player);
  }

  /** Ends one stream. */
  stop(name: string): void {
    const player = this.#players.get(name);
    if (!player) return;
    player.srcObject = null;
    player.remove();
    this.#players.delete(name);
  }

  /** Ends all streams. */
  stopAll(): void {
    for (const player of this.#players.values()) player.srcObject = null;
  }

  #route(player: HTMLAudioElement): void {
    // A device that is gone leaves the sound where it was.
    if ("setSinkId" in player) player.setSinkId(this.#speaker).catch(() => {});
  }

  #start(player: HTMLAudioElement): void {
    player.play().then(
      () => this.#told("ok"),
      (error: unknown) => {
        // Any other failure is a newer stream taking this one's place.
        if (error instanceof DOMException && error.name === "NotAllowedError") this.#told("blocked");
      },
    );
  }
}
