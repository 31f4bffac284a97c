/** A way to be on a call. */
export type Mode = "listen";

/** What the dock says about a mode. `icon` is a symbol of the sprite. */
export interface ModeWords {
  mode: Mode;
  label: string;
  icon: string;
  /** Who hears whom, in one sentence. */
  sentence: string;
}

/** The modes that are offered. */
export const MODES: readonly ModeWords[] = [
  { mode: "listen", label: "Listen", icon: "headphones", sentence: "Nobody hears you." },
];

/** A call as a page names it. */
export interface CallRef {
  id: string;
  who: string;
}

/** Where the softphone is. */
export type Place =
  | { at: "idle" }
  | { at: "joining"; call: CallRef; mode: Mode }
  /** `since` is when sound was first granted, epoch ms; it stays over reconnections. */
  | { at: "in"; call: CallRef; mode: Mode; link: "ok" | "lost"; since: number }
  | { at: "ended"; call: CallRef };

/** All the dock shows, but for what changes by the moment (levels, clock, network). */
export interface State {
  place: Place;
  /** `blocked` until the first click when the browser refuses to play. */
  sound: "ok" | "blocked";
  /** Whether this tab is the phone; one tab is. */
  owner: boolean;
  /** The call a reload interrupted, to be joined again by a click. */
  before: CallRef | null;
  /** What went wrong last, in words for the user. */
  problem: string | null;
  /** Everyone on this call, this user included. */
  roster: readonly string[];
}

/** What can happen. */
export type Happening =
  | { type: "ask"; call: CallRef; mode: Mode }
  | { type: "granted"; callId: string; mode: Mode; who: string; now: number }
  | { type: "refused"; callId: string; why: string }
  | { type: "link"; link: "ok" | "lost" }
  | { type: "sound"; sound: "ok" | "blocked" }
  | { type: "roster"; callId: string; names: readonly string[] }
  | { type: "call-ended"; callId: string }
  | { type: "leave" }
  | { type: "clear" }
  | { type: "owner"; owner: boolean }
  | { type: "remember"; call: CallRef };

/** A phone that has just been made. */
export const INITIAL: State = {
  place: { at: "idle" },
  sound: "ok",
  owner: false,
  before: null,
  problem: null,
  roster: [],
};

/** The call the phone is on or on its way to; null when there is none. */
export const callOf = (state: State): CallRef | null =>
  state.place.at === "joining" || state.place.at === "in" ? state.place.call : null;

/** The state after something happened. Answers about a call the phone is no longer on change nothing. */
export const next = (state: State, event: Happening): State => {
  const { place } = state;
  const isMine = "callId" in event && callOf(state)?.id === event.callId;
  switch (event.type) {
    case "ask":
      if (callOf(state)?.id === event.call.id) return state;
      return {
        ...state,
        place: { at: "joining", call: event.call, mode: event.mode },
        problem: null,
        before: null,
        roster: [],
      };
    case "granted": {
      const call = callOf(state);
      if (!isMine || !call) return state;
      const since = place.at === "in" ? place.since : event.now;
      const named = { id: call.id, who: event.who || call.who };
      return { ...state, place: { at: "in", call: named, mode: event.mode, link: "ok", since }, problem: null };
    }
    case "refused":
      return isMine ? { ...state, place: { at: "idle" }, problem: event.why, roster: [] } : state;
    case "link":
      return place.at === "in" && place.link !== event.link
        ? { ...state, place: { ...place, link: event.link } }
        : state;
    case "sound":
      return { ...state, sound: event.sound };
    case "roster":
      return isMine ? { ...state, roster: event.names } : state;
    case "call-ended": {
      const call = callOf(state);
      return isMine && call ? { ...state, place: { at: "ended", call }, sound: "ok", roster: [] } : state;
    }
    case "leave":
      return place.at === "idle" ? state : { ...state, place: { at: "idle" }, sound: "ok", problem: null, roster: [] };
    case "clear":
      return { ...state, place: place.at === "ended" ? { at: "idle" } : place, problem: null, before: null };
    case "owner":
      return { ...state, owner: event.owner };
    case "remember":
      return place.at === "idle" ? { ...state, before: event.call } : state;
  }
};

/** The dock's words for a state. */
export interface Words {
  badge: string;
  /** Colour class of the badge. */
  tone: "live" | "ringing" | "warn" | "plain";
  title: string;
  sentence: string;
  /** What is read aloud when it changes. */
  spoken: string;
}

/** What the dock says. */
export const wordsFor = (state: State): Words => {
  const { place } = state;
  if (!state.owner)
    return {
      badge: "Other tab",
      tone: "plain",
      title: "",
      sentence: "The phone is open in another tab. Calls you pick here play there.",
      spoken: "",
    };
  switch (place.at) {
    case "idle":
      return state.before
        ? {
            badge: "Ready",
            tone: "plain",
            title: "",
            sentence: `You were listening to ${state.before.who}.`,
            spoken: "",
          }
        : {
            badge: "Ready",
            tone: "plain",
            title: "",
            sentence: "Pick a live call to listen. The microphone is off.",
            spoken: "",
          };
    case "joining":
      return {
        badge: "Joining",
        tone: "ringing",
        title: place.call.who,
        sentence: "Connecting the sound…",
        spoken: `Joining ${place.call.who}.`,
      };
    case "in": {
      const mode = MODES.find((candidate) => candidate.mode === place.mode) ?? MODES[0]!;
      const others = state.roster.length - 1;
      const company = others > 0 ? ` ${others} other${others === 1 ? " listens" : "s listen"}.` : "";
      if (place.link === "lost")
        return {
          badge: "Reconnecting",
          tone: "warn",
          title: place.call.who,
          sentence: "The connection was lost. Trying again.",
          spoken: "Connection lost, trying again. The call goes on.",
        };
      return {
        badge: "Live",
        tone: "live",
        title: place.call.who,
        sentence: mode.sentence + company,
        spoken: `${mode.label}. ${mode.sentence}`,
      };
    }
    case "ended":
      return {
        badge: "Ended",
        tone: "plain",
        title: place.call.who,
        sentence: "The call is over.",
        spoken: "The call is over.",
      };
  }
};

/** Time on a call as `m:ss`, or `h:mm:ss` from an hour on. */
export const spanText = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};
