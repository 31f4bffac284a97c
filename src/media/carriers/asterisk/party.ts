import type { Schedule } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import type { Originated } from "../control.ts";
import type { Ari } from "./ari.ts";
import { type CallFacts, NO_FACTS, type Outcome, observe, outcomeOf } from "./causes.ts";
import type { AriEvent } from "./events.ts";
import type { CallNames } from "./names.ts";

/** How long the channel may take to come into our app. */
const PREPARE_TIMEOUT_MS = 5_000;
/** How much later than Asterisk's own time-out of ringing we end it ourselves. */
const RING_GRACE_MS = 5_000;

/** What a party works with. */
export interface PartyDeps {
  names: CallNames;
  ari: Ari;
  schedule: Schedule;
  log: Log;
  /** Told once its channel is gone, `wasJoined` if the callee had been connected with it. */
  gone: (wasJoined: boolean) => void;
}

/**
 * Somebody whom the callee of a call is to be connected with: a channel that rings outside of the call's bridge, so that
 * neither hears the other before the answer, and then becomes its third member.
 */
export class Party {
  readonly #deps: PartyDeps;
  readonly #started = Promise.withResolvers<boolean>();
  readonly #outcome = Promise.withResolvers<Originated>();
  #facts: CallFacts = NO_FACTS;
  #at: "ringing" | "joining" | "joined" | "gone" = "ringing";
  #cancelTimer = () => {};

  constructor(deps: PartyDeps) {
    this.#deps = deps;
  }

  /** Dials; resolves when the callee is connected with it, or with why not. */
  async dial(endpoint: string, timeoutMs: number, variables: Record<string, string>): Promise<Originated> {
    const { ari, names, schedule, log } = this.#deps;
    const cancel = schedule(() => this.#started.resolve(false), PREPARE_TIMEOUT_MS);
    try {
      await ari.createCall(names.party, endpoint, variables);
      if (!(await this.#started.promise)) throw new Error("the channel did not start in time");
      if (this.#at === "ringing") {
        this.#cancelTimer = schedule(() => void this.#end({ timedOut: true }), timeoutMs + RING_GRACE_MS);
        await ari.dial(names.party, timeoutMs);
      }
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, "somebody could not be dialed for a transfer");
      if (this.#at !== "gone") {
        await this.#end({});
        this.lost(NOT_PREPARED);
      }
    } finally {
      cancel();
    }
    return this.#outcome.promise;
  }

  /** Asks for its end; `gone` follows. */
  hangUp(): Promise<void> {
    return this.#end({ askedToEnd: true });
  }

  async #end(facts: Partial<CallFacts>): Promise<void> {
    this.#facts = { ...this.#facts, ...facts };
    const { ari, names, log } = this.#deps;
    try {
      await ari.hangUp(names.party);
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, "somebody's end of a transfer could not be hung up");
    }
  }

  /** An event of its channel. */
  heard(event: AriEvent): void {
    this.#facts = observe(this.#facts, event);
    if (event.type === "StasisStart") this.#started.resolve(true);
    if (event.type === "ChannelDestroyed") this.lost(outcomeOf(this.#facts));
    else if (this.#facts.reachedUp && this.#at === "ringing") void this.#join();
  }

  async #join(): Promise<void> {
    const { ari, names, log } = this.#deps;
    this.#at = "joining";
    this.#cancelTimer();
    try {
      await ari.addToBridge(names.bridge, [names.party]);
      if (this.#at !== "joining") return;
      this.#at = "joined";
      this.#outcome.resolve({ ok: true });
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, "somebody who answered could not be connected with the callee");
      await this.#end({});
      this.lost(NOT_JOINED);
    }
  }

  /** Its channel is gone, or nobody knows of it any more. May be called twice. */
  lost(outcome: Outcome): void {
    if (this.#at === "gone") return;
    const wasJoined = this.#at === "joined";
    this.#at = "gone";
    this.#cancelTimer();
    this.#started.resolve(false);
    const answered = this.#facts.reachedUp;
    this.#outcome.resolve({ ok: false, ...(answered && outcome !== CALL_IS_OVER ? NOT_JOINED : outcome) });
    this.#deps.gone(wasJoined);
  }
}

/** The callee's call ended first. */
export const CALL_IS_OVER: Outcome = {
  disposition: "cancelled",
  cause: "cancelled",
  detail: "The call ended before they were connected.",
};

/** Asterisk has its channel no more, and its end was not told. */
export const PARTY_IS_LOST: Outcome = {
  disposition: "failed",
  cause: "carrier-lost",
  detail: "The connection to Asterisk was lost meanwhile.",
};

const NOT_PREPARED: Outcome = {
  disposition: "trunk-failure",
  cause: "trunk-failure",
  detail: "Asterisk could not place the call: the trunk is unknown or unreachable.",
};

const NOT_JOINED: Outcome = {
  disposition: "failed",
  cause: "failed",
  detail: "They answered, but could not be connected with the callee.",
};
