import { expect, test } from "bun:test";
import { geminiClient } from "../../../src/agents/models/gemini-client.ts";
import { searchInternet } from "../../../src/agents/tools/search-internet.ts";
import {
  errorInfo,
  GEMINI_KEY,
  GeminiServer,
  type GeminiStep,
  googleError,
} from "../../support/gemini-server/server.ts";
import { during, failureOf, NOW, quickDeps } from "../../support/model-rig.ts";
import type { Fault } from "../../support/scripted-http.ts";
import { until } from "../../support/until.ts";

const open = (steps: (GeminiStep | Fault)[]) => {
  const server = during(new GeminiServer(steps));
  const deps = quickDeps();
  const client = geminiClient({ apiKey: GEMINI_KEY, baseUrl: server.origin });
  return { server, time: deps.time, deps: { ...deps, client } };
};

const redirect = (page: string) => `https://vertexaisearch.cloud.google.com/grounding-api-redirect/${page}`;
const found: GeminiStep = {
  ground: "Café Zoë 🍕 opens at six. Its number is +1 202 555 0143. Nothing is known of parking.",
  queries: ["café zoë hours", "café zoë phone"],
  sources: [
    { uri: redirect("a"), title: "zoe.example" },
    { uri: redirect("b"), title: "" },
  ],
  supports: [
    { text: "Its number is +1 202 555 0143.", sources: [1, 0, 1] },
    { text: "Café Zoë 🍕 opens at six.", sources: [0] },
  ],
};

test("an answer comes with its sources, marked behind the words that rest on them", async () => {
  const { server, deps } = open([found]);
  const result = await searchInternet("When does Café Zoë open?", deps);
  expect(result).toEqual({
    answer: "Café Zoë 🍕 opens at six.[1] Its number is +1 202 555 0143.[2][1] Nothing is known of parking.",
    sources: [
      { number: 1, title: "zoe.example", url: redirect("a") },
      { number: 2, title: "vertexaisearch.cloud.google.com", url: redirect("b") },
    ],
    queries: ["café zoë hours", "café zoë phone"],
    suggestionsHtml: "<div>searches</div>",
    at: NOW,
    usage: {
      vendor: "Gemini",
      model: "gemini-3.8-flash",
      purpose: "search_internet",
      rounds: 1,
      inputTokens: 100,
      cachedTokens: 40,
      outputTokens: 20,
      costUsd: 2 * 0.014 + (60 * 0.75 + 40 * 0.075 + 20 * 3.75) / 1e6,
    },
  });
  expect(server.body(1)).toMatchObject({
    contents: [{ role: "user", parts: [{ text: "When does Café Zoë open?" }] }],
    tools: [{ googleSearch: {} }],
  });
  // The form of an answer and searches are not asked for together.
  expect(server.body(1).generationConfig).not.toHaveProperty("responseMimeType");
});

test("an answer that rests on nothing has no sources", async () => {
  const { deps } = open([{ say: "I believe it opens at six." }]);
  const { answer, sources, queries, suggestionsHtml } = await searchInternet("When?", deps);
  expect([answer, sources, queries, suggestionsHtml]).toEqual(["I believe it opens at six.", [], [], null]);
});

test("what comes is bounded, and links that are not of the web are left out", async () => {
  const sources = Array.from({ length: 30 }, (_, i) => ({ uri: redirect(String(i)), title: "t".repeat(999) }));
  sources[0] = { uri: "javascript:alert(1)", title: "evil" };
  sources[1] = { uri: `https://x.example/${"x".repeat(3000)}`, title: "long" };
  sources[2] = { uri: "no address", title: "none" };
  const ground = `${"é".repeat(9000)}.`;
  const { deps, server } = open([
    { ground, queries: Array.from({ length: 30 }, () => "q"), sources, supports: [{ text: ground, sources: [0, 3] }] },
  ]);
  const result = await searchInternet("q".repeat(5000), deps);
  expect(result.answer).toHaveLength(6000);
  expect(result.sources).toHaveLength(10);
  expect(result.sources[0]).toEqual({ number: 1, title: "t".repeat(200), url: redirect("3") });
  expect(result.queries).toHaveLength(10);
  expect(server.body(1).contents[0].parts[0].text).toHaveLength(500);
});

test("without a key the failure says which one to set", async () => {
  const failed = await failureOf(searchInternet("When?", { ...quickDeps(), client: null }));
  expect(failed).toMatchObject({ failure: "key-missing", retryable: false });
  expect(failed.message).toBe("Internet search has no key. Set GOOGLE_API_KEY to search the internet.");
});

test.each([
  [{ block: "PROHIBITED_CONTENT" }, "declined"],
  [{ say: "", finishReason: "SAFETY" }, "declined"],
  [googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")]), "key-refused"],
] as const)("%j is %s and not tried again", async (step, failure) => {
  const { deps, server } = open([step]);
  expect(await failureOf(searchInternet("When?", deps))).toMatchObject({ failure, retryable: false });
  expect(server.requests).toHaveLength(1);
});

test("a passing failure is tried again once", async () => {
  const { deps, time } = open([
    { garbage: "{}" },
    found,
    googleError(503, "UNAVAILABLE"),
    googleError(503, "UNAVAILABLE"),
  ]);
  expect((await searchInternet("When?", deps)).sources).toHaveLength(2);
  expect((await failureOf(searchInternet("When?", deps))).failure).toBe("overloaded");
  expect(time.pauses).toEqual([500, 500]);
});

test("a search that hangs ends with the time or with a stop", async () => {
  const { deps, time, server } = open([{ hang: true }, { hang: true }]);
  const stop = new AbortController();
  const failing = failureOf(searchInternet("When?", deps, stop.signal));
  await until("it was asked", () => server.requests.length === 1);
  expect(time.ring(30_000)).toBe(1);
  await until("it was asked again", () => server.requests.length === 2);
  stop.abort();
  expect((await failing).failure).toBe("stopped");
});
