import { describe, expect, test } from "bun:test";
import { responseUsage, transcriptionUsage } from "../../../src/media/voices/openai-prices.ts";

describe("what a call costs", () => {
  test("a response of the small model costs what its recorded usage says", () => {
    const usage = {
      total_tokens: 254,
      input_token_details: { text_tokens: 89, audio_tokens: 51, cached_tokens: 0, cached_tokens_details: {} },
      output_token_details: { text_tokens: 54, audio_tokens: 60 },
    };
    expect(responseUsage("gpt-realtime-2.1-mini", usage).costUsd).toBeCloseTo(0.001893, 6);
  });

  test("cached tokens are part of all tokens and cost less", () => {
    const usage = {
      input_token_details: { text_tokens: 1000, audio_tokens: 0, cached_tokens_details: { text_tokens: 960 } },
    };
    expect(responseUsage("gpt-realtime-2.1", usage).costUsd).toBeCloseTo((40 * 4 + 960 * 0.4) / 1e6, 12);
  });

  test("a dated name costs as its family, an unknown one as the dearest", () => {
    const usage = { output_token_details: { audio_tokens: 1_000_000 } };
    expect(responseUsage("gpt-realtime-2.1-mini-2026-09-01", usage).costUsd).toBe(20);
    expect(responseUsage("gpt-next", usage).costUsd).toBe(64);
  });

  test("a transcription costs by the minute, told in seconds or in tokens", () => {
    expect(transcriptionUsage("gpt-transcribe", { type: "duration", seconds: 60 }).costUsd).toBeCloseTo(0.0045, 12);
    const tokens = { type: "tokens", input_tokens: 700, input_token_details: { audio_tokens: 600 } };
    expect(transcriptionUsage("gpt-transcribe", tokens).costUsd).toBeCloseTo(0.0045, 12);
  });

  test("counters are kept as they came, as numbers only", () => {
    const { counters } = responseUsage("m", {
      total_tokens: 3,
      a: { b: { c: { d: 1 } } },
      bad: -1,
      text: "x",
      none: null,
    });
    expect(counters).toEqual({ total_tokens: 3 });
    expect(responseUsage("m", null)).toEqual({ provider: "openai", model: "m", counters: {}, costUsd: 0 });
  });
});
