import type { Config } from "../../core/config.ts";
import { ANTHROPIC_MODEL, anthropicWire } from "./anthropic.ts";
import { createModel } from "./completion.ts";
import { geminiWire } from "./gemini.ts";
import { GEMINI_MODEL } from "./gemini-client.ts";
import type { Model } from "./model.ts";
import { openAiWire } from "./openai.ts";
import type { TryDeps } from "./tries.ts";

/** What decides between text models. */
export interface ModelKeys {
  readonly openai: Pick<NonNullable<Config["openai"]>, "apiKey" | "baseUrl" | "textModel"> | null;
  readonly keys: Pick<Config["keys"], "google" | "anthropic">;
}

/** Addresses other than the vendors' own, such as that of a gateway. */
export interface ModelUrls {
  readonly gemini?: string | undefined;
  readonly anthropic?: string | undefined;
}

/** The text model the configured keys allow: OpenAI, else Gemini, else Claude; null when there is no key. */
export const chooseModel = (config: ModelKeys, deps: TryDeps, urls: ModelUrls = {}): Model | null => {
  const { openai, keys } = config;
  if (openai !== null) {
    const { apiKey, baseUrl, textModel } = openai;
    return createModel(openAiWire({ apiKey, baseUrl, model: textModel }), deps);
  }
  if (keys.google !== null) {
    return createModel(geminiWire({ apiKey: keys.google, model: GEMINI_MODEL, baseUrl: urls.gemini }), deps);
  }
  if (keys.anthropic !== null) {
    return createModel(
      anthropicWire({ apiKey: keys.anthropic, model: ANTHROPIC_MODEL, baseUrl: urls.anthropic }),
      deps,
    );
  }
  return null;
};
