import { describe, expect, test } from "bun:test";
import { chooseModel } from "../../src/agents/models/choose-model.ts";
import { geminiClient } from "../../src/agents/models/gemini-client.ts";
import { googleLookUps } from "../../src/agents/tools/look-ups.ts";
import { systemSchedule } from "../../src/core/clock.ts";
import { GEMINI_KEY, GeminiServer, type GeminiStep } from "../support/gemini-server/server.ts";
import { during, quickDeps } from "../support/model-rig.ts";
import type { TextStep } from "../support/openai-text-server/script.ts";
import { OPENAI_KEY, OpenAiTextServer, openAiError } from "../support/openai-text-server/server.ts";
import { PLACES_KEY, PlacesServer, type PlacesStep } from "../support/places-server/server.ts";
import { openPlanner, STORY } from "../support/planner-rig.ts";
import type { Fault } from "../support/scripted-http.ts";

const PHONE = "+12025550143";
const place = {
  id: "ChIJ-downtown",
  displayName: { text: "Downtown Dental" },
  internationalPhoneNumber: "+1 202-555-0143",
  businessStatus: "OPERATIONAL",
  timeZone: { id: "America/New_York" },
};
const ground: GeminiStep = {
  ground: "Downtown Dental is a practice in Springfield.",
  queries: ["downtown dental springfield"],
  sources: [{ uri: "https://example.com/dd", title: "example.com" }],
  supports: [],
};

const plan = (phone: string) => ({
  status: "plan_complete",
  reply: "The plan is ready.",
  questions: [],
  campaign_plan: {
    title: "Earliest cleaning",
    question: "When is the earliest cleaning?",
    master_agent_prompt: "Book the earliest cleaning after Thursday 3 pm.",
    contacts: [
      {
        name: "Downtown Dental",
        phone,
        source_kind: "places",
        source_ref: "ChIJ-downtown",
        timezone: "America/New_York",
        context: null,
      },
    ],
    include_contact_list: false,
    schedule: { not_before: null, not_after: null, window_from: null, window_to: null, days: null },
    max_attempts: null,
    language: null,
    agent_name: null,
    organization: "Eva",
  },
});
const form = {
  status: "clarifying",
  reply: "For whom?",
  questions: [{ field_name: "on_behalf_of", question_text: "For whom?", response_type: "text", options: null }],
  campaign_plan: null,
};
const search: TextStep = { call: [{ name: "search_internet", args: { query: "Downtown Dental Springfield" } }] };
const business: TextStep = {
  call: [{ name: "get_authoritative_business_info", args: { name: "Downtown Dental", area: "Springfield" } }],
};

/** A planner whose model and look-ups are the real clients against servers that speak the vendors' protocols. */
const open = async (
  text: (TextStep | Fault)[],
  search: (GeminiStep | Fault)[] = [],
  places: (PlacesStep | Fault)[] = [],
) => {
  const servers = {
    text: during(new OpenAiTextServer(text)),
    search: during(new GeminiServer(search)),
    places: during(new PlacesServer(places)),
  };
  const deps = quickDeps();
  const model = chooseModel(
    {
      openai: { apiKey: OPENAI_KEY, baseUrl: servers.text.url, textModel: "gpt-6-luna" },
      keys: { google: null, anthropic: null },
    },
    deps,
  );
  if (model === null) throw new Error("no model");
  const lookUps = googleLookUps({
    ...deps,
    // Real time: no try is to be given up on.
    schedule: systemSchedule,
    client: geminiClient({ apiKey: GEMINI_KEY, baseUrl: servers.search.origin }),
    apiKey: PLACES_KEY,
    fetch: (url, init) => fetch(url, init),
    placesUrl: servers.places.origin,
  })(() => {});
  return { ...servers, ...(await openPlanner({ model, lookUps })) };
};

describe("a conversation with a real model's client", () => {
  test("asks, looks up in two steps and plans, with the place id and the time of the look-up", async () => {
    const rig = await open(
      [{ say: form, size: 7 }, search, business, { say: plan(PHONE), size: 11 }],
      [ground],
      [{ places: [place] }],
    );
    expect((await rig.tell(STORY)).questions).toEqual([
      { field_name: "on_behalf_of", question_text: "For whom?", response_type: "text" },
    ]);
    const written: string[] = [];
    rig.planner.subscribe(rig.id, () => written.push(rig.planner.running(rig.id)?.text ?? ""));
    const { plan: made } = await rig.tell({ text: "", answers: { on_behalf_of: "Eva" } });
    expect(made?.contacts).toEqual([
      {
        name: "Downtown Dental",
        phone: PHONE,
        source: { kind: "places", ref: "ChIJ-downtown", at: "2026-06-08T12:00:00.000Z" },
        timezone: "America/New_York",
      },
    ]);
    expect(rig.asked).toEqual(["search_internet", "get_authoritative_business_info"]);
    expect(written.some((text) => text !== "" && "The plan is ready.".startsWith(text))).toBe(true);
    expect(JSON.stringify(rig.text.body(2).input)).toContain("on_behalf_of");
  });

  test("is told what is wrong with a number it made up, and its plan is not seen until the number is right", async () => {
    const rig = await open(
      [business, { say: plan("+12025550199") }, { say: plan("+1202555") }, { say: plan(PHONE) }],
      [],
      [{ places: [place] }],
    );
    const { plan: made } = await rig.tell(STORY);
    expect(made?.contacts[0]?.phone).toBe(PHONE);
    expect(JSON.stringify(rig.text.body(3).input)).toContain("no answer of a look-up");
    expect(JSON.stringify(rig.text.body(4).input)).toContain("nobody can have");
    expect((await rig.messages()).filter(({ role }) => role === "assistant")).toHaveLength(1);
  });

  test("goes on without a look-up that failed: the model is told and asks the user", async () => {
    const needs = { ...form, status: "needs_more_info", reply: "I could not look it up. What is the number?" };
    const rig = await open([business, { say: needs }], [], [{ status: 403, body: {} }]);
    expect((await rig.tell(STORY)).status).toBe("needs_more_info");
    expect(JSON.stringify(rig.text.body(2).input)).toContain("Google Places refused the key");
  });

  test.each([
    ["a key that is refused", [openAiError(401, "invalid_api_key")], "refused the key"],
    ["garbage", Array(4).fill({ garbage: "<html>" }), ""],
    ["too many requests", Array(4).fill(openAiError(429, "rate_limit_exceeded")), "too many requests"],
    ["a refusal", [{ refuse: "No." }], "declined"],
    ["answers that never fit", Array(6).fill({ say: { status: "happy" } }), "does not fit"],
  ] as [string, (TextStep | Fault)[], string][])(
    "fails clearly after %s, and can be asked again",
    async (_what, steps, says) => {
      const rig = await open(steps);
      const outcome = await rig.say(STORY);
      expect(outcome).toMatchObject({ ok: false, reason: "failed" });
      expect(rig.planner.problem(rig.id)).toContain(says);
      expect((await rig.conversation()).plan).toBeNull();
      rig.text.steps.splice(0, Number.POSITIVE_INFINITY, { say: form });
      const again = await rig.planner.retry(rig.tenantId, rig.id);
      expect(again.ok && (await again.running.over).ok).toBe(true);
    },
  );

  test("is stopped on the wire when the user stops it", async () => {
    const rig = await open([{ hang: true }]);
    const begun = await rig.planner.say(rig.tenantId, rig.id, { text: STORY });
    if (!begun.ok) throw new Error(begun.reason);
    while (rig.text.requests.length === 0) await Bun.sleep(1);
    rig.planner.stop(rig.id);
    expect(await begun.running.over).toMatchObject({ reason: "stopped" });
    while (!rig.text.requests[0]?.wasDropped) await Bun.sleep(1);
  });
});
