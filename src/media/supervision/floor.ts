import type { SupervisionMode } from "../../core/supervision.ts";

/** A person at a place on a call, who may have its floor. */
export interface Holder {
  seatId: string;
  tenantId: string;
  userId: string;
  name: string;
}

/** Modes in which a supervisor is heard. */
export type SpeakingMode = Exclude<SupervisionMode, "listen">;

/**
 * Who of the supervisors has the floor of a call. `lost` is a takeover whose speaker cannot be heard: the agent is still
 * silent and the caller is asked to wait. `silent` microphones may come back by themselves, those that are `gone` must be
 * opened again.
 */
export type Floor =
  | { at: "free" }
  | { at: "held"; by: Holder; mode: SpeakingMode }
  | { at: "lost"; by: Holder; microphone: "silent" | "gone" };

/** What was asked of the engine and is not confirmed. Without a `ticket` nobody waits for it: the floor fell back. */
export interface Change {
  request: number;
  mode: SupervisionMode;
  asked: { ticket: number; by: Holder } | null;
}

/** The floor of one call. `requests` counts what was asked of the engine; `atMs` is when it last confirmed something. */
export interface FloorState {
  readonly floor: Floor;
  readonly change: Change | null;
  readonly requests: number;
  readonly atMs: number;
}

/** Nobody speaks, as on a call that was just joined. */
export const FREE_FLOOR: FloorState = { floor: { at: "free" }, change: null, requests: 0, atMs: 0 };

/** What took a mode from a person, or that they asked. */
export type ModeCause = "asked" | "link-lost" | "left" | "not-written-down";

/** What can happen to the floor of a call. */
export type FloorEvent =
  | { type: "asked"; ticket: number; by: Holder; mode: SupervisionMode; note: string; hasMicrophone: boolean }
  /** The engine carried a request out. */
  | { type: "confirmed"; request: number; atMs: number }
  /** The engine did not answer in time. */
  | { type: "unconfirmed"; request: number }
  /** The way from this place's microphone is closed: its socket, transport, producer or the worker is gone. */
  | { type: "microphone-lost"; seatId: string }
  /** The engine hears nothing from the speaker, or hears him again. */
  | { type: "speaker-lost" }
  | { type: "speaker-back" }
  /** The speaker's words are not written down any more. */
  | { type: "transcriber-lost" }
  /** On purpose. */
  | { type: "left"; seatId: string }
  /** The caller was asked to wait for as long as anybody may be. */
  | { type: "waited-too-long" };

/** Why a wish was refused, as the softphone is told. */
export type FloorRefusal = { ok: false; reason: "taken" | "not-now" | "failed"; why: string };

/** What came of a wish. */
export type FloorAnswer = { ok: true; mode: SupervisionMode; atMs: number } | FloorRefusal;

/** What is to be done about it. */
export type FloorEffect =
  /** Who hears whom from now on; `by` is the speaker whose stream is let in. `watched` requests must be confirmed. */
  | {
      do: "supervise";
      request: number;
      mode: SupervisionMode;
      by: Holder | null;
      note: string;
      watched: boolean;
    }
  | { do: "answer"; ticket: number; answer: FloorAnswer }
  /** The caller is asked to wait, and the waiting is timed; or it is over. */
  | { do: "hold-caller" }
  | { do: "release-caller" }
  | { do: "note"; by: Holder; from: SupervisionMode; to: SupervisionMode; why: ModeCause }
  /** Said to one place, or to everybody on the call. */
  | { do: "tell"; seatId: string | null; mode: SupervisionMode; why: string };

/** The floor afterwards, and what is to be done. */
export type FloorStep = readonly [FloorState, readonly FloorEffect[]];

/** How this place is on the call. */
export const modeAt = ({ floor }: FloorState, seatId: string): SupervisionMode => {
  if (floor.at === "free" || floor.by.seatId !== seatId) return "listen";
  return floor.at === "held" ? floor.mode : "takeover";
};

/** The place whose microphone is let in; null while nobody's is. */
export const speakerOf = ({ floor }: FloorState): string | null =>
  floor.at === "held" || (floor.at === "lost" && floor.microphone === "silent") ? floor.by.seatId : null;

const modeOfFloor = (floor: Floor): SupervisionMode =>
  floor.at === "held" ? floor.mode : floor.at === "lost" ? "takeover" : "listen";

const NOT_WRITTEN_DOWN = "Speech cannot be written down any more, so the AI would not hear you. Whisper by text.";
const LINE_LOST_NOTE = "The colleague who was speaking lost the connection to the call.";

/**
 * The rules of the floor: one speaker at a time, every change confirmed by the engine, and no loss that leaves the caller
 * with nobody. A lost takeover waits for its speaker and then falls back to the agent; every other loss, any loss during
 * a change, and leaving on purpose fall back at once. Whoever is on the call may take a floor that is lost.
 */
export const stepFloor = (state: FloorState, event: FloorEvent): FloorStep => {
  const { floor, change } = state;
  switch (event.type) {
    case "asked":
      return asked(state, event);
    case "confirmed":
      return change?.request === event.request ? confirmed(state, change, event.atMs) : [state, []];
    case "unconfirmed":
      return change?.request === event.request ? unconfirmed(state, change) : [state, []];
    case "microphone-lost":
      if (isChanging(change, event.seatId)) return fallBack(state, "link-lost");
      if (floor.at === "free" || floor.by.seatId !== event.seatId) return [state, []];
      if (floor.at === "held") return speakerLost(state, floor, "gone");
      return [{ ...state, floor: { ...floor, microphone: "gone" } }, []];
    case "speaker-lost":
      return floor.at === "held" ? speakerLost(state, floor, "silent") : [state, []];
    case "speaker-back":
      if (floor.at !== "lost" || floor.microphone !== "silent") return [state, []];
      return [{ ...state, floor: { at: "held", by: floor.by, mode: "takeover" } }, [{ do: "release-caller" }]];
    case "transcriber-lost":
      // A whisper would reach nobody; whoever speaks with the callee goes on.
      if (floor.at !== "held" || floor.mode !== "whisper") return [state, []];
      return fallBack(state, "not-written-down");
    case "left":
      if (isChanging(change, event.seatId)) return fallBack(state, "left");
      if (floor.at === "free" || floor.by.seatId !== event.seatId) return [state, []];
      return fallBack(state, "left");
    case "waited-too-long":
      return floor.at === "lost" ? fallBack(state, "link-lost") : [state, []];
  }
};

/** Whether this place asked for a wider audience and has no answer yet. */
const isChanging = (change: Change | null, seatId: string): boolean =>
  change !== null && change.mode !== "listen" && change.asked?.by.seatId === seatId;

const refused = (state: FloorState, ticket: number, reason: FloorRefusal["reason"], why: string): FloorStep => [
  state,
  [{ do: "answer", ticket, answer: { ok: false, reason, why } }],
];

const asked = (state: FloorState, event: Extract<FloorEvent, { type: "asked" }>): FloorStep => {
  const { floor, change } = state;
  const { ticket, by, mode, note } = event;
  const speaks = (name: string) => `${name} is already speaking on this call.`;
  if (change?.asked) {
    const other = change.asked.by;
    if (other.userId !== by.userId && change.mode !== "listen")
      return refused(state, ticket, "taken", speaks(other.name));
    return refused(state, ticket, "not-now", "Another change is under way on this call. Try again.");
  }
  const isMine = floor.at !== "free" && floor.by.userId === by.userId;
  const isHere = floor.at !== "free" && floor.by.seatId === by.seatId;
  if (mode === "listen") {
    const isGivingBack = isHere || (isMine && floor.at === "lost");
    if (!isGivingBack) return granted(state, ticket, mode);
  } else {
    if (floor.at === "held" && !isMine) return refused(state, ticket, "taken", speaks(floor.by.name));
    if (!event.hasMicrophone) {
      return refused(state, ticket, "not-now", "Your microphone is not open. Allow it, then try again.");
    }
    if (floor.at === "held" && isHere && floor.mode === mode) return granted(state, ticket, mode);
  }
  const effects: FloorEffect[] = [];
  let request = state.requests + 1;
  // The engine tells a silence once: taken out and let in again, the same stream is listened for anew.
  if (mode !== "listen" && floor.at === "lost" && isHere && floor.microphone === "silent")
    effects.push({ do: "supervise", request: request++, mode: "takeover", by: null, note: "", watched: false });
  effects.push({ do: "supervise", request, mode, by: mode === "listen" ? null : by, note, watched: true });
  return [{ ...state, requests: request, change: { request, mode, asked: { ticket, by } } }, effects];
};

/** Nothing had to change for it. */
const granted = (state: FloorState, ticket: number, mode: SupervisionMode): FloorStep => [
  state,
  [{ do: "answer", ticket, answer: { ok: true, mode, atMs: state.atMs } }],
];

const confirmed = (state: FloorState, { mode, asked }: Change, atMs: number): FloorStep => {
  const settled = { ...state, change: null, atMs };
  if (asked === null) return [settled, []];
  const { floor } = state;
  const { ticket, by } = asked;
  const effects: FloorEffect[] = [{ do: "answer", ticket, answer: { ok: true, mode, atMs } }];
  if (floor.at === "lost") effects.push({ do: "release-caller" });
  const before = floor.at === "free" ? null : floor.by;
  const isOthers = before !== null && before.userId !== by.userId;
  if (isOthers) effects.push({ do: "note", by: before, from: modeOfFloor(floor), to: "listen", why: "link-lost" });
  if (before !== null && before.seatId !== by.seatId) {
    const why = isOthers
      ? `Your connection was lost. ${by.name} speaks on this call now.`
      : "You speak from another window now.";
    effects.push({ do: "tell", seatId: before.seatId, mode: "listen", why });
  }
  const from = before === null || isOthers ? "listen" : modeOfFloor(floor);
  if (from !== mode) effects.push({ do: "note", by, from, to: mode, why: "asked" });
  return [{ ...settled, floor: mode === "listen" ? { at: "free" } : { at: "held", by, mode } }, effects];
};

/** A wish is refused and what was in force is asked for again; what fell back is asked for until it is confirmed. */
const unconfirmed = (state: FloorState, { mode, asked }: Change): FloorStep => {
  const request = state.requests + 1;
  if (asked === null) {
    return [
      { ...state, requests: request, change: { request, mode, asked } },
      [{ do: "supervise", request, mode, by: null, note: "", watched: true }],
    ];
  }
  const { floor } = state;
  const by = speakerOf(state) === null || floor.at === "free" ? null : floor.by;
  const why = "The call did not confirm the change. You are as before; try again.";
  return [
    { ...state, requests: request, change: null },
    [
      { do: "answer", ticket: asked.ticket, answer: { ok: false, reason: "failed", why } },
      { do: "supervise", request, mode: modeOfFloor(floor), by, note: "", watched: false },
    ],
  ];
};

const speakerLost = (
  state: FloorState,
  { by, mode }: Extract<Floor, { at: "held" }>,
  microphone: "silent" | "gone",
): FloorStep => {
  // Whoever is on the way to Listen may close the microphone before the answer; there is no way back then.
  if (state.change?.asked && state.change.mode === "listen")
    return [{ ...state, floor: { at: "free" } }, [{ do: "note", by, from: mode, to: "listen", why: "asked" }]];
  if (state.change?.asked) return fallBack(state, "link-lost");
  if (mode !== "takeover") return fallBack(state, "link-lost");
  const lost: FloorState = { ...state, floor: { at: "lost", by, microphone } };
  if (microphone === "silent") return [lost, [{ do: "hold-caller" }]];
  const request = state.requests + 1;
  return [
    { ...lost, requests: request },
    [{ do: "supervise", request, mode, by: null, note: "", watched: false }, { do: "hold-caller" }],
  ];
};

/** The agent speaks with the caller again, whatever was under way. */
const fallBack = (state: FloorState, why: Exclude<ModeCause, "asked">): FloorStep => {
  const { floor, change } = state;
  const effects: FloorEffect[] = [];
  if (change?.asked) {
    const answer = { ok: false, reason: "failed", why: "The call changed meanwhile. Try again." } as const;
    effects.push({ do: "answer", ticket: change.asked.ticket, answer });
  }
  const request = state.requests + 1;
  const note = why === "link-lost" && modeOfFloor(floor) === "takeover" ? LINE_LOST_NOTE : "";
  effects.push({ do: "supervise", request, mode: "listen", by: null, note, watched: true });
  if (floor.at === "lost") effects.push({ do: "release-caller" });
  if (floor.at !== "free") {
    effects.push({ do: "note", by: floor.by, from: modeOfFloor(floor), to: "listen", why });
    if (why === "link-lost") effects.push(fallBackNews(floor));
    if (why === "not-written-down")
      effects.push({ do: "tell", seatId: floor.by.seatId, mode: "listen", why: NOT_WRITTEN_DOWN });
  }
  const fallen: Change = { request, mode: "listen", asked: null };
  return [{ ...state, floor: { at: "free" }, change: fallen, requests: request }, effects];
};

const fallBackNews = (floor: Exclude<Floor, { at: "free" }>): FloorEffect =>
  modeOfFloor(floor) === "takeover"
    ? {
        do: "tell",
        seatId: null,
        mode: "listen",
        why: `The connection to ${floor.by.name} was lost. The AI speaks with the caller again.`,
      }
    : { do: "tell", seatId: floor.by.seatId, mode: "listen", why: "Your connection was lost, so nobody hears you." };
