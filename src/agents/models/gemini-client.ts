import { ApiError, GoogleGenAI } from "@google/genai";
import { z } from "zod";
import { explainGoogle } from "./google-error.ts";
import type { Failed } from "./vendor-error.ts";
import { type TokenCount, UnreadableAnswer } from "./wire.ts";

/** Model for text and search when nothing else is configured. */
export const GEMINI_MODEL = "gemini-3.8-flash";
/** Where Google serves it. */
export const GEMINI_URL = "https://generativelanguage.googleapis.com";

/** The vendor's client; it does not try again by itself. */
export const geminiClient = (settings: { apiKey: string; baseUrl?: string | undefined }): GoogleGenAI =>
  new GoogleGenAI({
    apiKey: settings.apiKey,
    // Nothing but these settings decides where requests go, whatever the environment says.
    enterprise: false,
    // The version whose fields the vendor's pages document; the client's own default moved on before they did.
    apiVersion: "v1beta",
    httpOptions: { baseUrl: settings.baseUrl ?? GEMINI_URL },
  });

const count = z.number().int().nonnegative().catch(0);

const usageShape = z
  .object({
    promptTokenCount: count,
    cachedContentTokenCount: count,
    candidatesTokenCount: count,
    thoughtsTokenCount: count,
    toolUsePromptTokenCount: count,
  })
  .optional()
  .catch(undefined);

/** What an error of the client means. Its message is the raw body of the answer. */
export const explainGemini = (thrown: unknown): Failed => {
  if (thrown instanceof ApiError) return explainGoogle(thrown.status, thrown.message);
  const isUnreadable = thrown instanceof UnreadableAnswer || thrown instanceof SyntaxError;
  return { failure: isUnreadable ? "unreadable" : "unreachable" };
};

/** Tokens of an answer, those of searches included; none where its `usageMetadata` cannot be read. */
export const geminiTokens = (usageMetadata: unknown): TokenCount => {
  const usage = usageShape.parse(usageMetadata);
  return {
    input: (usage?.promptTokenCount ?? 0) + (usage?.toolUsePromptTokenCount ?? 0),
    cached: usage?.cachedContentTokenCount ?? 0,
    cacheWritten: 0,
    output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
  };
};
