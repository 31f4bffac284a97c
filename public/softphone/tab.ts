import type { CallRef, Mode } from "./machine.ts";
import { MODES } from "./words.ts";

const NAME = "od-phone";

/** A call picked in a tab that is not the phone. */
export interface Picked {
  call: CallRef;
  mode: Mode;
}

/**
 * Makes one tab of the browser the phone. The first tab is it until it closes, then the next one; a tab that is not it
 * hands the calls picked in it over.
 */
export class PhoneTab {
  readonly #channel = new BroadcastChannel(NAME);
  #isOwner = false;

  /** @param options.changed told whether this tab is the phone, at first and whenever that changes */
  constructor(options: { changed: (isOwner: boolean) => void; picked: (picked: Picked) => void }) {
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Partial<Record<string, unknown>> | null>) => {
      const mode = MODES.find((words) => words.mode === data?.mode)?.mode;
      if (this.#isOwner && mode && typeof data?.id === "string")
        options.picked({ call: { id: data.id, who: String(data.who ?? "") }, mode });
    });
    const own = (): Promise<never> => {
      this.#isOwner = true;
      options.changed(true);
      // The lock is held for as long as the tab lives.
      return new Promise<never>(() => {});
    };
    navigator.locks
      .request(NAME, { ifAvailable: true }, (lock) => {
        if (lock) return own();
        options.changed(false);
        return null;
      })
      .then(() => navigator.locks.request(NAME, own))
      .catch(() => options.changed(this.#isOwner));
  }

  /** Whether this tab is the phone. */
  get isOwner(): boolean {
    return this.#isOwner;
  }

  /** Passes a call to the tab that is the phone. */
  hand({ call, mode }: Picked): void {
    this.#channel.postMessage({ ...call, mode });
  }
}
