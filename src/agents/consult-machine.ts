import type { TransferFailure } from "../core/transfer.ts";

/** How long somebody who answered may take to say whether they take the callee, in ms. */
const DECIDE_MS = 45_000;
/** How long last words to them may take, in ms. */
const LAST_WORDS_MS = 8000;

/**
 * A private word with somebody before a callee is handed to them. `opening` their line and voice are being opened ·
 * `ringing` the carrier has the request · `talking` they are briefed and asked · `accepting` they take it, the last words
 * to them are played · `joining` they are moved to the callee · `parting` they are told why it comes to nothing · `over`.
 */
export type ConsultState = { at: "opening" | "ringing" | "talking" | "accepting" | "joining" | "parting" | "over" };

/** Everything that can happen to a consult, in any order. */
export type ConsultInput =
  | { type: "opened"; port: number }
  | { type: "open-failed"; why: TransferFailure }
  | { type: "ringing" }
  | { type: "carrier-media"; host: string; port: number }
  | { type: "answered" }
  /** Their line is gone; `why` is how it went where they never answered. */
  | { type: "ended"; why: TransferFailure }
  | { type: "accept"; toolCallId: string }
  | { type: "decline"; toolCallId: string }
  /** What was said to them has been played. */
  | { type: "drained" }
  /** The time for this part is up. */
  | { type: "time-limit" }
  | { type: "joined" }
  | { type: "join-failed" }
  /** The voice, or the media of their line. */
  | { type: "voice-lost" }
  | { type: "media-lost" }
  /** The callee has gone, or goes another way: they are told, and nobody waits for an outcome. */
  | { type: "give-up" }
  /** Everything ends at once. */
  | { type: "stop" };

/** What is to be done about it, in this order. */
export type ConsultEffect =
  | { do: "originate"; port: number }
  | { do: "prepare" }
  | { do: "set-remote"; host: string; port: number }
  | { do: "answer" }
  | { do: "reply"; toolCallId: string; decision: "accept" | "decline" }
  | { do: "say"; why: "no-decision" | "callee-left" }
  | { do: "drain"; maxMs: number; expectSpeech: boolean }
  | { do: "wait"; ms: number }
  | { do: "join" }
  | { do: "hang-up" }
  | { do: "close" }
  /** Once at most, and never after `give-up` or `stop`. */
  | { do: "tell"; outcome: "joined" | TransferFailure };

/** Where a consult begins. */
export const CONSULT_START: ConsultState = { at: "opening" };

type Step = [ConsultState, ConsultEffect[]];

const OVER: ConsultState = { at: "over" };
const HANG_UP: ConsultEffect[] = [{ do: "hang-up" }, { do: "close" }];
const tell = (outcome: "joined" | TransferFailure): ConsultEffect => ({ do: "tell", outcome });
const hungUp = (outcome: TransferFailure): Step => [OVER, [...HANG_UP, tell(outcome)]];
const left = (outcome: TransferFailure): Step => [OVER, [{ do: "close" }, tell(outcome)]];
const reply = (toolCallId: string, decision: "accept" | "decline"): ConsultEffect => ({
  do: "reply",
  toolCallId,
  decision,
});
const lastWords = (expectSpeech: boolean): ConsultEffect[] => [
  { do: "drain", maxMs: LAST_WORDS_MS, expectSpeech },
  // Should nobody tell that they have been played.
  { do: "wait", ms: LAST_WORDS_MS + 1000 },
];
const part = (why: "no-decision" | "callee-left"): Step => [
  { at: "parting" },
  [{ do: "say", why }, ...lastWords(true)],
];

/**
 * The rules of a consult. Pure; inputs that mean nothing where it stands change nothing. Their line is hung up on every
 * way out but their own hang-up and the joining, and the media of it is closed on all of them.
 */
export const stepConsult = (state: ConsultState, input: ConsultInput): Step => {
  if (state.at === "over") return [state, []];
  if (input.type === "stop") return [OVER, state.at === "opening" ? [{ do: "close" }] : HANG_UP];
  switch (state.at) {
    case "opening":
      return whileOpening(state, input);
    case "ringing":
      return whileRinging(state, input);
    case "talking":
      return whileTalking(state, input);
    case "accepting":
      return whileAccepting(state, input);
    case "joining":
      return whileJoining(state, input);
    case "parting":
      return whileParting(state, input);
  }
};

const whileOpening = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "opened":
      return [{ at: "ringing" }, [{ do: "originate", port: input.port }]];
    case "open-failed":
      return left(input.why);
    case "voice-lost":
    case "media-lost":
    case "time-limit":
      return left("failed");
    case "give-up":
      return [OVER, [{ do: "close" }]];
    default:
      return [state, []];
  }
};

const whileRinging = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "ringing":
      return [state, [{ do: "prepare" }]];
    case "carrier-media":
      return [state, [{ do: "set-remote", host: input.host, port: input.port }]];
    case "answered":
      return [{ at: "talking" }, [{ do: "answer" }, { do: "wait", ms: DECIDE_MS }]];
    case "ended":
      return left(input.why);
    case "voice-lost":
    case "media-lost":
      return hungUp("failed");
    case "give-up":
      return [OVER, HANG_UP];
    default:
      return [state, []];
  }
};

const whileTalking = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "accept":
      return [{ at: "accepting" }, [reply(input.toolCallId, "accept"), ...lastWords(false)]];
    case "decline":
      return [{ at: "parting" }, [tell("declined"), reply(input.toolCallId, "decline"), ...lastWords(true)]];
    case "time-limit": {
      const [next, effects] = part("no-decision");
      return [next, [tell("undecided"), ...effects]];
    }
    case "ended":
      return left("declined");
    case "voice-lost":
    case "media-lost":
      return hungUp("failed");
    case "give-up":
      return part("callee-left");
    default:
      return [state, []];
  }
};

const whileAccepting = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "drained":
    case "time-limit":
    case "voice-lost":
      return [{ at: "joining" }, [{ do: "join" }]];
    case "ended":
      return left("declined");
    case "media-lost":
      return hungUp("failed");
    case "give-up":
      return part("callee-left");
    default:
      return [state, []];
  }
};

const whileJoining = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "joined":
      return [OVER, [{ do: "close" }, tell("joined")]];
    case "join-failed":
      return hungUp("failed");
    case "ended":
      return left("failed");
    case "give-up":
      return [OVER, HANG_UP];
    default:
      return [state, []];
  }
};

const whileParting = (state: ConsultState, input: ConsultInput): Step => {
  switch (input.type) {
    case "drained":
    case "time-limit":
    case "voice-lost":
    case "media-lost":
      return [OVER, HANG_UP];
    case "ended":
      return [OVER, [{ do: "close" }]];
    default:
      return [state, []];
  }
};
