import { type Disposition, endStatus, type HangupCause } from "../core/call.ts";
import { REACH, type SupervisionMode } from "../core/supervision.ts";
import type { TransferFailure, TransferTarget } from "../core/transfer.ts";

/** Why and how an attempt ended. */
export interface AttemptEnd {
  cause: HangupCause;
  disposition: Disposition;
  /** One safe sentence; empty when the cause says it all. */
  detail: string;
}

/** The agent has said that it is done; the line is cut when its last words have been heard. */
interface Farewell {
  end: AttemptEnd;
  /** The tool call that is still to be answered should the callee want to go on. */
  toolCallId: string | null;
}

/** The callee is being handed to somebody, or was: `to` is null for a supervisor. */
export interface Transfer {
  /** The tool call that asked for it; null where a supervisor did. */
  toolCallId: string | null;
  to: TransferTarget | null;
  at: "asked" | "joined";
}

/** A conversation: what is being said in it beside the words. */
interface Talking {
  at: "talking";
  farewell: Farewell | null;
  interruptedFarewells: number;
  /** The tool call whose question is before the owner; null while there is none. */
  asking: string | null;
  /** Questions put to the owner so far. */
  asked: number;
  /** Whom the callee is being handed to; null while it is nobody. */
  transfer: Transfer | null;
  /** Transfers asked for so far. */
  transfers: number;
  /** A supervisor speaks in the agent's place. */
  supervisorSpeaks: boolean;
  /**
   * A supervisor, or whom the callee is connected with, speaks in the agent's place: how and when the call ends is theirs
   * to say, short of a lost line.
   */
  takenOver: boolean;
  /** What broke the voice for good while that person spoke; null while there is one. */
  voiceless: string | null;
  /** The longest call time ran out while that person spoke. */
  overtime: boolean;
}

/**
 * One attempt, dial to hang-up. `opening` media, voice and recording are being opened · `dialing` the carrier has the
 * request · `talking` answered · `closing` it is over, the last figures are on their way · `over` settled.
 */
export type AttemptState =
  | { at: "opening" }
  | { at: "dialing" }
  | Talking
  | { at: "closing"; end: AttemptEnd }
  | { at: "over" };

/** Everything that can happen to an attempt, in any order. */
export type AttemptInput =
  | { type: "opened"; port: number }
  | { type: "open-failed"; detail: string }
  | { type: "open-timeout" }
  | { type: "refused"; end: AttemptEnd }
  | { type: "ringing" }
  | { type: "carrier-media"; host: string; port: number }
  | { type: "answered" }
  | { type: "carrier-ended"; end: AttemptEnd }
  | { type: "callee-hung-up" }
  | { type: "farewell"; disposition: Disposition; toolCallId: string; speaking: boolean }
  | { type: "drained"; interrupted: boolean }
  | { type: "ask-owner"; toolCallId: string; question: string; timeoutMs: number }
  | { type: "owner-answered"; answer: string }
  | { type: "owner-silent" }
  | { type: "voice-lost"; detail: string }
  /** How the supervisor who may speak is on the call from now on. */
  | { type: "supervised"; mode: SupervisionMode }
  /** `warm`: somebody named is spoken with in private first. */
  | {
      type: "transfer";
      toolCallId: string | null;
      to: TransferTarget | null;
      brief: string;
      warm: boolean;
      userId: string | null;
    }
  /** Whom the callee was to be connected with has answered and hears them. */
  | { type: "transfer-joined" }
  | { type: "transfer-failed"; why: TransferFailure }
  /** Whom the callee was connected with hung up. */
  | { type: "party-left" }
  | { type: "media-lost"; detail: string }
  | { type: "media-died" }
  | { type: "hang-up" }
  /** A person ends the call, once the agent has said goodbye. */
  | { type: "end-politely" }
  | { type: "shut-down" }
  | { type: "time-limit" }
  | { type: "closed" }
  | { type: "close-timeout" };

/** What is to be done about it, in this order. */
export type AttemptEffect =
  | { do: "originate"; port: number }
  | { do: "note-ringing" }
  | { do: "set-remote"; host: string; port: number }
  | { do: "answer" }
  | { do: "say-goodbye"; toolCallId: string | null }
  /** With the words of the agent's profile, in place of whatever it is saying. */
  | { do: "say-farewell" }
  | { do: "apologise" }
  /** `firm`: a person waits for the end, so it comes soon, and the callee cannot talk it away. */
  | { do: "drain"; expectSpeech: boolean; firm?: true }
  | { do: "go-on"; toolCallId: string; why: "callee-talks" | "taken-over" | "call-ends" }
  | { do: "ask-owner"; toolCallId: string; question: string; timeoutMs: number }
  | { do: "decline-question"; toolCallId: string; why: DeclineReason }
  | { do: "tell-answer"; toolCallId: string; answer: string }
  | { do: "say-no-answer"; toolCallId: string }
  | { do: "drop-question"; toolCallId: string | null; why: "no-answer" | "call-ends" }
  | { do: "call-supervisors"; brief: string }
  | { do: "connect"; to: TransferTarget; brief: string; warm: boolean; userId: string | null }
  | { do: "decline-transfer"; toolCallId: string | null; why: DeclineReason }
  | { do: "tell-transfer"; transfer: Transfer; outcome: "made" | "over" | TransferFailure }
  /** Nothing comes of a transfer that was asked for; what was begun of it is taken back. */
  | { do: "drop-transfer"; transfer: Transfer }
  | { do: "step-aside" }
  | { do: "come-back" }
  /** Somebody answered whom nobody waits for any more. */
  | { do: "disconnect" }
  | { do: "hang-up-carrier" }
  | { do: "close-media" }
  | { do: "settle"; end: AttemptEnd };

/** Why a question does not reach the owner, or a callee nobody else. */
export type DeclineReason = "one-is-open" | "too-many" | "call-ends" | "taken-over";

/** Where an attempt begins. */
export const ATTEMPT_START: AttemptState = { at: "opening" };

/** Farewells the callee may talk over before the line is cut all the same. */
const MAX_INTERRUPTED_FAREWELLS = 1;
/** Questions to the owner in one call: beyond it the owner had better speak with the callee. */
const MAX_QUESTIONS = 5;
/** Transfers asked for in one call: beyond it nobody seems to be there. */
const MAX_TRANSFERS = 5;

const close = (end: AttemptEnd, carrierIsDone: boolean): [AttemptState, AttemptEffect[]] => [
  { at: "closing", end },
  [...(carrierIsDone ? [] : [{ do: "hang-up-carrier" } as const]), { do: "close-media" }],
];

const over = (end: AttemptEnd, effects: AttemptEffect[] = []): [AttemptState, AttemptEffect[]] => [
  { at: "over" },
  [...effects, { do: "settle", end }],
];

/**
 * The rules of an attempt: what follows from what, and what is to be done. Pure; inputs that mean nothing where the
 * attempt stands change nothing. Every way in leads to exactly one `settle`.
 */
export const stepAttempt = (state: AttemptState, input: AttemptInput): [AttemptState, AttemptEffect[]] =>
  withoutStaleTransfer(state, withoutStaleQuestion(state, input, step(state, input)));

/** A call that ends, or says goodbye, hands nobody over any more. */
const withoutStaleTransfer = (
  state: AttemptState,
  [next, effects]: [AttemptState, AttemptEffect[]],
): [AttemptState, AttemptEffect[]] => {
  const transfer = state.at === "talking" ? state.transfer : null;
  if (transfer?.at !== "asked") return [next, effects];
  const isOver = next.at !== "talking";
  if (!isOver && (next.transfer?.at !== "asked" || next.farewell === null)) return [next, effects];
  return [isOver ? next : { ...next, transfer: null }, [{ do: "drop-transfer", transfer }, ...effects]];
};

const withoutStaleQuestion = (
  state: AttemptState,
  input: AttemptInput,
  [next, effects]: [AttemptState, AttemptEffect[]],
): [AttemptState, AttemptEffect[]] => {
  const asked = state.at === "talking" ? state.asking : null;
  const isOpen = next.at === "talking" && next.asking !== null;
  if (asked === null || isOpen || input.type === "owner-answered") return [next, effects];
  // First of all: an answer that comes from now on is late, and a voice speaks once all its tools have an outcome.
  const isTold = effects.some((effect) => effect.do === "say-no-answer");
  const why = input.type === "owner-silent" ? "no-answer" : "call-ends";
  return [next, [{ do: "drop-question", toolCallId: isTold ? null : asked, why }, ...effects]];
};

const step = (state: AttemptState, input: AttemptInput): [AttemptState, AttemptEffect[]] => {
  if (input.type === "media-died" && state.at !== "over") {
    const end = state.at === "closing" ? state.end : lost("media-lost", "the media thread died");
    return over(end, state.at === "closing" ? [] : [{ do: "hang-up-carrier" }]);
  }
  if (input.type === "shut-down") {
    // Nobody withdrew the call, so its task is to be tried again.
    if (state.at === "closing" || state.at === "over") return [state, []];
    return close(SHUT_DOWN, state.at === "opening");
  }
  switch (state.at) {
    case "opening":
      return whileOpening(state, input);
    case "dialing":
      return whileDialing(state, input);
    case "talking":
      return whileTalking(state, input);
    case "closing":
      return input.type === "closed" || input.type === "close-timeout" ? over(state.end) : [state, []];
    case "over":
      return [state, []];
  }
};

const lost = (cause: HangupCause, detail: string): AttemptEnd => ({ cause, disposition: "failed", detail });
/** A conversation that was lost instead of ended has failed, whichever part is the first to tell. */
const conversed = (end: AttemptEnd): AttemptEnd =>
  endStatus("in-progress", end.cause) === "dropped_connection" ? { ...end, disposition: "failed" } : end;
const CANCELLED: AttemptEnd = { cause: "cancelled", disposition: "cancelled", detail: "" };
const SHUT_DOWN: AttemptEnd = lost("process-restarted", "the server was stopped");
const CALLEE_LEFT: AttemptEnd = { cause: "callee-hung-up", disposition: "answered", detail: "" };
const USER_LEFT: AttemptEnd = { cause: "user-hung-up", disposition: "answered", detail: "" };
const TOO_LONG: AttemptEnd = { cause: "time-limit", disposition: "answered", detail: "the longest call time is over" };

const TALK_BEGINS: Talking = {
  at: "talking",
  farewell: null,
  interruptedFarewells: 0,
  asking: null,
  asked: 0,
  transfer: null,
  transfers: 0,
  supervisorSpeaks: false,
  takenOver: false,
  voiceless: null,
  overtime: false,
};

const whileOpening = (state: AttemptState, input: AttemptInput): [AttemptState, AttemptEffect[]] => {
  switch (input.type) {
    case "opened":
      return [{ at: "dialing" }, [{ do: "originate", port: input.port }]];
    case "open-failed":
      return over(lost("failed", input.detail));
    case "open-timeout":
      return close(lost("failed", "the call could not be opened in time"), true);
    case "voice-lost":
      return close(lost("voice-lost", input.detail), true);
    case "hang-up":
    case "end-politely":
      return close(CANCELLED, true);
    default:
      return [state, []];
  }
};

const whileDialing = (state: AttemptState, input: AttemptInput): [AttemptState, AttemptEffect[]] => {
  switch (input.type) {
    case "refused":
      return close(input.end, true);
    case "carrier-ended":
      return close(input.end, true);
    case "ringing":
      return [state, [{ do: "note-ringing" }]];
    case "carrier-media":
      return [state, [{ do: "set-remote", host: input.host, port: input.port }]];
    case "answered":
      return [TALK_BEGINS, [{ do: "answer" }]];
    case "voice-lost":
      return close(lost("voice-lost", input.detail), false);
    case "media-lost":
      return close(lost("media-lost", input.detail), false);
    case "hang-up":
    case "end-politely":
      return close(CANCELLED, false);
    default:
      return [state, []];
  }
};

const whileTalking = (state: Talking, input: AttemptInput): [AttemptState, AttemptEffect[]] => {
  switch (input.type) {
    case "carrier-ended":
      return close(
        state.farewell && input.end.cause !== "callee-hung-up" ? state.farewell.end : conversed(input.end),
        true,
      );
    case "callee-hung-up":
      return close(CALLEE_LEFT, false);
    case "hang-up":
      return close(USER_LEFT, false);
    case "end-politely":
      return endPolitely(state);
    case "media-lost":
      return close(lost("media-lost", input.detail), false);
    case "voice-lost":
      if (state.takenOver) return [{ ...state, voiceless: input.detail, asking: null }, []];
      return state.farewell ? loseFarewellVoice(state, state.farewell) : apologise(state, input.detail);
    case "supervised":
      return supervise(state, input.mode);
    case "transfer":
      return transfer(state, input);
    case "transfer-joined":
      return join(state);
    case "transfer-failed": {
      if (state.transfer?.at !== "asked") return [state, []];
      return [{ ...state, transfer: null }, [{ do: "tell-transfer", transfer: state.transfer, outcome: input.why }]];
    }
    case "party-left":
      return comeBack(state);
    case "time-limit":
      if (state.takenOver) return [{ ...state, overtime: true }, []];
      return state.farewell ? [state, []] : runOut(state);
    case "farewell":
      return sayFarewell(state, input);
    case "drained":
      return afterFarewell(state, input.interrupted);
    case "ask-owner":
      return askOwner(state, input);
    case "owner-answered": {
      if (state.asking === null) return [state, []];
      return [{ ...state, asking: null }, [{ do: "tell-answer", toolCallId: state.asking, answer: input.answer }]];
    }
    case "owner-silent":
      return giveUpAsking(state);
    default:
      return [state, []];
  }
};

/** Whoever speaks in the agent's place is not cut off by what it was about to do, and leaves the call to it in the end. */
const settleFloor = (state: Talking, effects: AttemptEffect[]): [AttemptState, AttemptEffect[]] => {
  const takenOver = state.supervisorSpeaks || state.transfer?.at === "joined";
  if (takenOver === state.takenOver) return [state, effects];
  const [next, more] = takenOver ? takeOver(state) : giveBack(state);
  return [next, [...effects, ...more]];
};

const supervise = (state: Talking, mode: SupervisionMode): [AttemptState, AttemptEffect[]] => {
  const { transfer } = state;
  const supervised = { ...state, supervisorSpeaks: mode === "takeover" };
  if (transfer?.at !== "asked" || transfer.to !== null || REACH[mode] < REACH.barge) return settleFloor(supervised, []);
  return settleFloor({ ...supervised, transfer: null }, [{ do: "tell-transfer", transfer, outcome: "made" }]);
};

const transfer = (
  state: Talking,
  { toolCallId, to, brief, warm, userId }: Extract<AttemptInput, { type: "transfer" }>,
): [AttemptState, AttemptEffect[]] => {
  const why =
    state.farewell !== null
      ? "call-ends"
      : state.takenOver && toolCallId !== null
        ? "taken-over"
        : state.transfer !== null || state.asking !== null
          ? "one-is-open"
          : state.transfers >= MAX_TRANSFERS
            ? "too-many"
            : null;
  if (why !== null) return [state, [{ do: "decline-transfer", toolCallId, why }]];
  const next: Talking = { ...state, transfer: { toolCallId, to, at: "asked" }, transfers: state.transfers + 1 };
  return [next, [to === null ? { do: "call-supervisors", brief } : { do: "connect", to, brief, warm, userId }]];
};

const join = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const { transfer } = state;
  if (transfer?.at !== "asked" || transfer.to === null) return [state, [{ do: "disconnect" }]];
  const joined: Transfer = { ...transfer, at: "joined" };
  const effects: AttemptEffect[] = [{ do: "tell-transfer", transfer: joined, outcome: "made" }, { do: "step-aside" }];
  return settleFloor({ ...state, transfer: joined }, effects);
};

const comeBack = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const { transfer } = state;
  if (transfer?.at !== "joined") return [state, []];
  const effects: AttemptEffect[] = [{ do: "tell-transfer", transfer, outcome: "over" }, { do: "come-back" }];
  return settleFloor({ ...state, transfer: null }, effects);
};

/** The voice is gone: the callee is told, and the call ends. */
const apologise = (state: Talking, detail: string): [AttemptState, AttemptEffect[]] => {
  const farewell = { end: lost("voice-lost", detail), toolCallId: null };
  return [{ ...state, farewell, asking: null }, [{ do: "apologise" }, { do: "drain", expectSpeech: false }]];
};

/** At once where somebody speaks in the agent's place and says goodbye themselves, and where no voice is left to say it. */
const endPolitely = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const { farewell } = state;
  if (state.takenOver || farewell?.end.cause === "voice-lost") return close(USER_LEFT, false);
  if (farewell?.end.cause === "user-hung-up") return [state, []];
  const next: Talking = { ...state, farewell: { end: USER_LEFT, toolCallId: null }, asking: null };
  // A goodbye that is under way is not said twice.
  return [next, farewell ? [] : [{ do: "say-farewell" }, { do: "drain", expectSpeech: true, firm: true }]];
};

const runOut = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const say: AttemptEffect[] = [
    { do: "say-goodbye", toolCallId: null },
    { do: "drain", expectSpeech: true },
  ];
  return [{ ...state, farewell: { end: TOO_LONG, toolCallId: null }, asking: null }, say];
};

/**
 * A person speaks now, so the call does not end with what the agent was about to say. What made it end for good is taken
 * up again when the call is given back.
 */
const takeOver = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const { farewell } = state;
  const next: Talking = { ...state, takenOver: true, farewell: null };
  if (farewell?.end.cause === "voice-lost") return [{ ...next, voiceless: farewell.end.detail }, []];
  if (farewell?.end.cause === "time-limit") return [{ ...next, overtime: true }, []];
  const toolCallId = farewell?.toolCallId ?? null;
  return [next, toolCallId === null ? [] : [{ do: "go-on", toolCallId, why: "taken-over" }]];
};

const giveBack = (state: Talking): [AttemptState, AttemptEffect[]] => {
  const next: Talking = { ...state, takenOver: false };
  if (state.voiceless !== null) return apologise(next, state.voiceless);
  return state.overtime ? runOut(next) : [next, []];
};

/** The call was about to end: it ends as it was meant to, with what of its last words has come, and cannot go on. */
const loseFarewellVoice = (state: Talking, farewell: Farewell): [AttemptState, AttemptEffect[]] => [
  { ...state, farewell: { ...farewell, toolCallId: null }, interruptedFarewells: MAX_INTERRUPTED_FAREWELLS },
  [{ do: "drain", expectSpeech: false }],
];

const askOwner = (
  state: Talking,
  { toolCallId, question, timeoutMs }: Extract<AttemptInput, { type: "ask-owner" }>,
): [AttemptState, AttemptEffect[]] => {
  const why =
    state.farewell !== null
      ? "call-ends"
      : state.takenOver
        ? "taken-over"
        : state.asking !== null || state.transfer !== null
          ? "one-is-open"
          : state.asked >= MAX_QUESTIONS
            ? "too-many"
            : null;
  if (why !== null) return [state, [{ do: "decline-question", toolCallId, why }]];
  const next = { ...state, asking: toolCallId, asked: state.asked + 1 };
  return [next, [{ do: "ask-owner", toolCallId, question, timeoutMs }]];
};

/** The owner did not answer while the callee waited: the call ends politely, and another one may know the answer. */
const giveUpAsking = (state: Talking): [AttemptState, AttemptEffect[]] => {
  if (state.asking === null) return [state, []];
  if (state.takenOver) return [{ ...state, asking: null }, []];
  const end: AttemptEnd = { cause: "agent-hung-up", disposition: "answered", detail: "" };
  const effects: AttemptEffect[] = [
    { do: "say-no-answer", toolCallId: state.asking },
    { do: "drain", expectSpeech: true },
  ];
  return [{ ...state, farewell: { end, toolCallId: null }, asking: null }, effects];
};

const sayFarewell = (
  state: Talking,
  input: Extract<AttemptInput, { type: "farewell" }>,
): [AttemptState, AttemptEffect[]] => {
  // It is told all the same: a voice says its goodbye once all its tools have an outcome.
  if (state.farewell) return [state, [{ do: "go-on", toolCallId: input.toolCallId, why: "call-ends" }]];
  if (state.takenOver) return [state, [{ do: "go-on", toolCallId: input.toolCallId, why: "taken-over" }]];
  const end: AttemptEnd = { cause: "agent-hung-up", disposition: input.disposition, detail: "" };
  // Speech that is under way is the goodbye itself; without any, the voice is asked for one.
  if (input.speaking) {
    const farewell = { end, toolCallId: input.toolCallId };
    return [{ ...state, farewell, asking: null }, [{ do: "drain", expectSpeech: false }]];
  }
  const effects: AttemptEffect[] = [
    { do: "say-goodbye", toolCallId: input.toolCallId },
    { do: "drain", expectSpeech: true },
  ];
  return [{ ...state, farewell: { end, toolCallId: null }, asking: null }, effects];
};

const afterFarewell = (state: Talking, interrupted: boolean): [AttemptState, AttemptEffect[]] => {
  const { farewell } = state;
  if (!farewell) return [state, []];
  const mayGoOn = farewell.end.cause === "agent-hung-up" && state.interruptedFarewells < MAX_INTERRUPTED_FAREWELLS;
  if (!interrupted || !mayGoOn) return close(farewell.end, false);
  const effects: AttemptEffect[] =
    farewell.toolCallId === null ? [] : [{ do: "go-on", toolCallId: farewell.toolCallId, why: "callee-talks" }];
  return [{ ...state, farewell: null, interruptedFarewells: state.interruptedFarewells + 1 }, effects];
};
