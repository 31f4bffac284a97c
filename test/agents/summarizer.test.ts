import { afterEach, beforeEach, expect, test } from "bun:test";
import { createAnalyst } from "../../src/agents/analyzer.ts";
import type { Model } from "../../src/agents/models/model.ts";
import { scriptedModel } from "../../src/agents/models/scripted.ts";
import { SCRIPTED_ANALYSIS_ROLES } from "../../src/agents/models/scripted-analysis.ts";
import type { ReportCase } from "../../src/agents/prompts/summarizer.ts";
import { answeredRows } from "../../src/agents/report-rows.ts";
import { RETRY_DELAYS } from "../../src/agents/retry-policy.ts";
import { createSummarizer } from "../../src/agents/summarizer.ts";
import type { WorkLoop } from "../../src/agents/work-loop.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import type { Campaign } from "../../src/core/store/campaign-record.ts";
import type { Report } from "../../src/core/store/report-record.ts";
import type { Task } from "../../src/core/store/task-record.ts";
import type { Verdict } from "../../src/core/store/verdict-record.ts";
import { type FreshStore, freshStore } from "../core/store/fresh-store.ts";
import { callAndEnd, goOn, type Lines } from "../support/judged-call.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";
import { modelThat, modelThatFails, modelThatHangs } from "../support/test-model.ts";

/** Wednesday, 14:00 in New York. */
const WEDNESDAY = Date.UTC(2026, 5, 10, 18);
const AROUND_THE_CLOCK = { window: { from: 0, to: 1440 }, onHolidays: true };

const offers = (time: string): Lines => [
  ["agent", "When is the earliest cleaning?"],
  ["callee", `The first free time is ${time}. Perfect. It is in the book now.`],
  ["agent", "Thank you. Goodbye."],
];

const scripted = scriptedModel({ roles: SCRIPTED_ANALYSIS_ROLES });

let fresh: FreshStore;
let timers: ManualSchedule;
let loops: WorkLoop[];

beforeEach(async () => {
  fresh = await freshStore(":memory:", new ManualClock(WEDNESDAY));
  timers = new ManualSchedule();
  loops = [];
  const analyst = createAnalyst({ ...common(), model: scripted, delays: RETRY_DELAYS, hours: AROUND_THE_CLOCK });
  loops.push(analyst);
  analyst.start();
});

afterEach(async () => {
  for (const loop of loops) await loop.stop();
  fresh.store.close();
});

const common = () => {
  const { store, bus, clock } = fresh;
  return { store, bus, clock, schedule: timers.schedule, log: createLog({ level: "silent" }) };
};

const startSummarizer = async (model: Model | null): Promise<WorkLoop> => {
  const summarizer = createSummarizer({ ...common(), model });
  loops.push(summarizer);
  summarizer.start();
  await goOn();
  return summarizer;
};

const NAMES = ["Downtown Dental", "Smile Studio", "The clinic on 5th Street"];

const schedule = async (contacts = NAMES.length): Promise<Campaign> => {
  const at = new Date(fresh.clock.now()).toISOString();
  const plan = {
    title: "Cleaning",
    question: "Where is the earliest cleaning after Thursday 3 pm?",
    master_agent_prompt: "Book the earliest cleaning after Thursday 3 pm.",
    contacts: NAMES.slice(0, contacts).map((name, i) => ({
      name,
      phone: `+1202555010${i}`,
      source: { kind: "user" as const, at },
    })),
    schedule: {},
    max_attempts: 1,
  };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
  return (await fresh.store.campaigns.schedule("default", made)).campaign;
};

/** Two contacts answer, the third is never there. */
const callAll = async (): Promise<void> => {
  await callAndEnd(fresh, offers("Friday at 9:30 am"));
  await callAndEnd(fresh, offers("Thursday at 4:15 pm"));
  await callAndEnd(fresh);
  await goOn();
};

const reportOf = async ({ id }: Campaign): Promise<Report | null> => fresh.store.reports.get("default", id);

const pass = async (ms: number): Promise<void> => {
  fresh.clock.advance(ms);
  timers.advance(ms);
  await goOn();
};

test("the last task's end brings one report that answers the question, with a quote for each answer", async () => {
  await startSummarizer(scripted);
  const campaign = await schedule();
  await callAndEnd(fresh, offers("Friday at 9:30 am"));
  await callAndEnd(fresh, offers("Thursday at 4:15 pm"));
  await goOn();
  expect(await reportOf(campaign)).toBeNull();
  await callAndEnd(fresh);
  await goOn();
  const report = await reportOf(campaign);
  expect(report?.headline).toBe("The earliest is Thursday at 4:15 pm, at Smile Studio.");
  expect(report?.rows.map(({ name, status, answer, reason }) => [name, status, answer, reason])).toEqual([
    ["Downtown Dental", "completed", "Friday at 9:30 am", ""],
    ["Smile Studio", "completed", "Thursday at 4:15 pm", ""],
    ["The clinic on 5th Street", "failed_conclusive", "", "nobody answered"],
  ]);
  const quote = report?.rows[1]?.quote;
  expect(quote).toMatchObject({ text: "The first free time is Thursday at 4:15 pm.", atMs: 5000 });
  const turns = await fresh.store.transcripts.of("default", quote?.callId ?? "");
  expect(turns.find(({ atMs }) => atMs === quote?.atMs)?.text).toContain(quote?.text ?? "nothing");
});

test("however many summarizers look however often, there is one report and one event", async () => {
  await startSummarizer(scripted);
  await startSummarizer(scripted);
  await schedule();
  await callAll();
  for (let i = 0; i < 5; i++) await pass(2000);
  expect(fresh.heard.filter(({ type }) => type === "report.written")).toHaveLength(1);
  expect(fresh.heard.filter(({ type }) => type === "campaign.completed")).toHaveLength(1);
});

test("a campaign that was done while nobody ran gets its report at the next start", async () => {
  const campaign = await schedule();
  await callAll();
  expect(await reportOf(campaign)).toBeNull();
  await startSummarizer(scripted);
  expect(await reportOf(campaign)).not.toBeNull();
});

test("where nobody was reached no model is asked, and the report says so", async () => {
  const model = modelThat(() => ({}));
  await startSummarizer(model);
  const campaign = await schedule(1);
  await callAndEnd(fresh);
  await goOn();
  const report = await reportOf(campaign);
  expect(model.asked).toBe(0);
  expect(report).toMatchObject({ writtenBy: "rules", headline: expect.stringContaining("No contact gave an answer") });
});

test("a campaign that a person ended is reported with what there is", async () => {
  await startSummarizer(scripted);
  const campaign = await schedule();
  await callAndEnd(fresh, offers("Friday at 9:30 am"));
  await goOn();
  await fresh.store.campaigns.end("default", campaign.id, "found another way");
  await goOn();
  const report = await reportOf(campaign);
  expect(report?.rows.map(({ status, reason }) => [status, reason])).toEqual([
    ["completed", ""],
    ["cancelled", "not called: the campaign was ended"],
    ["cancelled", "not called: the campaign was ended"],
  ]);
});

test("an undone campaign has no report", async () => {
  await startSummarizer(scripted);
  const at = new Date(fresh.clock.now()).toISOString();
  const contacts = [{ name: "Eva", phone: "+12025550100", source: { kind: "user" as const, at } }];
  const plan = { title: "A", question: "", master_agent_prompt: "Ask.", contacts, schedule: {}, max_attempts: 1 };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 10_000 };
  const { campaign } = await fresh.store.campaigns.schedule("default", made);
  await fresh.store.campaigns.undo("default", campaign.id);
  await pass(20_000);
  expect(await reportOf(campaign)).toBeNull();
});

test("a failing model delays the report, longer each time, and in the end rules write it", async () => {
  const model = modelThatFails("overloaded");
  await startSummarizer(model);
  const campaign = await schedule();
  await callAll();
  expect(model.asked).toBe(1);
  for (const waitMs of [15_000, 30_000, 60_000, 120_000]) {
    await pass(waitMs - 2001);
    const before = model.asked;
    await pass(2001);
    await pass(2000);
    expect(model.asked).toBe(before + 1);
    expect(await reportOf(campaign)).toBeNull();
  }
  await pass(300_000);
  expect(model.asked).toBe(5);
  expect(await reportOf(campaign)).toMatchObject({ writtenBy: "rules", headline: "2 of 3 contacts gave an answer." });
});

test("garbage and answers about contacts or facts that do not exist are not taken", async () => {
  for (const wrong of [
    {},
    { headline: "", summary: "s", contacts: [] },
    { headline: "h", summary: "s", contacts: [{ number: 9, answer: "", fact: null }] },
    { headline: "h", summary: "s", contacts: [{ number: 1, answer: "yes", fact: 7 }] },
    { headline: "h", summary: "s", contacts: [{ number: 3, answer: "maybe Monday", fact: null }] },
    { headline: "h", summary: "s", contacts: [{ number: 1, answer: "maybe Monday", fact: null }] },
  ]) {
    const summarizer = await startSummarizer(modelThat(() => wrong));
    const campaign = await schedule();
    await callAll();
    expect(await reportOf(campaign)).toBeNull();
    await summarizer.stop();
  }
});

test("the quote of an answer is the stored one, whatever the model writes", async () => {
  await startSummarizer(
    modelThat(() => ({
      headline: "Thursday.",
      summary: "One answered.",
      contacts: [{ number: 1, answer: "Thursday, a quarter past four", fact: 1 }],
    })),
  );
  const campaign = await schedule(1);
  await callAndEnd(fresh, offers("Thursday at 4:15 pm"));
  await goOn();
  expect((await reportOf(campaign))?.rows[0]).toMatchObject({
    answer: "Thursday, a quarter past four",
    quote: { text: "The first free time is Thursday at 4:15 pm.", atMs: 5000 },
  });
});

test("a row says what really ended it: the gate after the last call, or whoever withdrew it", async () => {
  const { store, clock } = fresh;
  await startSummarizer(null);
  const at = new Date(clock.now()).toISOString();
  const contacts = ["Blocked", "Withdrawn"].map((name, i) => ({
    name,
    phone: `+1202555010${i}`,
    source: { kind: "user" as const, at },
  }));
  const plan = { title: "A", question: "", master_agent_prompt: "Ask.", contacts, schedule: {}, max_attempts: 2 };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
  const { campaign, tasks } = await store.campaigns.schedule("default", made);
  await callAndEnd(fresh, [], { disposition: "busy", cause: "busy" });
  await goOn();
  await store.tasks.cancel("default", tasks[1]!.id);
  const now = clock.now() + 24 * 60 * 60_000;
  const [claimed] = await store.tasks.claimDue("default", { now, leaseMs: 1000, limit: 1 });
  const refusal = { reason: "do-not-call", nextActionAt: null, status: "failed_conclusive" as const };
  await store.tasks.refuse("default", claimed!.id, claimed!.leaseToken, refusal);
  await goOn();
  expect((await reportOf(campaign))?.rows.map(({ reason }) => reason)).toEqual([
    "the line was busy; the number is on the do-not-call list",
    "not called: withdrawn",
  ]);
});

test("an answer never borrows the quote of another fact", async () => {
  const facts = [
    { name: "time", value: "Thursday at 4:15 pm", quote: "The first free time is Thursday at 4:15 pm." },
    { name: "mood", value: "in a hurry", quote: null },
  ];
  const rows = answeredRows(
    [{ taskId: "t", name: "", phone: "", status: "completed", answer: "", quote: null, reason: "", attempts: 1 }].map(
      (row) => ({ ...row, status: "completed" as const, quote: { text: facts[0]!.quote!, callId: "c", atMs: 1 } }),
    ),
    { headline: "h", summary: "s", contacts: [{ number: 1, answer: "They were in a hurry", fact: 2 }] },
    new Map([
      [
        1,
        {
          task: { id: "t" } as Task,
          telling: { callId: "c", facts: facts.map((f) => ({ ...f, atMs: f.quote && 1 })) } as Verdict,
        },
      ],
    ]),
  );
  expect(rows[0]).toMatchObject({ answer: "They were in a hurry", quote: null });
});

test("a long list is told to the model in part, answers first, and stands in the table whole", async () => {
  let told: ReportCase | null = null;
  const model = modelThat(({ messages }) => {
    told = JSON.parse(messages[0]?.text ?? "");
    return { headline: "One answer.", summary: "The rest was not called.", contacts: [] };
  });
  const at = new Date(fresh.clock.now()).toISOString();
  const contacts = Array.from({ length: 230 }, (_, i) => ({
    name: `Contact ${i}`,
    phone: `+1202555${String(1000 + i)}`,
    source: { kind: "user" as const, at },
  }));
  const plan = { title: "A", question: "", master_agent_prompt: "Book.", contacts, schedule: {}, max_attempts: 1 };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
  const { campaign } = await fresh.store.campaigns.schedule("default", made);
  await callAndEnd(fresh, offers("Thursday at 4:15 pm"));
  await goOn();
  await fresh.store.campaigns.end("default", campaign.id, "enough");
  await startSummarizer(model);
  const the = told as ReportCase | null;
  expect([the?.left_out, the?.contacts.length, the?.contacts[0]?.facts[0]?.value]).toEqual([
    30,
    200,
    "Thursday at 4:15 pm",
  ]);
  const rows = (await reportOf(campaign))?.rows ?? [];
  expect([rows.length, rows[0]?.name, rows[0]?.answer]).toEqual([230, "Contact 0", "time: Thursday at 4:15 pm"]);
});

test("the report's cost holds the calls, the judging and the writing", async () => {
  await startSummarizer(modelThat(() => ({ headline: "h", summary: "s", contacts: [] })));
  const campaign = await schedule(1);
  const call = await callAndEnd(fresh, offers("Thursday at 4:15 pm"));
  const usage = { provider: "test", model: "voice", counters: {}, costUsd: 0.25 };
  await fresh.store.calls.addUsage("default", call.id, usage);
  await goOn();
  expect((await reportOf(campaign))?.costUsd).toBeCloseTo(0.26, 6);
});

test("stopping ends the model's work, and the next start writes the report", async () => {
  const summarizer = await startSummarizer(modelThatHangs());
  const campaign = await schedule();
  await callAll();
  await summarizer.stop();
  expect(await reportOf(campaign)).toBeNull();
  await startSummarizer(scripted);
  expect(await reportOf(campaign)).not.toBeNull();
});
