import type { Joined, Present } from "../../src/media/supervision/messages.ts";
import { MIC_PROBLEMS, type MicProblem } from "./mic-problem.ts";

/** A way to be on a call. */
export type Mode = Present["mode"];

/** What this user may do on a call. */
export type Right = Joined["rights"][number];

/** When callers are told of a user by a tone. */
type NoticeTone = Joined["noticeTone"];

/** How many hear a user, as an order: a higher number is a wider audience. */
const REACH: Readonly<Record<Mode, number>> = { listen: 0, whisper: 1, barge: 2, takeover: 3 };

/** A call as a page names it. */
export interface CallRef {
  id: string;
  who: string;
}

/** `muted` holds the device with its track disabled; `off` holds none. The last three say why there is none. */
export type Mic = "off" | "asking" | "live" | "muted" | MicProblem;

/** A mode that was asked for and is not confirmed yet. */
export interface Wish {
  mode: Mode;
  /** Whether the microphone opens with the server's word. */
  opens: boolean;
  /** For the agent, when it is given the call back. */
  note: string;
}

/** Where the softphone is. */
export type Place =
  | { at: "idle" }
  /** One comes as a listener; `goal` is asked for afterwards. */
  | { at: "joining"; call: CallRef; goal: Mode }
  | {
      at: "in";
      call: CallRef;
      /** What the server has confirmed. */
      mode: Mode;
      wish: Wish | null;
      link: "ok" | "lost";
      /** When sound was first granted, epoch ms; it stays over modes and reconnections. */
      since: number;
      seatId: string;
      rights: readonly Right[];
      noticeTone: NoticeTone;
      /** A takeover that a lost link cut short: what is asked for once it is back, if the server has kept it. */
      cut: Wish | null;
    }
  | { at: "ended"; call: CallRef };

/** All the dock shows, but for what changes by the moment (levels, clock, network). */
export interface State {
  place: Place;
  mic: Mic;
  /** Whether the talk button works only while it is held, in whisper; if not, a press begins and a press ends. */
  hold: boolean;
  /** `blocked` until the first click when the browser refuses to play. */
  sound: "ok" | "blocked";
  /** Whether this tab is the phone; one tab is. */
  owner: boolean;
  /** The call a reload interrupted, to be joined again by a click. */
  before: CallRef | null;
  /** What went wrong last, in words for the user. */
  problem: string | null;
  /** Everyone on this call, this user included. */
  roster: readonly Present[];
}

/** What can happen. `now` is epoch ms. */
export type Happening =
  | { type: "ask"; call: CallRef; mode: Mode; note?: string }
  | {
      type: "joined";
      callId: string;
      who: string;
      seatId: string;
      rights: readonly Right[];
      /** Whether a takeover of this user waits on the server after a loss. */
      waits: boolean;
      noticeTone: NoticeTone;
      now: number;
    }
  /** The call could not be joined, or not again. */
  | { type: "refused"; callId: string; why: string }
  /** The mode that was wished for is in force. */
  | { type: "granted"; callId: string; mode: Mode }
  /** It is not. */
  | { type: "declined"; callId: string; why: string }
  /** The server changed the mode unasked. */
  | { type: "changed"; callId: string; mode: Mode; why: string }
  | { type: "lost" }
  /** The link is there again and the place was kept, as a listener's; `waits` as in `joined`. */
  | { type: "back"; waits: boolean }
  | { type: "mic"; mic: Mic }
  /** The talk button is held or let go. */
  | { type: "talk"; on: boolean }
  /** The mute switch was pressed, or the talk button where it needs no holding. */
  | { type: "mute" }
  | { type: "hold"; on: boolean }
  | { type: "sound"; sound: "ok" | "blocked" }
  | { type: "roster"; callId: string; present: readonly Present[] }
  | { type: "call-ended"; callId: string }
  | { type: "leave" }
  | { type: "clear" }
  | { type: "owner"; owner: boolean }
  | { type: "remember"; call: CallRef };

/** A phone that has just been made. */
export const INITIAL: State = {
  place: { at: "idle" },
  mic: "off",
  hold: true,
  sound: "ok",
  owner: false,
  before: null,
  problem: null,
  roster: [],
};

/** What a takeover that waits is answered with when nobody wants to go on with it. */
const GIVE_BACK: Wish = { mode: "listen", opens: false, note: "" };
const NO_RIGHT = "You have not the right to do this on a live call.";
/** The call the phone is on or on its way to; null when there is none. */
export const callOf = (state: State): CallRef | null =>
  state.place.at === "joining" || state.place.at === "in" ? state.place.call : null;

/** Whether someone could hear this user in that mode. */
export const speaks = (mode: Mode): boolean => mode !== "listen";

/** Whether the talk button or the mute switch does something now. */
export const canTalk = ({ place, mic }: State): boolean =>
  place.at === "in" && speaks(place.mode) && !place.wish && place.link === "ok" && (mic === "live" || mic === "muted");

const silent = (mic: Mic): Mic => (mic === "live" ? "muted" : mic);
/** Without a device; a microphone that could not be had is still that. */
const released = (mic: Mic): Mic => (mic in MIC_PROBLEMS ? mic : "off");

/** The state after something happened. Answers about a call the phone is no longer on change nothing. */
export const next = (state: State, event: Happening): State => {
  if ("callId" in event && callOf(state)?.id !== event.callId) return state;
  const { place, mic } = state;
  switch (event.type) {
    case "ask":
      return asked(state, event);
    case "joined": {
      const call = callOf(state);
      if (!call) return state;
      const { seatId, rights, waits, noticeTone, now } = event;
      const from = place.at === "in" ? place : null;
      const to: In = {
        at: "in",
        call: { id: call.id, who: event.who || call.who },
        mode: "listen",
        wish: place.at === "joining" ? wishFor("listen", place.goal, rights) : null,
        link: "ok",
        since: from?.since ?? now,
        seatId,
        rights,
        noticeTone,
        cut: from?.cut ?? null,
      };
      if (from) return resumed(state, to, from.mode, waits);
      const isDenied = place.at === "joining" && speaks(place.goal) && !to.wish;
      // Whoever comes back from elsewhere comes to listen: the AI need not wait for them.
      const wish = to.wish ?? (waits ? { ...GIVE_BACK } : null);
      return settled({ ...state, place: { ...to, wish }, problem: isDenied ? NO_RIGHT : null });
    }
    case "back":
      if (place.at !== "in" || place.link === "ok") return state;
      return resumed(state, { ...place, mode: "listen", link: "ok" }, place.mode, event.waits);
    case "refused":
      return { ...state, place: { at: "idle" }, mic: released(mic), problem: event.why, roster: [] };
    case "granted": {
      if (place.at !== "in" || place.wish?.mode !== event.mode) return state;
      const opened: Mic = place.wish.opens && mic === "muted" ? "live" : mic;
      return settled({ ...state, mic: opened, place: { ...place, mode: event.mode, wish: null, cut: null } });
    }
    case "declined":
      if (place.at !== "in" || !place.wish) return state;
      return settled({ ...state, mic: silent(mic), place: { ...place, wish: null, cut: null }, problem: event.why });
    case "changed":
      if (place.at !== "in") return state;
      return settled({
        ...state,
        mic: silent(mic),
        place: { ...place, mode: event.mode, wish: null, cut: null },
        problem: event.why,
      });
    case "lost": {
      if (place.at !== "in" || place.link === "lost") return state;
      // Whoever was about to give the call back still is.
      const again: Wish = place.wish ?? { mode: "takeover", opens: mic === "live", note: "" };
      const cut = place.mode === "takeover" ? again : place.cut;
      return { ...state, mic: silent(mic), place: { ...place, link: "lost", wish: null, cut } };
    }
    case "mic":
      return micIs(state, event.mic);
    case "talk":
      if (place.at !== "in" || place.mode !== "whisper" || !state.hold || !canTalk(state)) return state;
      return (mic === "live") === event.on ? state : { ...state, mic: event.on ? "live" : "muted" };
    case "mute":
      if (place.at !== "in" || (place.mode === "whisper" && state.hold) || !canTalk(state)) return state;
      return { ...state, mic: mic === "live" ? "muted" : "live" };
    case "hold":
      return { ...state, hold: event.on, mic: place.at === "in" && place.mode === "whisper" ? silent(mic) : mic };
    case "sound":
      return state.sound === event.sound ? state : { ...state, sound: event.sound };
    case "roster":
      return { ...state, roster: event.present };
    case "call-ended": {
      const call = callOf(state);
      return call ? { ...state, place: { at: "ended", call }, mic: "off", sound: "ok", roster: [] } : state;
    }
    case "leave":
      if (place.at === "idle") return state;
      return { ...state, place: { at: "idle" }, mic: "off", sound: "ok", problem: null, roster: [] };
    case "clear":
      return { ...state, place: place.at === "ended" ? { at: "idle" } : place, problem: null, before: null };
    case "owner":
      return { ...state, owner: event.owner };
    case "remember":
      return place.at === "idle" ? { ...state, before: event.call } : state;
  }
};

type In = Extract<Place, { at: "in" }>;

/** A wish for that mode; null when there is nothing to wish for, or no right to. */
const wishFor = (from: Mode, to: Mode, rights: readonly Right[], note = ""): Wish | null =>
  from === to || !rights.includes(to)
    ? null
    : { mode: to, opens: REACH[to] > REACH[from] && REACH[to] >= REACH.barge, note };

/** A listener without a wish holds no microphone. */
const settled = (state: State): State => {
  const { place, mic } = state;
  return place.at === "in" && place.mode === "listen" && !place.wish ? { ...state, mic: released(mic) } : state;
};

const asked = (state: State, { call, mode, note = "" }: Extract<Happening, { type: "ask" }>): State => {
  const { place, mic } = state;
  if (callOf(state)?.id !== call.id)
    return {
      ...state,
      place: { at: "joining", call, goal: mode },
      mic: silent(mic),
      problem: null,
      before: null,
      roster: [],
    };
  if (place.at === "joining") return { ...state, place: { ...place, goal: mode } };
  if (place.at !== "in" || place.link === "lost" || place.wish?.mode === mode) return state;
  const wish = wishFor(place.mode, mode, place.rights, note);
  if (!wish && mode !== place.mode) return { ...state, problem: NO_RIGHT };
  if (!wish && !place.wish) return state;
  return settled({ ...state, mic: silent(mic), place: { ...place, wish, cut: null }, problem: null });
};

/** Back after a lost link, as a listener; `was` was in force before. */
const resumed = (state: State, to: In, was: Mode, waits: boolean): State => {
  // A wish of its own: what was done about the one before the loss is not done about this one.
  const wish = waits ? { ...(to.cut ?? GIVE_BACK) } : null;
  const isLess = was !== "listen" && !wish;
  const problem = isLess ? "The connection was lost for a moment. You only listen now." : state.problem;
  return settled({ ...state, mic: silent(state.mic), place: { ...to, wish, cut: wish }, problem });
};

const micIs = (state: State, mic: Mic): State => {
  const { place } = state;
  if (mic === "denied" || mic === "missing" || mic === "busy") {
    // Without a microphone nothing wider is worth asking for; a narrower mode still is.
    const isWanted = place.at === "in" && place.wish && REACH[place.wish.mode] < REACH[place.mode];
    const kept = place.at === "in" && !isWanted ? { ...place, wish: null, cut: null } : place;
    return { ...state, mic, place: kept, problem: MIC_PROBLEMS[mic] };
  }
  // A device that comes when nobody wants to speak any more is let go.
  if (place.at !== "in" || (!speaks(place.mode) && !place.wish)) return { ...state, mic: "off" };
  return { ...state, mic };
};
