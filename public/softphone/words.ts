import { callOf, type Mode, type State } from "./machine.ts";

/** What the dock says about a mode. `icon` is a symbol of the sprite. */
export interface ModeWords {
  mode: Mode;
  label: string;
  icon: string;
  /** The letter that asks for it while the keyboard is in the dock. */
  key: string;
  /** Who hears whom, in one sentence. */
  sentence: string;
}

/** The modes, from the narrowest audience to the widest. */
export const MODES: readonly ModeWords[] = [
  { mode: "listen", label: "Listen", icon: "headphones", key: "L", sentence: "Nobody hears you." },
  { mode: "whisper", label: "Whisper", icon: "ear", key: "W", sentence: "The AI hears you. The caller does not." },
  { mode: "barge", label: "Barge in", icon: "users", key: "B", sentence: "The caller and the AI hear you." },
  {
    mode: "takeover",
    label: "Take over",
    icon: "hand",
    key: "T",
    sentence: "The AI is silent. You speak with the caller.",
  },
];

/** The words of a mode. */
export const modeWords = (mode: Mode): ModeWords => MODES.find((words) => words.mode === mode) ?? MODES[0]!;

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

/** Whether the caller knows of a user in this mode, where a tone tells them. */
const noticeOf = ({ mode, noticeTone }: Extract<State["place"], { at: "in" }>): string => {
  if (noticeTone === "off") return "";
  const knows = noticeTone === "listen" || mode === "barge" || mode === "takeover";
  return knows ? " A tone tells the caller that you are there." : " A tone tells the caller before they hear you.";
};

const READY = { badge: "Ready", tone: "plain", title: "", spoken: "" } as const;

/** The others on the call in a few words: who speaks by name, who listens as a number. */
const companyOf = ({ place, roster }: State): string => {
  if (place.at !== "in") return "";
  const others = roster.filter(({ seatId }) => seatId !== place.seatId);
  const doing = others
    .filter(({ mode }) => mode !== "listen")
    .map(({ name, mode }) => ` ${name} ${mode === "whisper" ? "whispers" : "speaks"}.`);
  const listening = others.length - doing.length;
  return doing.join("") + (listening > 0 ? ` ${listening} other${listening === 1 ? " listens" : "s listen"}.` : "");
};

/** What the dock says. */
export const wordsFor = (state: State): Words => {
  const { place, mic } = state;
  const title = callOf(state)?.who ?? "";
  if (!state.owner)
    return {
      ...READY,
      badge: "Other tab",
      sentence: "The phone is open in another tab. Calls you pick here play there.",
    };
  switch (place.at) {
    case "idle":
      return {
        ...READY,
        sentence: state.before
          ? `You were on ${state.before.who}.`
          : "Pick a live call to listen. The microphone is off.",
      };
    case "joining":
      return {
        badge: "Joining",
        tone: "ringing",
        title,
        sentence: "Connecting the sound…",
        spoken: `Joining ${title}.`,
      };
    case "in": {
      if (place.link === "lost")
        return {
          badge: "Reconnecting",
          tone: "warn",
          title,
          sentence: "The connection was lost. Trying again. Nobody hears you.",
          spoken: "Connection lost, trying again. The call goes on.",
        };
      const { label, sentence: audience } = modeWords(place.mode);
      const sentence = audience + noticeOf(place);
      const isQuiet = place.mode === "barge" || place.mode === "takeover" ? mic === "muted" && !place.wish : false;
      const asking = place.wish ? ` Asking for ${modeWords(place.wish.mode).label.toLowerCase()}…` : "";
      return {
        badge: "Live",
        tone: "live",
        title,
        sentence: sentence + (isQuiet ? " You are muted." : "") + asking + companyOf(state),
        spoken: `${label}. ${sentence}${isQuiet ? " You are muted." : ""}`,
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
