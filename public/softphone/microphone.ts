const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

/** The user's microphone: held only while a speaking mode is on or wished for, heard only while it is open. */
export class Microphone {
  readonly #pulledOut: () => void;
  #track: MediaStreamTrack | null = null;
  #isOpen = false;
  /** Rises when the device is let go; what was asked for before is dropped. */
  #turn = 0;

  /** @param options.pulledOut told when the held device is gone */
  constructor(options: { pulledOut: () => void }) {
    this.#pulledOut = options.pulledOut;
  }

  /** The held device's sound, or null. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /**
   * Asks for a device, this one if it is there; in place of the one that is held. The track is enabled only while the
   * microphone is open, also after a change.
   * @returns null when it was let go meanwhile
   * @throws the browser's `DOMException` when there is none
   */
  async hold(deviceId: string | null): Promise<MediaStreamTrack | null> {
    const turn = this.#turn;
    const track = await ask(deviceId);
    if (turn !== this.#turn) {
      track.stop();
      return null;
    }
    track.enabled = this.#isOpen;
    track.addEventListener("ended", () => {
      if (this.#track !== track) return;
      this.#track = null;
      this.#pulledOut();
    });
    const before = this.#track;
    this.#track = track;
    if (before) {
      before.enabled = false;
      before.stop();
    }
    return track;
  }

  /** Opens or shuts it, at once; a device that is held later follows. */
  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (this.#track) this.#track.enabled = isOpen;
  }

  /** Lets the device go. */
  release(): void {
    this.#turn++;
    this.#isOpen = false;
    const track = this.#track;
    this.#track = null;
    track?.stop();
  }
}

const ask = async (deviceId: string | null): Promise<MediaStreamTrack> => {
  const audio = deviceId ? { ...CONSTRAINTS, deviceId: { exact: deviceId } } : CONSTRAINTS;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    return stream.getAudioTracks()[0]!;
  } catch (error) {
    // The chosen one is not plugged in today: any other will do.
    const isAbsent = error instanceof DOMException && /^(Overconstrained|NotFound)Error$/.test(error.name);
    if (deviceId && isAbsent) return await ask(null);
    throw error;
  }
};
