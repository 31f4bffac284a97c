import { createHmac } from "node:crypto";
import type { VoiceFor } from "../agents/attempt-run.ts";
import type { Config } from "../core/config.ts";
import { OutsideError } from "../core/errors.ts";
import type { SpokenLine, TranscriberSettings } from "../media/engine/protocol.ts";
import { demoVoice } from "../media/voices/demo-voice.ts";

/** The seed of everything scripted: the same number has the same conversation each time. */
export const DEMO_SEED = 1;

/** Gives a text its sound. */
export type Speak = (text: string, who: "agent" | "callee") => Promise<SpokenLine>;

/** Makes calls' voices as the configuration wants them. `secret` hides tenants from the provider behind a hash. */
export const createVoiceChoice =
  (deps: { config: Config; speak: Speak; secret: string }): VoiceFor =>
  async ({ call, brief, about }) => {
    const { config, speak, secret } = deps;
    if (config.voice === "scripted") {
      return await demoVoice({ subject: about, to: call.to, seed: DEMO_SEED, brief, speak });
    }
    if (!config.openai) throw new OutsideError("OPENAI_API_KEY is not set", { retryable: false });
    const { apiKey, baseUrl, realtimeModel, voice } = config.openai;
    const safetyId = safetyIdOf(secret, call.tenantId);
    return { kind: "openai-realtime", apiKey, baseUrl, model: realtimeModel, voice, brief, safetyId };
  };

/** What writes down the supervisors of one call; null where nothing is to. `language` is the call's, BCP 47, or empty. */
export const transcriberFor = (
  deps: { config: Pick<Config, "transcriber" | "openai">; secret: string },
  { tenantId, language }: { tenantId: string; language: string },
): TranscriberSettings | null => {
  const { transcriber, openai } = deps.config;
  if (transcriber === "none") return null;
  if (transcriber === "scripted" || !openai) return { kind: "scripted", lines: [] };
  const { apiKey, baseUrl, transcriptionModel: model } = openai;
  return { kind: "openai", apiKey, baseUrl, model, language, safetyId: safetyIdOf(deps.secret, tenantId) };
};

const safetyIdOf = (secret: string, tenantId: string): string =>
  createHmac("sha256", secret).update(tenantId).digest("hex").slice(0, 32);
