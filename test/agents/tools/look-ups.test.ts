import { expect, test } from "bun:test";
import { geminiClient } from "../../../src/agents/models/gemini-client.ts";
import type { ModelUsage } from "../../../src/agents/models/model.ts";
import { googleLookUps } from "../../../src/agents/tools/look-ups.ts";
import { systemSchedule } from "../../../src/core/clock.ts";
import {
  errorInfo,
  GEMINI_KEY,
  GeminiServer,
  type GeminiStep,
  googleError,
} from "../../support/gemini-server/server.ts";
import { during, failureOf, quickDeps } from "../../support/model-rig.ts";
import { PLACES_KEY, PlacesServer, type PlacesStep } from "../../support/places-server/server.ts";
import type { Fault } from "../../support/scripted-http.ts";

/** The look-ups of a real client, and what they account for. */
const open = (search: (GeminiStep | Fault)[], places: (PlacesStep | Fault)[]) => {
  const usages: ModelUsage[] = [];
  const [searching, finding] = googleLookUps({
    ...quickDeps(),
    // Real time: no try is to be given up on.
    schedule: systemSchedule,
    client: geminiClient({ apiKey: GEMINI_KEY, baseUrl: during(new GeminiServer(search)).origin }),
    apiKey: PLACES_KEY,
    fetch: (url, init) => fetch(url, init),
    placesUrl: during(new PlacesServer(places)).origin,
  })((usage) => usages.push(usage));
  const context = { signal: new AbortController().signal };
  return {
    usages,
    search: () => searching!.run({ query: "bakery" } as never, context),
    find: () => finding!.run({ name: "Bakery", area: null } as never, context),
  };
};

test("a search that was answered and declined is accounted for, with its price", async () => {
  const { usages, search } = open([{ say: "", finishReason: "SAFETY" }], []);
  expect((await failureOf(search())).failure).toBe("declined");
  expect(usages).toMatchObject([{ purpose: "search_internet", inputTokens: 100, outputTokens: 20 }]);
  expect(usages[0]!.costUsd).toBeGreaterThan(0);
});

test("a search that was refused before it was answered costs nothing", async () => {
  const { usages, search } = open([googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")])], []);
  await failureOf(search());
  expect(usages).toEqual([]);
});

test("a look-up at Places is accounted for without a price, since that depends on the account", async () => {
  const { usages, find } = open([], [{ places: [] }]);
  await find();
  expect(usages).toMatchObject([{ vendor: "Google Places", purpose: "places", rounds: 1, costUsd: null }]);
});

test("one that came back as garbage may have been billed, one that was refused was not", async () => {
  const broken = open([], Array(2).fill({ garbage: "<html>" }));
  expect((await failureOf(broken.find())).failure).toBe("unreadable");
  expect(broken.usages).toMatchObject([{ purpose: "places", costUsd: null }]);
  const refused = open([], [googleError(403, "PERMISSION_DENIED", [errorInfo("SERVICE_DISABLED")])]);
  await failureOf(refused.find());
  expect(refused.usages).toEqual([]);
});
