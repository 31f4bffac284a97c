import type { GoogleGenAI } from "@google/genai";
import { z } from "zod";
import type { ModelTool, ModelUsage } from "../models/model.ts";
import type { TryDeps } from "../models/tries.ts";
import { VendorError } from "../models/vendor-error.ts";
import { type BusinessDeps, businessInfo, PLACES_USAGE } from "./business-info.ts";
import { searchInternet } from "./search-internet.ts";

/** Look-ups as tools of a model; what each costs is told to `account`. */
export type LookUpTools = (account: (usage: ModelUsage) => void) => readonly ModelTool[];

/** Arguments of `search_internet`. */
export const SearchArgs = z.object({
  query: z.string().min(1).max(500).describe("What to find out, with the town or country"),
});
/** Arguments of `get_authoritative_business_info`. */
export const BusinessArgs = z.object({
  name: z.string().min(1).max(150).describe("Name of one business"),
  area: z.string().max(100).nullable().describe("Street, town and country, as far as known"),
});

/** What the look-ups are, for a model. */
export const SEARCH_TOOL = {
  name: "search_internet",
  description: "Searches the internet and answers with its sources. First step: find out who is meant.",
} as const;
/** The same of the second one. */
export const BUSINESS_TOOL = {
  name: "get_authoritative_business_info",
  description:
    "Answers with phone number, opening hours, time zone and place id of one business. Second step, once for each business, before its number is used.",
} as const;

/** Businesses shown of one look-up, best match first. */
const MAX_SHOWN = 3;

/** The look-ups of Google: search by Gemini, businesses by the Places API. */
export const googleLookUps =
  (
    deps: TryDeps & {
      client: GoogleGenAI;
      apiKey: string;
      fetch: BusinessDeps["fetch"];
      placesUrl?: string | undefined;
    },
  ): LookUpTools =>
  (account) => [
    {
      ...SEARCH_TOOL,
      parameters: SearchArgs,
      run: async ({ query }: z.output<typeof SearchArgs>, { signal }) => {
        const { answer, sources, at, usage } = await alsoOfFailures(account, () => searchInternet(query, deps, signal));
        account(usage);
        return { at: new Date(at).toISOString(), answer, sources };
      },
    },
    {
      ...BUSINESS_TOOL,
      parameters: BusinessArgs,
      run: async ({ name, area }: z.output<typeof BusinessArgs>, { signal }) => {
        const query = [name, area].filter(Boolean).join(", ");
        const places = { ...deps, baseUrl: deps.placesUrl };
        const { businesses, at } = await alsoOfFailures(account, () => businessInfo({ query }, places, signal));
        account(PLACES_USAGE);
        return { at: new Date(at).toISOString(), businesses: businesses.slice(0, MAX_SHOWN) };
      },
    },
  ];

/** Accounts for what a look-up used before it failed. */
const alsoOfFailures = async <T>(account: (usage: ModelUsage) => void, lookUp: () => Promise<T>): Promise<T> => {
  try {
    return await lookUp();
  } catch (thrown) {
    if (thrown instanceof VendorError && thrown.usage !== null) account(thrown.usage);
    throw thrown;
  }
};
