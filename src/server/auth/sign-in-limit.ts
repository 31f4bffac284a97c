import type { Clock } from "../../core/clock.ts";

/** Wrong tokens allowed per address in one window, and from all addresses together. */
const PER_ADDRESS = 5;
const PER_ALL = 100;
const WINDOW_MS = 60_000;
/** Addresses remembered; beyond it all are forgotten, and the limit for all together still holds. */
const MAX_ADDRESSES = 10_000;

/** Slows down guessing of the access token. */
export class SignInLimit {
  readonly #clock: Clock;
  #windowEndsAt = 0;
  #all = 0;
  readonly #byAddress = new Map<string, number>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Whether this address may try a token now. */
  allows(address: string): boolean {
    this.#turn();
    return this.#all < PER_ALL && (this.#byAddress.get(address) ?? 0) < PER_ADDRESS;
  }
  /** Notes a wrong token. */
  failed(address: string): void {
    this.#turn();
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.clear();
    this.#all++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }
  /** Seconds until the window ends, at least 1. */
  retryAfter(): number {
    return Math.max(1, Math.ceil((this.#windowEndsAt - this.#clock.now()) / 1000));
  }
  #turn(): void {
    const now = this.#clock.now();
    if (now < this.#windowEndsAt) return;
    this.#windowEndsAt = now + WINDOW_MS;
    this.#all = 0;
    this.#byAddress.clear();
  }
}
