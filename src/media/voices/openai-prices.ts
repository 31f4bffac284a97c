import type { VoiceUsage } from "../engine/protocol.ts";

/** USD per million tokens, by kind of token and direction. Rates as of 2026-11-20, from the vendor's model pages. */
interface TokenRates {
  textIn: number;
  textCached: number;
  textOut: number;
  audioIn: number;
  audioCached: number;
  audioOut: number;
  imageIn: number;
  imageCached: number;
}

const LARGE: TokenRates = {
  textIn: 4,
  textCached: 0.4,
  textOut: 24,
  audioIn: 32,
  audioCached: 0.4,
  audioOut: 64,
  imageIn: 5,
  imageCached: 0.5,
};

const MINI: TokenRates = {
  textIn: 0.6,
  textCached: 0.06,
  textOut: 2.4,
  audioIn: 10,
  audioCached: 0.3,
  audioOut: 20,
  imageIn: 0.8,
  imageCached: 0.08,
};

/** Longest matching start of a model's name wins, so that dated names find their family. */
const MODELS: readonly (readonly [string, TokenRates])[] = [
  ["gpt-realtime-2.1-mini", MINI],
  ["gpt-realtime-mini", MINI],
  ["gpt-realtime-1.5", { ...LARGE, textOut: 16 }],
  ["gpt-realtime", LARGE],
];

/** USD per minute of transcribed audio, as of the same day. */
const TRANSCRIPTION: readonly (readonly [string, number])[] = [
  ["gpt-transcribe", 0.0045],
  ["gpt-realtime-whisper", 0.017],
];

/** The callee's audio in tokens: one per 100 ms. */
const CALLEE_TOKENS_PER_MINUTE = 600;
const MILLION = 1_000_000;
const MAX_COUNTERS = 40;
const MAX_DEPTH = 3;

/**
 * What one response cost, from the `usage` of its `response.done`; models that are not in the table cost as much as the
 * dearest, so that a limit in USD errs on the safe side.
 */
export const responseUsage = (model: string, usage: unknown): VoiceUsage => {
  const rates = MODELS.find(([name]) => model.startsWith(name))?.[1] ?? LARGE;
  const counters = countersOf(usage);
  const of = (name: string): number => counters[name] ?? 0;
  const input = (kind: string, fresh: number, cached: number): number => {
    const all = of(`input_token_details.${kind}_tokens`);
    const hit = Math.min(all, of(`input_token_details.cached_tokens_details.${kind}_tokens`));
    return (all - hit) * fresh + hit * cached;
  };
  const cost =
    input("text", rates.textIn, rates.textCached) +
    input("audio", rates.audioIn, rates.audioCached) +
    input("image", rates.imageIn, rates.imageCached) +
    of("output_token_details.text_tokens") * rates.textOut +
    of("output_token_details.audio_tokens") * rates.audioOut;
  return { provider: "openai", model, counters, costUsd: cost / MILLION };
};

/** What one transcription of the callee cost; its usage comes in seconds or in tokens. */
export const transcriptionUsage = (model: string, usage: unknown): VoiceUsage => {
  const perMinute = TRANSCRIPTION.find(([name]) => model.startsWith(name))?.[1] ?? 0.017;
  const counters = countersOf(usage);
  const tokens = counters["input_token_details.audio_tokens"] ?? counters.input_tokens ?? 0;
  const minutes = counters.seconds === undefined ? tokens / CALLEE_TOKENS_PER_MINUTE : counters.seconds / 60;
  return { provider: "openai", model, counters, costUsd: minutes * perMinute };
};

/** Audio tokens that are read again from the cache in a minute of a call with short turns. */
const REREAD_TOKENS_PER_MINUTE = 20_000;
/** Audio tokens the model speaks in a minute of a call, when both sides speak half of it. */
const SPOKEN_TOKENS_PER_MINUTE = 600;

/** About what a minute of a call costs with this model and its transcription, in USD: for forecasts, not for accounts. */
export const usdPerMinuteAbout = (model: string): number => {
  const rates = MODELS.find(([name]) => model.startsWith(name))?.[1] ?? LARGE;
  const tokens =
    CALLEE_TOKENS_PER_MINUTE * rates.audioIn +
    SPOKEN_TOKENS_PER_MINUTE * rates.audioOut +
    REREAD_TOKENS_PER_MINUTE * rates.audioCached;
  return tokens / MILLION + (TRANSCRIPTION[0]?.[1] ?? 0);
};

/** The numbers of a nested object as `outer.inner` names; finite and not negative, 40 at most. */
const countersOf = (usage: unknown): Record<string, number> => {
  const counters: Record<string, number> = {};
  let left = MAX_COUNTERS;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value === "number" && Number.isFinite(value) && value >= 0 && left-- > 0) counters[path] = value;
    if (typeof value !== "object" || value === null || depth === MAX_DEPTH) return;
    for (const [key, inner] of Object.entries(value)) visit(inner, path === "" ? key : `${path}.${key}`, depth + 1);
  };
  visit(usage, "", 0);
  return counters;
};
