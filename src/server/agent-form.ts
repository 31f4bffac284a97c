import { z } from "zod";
import { parsePhone } from "../core/phone.ts";
import { MAX_TRANSFER_TARGETS, type TransferTarget } from "../core/transfer.ts";
import { line, text } from "./call-request.ts";
import { phoneSentence } from "./phone-words.ts";

/** Whether a tag names a language in a way that every part understands (BCP 47). */
const isLanguage = (tag: string): boolean => {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
};

/** One person a line, `Reception: +12025550100`; empty lines count for nothing. */
const transferTargets = text(4000)
  .default("")
  .transform((lines, ctx): TransferTarget[] => {
    const targets: TransferTarget[] = [];
    const wrong = (message: string): typeof z.NEVER => {
      ctx.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    for (const one of lines.split("\n").map((each) => each.trim())) {
      if (one === "") continue;
      const colon = one.lastIndexOf(":");
      const name = one.slice(0, Math.max(0, colon)).trim();
      if (name === "" || name.length > 80)
        return wrong(`“${one.slice(0, 60)}” is no name and number. Write Reception: +12025550100`);
      const phone = parsePhone(one.slice(colon + 1));
      if (!phone.ok) return wrong(`${name}: ${phoneSentence(phone.reason)}`);
      if (targets.some((target) => target.name.toLowerCase() === name.toLowerCase()))
        return wrong(`${name} stands there twice`);
      targets.push({ name, phone: phone.e164 });
    }
    return targets.length > MAX_TRANSFER_TARGETS ? wrong(`At most ${MAX_TRANSFER_TARGETS} people`) : targets;
  });

/** The same as a form shows them. */
export const targetLines = (targets: readonly TransferTarget[]): string =>
  targets.map(({ name, phone }) => `${name}: ${phone}`).join("\n");

/** An agent's profile as a form sends it. */
export const AgentForm = z.object({
  name: line(80).min(1, "Give the agent a name"),
  organization: line(120).default(""),
  language: line(35).refine(isLanguage, "A language tag, such as en, cs or pt-BR"),
  instructions: text(8000).default(""),
  // About six seconds of speech: whoever ended the call waits for it.
  farewell: line(120).default(""),
  transferTargets,
});
