import type { Disposition, HangupCause } from "../../../core/call.ts";
import type { AriEvent } from "./events.ts";

/**
 * What is known about the end of a call. Facts only ever add up, in whatever order events arrive: Asterisk gives no
 * order between `Dial` and `ChannelStateChange`, and a reply may be overtaken by its own events.
 */
export interface CallFacts {
  /** The callee's phone rang, or its network played something. */
  readonly rang: boolean;
  /** The callee answered. */
  readonly reachedUp: boolean;
  /** We asked for the end. */
  readonly askedToEnd: boolean;
  /** It rang longer than it may. */
  readonly timedOut: boolean;
  /** Q.850 cause of the side that asked for the end; 0 when it gave none. */
  readonly cause: number;
  /** SIP code that ended it; 0 when there was none. */
  readonly sipCode: number;
  /** Asterisk is going down. */
  readonly shutdown: boolean;
  /** The callee's side asked for the end. */
  readonly endedByPeer: boolean;
  /** Asterisk itself asked for the end: no media arrived, someone at the PBX hung up, or the media channel went. */
  readonly endedByPbx: boolean;
  /** The channel is gone. */
  readonly destroyed: boolean;
}

/** Nothing happened yet. */
export const NO_FACTS: CallFacts = {
  rang: false,
  reachedUp: false,
  askedToEnd: false,
  timedOut: false,
  cause: 0,
  sipCode: 0,
  shutdown: false,
  endedByPeer: false,
  endedByPbx: false,
  destroyed: false,
};

/** Flag in `cause` of a soft hang-up request: Asterisk is going down. */
const SOFT_SHUTDOWN = 4;

/** The facts after an event of the callee's channel. */
export const observe = (facts: CallFacts, event: AriEvent): CallFacts => {
  const state = event.type === "Dial" ? event.peer.state : event.channel.state;
  const seen = {
    ...facts,
    rang: facts.rang || state === "Ringing" || (event.type === "Dial" && RANG.test(event.dialstatus)),
    reachedUp: facts.reachedUp || state === "Up",
  };
  switch (event.type) {
    case "ChannelHangupRequest":
      if (event.soft) {
        return { ...seen, shutdown: seen.shutdown || event.cause === SOFT_SHUTDOWN, endedByPbx: true };
      }
      return {
        ...seen,
        endedByPeer: true,
        cause: event.cause ?? seen.cause,
        sipCode: event.tech_cause ?? seen.sipCode,
      };
    case "ChannelDestroyed":
      return {
        ...seen,
        destroyed: true,
        cause: seen.cause || event.cause,
        sipCode: seen.sipCode || (event.tech_cause ?? 0),
      };
    default:
      return seen;
  }
};

/** The facts after an event of the call's media channel, which ends before the callee only when Asterisk ends it. */
export const observeMedia = (facts: CallFacts, event: AriEvent): CallFacts => {
  if (event.type === "ChannelDestroyed") return { ...facts, endedByPbx: true };
  const stops = event.type === "ChannelHangupRequest" && event.soft && event.cause === SOFT_SHUTDOWN;
  return stops ? { ...facts, shutdown: true } : facts;
};

const RANG = /^(RINGING|PROGRESS|PROCEEDING)$/;

/** How a call ended, in our words; `detail` is one plain sentence without numbers or names of people. */
export interface Outcome {
  disposition: Disposition;
  cause: HangupCause;
  detail: string;
}

/** How a call ended whose channel is gone. Who asked for the end comes first, then the SIP code, then Q.850. */
export const outcomeOf = (facts: CallFacts): Outcome => (facts.reachedUp ? afterAnswer(facts) : beforeAnswer(facts));

/** How a call ended that Asterisk no longer knows or can no longer be asked about. */
export const outcomeOfLost = (facts: CallFacts): Outcome =>
  facts.askedToEnd || facts.destroyed
    ? outcomeOf(facts)
    : { disposition: facts.reachedUp ? "answered" : "trunk-failure", cause: "carrier-lost", detail: LOST };

const LOST = "The connection to Asterisk was lost, and the call with it.";

const afterAnswer = (facts: CallFacts): Outcome => {
  const answered = (cause: HangupCause, detail: string): Outcome => ({ disposition: "answered", cause, detail });
  if (facts.askedToEnd) return answered("agent-hung-up", "We hung up.");
  if (facts.shutdown) return answered("carrier-lost", "Asterisk was stopped during the call.");
  if (facts.endedByPbx && !facts.endedByPeer) return answered("carrier-lost", SILENT_OR_CUT);
  if (NETWORK_FAILED.has(facts.cause)) {
    return answered("carrier-lost", `The telephone network dropped the call (cause ${facts.cause}).`);
  }
  return answered("callee-hung-up", "The callee hung up.");
};

const SILENT_OR_CUT = "Asterisk ended the call: no sound arrived from the callee, or it was hung up at the PBX.";

const beforeAnswer = (facts: CallFacts): Outcome => {
  if (facts.timedOut) return NOT_ANSWERED;
  if (facts.askedToEnd) return CANCELLED;
  if (facts.shutdown) return { ...failed("trunk-failure", "Asterisk was stopped."), cause: "carrier-lost" };
  if (facts.sipCode === 408 || facts.cause === 18) return facts.rang ? NOT_ANSWERED : TRUNK_SILENT;
  return BY_SIP_CODE[facts.sipCode] ?? BY_CAUSE[facts.cause] ?? fallback(facts);
};

const failed = (disposition: Disposition & HangupCause, detail: string): Outcome => ({
  disposition,
  cause: disposition,
  detail,
});

const NOT_ANSWERED = failed("no-answer", "Nobody answered.");
const CANCELLED = failed("cancelled", "The call was cancelled before anybody answered.");
const BUSY = failed("busy", "The line was busy.");
const REJECTED = failed("rejected", "The callee or its network rejected the call.");
const UNWANTED = failed("rejected", "The callee's network marked the call as unwanted; do not call again.");
const NO_SUCH_NUMBER = failed("invalid-number", "The number is not in service.");
const NUMBER_CHANGED = failed("invalid-number", "The number has changed.");
const INCOMPLETE = failed("invalid-number", "The number is incomplete.");
const TRUNK_FAILED = failed("trunk-failure", "The trunk could not carry the call; it may be tried again.");
const TRUNK_SILENT = failed("trunk-failure", "The trunk did not answer: check that it is up and reachable.");
const TRUNK_LOGIN = failed("trunk-failure", "The trunk refused our user name or password: check pjsip-trunk.conf.");
const REDIRECTED = failed("failed", "The call was redirected, which is not followed.");
const NO_CODEC = failed("failed", "The callee's phone speaks no codec of ours: G.711 must be allowed on the trunk.");
const PAYMENT = failed("trunk-failure", "The trunk asks for payment: check the account with the provider.");
const TOO_MANY = failed("trunk-failure", "The trunk takes no more calls at this rate; it may be tried again.");

/** RFC 3261 §21 and later codes. 480 is a phone that cannot be reached now, and Asterisk's own word for a time-out. */
const BY_SIP_CODE: Record<number, Outcome> = {
  300: REDIRECTED,
  301: REDIRECTED,
  302: REDIRECTED,
  401: TRUNK_LOGIN,
  402: PAYMENT,
  403: REJECTED,
  404: NO_SUCH_NUMBER,
  407: TRUNK_LOGIN,
  410: NUMBER_CHANGED,
  415: NO_CODEC,
  429: TOO_MANY,
  480: NOT_ANSWERED,
  484: INCOMPLETE,
  486: BUSY,
  487: CANCELLED,
  488: NO_CODEC,
  500: TRUNK_FAILED,
  502: TRUNK_FAILED,
  503: TRUNK_FAILED,
  504: TRUNK_FAILED,
  600: BUSY,
  603: REJECTED,
  604: NO_SUCH_NUMBER,
  606: NO_CODEC,
  607: UNWANTED,
  608: UNWANTED,
};

/** ITU-T Q.850 §2.2.7, for ends without a SIP code. */
const BY_CAUSE: Record<number, Outcome> = {
  1: NO_SUCH_NUMBER,
  2: TRUNK_FAILED,
  3: TRUNK_FAILED,
  17: BUSY,
  19: NOT_ANSWERED,
  20: NOT_ANSWERED,
  21: REJECTED,
  22: NUMBER_CHANGED,
  23: REDIRECTED,
  27: TRUNK_FAILED,
  28: INCOMPLETE,
  34: TRUNK_FAILED,
  38: TRUNK_FAILED,
  41: TRUNK_FAILED,
  42: TRUNK_FAILED,
  44: TRUNK_FAILED,
  58: NO_CODEC,
  102: TRUNK_FAILED,
};

/** Q.850 causes in a BYE that say the network gave up, not a person. */
const NETWORK_FAILED = new Set([27, 34, 38, 41, 42, 44, 47, 102]);

const fallback = (facts: CallFacts): Outcome => {
  if (facts.endedByPbx) return failed("failed", "The call was hung up at the PBX.");
  const codes = `SIP ${facts.sipCode || "none"}, cause ${facts.cause || "none"}`;
  return facts.sipCode >= 500
    ? failed("trunk-failure", `The trunk could not carry the call (${codes}).`)
    : failed("failed", `The call failed (${codes}).`);
};
