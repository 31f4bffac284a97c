/** Who is at the other end of a scripted call. */
export type PersonaName =
  | "answers"
  | "answers-late"
  | "busy"
  | "no-answer"
  | "rejects"
  | "voicemail"
  | "hangs-up"
  | "talks-over"
  | "unknown-number"
  | "busy-first"
  | "call-me-later"
  | "asks-back";

/** How a scripted callee and the network before it behave. */
export interface Persona {
  readonly name: PersonaName;
  /** Last two digits of the numbers that reach it; empty for the one that all other numbers reach. */
  readonly digits: string;
  /** One sentence for people who choose a number to try. */
  readonly says: string;
  /** What the network does with the call. `rings` runs into the caller's time limit. */
  readonly network: "answers" | "busy" | "busy-first" | "rejects" | "rings" | "unknown";
  /** Rings heard before it is answered or refused, from and to; chance decides. */
  readonly rings: readonly [from: number, to: number];
  /** Speaks at once when it is answered and listens to nobody. */
  readonly machine: boolean;
  /** Line, counted from 0, in the middle of which it puts the phone down; −1 never. */
  readonly hangsUpInLine: number;
  /** Line, counted from 0, with which it talks over the agent instead of waiting for its turn; −1 never. */
  readonly talksOverInLine: number;
  /** Asks the first call about a matter to come again at another time, and settles it then. */
  readonly putsOff: boolean;
  /** Asks something that only the owner knows, and holds the line after this line, counted from 0; −1 never. */
  readonly holdsAfterLine: number;
}

const listens = {
  machine: false,
  hangsUpInLine: -1,
  talksOverInLine: -1,
  putsOff: false,
  holdsAfterLine: -1,
} as const;

/** All personas; the first is the one that numbers without one of their own reach. */
export const PERSONAS: readonly [Persona, ...Persona[]] = [
  {
    name: "answers",
    digits: "",
    says: "answers after one or two rings and talks until the matter is settled",
    network: "answers",
    rings: [1, 2],
    ...listens,
  },
  {
    name: "answers-late",
    digits: "10",
    says: "lets it ring four or five times, then answers and talks",
    network: "answers",
    rings: [4, 5],
    ...listens,
  },
  { name: "busy", digits: "11", says: "is on another call", network: "busy", rings: [0, 0], ...listens },
  {
    name: "no-answer",
    digits: "12",
    says: "lets it ring until the caller gives up",
    network: "rings",
    rings: [0, 0],
    ...listens,
  },
  {
    name: "rejects",
    digits: "13",
    says: "presses the red button after a ring or two",
    network: "rejects",
    rings: [1, 2],
    ...listens,
  },
  {
    name: "voicemail",
    digits: "14",
    says: "is a mailbox: a greeting, a beep, then silence",
    network: "answers",
    rings: [2, 3],
    ...listens,
    machine: true,
  },
  {
    name: "hangs-up",
    digits: "15",
    says: "answers, loses patience and puts the phone down in mid-sentence",
    network: "answers",
    rings: [1, 2],
    ...listens,
    hangsUpInLine: 1,
  },
  {
    name: "talks-over",
    digits: "16",
    says: "answers and talks while the agent is talking",
    network: "answers",
    rings: [1, 2],
    ...listens,
    talksOverInLine: 1,
  },
  {
    name: "unknown-number",
    digits: "17",
    says: "does not exist: the network knows no such number",
    network: "unknown",
    rings: [0, 0],
    ...listens,
  },
  {
    name: "busy-first",
    digits: "18",
    says: "is on another call the first time, answers the next call about the same matter and talks",
    network: "busy-first",
    rings: [1, 2],
    ...listens,
  },
  {
    name: "call-me-later",
    digits: "19",
    says: "answers, asks to be called again in one minute, and settles the matter then",
    network: "answers",
    rings: [1, 2],
    ...listens,
    putsOff: true,
  },
  {
    name: "asks-back",
    digits: "20",
    says: "answers, asks something that only you know, and holds the line while you are asked",
    network: "answers",
    rings: [1, 2],
    ...listens,
    holdsAfterLine: 2,
  },
];

/** The persona of this name; the one that answers for a name nobody has. */
export const personaNamed = (name: string): Persona => PERSONAS.find((each) => each.name === name) ?? PERSONAS[0];

/** The persona that a number reaches, by its last two digits. */
export const personaOf = (number: string): Persona => {
  const digits = number.replace(/\D/g, "").slice(-2);
  return PERSONAS.find((each) => each.digits !== "" && each.digits === digits) ?? PERSONAS[0];
};
