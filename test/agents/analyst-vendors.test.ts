import { afterEach, describe, expect, test } from "bun:test";
import { createAnalyst } from "../../src/agents/analyzer.ts";
import { chooseModel, type ModelUrls } from "../../src/agents/models/choose-model.ts";
import type { Model } from "../../src/agents/models/model.ts";
import { RETRY_DELAYS } from "../../src/agents/retry-policy.ts";
import { createSummarizer } from "../../src/agents/summarizer.ts";
import type { WorkLoop } from "../../src/agents/work-loop.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import type { Task } from "../../src/core/store/task-record.ts";
import { type FreshStore, freshStore, newTask } from "../core/store/fresh-store.ts";
import { GEMINI_KEY, GeminiServer, type GeminiStep } from "../support/gemini-server/server.ts";
import { callAndEnd, type Lines } from "../support/judged-call.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";
import { during, quickDeps } from "../support/model-rig.ts";
import type { TextStep } from "../support/openai-text-server/script.ts";
import { OPENAI_KEY, OpenAiTextServer } from "../support/openai-text-server/server.ts";
import type { Fault } from "../support/scripted-http.ts";
import { until } from "../support/until.ts";

/** Wednesday, 14:00 in New York. */
const WEDNESDAY = Date.UTC(2026, 5, 10, 18);
const NEW_YORK = "America/New_York";

const PUTS_OFF: Lines = [
  ["agent", "I am calling about the cleaning."],
  ["callee", "I am with a patient. Please call me tomorrow at 3."],
];

const verdict = (localTime: string) => ({
  task_completed: false,
  reason: "asked for a call tomorrow",
  summary: "The practice is busy and wants to be called tomorrow.",
  facts: [],
  callee_sentiment: "neutral",
  disposition: "answered",
  next_call_needed: true,
  next_call_local_time: localTime,
  next_call_zone: null,
  next_call_delay_minutes: null,
  next_call_words: "please call me tomorrow at 3",
  next_call_prompt_suggestion: null,
  dnd_requested: false,
  dnd_words: null,
  answered_by: null,
  menu_path: [],
  promises: [],
  notes: [],
});

let loops: WorkLoop[] = [];
afterEach(async () => {
  for (const loop of loops) await loop.stop();
  loops = [];
});

const openAi = (steps: (TextStep | Fault)[]) => {
  const server = during(new OpenAiTextServer(steps));
  const openai = { apiKey: OPENAI_KEY, baseUrl: server.url, textModel: "gpt-6-luna" };
  return { server, model: choose({ openai, keys: { google: null, anthropic: null } }) };
};

const gemini = (steps: (GeminiStep | Fault)[]) => {
  const server = during(new GeminiServer(steps));
  const keys = { google: GEMINI_KEY, anthropic: null };
  return { server, model: choose({ openai: null, keys }, { gemini: server.origin }) };
};

const choose = (keys: Parameters<typeof chooseModel>[0], urls: ModelUrls = {}): Model => {
  const model = chooseModel(keys, quickDeps(), urls);
  if (model === null) throw new Error("no model");
  return model;
};

const parts = ({ store, bus, clock }: FreshStore, model: Model) => ({
  store,
  bus,
  clock,
  model,
  schedule: new ManualSchedule().schedule,
  log: createLog({ level: "silent" }),
  hours: { window: { from: 480, to: 1260 }, onHolidays: false },
  delays: RETRY_DELAYS,
});

/** Judges one call with this model; gives the task when something came of it. */
const judgeWith = async (model: Model, lines = PUTS_OFF): Promise<{ fresh: FreshStore; task: Task }> => {
  const fresh = await freshStore(":memory:", new ManualClock(WEDNESDAY));
  const { id } = await newTask(fresh.store, { timezone: NEW_YORK });
  const analyst = createAnalyst(parts(fresh, model));
  loops.push(analyst);
  analyst.start();
  await callAndEnd(fresh, lines);
  const task = await until("the call was judged or its judging put off", async () => {
    const now = await fresh.store.tasks.get("default", id);
    return now !== null && (now.status !== "pending_analysis" || now.analysisFailures > 0) ? now : null;
  });
  return { fresh, task };
};

const at3 = Temporal.PlainDateTime.from("2026-06-11T15:00").toZonedDateTime(NEW_YORK).epochMilliseconds;

describe.each([
  ["OpenAI", openAi as (steps: ({ say: unknown } | Fault)[]) => { server: { requests: unknown[] }; model: Model }],
  ["Gemini", gemini as (steps: ({ say: unknown } | Fault)[]) => { server: { requests: unknown[] }; model: Model }],
])("with the client of %s", (_, vendor) => {
  test("“call me tomorrow at 3” becomes 15:00 of the callee's zone", async () => {
    const { model } = vendor([{ say: verdict("2026-06-11T15:00") }]);
    expect((await judgeWith(model)).task).toMatchObject({ status: "pending", nextActionAt: at3 });
  });

  test("a time in the past is told to the model, which corrects it", async () => {
    const { model, server } = vendor([{ say: verdict("2025-06-11T15:00") }, { say: verdict("2026-06-11T15:00") }]);
    expect((await judgeWith(model)).task).toMatchObject({ status: "pending", nextActionAt: at3 });
    expect(JSON.stringify(server.requests[1])).toContain("The next call must come after this one ended");
  });

  test("garbage that stays garbage leaves the task with the next try, and its cost is kept", async () => {
    const { model } = vendor([{ say: "no JSON" }, { say: { task_completed: "perhaps" } }]);
    const { fresh, task } = await judgeWith(model);
    expect(task).toMatchObject({ status: "pending_analysis", nextActionAt: fresh.clock.now() + 30_000 });
    expect((await fresh.store.usage.total("default", 0)).byPurpose.analyst?.requests).toBe(1);
  });

  test("a rate limit, an outage and a refused key leave the task with the next try", async () => {
    for (const status of [429, 503, 401]) {
      const faults = Array.from({ length: 6 }, () => ({ status, body: { error: { message: "no", code: status } } }));
      const { task } = await judgeWith(vendor(faults).model);
      expect(task).toMatchObject({ status: "pending_analysis", analysisFailures: 1 });
    }
  });
});

test("a refusal of OpenAI and a block of Gemini leave the task with the next try", async () => {
  const refused = await judgeWith(openAi([{ refuse: "I cannot help with that." }]).model);
  expect(refused.task).toMatchObject({ status: "pending_analysis", analysisFailures: 1 });
  const blocked = await judgeWith(gemini([{ block: "SAFETY" }]).model);
  expect(blocked.task).toMatchObject({ status: "pending_analysis", analysisFailures: 1 });
});

test("a report is worded through the client of OpenAI in the shape it was asked for", async () => {
  const fresh = await freshStore(":memory:", new ManualClock(WEDNESDAY));
  const at = new Date(WEDNESDAY).toISOString();
  const contacts = [{ name: "Smile Studio", phone: "+12025550100", source: { kind: "user" as const, at } }];
  const plan = {
    title: "Cleaning",
    question: "When?",
    master_agent_prompt: "Ask.",
    contacts,
    schedule: {},
    max_attempts: 1,
  };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
  const { campaign } = await fresh.store.campaigns.schedule("default", made);
  const done = { ...verdict(""), task_completed: true, next_call_needed: false, next_call_local_time: null };
  const facts = [{ name: "time", value: "Thursday", quote: "Thursday is free" }];
  const { model, server } = openAi([
    { say: { ...done, facts, next_call_words: null } },
    {
      say: {
        headline: "Thursday, at Smile Studio.",
        summary: "One.",
        contacts: [{ number: 1, answer: "Thursday", fact: 1 }],
      },
    },
  ]);
  const deps = parts(fresh, model);
  loops.push(createAnalyst(deps), createSummarizer(deps));
  for (const loop of loops) loop.start();
  await callAndEnd(fresh, [["callee", "Thursday is free."]]);
  const report = await until("the report was written", () => fresh.store.reports.get("default", campaign.id));
  expect(report).toMatchObject({
    headline: "Thursday, at Smile Studio.",
    writtenBy: "model",
    rows: [{ answer: "Thursday", quote: { text: "Thursday is free", atMs: 0 } }],
  });
  expect(server.requests).toHaveLength(2);
});
