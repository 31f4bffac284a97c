import type { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { BUSINESS_TOOL, BusinessArgs, type LookUpTools, SEARCH_TOOL, SearchArgs } from "./look-ups.ts";

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
  placeId: string;
  name: string;
  phone: string;
  timezone: string;
}

const placeOf = (asked: string): DemoPlace | null => {
  const name = asked.trim().replace(/^the\s+/i, "");
  if (name === "" || NOBODY.test(name)) return null;
  const known = KNOWN.find(([pattern]) => pattern.test(name));
  const [, title, digits] = known ?? [null, capital(name), digitsOf(name)];
  const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return { placeId: `demo-${slug}`, name: title, phone: `${FICTION}${digits}`, timezone: "America/New_York" };
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const digitsOf = (name: string): string => {
  let sum = 0;
  for (const char of name.toLowerCase()) sum = (sum * 31 + char.charCodeAt(0)) % 100_003;
  return String(FIRST_DIGITS + (sum % DIGITS));
};

/**
 * Look-ups of the demo, under the names of the real ones. They find somebody for nearly every name, always with numbers
 * that are set aside for fiction, and each answer says that it is demo data.
 */
export const scriptedLookUps =
  (clock: Clock): LookUpTools =>
  () => [
    {
      ...SEARCH_TOOL,
      parameters: SearchArgs,
      run: async ({ query }: z.output<typeof SearchArgs>) => ({
        note: DEMO_NOTE,
        at: new Date(clock.now()).toISOString(),
        answer: `The demo knows a business for each of these: ${query}`,
        sources: [],
      }),
    },
    {
      ...BUSINESS_TOOL,
      parameters: BusinessArgs,
      run: async ({ name }: z.output<typeof BusinessArgs>) => {
        const place = placeOf(name);
        return { note: DEMO_NOTE, at: new Date(clock.now()).toISOString(), businesses: place === null ? [] : [place] };
      },
    },
  ];
