import { type Schedule, systemSchedule } from "../../../core/clock.ts";
import { assert, messageOf, OutsideError } from "../../../core/errors.ts";
import { inBackground, type Log } from "../../../core/log.ts";
import type {
  CarrierControl,
  CarrierEvent,
  CarrierListener,
  ConnectRequest,
  Originated,
  OriginateRequest,
} from "../control.ts";
import { type Ari, type AriListener, type AriSettings, ConnectedAri } from "./ari.ts";
import { type CallFacts, NO_FACTS, type Outcome, observe, observeMedia, outcomeOf, outcomeOfLost } from "./causes.ts";
import { callerVariables, connectedVariables, dialString, isDialPattern } from "./dial-string.ts";
import type { AriChannel, AriEvent } from "./events.ts";
import { type CallNames, isCallId, Names } from "./names.ts";
import { CALL_IS_OVER, PARTY_IS_LOST, Party } from "./party.ts";

/** What the Asterisk carrier is told. */
export interface AsteriskSettings extends AriSettings {
  /** Where calls go, with `{number}` (E.164 with `+`) or `{digits}` (without): `PJSIP/{number}@trunk`. */
  dialEndpoint: string;
}

/** What it stands on. `ari` and `schedule` are replaced in tests. */
export interface AsteriskDeps {
  ari: AsteriskSettings;
  /** Most calls at once. Asterisk crashes when it runs out of RTP ports, so it is never asked for more. */
  callCapacity: number;
  log: Log;
  onEvent: CarrierListener;
  schedule?: Schedule;
  connect?: (listener: AriListener) => Ari;
}

/** Making media, channel and bridge takes milliseconds; each request is bounded by itself. */
const PREPARE_TIMEOUT_MS = 5_000;
/** How much later than Asterisk's own time-out of ringing we end the call ourselves. */
const RING_GRACE_MS = 5_000;
/** How long a channel may take to go after it was asked to. */
const HANG_UP_GRACE_MS = 5_000;
/** How long calls outlive the connection: a call may go on without it, a dead Asterisk ends them all. */
const LOST_GRACE_MS = 3_000;
/** How often everything in Asterisk is compared with our calls while connected, in case an event was lost. */
const SWEEP_EVERY_MS = 30_000;
/** The same, after something could not be removed. */
const SWEEP_SOON_MS = 1_000;
/** How long `close` waits for calls to go. */
const CLOSE_WITHIN_MS = 3_000;

type Phase = "preparing" | "placed" | "over";

interface Call {
  readonly id: string;
  readonly names: CallNames;
  phase: Phase;
  facts: CallFacts;
  rang: boolean;
  answered: boolean;
  /** Resolve with whether that channel came into our app. */
  readonly started: Record<"callee" | "media", PromiseWithResolvers<boolean>>;
  /** Whom the callee is connected with, or is to be. */
  party: Party | null;
  hadParty: boolean;
  /** The call whose callee was moved here, or is being moved. */
  guest: Call | null;
  /** The call that this one's callee was moved to. */
  host: Call | null;
  cancelTimer: () => void;
}

/** The carrier that dials through an Asterisk over ARI. */
export const asteriskControl = (deps: AsteriskDeps): CarrierControl => new AsteriskControl(deps);

class AsteriskControl implements CarrierControl {
  readonly kind = "asterisk";
  readonly #deps: AsteriskDeps;
  readonly #log: Log;
  readonly #schedule: Schedule;
  readonly #names: Names;
  readonly #ari: Ari;
  /** Every call that may own something in Asterisk, so that its size bounds the RTP ports taken there. */
  readonly #calls = new Map<string, Call>();
  #cancelSweep = () => {};
  #cancelGrace = () => {};
  #sweeping = false;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(deps: AsteriskDeps) {
    assert(isDialPattern(deps.ari.dialEndpoint), "ARI_DIAL_ENDPOINT says {number} or {digits} where the number goes");
    this.#deps = deps;
    this.#log = deps.log;
    this.#schedule = deps.schedule ?? systemSchedule;
    this.#names = new Names(deps.ari.app);
    const listener: AriListener = {
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onEvent: (event) => this.#heard(event),
    };
    const { ari: settings, log } = deps;
    this.#ari = deps.connect?.(listener) ?? new ConnectedAri({ settings, listener, log, schedule: this.#schedule });
  }

  start(): Promise<void> {
    return this.#ari.start();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of [...this.#calls.values()]) await this.hangUp(call.id);
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
        this.#schedule(resolve, CLOSE_WITHIN_MS);
      });
    }
    this.#cancelSweep();
    this.#cancelGrace();
    this.#ari.close();
  }

  health() {
    return this.#ari.health();
  }

  capacity(): number {
    return this.#deps.callCapacity;
  }

  async legFor(): Promise<{ kind: "rtp" }> {
    return { kind: "rtp" };
  }

  async originate(request: OriginateRequest): Promise<Originated> {
    assert(isCallId(request.callId), "a call id has letters, digits and _ only");
    assert(!this.#calls.has(request.callId), "a call is placed once");
    const endpoint = dialString(this.#deps.ari.dialEndpoint, request.to);
    if (endpoint === null) return refused("invalid-number", "The number is not in international form.");
    if (this.#closed) return refused("cancelled", "The carrier is being closed.");
    if (!this.#ari.isUp()) return refused("trunk-failure", this.#ari.health().detail);
    if (this.#calls.size >= this.#deps.callCapacity) return refused("failed", "All lines are taken.");

    const call = newCall(request.callId, this.#names.of(request.callId));
    this.#calls.set(call.id, call);
    let outcome = NOT_PREPARED;
    try {
      const media = await this.#prepare(call, endpoint, request);
      if (call.phase === "preparing") {
        call.phase = "placed";
        this.#emit({ type: "media", callId: call.id, ...media });
      } else outcome = outcomeOf(call.facts);
    } catch (thrown) {
      if (call.facts.askedToEnd) outcome = outcomeOf(call.facts);
      this.#log.warn({ callId: call.id, error: messageOf(thrown) }, "a call could not be prepared");
    }
    if (call.phase !== "placed") {
      this.#finish(call, outcome);
      await this.#remove(call);
      return { ok: false, ...outcome };
    }
    await this.#dial(call, request.timeoutMs);
    return { ok: true };
  }

  async hangUp(callId: string): Promise<void> {
    const call = this.#calls.get(callId);
    if (!call || call.phase === "over") return;
    call.facts = { ...call.facts, askedToEnd: true };
    await this.#end(call);
  }

  async sendDtmf(callId: string, digits: string): Promise<void> {
    const call = this.#calls.get(callId);
    // Asterisk takes a small w for half a second.
    const keys = digits.toUpperCase().replaceAll("W", "w");
    assert(/^[0-9*#A-Dw]{1,64}$/.test(keys), "keys are 0-9 * # A-D and w");
    if (!call?.answered || call.phase === "over") {
      throw new OutsideError("Keys can only be pressed during a call.", { retryable: false });
    }
    await this.#ari.sendDtmf(call.names.callee, keys);
  }

  async connect({ callId, to, from, callerName, timeoutMs }: ConnectRequest): Promise<Originated> {
    const call = this.#calls.get(callId);
    const endpoint = dialString(this.#deps.ari.dialEndpoint, to);
    if (endpoint === null) return refused("invalid-number", "The number is not in international form.");
    if (!call?.answered || call.phase !== "placed") return refused("failed", "There is nobody to connect with.");
    if (call.party || call.guest) return refused("failed", "Somebody else is being connected already.");
    if (!this.#ari.isUp()) return refused("trunk-failure", this.#ari.health().detail);
    // Their sound takes ports of Asterisk's as a call does.
    const parties = [...this.#calls.values()].filter((one) => one.party !== null).length;
    if (this.#calls.size + parties >= this.#deps.callCapacity) return refused("failed", "All lines are taken.");
    const party = new Party({
      names: call.names,
      ari: this.#ari,
      schedule: this.#schedule,
      log: this.#log.child({ callId }),
      gone: (wasJoined) => {
        call.party = null;
        if (wasJoined && call.phase === "placed") this.#emit({ type: "party-left", callId });
      },
    });
    call.party = party;
    call.hadParty = true;
    return await party.dial(endpoint, timeoutMs, connectedVariables(from, callerName));
  }

  async join(callId: string, into: string): Promise<Originated> {
    const guest = this.#calls.get(callId);
    const host = this.#calls.get(into);
    if (!isTalking(guest) || !isTalking(host) || guest.host)
      return refused("failed", "There is nobody to connect with.");
    if (host.party || host.guest) return refused("failed", "Somebody else is being connected already.");
    host.guest = guest;
    try {
      // A channel that enters a bridge leaves the one it was in.
      await this.#ari.addToBridge(host.names.bridge, [guest.names.callee]);
    } catch (thrown) {
      host.guest = null;
      this.#log.warn({ callId, error: messageOf(thrown) }, "a callee could not be moved to another call");
      return refused("failed", "They could not be connected with the callee.");
    }
    if (!isTalking(guest) || !isTalking(host)) {
      host.guest = null;
      return refused("cancelled", CALL_IS_OVER.detail);
    }
    guest.host = host;
    const { media, bridge } = guest.names;
    // What is left of it then goes with the call.
    await Promise.allSettled([this.#ari.hangUp(media), this.#ari.destroyBridge(bridge)]);
    return { ok: true };
  }

  async disconnect(callId: string): Promise<void> {
    const call = this.#calls.get(callId);
    await call?.party?.hangUp();
    if (call?.guest?.host) await this.hangUp(call.guest.id);
  }

  /**
   * Everything that must exist before it rings, made at once: nothing is left to do between the answer and the first
   * packet. A channel enters the bridge only after its `StasisStart`; before that Asterisk may refuse it.
   */
  async #prepare(call: Call, endpoint: string, request: OriginateRequest): Promise<{ host: string; port: number }> {
    const { names } = call;
    const cancel = this.#schedule(() => {
      call.started.callee.resolve(false);
      call.started.media.resolve(false);
    }, PREPARE_TIMEOUT_MS);
    try {
      // All are awaited even when one fails: what is still being made could not be removed.
      const [media, callee, bridge] = await Promise.allSettled([
        this.#ari.createMedia(
          names.media,
          { host: request.mediaHost, port: request.mediaPort },
          callerVariables(request.from, request.callerName),
        ),
        this.#ari.createCall(names.callee, endpoint),
        this.#ari.createBridge(names.bridge),
      ]);
      for (const result of [callee, media, bridge]) if (result.status === "rejected") throw result.reason;
      const started = await Promise.all([call.started.callee.promise, call.started.media.promise]);
      if (call.phase === "preparing" && started.includes(false)) {
        throw new OutsideError("A channel did not start in time.", { retryable: true });
      }
      if (call.phase === "preparing") await this.#ari.addToBridge(names.bridge, [names.callee, names.media]);
      if (media.status !== "fulfilled") throw media.reason;
      return media.value;
    } finally {
      cancel();
    }
  }

  async #dial(call: Call, timeoutMs: number): Promise<void> {
    call.cancelTimer = this.#schedule(() => {
      call.facts = { ...call.facts, timedOut: true };
      this.#background(call, "ending a call that nobody answered", this.#end(call));
    }, timeoutMs + RING_GRACE_MS);
    try {
      await this.#ari.dial(call.names.callee, timeoutMs);
    } catch (thrown) {
      this.#log.warn({ callId: call.id, error: messageOf(thrown) }, "a call could not be dialled");
      this.#finish(call, call.facts.destroyed ? outcomeOf(call.facts) : NOT_PREPARED);
    }
  }

  /** Asks for the end of the callee's channel; the events that follow finish the call. */
  async #end(call: Call): Promise<void> {
    if (call.phase === "over") return;
    if (call.phase === "preparing" || !this.#ari.isUp()) return this.#finish(call, outcomeOfLost(call.facts));
    call.cancelTimer();
    call.cancelTimer = this.#schedule(() => this.#finish(call, outcomeOfLost(call.facts)), HANG_UP_GRACE_MS);
    try {
      await this.#ari.hangUp(call.names.callee);
    } catch (thrown) {
      this.#log.warn({ callId: call.id, error: messageOf(thrown) }, "a call could not be hung up");
    }
  }

  #heard(event: AriEvent): void {
    const channel = event.type === "Dial" ? event.peer : event.channel;
    const name = this.#names.channel(channel.id);
    const call = name ? this.#calls.get(name.callId) : undefined;
    if (!name || !call) {
      if (event.type === "StasisStart") this.#turnAway(channel);
      return;
    }
    if (name.role === "party") return call.party ? call.party.heard(event) : this.#forgotten(channel, event);
    if (event.type === "StasisStart") call.started[name.role].resolve(true);
    if (name.role === "callee") this.#heardOfCallee(call, event);
    else this.#heardOfMedia(call, event);
  }

  /** A party that was given up while its channel was still being made. */
  #forgotten(channel: AriChannel, event: AriEvent): void {
    if (event.type === "StasisStart") this.#turnAway(channel);
  }

  /** Without its media channel a call is silence, so it ends. */
  #heardOfMedia(call: Call, event: AriEvent): void {
    if (call.host) return;
    call.facts = observeMedia(call.facts, event);
    if (event.type !== "ChannelDestroyed") return;
    call.started.media.resolve(false);
    if (call.phase === "placed") this.#background(call, "ending a call without media", this.#end(call));
  }

  #heardOfCallee(call: Call, event: AriEvent): void {
    call.facts = observe(call.facts, event);
    if (event.type === "ChannelDestroyed") return this.#finish(call, outcomeOf(call.facts));
    if (call.phase !== "placed") return;
    this.#tellProgress(call);
    if (event.type === "ChannelDtmfReceived") this.#emit({ type: "dtmf", callId: call.id, digit: event.digit });
  }

  #tellProgress(call: Call): void {
    if (call.facts.reachedUp && !call.answered) {
      call.answered = true;
      call.cancelTimer();
      this.#emit({ type: "answered", callId: call.id });
    } else if (call.facts.rang && !call.rang && !call.answered) {
      call.rang = true;
      this.#emit({ type: "ringing", callId: call.id });
    }
  }

  /**
   * Ends the call for us: tells it, once, and removes what it owns in Asterisk. What is still being prepared cannot be
   * removed yet; `originate` does that when all its requests are through.
   */
  #finish(call: Call, outcome: Outcome): void {
    if (call.phase === "over") return;
    const wasPlaced = call.phase === "placed";
    call.phase = "over";
    call.cancelTimer();
    call.started.callee.resolve(false);
    call.started.media.resolve(false);
    call.party?.lost(CALL_IS_OVER);
    if (!wasPlaced) return;
    this.#emit({ type: "ended", callId: call.id, ...outcome });
    this.#leaveHost(call);
    if (call.guest?.host) this.#background(call, "hanging up whom the callee was with", this.hangUp(call.guest.id));
    this.#background(call, "removing a call from Asterisk", this.#remove(call));
  }

  #leaveHost({ host }: Call): void {
    if (!host) return;
    host.guest = null;
    if (host.phase === "placed") this.#emit({ type: "party-left", callId: host.id });
  }

  async #remove(call: Call): Promise<void> {
    const { callee, media, party, bridge } = call.names;
    try {
      if (!this.#ari.isUp()) return;
      const removals = [this.#ari.hangUp(media), this.#ari.destroyBridge(bridge)];
      if (!call.facts.destroyed) removals.push(this.#ari.hangUp(callee));
      if (call.hadParty) removals.push(this.#ari.hangUp(party));
      const results = await Promise.allSettled(removals);
      if (results.some((result) => result.status === "rejected")) this.#sweepIn(SWEEP_SOON_MS);
    } finally {
      this.#calls.delete(call.id);
      if (this.#calls.size === 0) this.#emptied?.();
    }
  }

  /** A channel in our app that belongs to no call: of an earlier run, or incoming. 503 to the carrier, not a decline. */
  #turnAway(channel: AriChannel): void {
    inBackground(this.#log, "turning a channel away", this.#ari.hangUp(channel.id, "congestion"));
  }

  #up(): void {
    this.#cancelGrace();
    this.#sweepIn(0);
  }

  #down(): void {
    this.#cancelSweep();
    this.#cancelGrace();
    this.#cancelGrace = this.#schedule(() => {
      for (const call of [...this.#calls.values()]) this.#finish(call, outcomeOfLost(call.facts));
    }, LOST_GRACE_MS);
  }

  #sweepIn(delayMs: number): void {
    this.#cancelSweep();
    if (this.#closed) return;
    this.#cancelSweep = this.#schedule(
      () => inBackground(this.#log, "comparing Asterisk with our calls", this.#sweep()),
      delayMs,
    );
  }

  /** Compares what Asterisk has with what we think it has, and makes both agree. */
  async #sweep(): Promise<void> {
    if (this.#sweeping || !this.#ari.isUp()) return;
    this.#sweeping = true;
    try {
      const known = [...this.#calls.values()].filter((call) => call.phase === "placed");
      const [channels, bridgeIds] = await Promise.all([this.#ari.channels(), this.#ari.bridgeIds()]);
      const there = new Map(channels.map((channel) => [channel.id, channel]));
      for (const call of known) if (call.phase === "placed") this.#compare(call, there);
      await this.#removeStrays(channels, bridgeIds);
    } finally {
      this.#sweeping = false;
      this.#sweepIn(SWEEP_EVERY_MS);
    }
  }

  #compare(call: Call, there: Map<string, AriChannel>): void {
    const callee = there.get(call.names.callee);
    if (!callee) return this.#finish(call, outcomeOfLost(call.facts));
    call.facts = observe(call.facts, { type: "ChannelStateChange", channel: callee });
    this.#tellProgress(call);
    if (call.party && !there.has(call.names.party)) call.party.lost(PARTY_IS_LOST);
    if (!call.host && !there.has(call.names.media)) call.facts = { ...call.facts, endedByPbx: true };
    if (call.facts.askedToEnd || call.facts.endedByPbx) this.#background(call, "hanging up again", this.#end(call));
  }

  async #removeStrays(channels: AriChannel[], bridgeIds: string[]): Promise<void> {
    const isStray = (callId: string | undefined) => callId !== undefined && !this.#calls.has(callId);
    const removals = channels
      .filter((channel) => {
        const name = this.#names.channel(channel.id);
        return name ? isStray(name.callId) : this.#names.isInOurApp(channel);
      })
      .map((channel) => this.#ari.hangUp(channel.id));
    for (const id of bridgeIds) {
      if (isStray(this.#names.bridge(id) ?? undefined)) removals.push(this.#ari.destroyBridge(id));
    }
    if (removals.length > 0)
      this.#log.info({ count: removals.length }, "removing what an earlier run left in Asterisk");
    await Promise.allSettled(removals);
  }

  #background(call: Call, what: string, work: Promise<void>): void {
    inBackground(this.#log.child({ callId: call.id }), what, work);
  }

  #emit(event: CarrierEvent): void {
    try {
      this.#deps.onEvent(event);
    } catch (thrown) {
      this.#log.error({ callId: event.callId, error: messageOf(thrown) }, "a listener of carrier events threw");
    }
  }
}

const isTalking = (call: Call | undefined): call is Call => call?.phase === "placed" && call.answered;

const newCall = (id: string, names: CallNames): Call => ({
  id,
  names,
  phase: "preparing",
  facts: NO_FACTS,
  rang: false,
  answered: false,
  started: { callee: Promise.withResolvers<boolean>(), media: Promise.withResolvers<boolean>() },
  party: null,
  hadParty: false,
  guest: null,
  host: null,
  cancelTimer: () => {},
});

const NOT_PREPARED: Outcome = {
  disposition: "trunk-failure",
  cause: "trunk-failure",
  detail: "Asterisk could not place the call: the trunk is unknown or unreachable.",
};

const refused = (reason: "invalid-number" | "trunk-failure" | "cancelled" | "failed", detail: string): Originated => ({
  ok: false,
  disposition: reason,
  cause: reason,
  detail,
});
