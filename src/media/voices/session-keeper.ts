import type { RealtimeLink } from "./openai-link.ts";

/** Age at which the next session is opened beside the running one, in ms: the service ends one after 60 minutes. */
const ROTATE_AFTER_MS = 54 * 60_000;
/** Age at which it takes over even in the middle of a sentence, in ms. */
const ROTATE_AT_LAST_MS = 58 * 60_000;
/** Pause before another try to open the next session, in ms. */
const ROTATE_AGAIN_MS = 30_000;
/** Silence on the line while a lost session is replaced, at most, in ms; then the call is given up. */
const RECOVERY_MS = 3000;
/** Sessions tried in a row, the first included. */
const TRIES = 2;
/** Sessions lost in one call before it is given up: a service that keeps dropping is not worth the callee's time. */
const MAX_LOSSES = 6;

/** What the keeper needs of its voice. */
export interface KeeperOwner {
  /** Starts to connect a session. `urgent`: a callee waits. */
  openLink(urgent: boolean): RealtimeLink;
  /** The running session is gone or about to go: nothing more is heard of it. */
  breakOff(): void;
  /** This session carries the call from now on. `lost` says why the one before broke; null if none did. */
  carryOn(link: RealtimeLink, lost: string | null): void;
  /** Nobody speaks and nothing is awaited. */
  isQuiet(): boolean;
  /** There is and will be no session. */
  giveUp(detail: string): void;
  log(level: "info" | "warn" | "error", message: string): void;
}

/**
 * Keeps a call supplied with a session: opens the first, replaces one that broke, and changes to a fresh one at a quiet
 * moment before the running one reaches its hour.
 */
export class SessionKeeper {
  /** The session that carries the call. */
  current: RealtimeLink | null = null;
  readonly #owner: KeeperOwner;
  /** The one that is to carry it. */
  #next: RealtimeLink | null = null;
  #nowMs = 0;
  #closed = false;
  #lostAtMs = -1;
  #lostDetail: string | null = null;
  #tries = 1;
  #losses = 0;
  #rotateAfterMs = ROTATE_AFTER_MS;

  constructor(owner: KeeperOwner) {
    this.#owner = owner;
  }

  /** Opens the first session. */
  start(): void {
    this.#next = this.#owner.openLink(false);
  }

  /** Whether the service answers turns from now on, in every session. */
  answer(answers: boolean): void {
    this.current?.answer(answers);
    this.#next?.answer(answers);
  }

  /** @param awaiting something is expected of the running session */
  tick(nowMs: number, awaiting: boolean): void {
    this.#nowMs = nowMs;
    this.current?.tick(nowMs, awaiting);
    this.#next?.tick(nowMs, false);
    if (this.#closed) return;
    if (this.#lostAtMs >= 0 && nowMs - this.#lostAtMs > RECOVERY_MS) {
      this.#owner.giveUp(`${this.#lostDetail}; no other session came in time`);
    } else if (this.current) this.#rotate(this.current);
  }

  /** A session is set up. Where one is running, it waits for a quiet moment. */
  ready(link: RealtimeLink): void {
    if (!this.#closed && link === this.#next && this.current === null) this.#carryOn(link);
  }

  /** A session is gone. */
  lost(link: RealtimeLink, detail: string, final: boolean): void {
    if (this.#closed) return;
    if (link === this.current) this.#replace(detail, final);
    else if (link === this.#next) this.#tryAgain(detail, final);
  }

  /** Ends all sessions. */
  close(): void {
    this.#closed = true;
    this.current?.close();
    this.#next?.close();
    this.current = this.#next = null;
  }

  #tryAgain(detail: string, final: boolean): void {
    this.#next = null;
    if (this.current) {
      this.#rotateAfterMs = this.#nowMs - this.current.openedAtMs + ROTATE_AGAIN_MS;
      this.#owner.log("warn", `voice: the next session could not be opened: ${detail}`);
    } else if (final || this.#tries >= TRIES) {
      this.#owner.giveUp(detail);
    } else {
      this.#tries++;
      this.#next = this.#owner.openLink(this.#lostAtMs >= 0);
    }
  }

  #replace(detail: string, final: boolean): void {
    this.#owner.log("warn", `voice: session lost: ${detail}`);
    if (++this.#losses > MAX_LOSSES || final) return this.#owner.giveUp(detail);
    this.#lostAtMs = this.#nowMs;
    this.#lostDetail = detail;
    this.#tries = 1;
    this.current = null;
    this.#owner.breakOff();
    // One that was being opened for a planned change serves as well.
    if (this.#next?.isReady) this.#carryOn(this.#next);
    else this.#next ??= this.#owner.openLink(true);
  }

  #rotate(link: RealtimeLink): void {
    const age = this.#nowMs - link.openedAtMs;
    if (age < this.#rotateAfterMs) return;
    this.#next ??= this.#owner.openLink(false);
    if (!this.#next.isReady || (age < ROTATE_AT_LAST_MS && !this.#owner.isQuiet())) return;
    this.#owner.log("info", "voice: the session is old, another one takes over");
    this.current = null;
    this.#owner.breakOff();
    link.close();
    this.#carryOn(this.#next);
  }

  #carryOn(link: RealtimeLink): void {
    const lost = this.#lostDetail;
    this.current = link;
    this.#next = null;
    this.#rotateAfterMs = ROTATE_AFTER_MS;
    this.#lostAtMs = -1;
    this.#lostDetail = null;
    this.#tries = 1;
    this.#owner.carryOn(link, lost);
  }
}
