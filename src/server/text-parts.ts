import { chooseModel } from "../agents/models/choose-model.ts";
import { geminiClient } from "../agents/models/gemini-client.ts";
import type { Model } from "../agents/models/model.ts";
import { scriptedModel } from "../agents/models/scripted.ts";
import { SCRIPTED_ANALYSIS_ROLES } from "../agents/models/scripted-analysis.ts";
import { SCRIPTED_MOOD_ROLE } from "../agents/models/scripted-mood.ts";
import { scriptedPlanner } from "../agents/models/scripted-planner.ts";
import type { TryDeps } from "../agents/models/tries.ts";
import { googleLookUps, type LookUpTools } from "../agents/tools/look-ups.ts";
import { scriptedLookUps } from "../agents/tools/scripted-look-ups.ts";
import type { Config } from "../core/config.ts";

/** What thinks in text: for planner, analyst, summarizer and the mood of live calls. */
export interface TextParts {
  model: Model;
  /** Nothing is configured: the model and its look-ups are played by rules. */
  isScripted: boolean;
  lookUps: LookUpTools;
}

/**
 * The text model that the configured keys allow, with the look-ups they allow; without any key the scripted ones. A
 * configured model without a Google key has no look-ups: it asks the user for numbers, and is never given demo data.
 */
export const createTextParts = (config: Pick<Config, "openai" | "keys">, deps: TryDeps): TextParts => {
  const { google, googleBaseUrl, placesBaseUrl, anthropicBaseUrl } = config.keys;
  const model = chooseModel(config, deps, {
    gemini: googleBaseUrl ?? undefined,
    anthropic: anthropicBaseUrl ?? undefined,
  });
  if (model === null) {
    const roles = { planner: scriptedPlanner, ...SCRIPTED_ANALYSIS_ROLES, ...SCRIPTED_MOOD_ROLE };
    return {
      model: scriptedModel({ roles, schedule: deps.schedule }),
      isScripted: true,
      lookUps: scriptedLookUps(deps.clock),
    };
  }
  if (google === null) return { model, isScripted: false, lookUps: () => [] };
  const client = geminiClient({ apiKey: google, baseUrl: googleBaseUrl ?? undefined });
  const lookUps = googleLookUps({
    ...deps,
    client,
    apiKey: google,
    fetch: (url, init) => fetch(url, init),
    placesUrl: placesBaseUrl ?? undefined,
  });
  return { model, isScripted: false, lookUps };
};
