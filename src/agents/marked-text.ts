/** Opens the part of a text that asks the user something. */
export const QUESTIONS_MARK = "[QUESTIONS_FOR_USER]";
/** Opens the part of a text that is meant for the agent on the phone. */
export const INSTRUCTIONS_MARK = "[AGENT_INSTRUCTIONS]";

/** A text in its parts. */
export interface MarkedText {
  /** What stands before the first mark. */
  reply: string;
  /** One for each line or numbered item under its mark. */
  questions: string[];
  /** Null without the mark. */
  instructions: string | null;
}

/** Most questions taken from one text. */
const MAX_QUESTIONS = 12;

/**
 * Splits a text at the marks `[QUESTIONS_FOR_USER]` and `[AGENT_INSTRUCTIONS]`, in any order and any case, closed
 * (`[/…]`) or open to the next mark. A text without marks is all reply.
 */
export const readMarkedText = (text: string): MarkedText => {
  const pieces = text.split(/\[(\/?)(QUESTIONS_FOR_USER|AGENT_INSTRUCTIONS)\]/i);
  const reply = [pieces[0] ?? ""];
  const questions: string[] = [];
  const instructions: string[] = [];
  for (let i = 1; i + 2 < pieces.length + 1; i += 3) {
    const [slash = "", mark = "", body = ""] = [pieces[i], pieces[i + 1], pieces[i + 2]];
    if (slash === "/") reply.push(body);
    else if (mark.toUpperCase() === "AGENT_INSTRUCTIONS") instructions.push(body.trim());
    else questions.push(...body.split("\n").map(withoutBullet).filter(Boolean));
  }
  return {
    reply: reply
      .map((part) => part.trim())
      .filter(Boolean)
      .join("\n\n"),
    questions: questions.slice(0, MAX_QUESTIONS),
    instructions: instructions.length === 0 ? null : instructions.filter(Boolean).join("\n\n"),
  };
};

const withoutBullet = (line: string): string => line.replace(/^\s*(?:[-*•]|\(?\d{1,2}[.)])\s*/, "").trim();
