import type { Disposition, HangupCause } from "../../core/call.ts";
import type { CarrierLegSettings } from "../engine/protocol.ts";

/** Which way calls leave. */
export type CarrierKind = "asterisk" | "twilio" | "scripted" | "browser";

/** One call to be placed. */
export interface OriginateRequest {
  callId: string;
  /** E.164, with `+`. */
  to: string;
  /** E.164 shown to the callee; undefined leaves it to the trunk. */
  from?: string;
  /** Name shown to the callee where the network carries one. */
  callerName?: string;
  /** How often this matter was called about, this call counted; for carriers that play the callee. Default 1. */
  attempt?: number;
  /** How long it may ring, in ms. */
  timeoutMs: number;
  /** Where the engine listens for this call's packets; carriers without packets ignore it. */
  mediaHost: string;
  mediaPort: number;
}

/** Somebody who is to talk with the callee of an answered call. */
export interface ConnectRequest {
  callId: string;
  /** E.164, with `+`. */
  to: string;
  /** E.164 shown to them; undefined leaves it to the trunk. */
  from?: string;
  /** Name shown to them where the network carries one. */
  callerName?: string;
  /** How long it may ring, in ms. */
  timeoutMs: number;
}

/** What a call is about, for carriers that play the callee. All free text; empty where nothing is known. */
export interface CallSubject {
  action: string;
  context: string;
  calleeName: string;
  agentName: string;
  organization: string;
  /** How often this matter was called about, this call counted. Default 1. */
  attempt?: number;
  /** What the owner answered to a question of an earlier call about it. */
  ownerAnswer?: string;
}

/** What the network answered when a call was asked for. `ok` means that events of this call will follow, last `ended`. */
export type Originated = { ok: true } | { ok: false; disposition: Disposition; cause: HangupCause; detail: string };

/** What a carrier says about a call. `ended` comes exactly once for each call whose originate was `ok`, and last. */
export type CarrierEvent =
  | { type: "ringing"; callId: string }
  | { type: "media"; callId: string; host: string; port: number }
  | { type: "answered"; callId: string }
  | { type: "dtmf"; callId: string; digit: string }
  /** Whom `connect` or `join` had connected hung up or was lost; the callee is still there. */
  | { type: "party-left"; callId: string }
  | { type: "ended"; callId: string; cause: HangupCause; disposition: Disposition; detail: string };

/** State of a carrier for health pages: `detail` is one plain sentence, with the fix when it is down. */
export interface CarrierHealth {
  state: "up" | "down" | "starting";
  detail: string;
}

/**
 * The half of a carrier that lives on the main thread: it places and ends calls. The other half, the leg, moves frames
 * on the media thread and is described by `legFor`.
 */
export interface CarrierControl {
  readonly kind: CarrierKind;
  /** Connects and stays connected, reconnecting for ever; resolves when up or when it keeps trying in the background. */
  start(): Promise<void>;
  /** Ends what it owns: hangs up its calls, closes its sockets. May be called twice. */
  close(): Promise<void>;
  health(): CarrierHealth;
  /** Most calls this carrier can hold at once. */
  capacity(): number;
  /** What the engine opens as the callee's leg of a call to this number. */
  legFor(call: { callId: string; to: string; about?: CallSubject }): Promise<CarrierLegSettings>;
  originate(request: OriginateRequest): Promise<Originated>;
  /** Ends the call whatever its state; an `ended` event follows. Unknown or ended calls are ignored. */
  hangUp(callId: string): Promise<void>;
  /** Sends `0-9*#A-D` as key presses to the callee of an answered call; a `w` waits half a second. */
  sendDtmf(callId: string, digits: string): Promise<void>;
  /**
   * Dials somebody and lets them and the callee hear each other from their answer on; what the engine hears of the
   * callee is both of them then. Resolves when they are connected, or with why not: the callee was with the agent all
   * the time. One at a time. When they hang up, `party-left` follows. Carriers without this verb connect nobody.
   */
  connect?(request: ConnectRequest): Promise<Originated>;
  /**
   * Moves the callee of the answered call `callId` to the callee of `into`, as if `connect` had connected them: they
   * hear each other and the engine's end of `into`, and no more the one of their own call, whose `ended` still comes.
   * Resolves when it is done, or with why not. Carriers without this verb move nobody.
   */
  join?(callId: string, into: string): Promise<Originated>;
  /** Ends what `connect` or `join` began, ringing or connected; the callee stays. Does nothing without one. */
  disconnect?(callId: string): Promise<void>;
}

/** Hears what happens to calls. Must not throw; carriers guard against it all the same. */
export type CarrierListener = (event: CarrierEvent) => void;
