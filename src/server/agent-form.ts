import { z } from "zod";
import { line, text } from "./call-request.ts";

/** Whether a tag names a language in a way that every part understands (BCP 47). */
const isLanguage = (tag: string): boolean => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
};

/** An agent's profile as a form sends it. */
export const AgentForm = z.object({
  name: line(80).min(1, "Give the agent a name"),
  organization: line(120).default(""),
  language: line(35).refine(isLanguage, "A language tag, such as en, cs or pt-BR"),
  instructions: text(8000).default(""),
});
