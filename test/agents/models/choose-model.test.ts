import { expect, test } from "bun:test";
import { chooseModel } from "../../../src/agents/models/choose-model.ts";
import { ANTHROPIC_KEY, AnthropicServer } from "../../support/anthropic-server/server.ts";
import { GEMINI_KEY, GeminiServer } from "../../support/gemini-server/server.ts";
import { BOOKING, Booking, during, quickDeps } from "../../support/model-rig.ts";
import { OPENAI_KEY, OpenAiTextServer } from "../../support/openai-text-server/server.ts";

const request = {
  purpose: "book_table",
  system: "You book tables.",
  messages: [{ role: "user" as const, text: "Two, please." }],
  schema: Booking,
};

test("OpenAI comes before Gemini and Gemini before Claude, each asked where it is configured", async () => {
  const openaiServer = during(new OpenAiTextServer([{ say: BOOKING }]));
  const geminiServer = during(new GeminiServer([{ say: BOOKING }]));
  const claudeServer = during(new AnthropicServer([{ say: BOOKING }]));
  const openai = { apiKey: OPENAI_KEY, baseUrl: openaiServer.url, textModel: "gpt-6-luna" };
  const urls = { gemini: geminiServer.origin, anthropic: claudeServer.origin };
  const google = GEMINI_KEY;
  const anthropic = ANTHROPIC_KEY;
  for (const [config, vendor, name] of [
    [{ openai, keys: { google, anthropic } }, "OpenAI", "gpt-6-luna"],
    [{ openai: null, keys: { google, anthropic } }, "Gemini", "gemini-3.8-flash"],
    [{ openai: null, keys: { google: null, anthropic } }, "Claude", "claude-haiku-5-5"],
  ] as const) {
    const model = chooseModel(config, quickDeps(), urls);
    expect([model?.vendor, model?.name]).toEqual([vendor, name]);
    expect((await model?.complete(request))?.value).toEqual(BOOKING);
  }
  for (const server of [openaiServer, geminiServer, claudeServer]) expect(server.requests).toHaveLength(1);
});

test("without any key there is no model", () => {
  expect(chooseModel({ openai: null, keys: { google: null, anthropic: null } }, quickDeps())).toBeNull();
});
