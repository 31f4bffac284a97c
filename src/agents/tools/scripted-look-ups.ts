import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { ModelTool } from "../models/model.ts";

/** What every scripted look-up says about itself. */
export const DEMO_NOTE =
  "Demo data: nothing was looked up. These numbers belong to nobody and only ring inside OpenDeep.";

/** Numbers set aside for fiction (+1 202 555 01xx). */
const FICTION = "+120255501";

/** Businesses the demo knows by name, with the last two digits of their number: who answers is decided by them. */
const KNOWN: readonly (readonly [pattern: RegExp, name: string, digits: string])[] = [
  [/downtown dental/i, "Downtown Dental", "21"],
  [/smile studio/i, "Smile Studio", "18"],
  [/(?=.*clinic)(?=.*(5th|fifth))/i, "Clinic on 5th Street", "19"],
];
/** Everybody else answers: digits of no special person on the scripted network. */
const FIRST_DIGITS = 30;
const DIGITS = 60;
/** Names that the demo finds nobody for, so that asking the user can be seen. */
const NOBODY = /\b(unknown|nobody|nowhere)\b/i;

/** What is known of a business in the demo. */
interface DemoPlace {
  place_id: string;
  name: string;
  phone: string;
  time_zone: string;
}

const placeOf = (asked: string): DemoPlace | null => {
  const name = asked.trim().replace(/^the\s+/i, "");
  if (name === "" || NOBODY.test(name)) return null;
  const known = KNOWN.find(([pattern]) => pattern.test(name));
  const [, title, digits] = known ?? [null, capital(name), digitsOf(name)];
  const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return { place_id: `demo-${slug}`, name: title, phone: `${FICTION}${digits}`, time_zone: "America/New_York" };
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const digitsOf = (name: string): string => {
  let sum = 0;
  for (const char of name.toLowerCase()) sum = (sum * 31 + char.charCodeAt(0)) % 100_003;
  return String(FIRST_DIGITS + (sum % DIGITS));
};

const Search = z.object({ query: z.string().min(1).max(300) });
const Business = z.object({ name: z.string().min(1).max(200), area: z.string().max(200).nullable() });

/**
 * Look-ups of the demo, under the names of the real ones. They find somebody for nearly every name, always with numbers
 * that are set aside for fiction, and each answer says that it is demo data.
 */
export const scriptedLookUps = (clock: Clock): ModelTool[] => [
  {
    name: "search_internet",
    description: "Searches the internet and answers with its sources. First step: find out who is meant.",
    parameters: Search,
    run: async ({ query }: z.output<typeof Search>) => ({
      note: DEMO_NOTE,
      at: new Date(clock.now()).toISOString(),
      answer: `The demo knows a business for each of these: ${query}`,
      sources: [],
    }),
  },
  {
    name: "get_authoritative_business_info",
    description: "Answers with number, time zone and place id of one business. Second step, for each business.",
    parameters: Business,
    run: async ({ name }: z.output<typeof Business>) => {
      const place = placeOf(name);
      return { note: DEMO_NOTE, at: new Date(clock.now()).toISOString(), places: place === null ? [] : [place] };
    },
  },
];
