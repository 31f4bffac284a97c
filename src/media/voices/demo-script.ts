import { type Chance, chanceOf, pick } from "../carriers/scripted/chance.ts";
import { type PersonaName, personaNamed } from "../carriers/scripted/personas.ts";
import { type ActionKind, spokenAction, spokenText } from "./demo-action.ts";

/** What a demo conversation is about; free text, each part may be empty. */
export interface DemoSubject {
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

/**
 * The words of one conversation. The agent has the first and the last word: it has one line more than the callee, or,
 * where it asks the owner, the answer is that line.
 */
export interface DemoScript {
  agentLines: string[];
  /** One greeting for an answering machine. */
  calleeLines: string[];
  /** What the agent says when it was talked over, before it says its words again. */
  yield: string;
  /** What the agent leaves on an answering machine. */
  message: string;
  /** What the agent says when it is told to say something. */
  polite: string;
  /** What the agent says when the owner did not answer in time. */
  late: string;
  /** What the agent says when a person who spoke in its place gave the call back. */
  back: string;
  /** What it asks the owner, after which of its lines; null: nothing. */
  asks: { afterLine: number; question: string } | null;
}

/** Longest name that is spoken, in characters. */
const LONGEST_NAME = 60;
/** Longest context that is spoken, in characters. */
const LONGEST_CONTEXT = 160;

/** Begins the line of an action that may be told to the callee. */
const KNOWN = "What they may know: ";

type Lines = readonly [string, ...string[]];

/** What the callee says once it knows what is wanted, and what it says in the end. */
const ASKS: Record<ActionKind, Lines> = {
  book: ["Let me look at the calendar. Is there anything I should know?", "Sure, we can do that. Any special wishes?"],
  cancel: ["I see. Let me find it. May I ask the reason?", "No problem. Is there anything I should write down?"],
  ask: ["Good question. Is that all you would like to know?", "Let me check. Is there anything else to it?"],
  inform: ["Oh, thank you for letting me know. Is there anything I have to do?", "I see. Is there more to it?"],
  other: ["I see. Can you tell me a little more about it?", "All right. Is there anything else I should know?"],
};
/** What the agent answers to that when the task tells nothing more. */
const NOTHING_MORE: Record<ActionKind, Lines> = {
  book: ["No, nothing special. Does it work for you?", "No, it is as simple as that. Would that be possible?"],
  cancel: ["No, there is nothing more to it. Can you do that?", "I was not told more than that. Is it possible?"],
  ask: ["That is all I was asked to find out. What may I pass on?", "No, only this. Can you tell me?"],
  inform: ["No, that is all. I just wanted you to know.", "That is everything I was asked to say."],
  other: ["That is all I was told. Is it possible?", "It is as simple as that. Can you do it?"],
};
const GRANTS: Record<ActionKind, Lines> = {
  book: ["Good, that works for us. I have written it down.", "Perfect. It is in the book now."],
  cancel: ["All right, that is done. The change is in our system.", "Good. I have changed it just now."],
  ask: ["I understand. Yes, that is possible, no problem at all.", "Well, the answer is yes. That is how we do it."],
  inform: ["Very well. I will keep it in mind.", "Good to know. I have made a note."],
  other: ["All right. I can help with that. Consider it done.", "That sounds fine to me. Yes, let us do it."],
};
const CONFIRMS: Record<ActionKind, Lines> = {
  book: ["Wonderful. So it is settled, and I will pass that on.", "Great. I will pass the booking on right away."],
  cancel: ["Thank you. I will pass on that the change is made.", "Great. So that is taken care of."],
  ask: ["That is very helpful. I will pass your answer on.", "Thank you. That is just what I needed to know."],
  inform: ["Thank you. I will pass on that you know about it.", "Wonderful. Then I have done what I called for."],
  other: ["Thank you. I will pass that on right away.", "Wonderful. I will report that it is settled."],
};
const GREETS: Lines = ["Yes, hello. What is it about?", "Hello. Yes, speaking. How can I help you?"];
const PARTS: Lines = ["No, that is all. Thank you for calling.", "No, that is everything. Have a nice day."];
const CUTS_IN: Lines = [
  "Sorry to cut in, but did you say that you are an artificial intelligence?",
  "Wait, wait. Hold on a second. Who did you say you are calling for?",
];
const LOSES_PATIENCE: Lines = [
  "You know what, I really have no time for this right now, and to be honest I would rather not talk to a machine.",
  "Listen, I am in the middle of something here, so I am going to stop you right there and wish you a good day.",
];
const PUTS_OFF: Lines = [
  "I am in the middle of something right now. Could you call me again in one minute?",
  "It is a bad moment, I am sorry. Please call again in one minute, then I have time for you.",
];
const AGREES: Lines = [
  "Of course. I will call you again in one minute. Goodbye.",
  "No problem at all. I will call again in one minute. Goodbye.",
];
const ASKS_BACK: Lines = [
  "One thing first: which phone number may we reach them at, if something comes up?",
  "Before I do that, I need a phone number for them, in case something changes. Which one may I write down?",
];
const HOLDS: Lines = ["Sure, I will hold the line.", "All right, take your time."];
const ASKS_AGAIN: Lines = [
  "Oh, hello again. Did you find out the phone number?",
  "Hello again. And, which number is it?",
];
const MAILBOX: Lines = [
  "Hello. You have reached my voicemail. I cannot take your call right now. Please leave a message after the beep.",
  "Nobody is available to take your call. Please leave a message after the tone.",
];

/**
 * Writes a short phone conversation about any action: greeting with who calls, for whom and that it is an AI, the
 * request, a question, its answer, the callee's yes, thanks. The same input gives the same words. Texts from outside are
 * bounded; what is left out is spoken around.
 */
export const demoScript = (subject: DemoSubject & { persona: PersonaName; seed: number }): DemoScript => {
  const chance = chanceOf(subject.seed);
  const agent = spokenText(subject.agentName, LONGEST_NAME) || "Appu";
  const owner = spokenText(subject.organization, LONGEST_NAME) || "a customer";
  const callee = spokenText(subject.calleeName, LONGEST_NAME);
  // The first line is the goal; what else an agent is told is not for the callee's ears, but for what it may know.
  const [goal = "", ...rest] = subject.action.trim().split(/\n+/);
  const known = rest.find((line) => line.startsWith(KNOWN))?.slice(KNOWN.length) ?? "";
  const { kind, purpose } = spokenAction(goal, {
    owner: spokenText(subject.organization, LONGEST_NAME),
    callee,
  });
  const whoCalls = `This is ${agent}, an AI assistant calling on behalf of ${owner}.`;
  const asks = sentence(`I am calling ${purpose}`);
  const agentLines = [
    `Hello${callee ? `, ${callee}` : ""}. ${whoCalls}`,
    `${pick(chance, ["Thank you for taking the call.", "I will keep it short."])} ${asks} Can you help me with that?`,
    moreAbout(chance, kind, subject.context.trim() === "" ? known : subject.context),
    `${pick(chance, CONFIRMS[kind])} Is there anything else I should tell them?`,
    `Thank you for your time${callee ? `, ${callee}` : ""}. Goodbye.`,
  ];
  const calleeLines = [
    pick(chance, GREETS),
    pick(chance, ASKS[kind]),
    granted(chance, kind, subject.action),
    pick(chance, PARTS),
  ];
  const persona = personaNamed(subject.persona);
  if (persona.putsOff && (subject.attempt ?? 1) === 1) {
    calleeLines.splice(1, 3, pick(chance, PUTS_OFF));
    agentLines.splice(2, 3, pick(chance, AGREES));
  }
  let question: DemoScript["asks"] = null;
  if (persona.holdsAfterLine >= 0) {
    const answer = spokenText(subject.ownerAnswer ?? "", LONGEST_CONTEXT);
    if (answer === "") {
      calleeLines.splice(1, 1, pick(chance, ASKS_BACK), pick(chance, HOLDS));
      agentLines[2] = `That is something I have to ask ${owner}. Please hold the line for a moment.`;
      question = {
        afterLine: 2,
        question: `${callee || "The callee"} asks which phone number they may reach you at, if something comes up.`,
      };
    } else {
      calleeLines[1] = pick(chance, ASKS_AGAIN);
      agentLines[2] = spokenAnswer(answer);
    }
  }
  if (persona.hangsUpInLine >= 0) calleeLines[persona.hangsUpInLine] = pick(chance, LOSES_PATIENCE);
  if (persona.talksOverInLine >= 0) calleeLines.splice(persona.talksOverInLine, 0, pick(chance, CUTS_IN));
  return {
    agentLines,
    calleeLines: persona.machine ? [pick(chance, MAILBOX)] : calleeLines,
    yield: `Sorry, please excuse me. ${whoCalls} As I was saying:`,
    message: `Hello${callee ? `, ${callee}` : ""}. ${whoCalls} ${asks} We will try to reach you again. Thank you, and goodbye.`,
    polite: "One moment, please. Thank you for your patience.",
    late: `I am sorry, I cannot reach ${owner} right now. I will call you again with the answer. Thank you, and goodbye.`,
    back: "Thank you for talking with my colleague. The AI assistant is back on the line.",
    asks: question,
  };
};

/** An answer of the owner as the demo's agent passes it on; bounded. */
export const spokenAnswer = (answer: string): string =>
  `Thank you for waiting. ${sentence(`The answer is: ${spokenText(answer, LONGEST_CONTEXT)}`)} Is that all you need?`;

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"] as const;
/** Free times of a demo callee: on the day that was asked for late, else early on the days after it. */
const FREE: readonly [readonly [number, string], ...(readonly [number, string])[]] = [
  [0, "4:15 pm"],
  [1, "9:30 am"],
  [1, "11 am"],
  [2, "10:45 am"],
];

/** The callee's yes. Who is asked for a time on a weekday names one. */
const granted = (chance: Chance, kind: ActionKind, action: string): string => {
  const words = pick(chance, GRANTS[kind]);
  const [daysLater, time] = pick(chance, FREE);
  const asked = DAYS.findIndex((day) => new RegExp(`\\b${day}`, "i").test(action));
  if (kind !== "book" || asked < 0) return words;
  return `The first free time is ${DAYS[(asked + daysLater) % DAYS.length]} at ${time}. ${words}`;
};

const moreAbout = (chance: Chance, kind: ActionKind, context: string): string => {
  const nothing = pick(chance, NOTHING_MORE[kind]);
  const words = spokenText(context, LONGEST_CONTEXT);
  return words === "" ? nothing : `Yes. ${sentence(`Here is what I know: ${words}`)} Does that help you?`;
};

const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);
