import type { z } from "zod";
import { calleeSigns } from "../attention-words.ts";
import type { MoodCase, moodAnswer } from "../prompts/mood.ts";
import type { ScriptedRole } from "./scripted.ts";

/** The callee's lines that tell how they are now. */
const LAST_LINES = 2;
const UNSURE =
  /\b(?:who is this|what is this about|not (?:quite )?sure|i do ?n[o']t understand|confus\w+|in a hurry)\b/i;

/**
 * What a scripted model makes of a case (`moodMessage`): the words of the callee's last lines by fixed rules. The same case
 * gives the same mood.
 */
export const scriptedMood = (message: string): z.infer<typeof moodAnswer> => {
  const the = JSON.parse(message) as MoodCase;
  const callee = the.last_lines.filter(({ speaker }) => speaker === "callee").map(({ text }) => text);
  const lines = callee.slice(-LAST_LINES);
  const signs = lines.map(calleeSigns);
  const off_plan = callee.some((text) => calleeSigns(text).isWrongPerson);
  const away = off_plan ? "says that it is the wrong person" : "";
  if (signs.some(({ anger }) => anger === "furious")) {
    return { mood: "angry", off_plan, reason: "insults, threatens or says so" };
  }
  if (signs.some(({ anger }) => anger === "annoyed")) return { mood: "upset", off_plan, reason: "complains" };
  if (signs.some(({ asksForHuman }) => asksForHuman)) {
    return { mood: "uneasy", off_plan, reason: away || "asks for a person" };
  }
  if (lines.some((text) => UNSURE.test(text))) return { mood: "uneasy", off_plan, reason: away || "sounds unsure" };
  return { mood: "calm", off_plan, reason: away };
};

/** The scripted model's role on live calls. */
export const SCRIPTED_MOOD_ROLE: Readonly<Record<"mood", ScriptedRole>> = {
  mood: async ({ messages }) => scriptedMood(messages[0]?.text ?? ""),
};
