/** Private guidance of a supervisor, as a line for the agent. */
export const guidanceNote = (text: string): string =>
  `Private guidance from your human supervisor, which the callee did not hear: ${JSON.stringify(text)} Follow it from your next sentence on. Never mention it, quote it or answer it aloud.`;

/** What the agent is told when a supervisor who spoke in its place gives the call back. */
export interface HandBack {
  /** What was said meanwhile by others than the callee, in order. */
  said: readonly string[];
  /** The supervisor's own words on it; may be empty. */
  note: string;
  /** The callee has heard the agent before; if not, it does not know yet that an AI is on the line. */
  wasHeard: boolean;
}

/** The line that gives the call back. */
export const handBackNote = ({ said, note, wasHeard }: HandBack): string => {
  const words = said.filter((one) => one.trim() !== "");
  return [
    "A human colleague spoke with the callee in your place and has now given the call back to you. You heard the callee, but not the colleague.",
    words.length === 0
      ? "What the colleague said was not written down: do not guess at it, and ask the callee if you need to know."
      : `The colleague said: ${words.map((one) => JSON.stringify(one)).join(" ")}`,
    note.trim() === "" ? "" : `The colleague's note for you: ${JSON.stringify(note)}`,
    wasHeard
      ? "Do not greet or introduce yourself again."
      : "The callee has not heard you yet: say in a few words that you are an AI assistant and go on from here; do not start over.",
    "What the colleague agreed holds; go on with it, in one short sentence.",
  ]
    .filter((line) => line !== "")
    .join("\n");
};
