import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createAnalyst } from "../../src/agents/analyzer.ts";
import type { Model } from "../../src/agents/models/model.ts";
import { scriptedModel } from "../../src/agents/models/scripted.ts";
import { SCRIPTED_ANALYSIS_ROLES } from "../../src/agents/models/scripted-analysis.ts";
import { VendorError } from "../../src/agents/models/vendor-error.ts";
import type { VerdictAnswer } from "../../src/agents/prompts/analyst.ts";
import { RETRY_DELAYS } from "../../src/agents/retry-policy.ts";
import type { WorkLoop } from "../../src/agents/work-loop.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import type { Task } from "../../src/core/store/task-record.ts";
import { createDialGate } from "../../src/scheduler/dial-gate.ts";
import { type FreshStore, freshStore, newTask, PHONE } from "../core/store/fresh-store.ts";
import { callAndEnd, goOn, type Lines } from "../support/judged-call.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";
import { modelThat, modelThatFails, modelThatHangs } from "../support/test-model.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEW_YORK = "America/New_York";
/** Wednesday, 14:00 in New York. */
const WEDNESDAY = Date.UTC(2026, 5, 10, 18);
const WORKING_DAY = { window: { from: 8 * 60, to: 21 * 60 }, onHolidays: false };

const answer = (changes: Partial<VerdictAnswer> = {}): VerdictAnswer => ({
  task_completed: false,
  reason: "nothing was settled",
  summary: "They talked.",
  facts: [],
  callee_sentiment: "neutral",
  disposition: "answered",
  next_call_needed: false,
  next_call_local_time: null,
  next_call_zone: null,
  next_call_delay_minutes: null,
  next_call_words: null,
  next_call_prompt_suggestion: null,
  dnd_requested: false,
  dnd_words: null,
  answered_by: null,
  menu_path: [],
  promises: [],
  notes: [],
  ...changes,
});

const scripted = scriptedModel({ roles: SCRIPTED_ANALYSIS_ROLES });

const TALK: Lines = [
  ["agent", "Hello. I am calling to book a cleaning."],
  ["callee", "Well, let me see."],
  ["agent", "Thank you. Goodbye."],
];

let fresh: FreshStore;
let timers: ManualSchedule;
let analysts: WorkLoop[];

beforeEach(async () => {
  fresh = await freshStore(":memory:", new ManualClock(WEDNESDAY));
  timers = new ManualSchedule();
  analysts = [];
});

afterEach(async () => {
  for (const one of analysts) await one.stop();
  fresh.store.close();
});

const startAnalyst = async (model: Model | null): Promise<WorkLoop> => {
  const log = createLog({ level: "silent" });
  const { store, bus, clock } = fresh;
  const parts = { store, bus, clock, schedule: timers.schedule, log, delays: RETRY_DELAYS, hours: WORKING_DAY };
  const analyst = createAnalyst({ ...parts, model });
  analysts.push(analyst);
  analyst.start();
  await goOn();
  return analyst;
};

/** Moves the clock and the timers. */
const pass = async (ms: number): Promise<void> => {
  fresh.clock.advance(ms);
  timers.advance(ms);
  await goOn();
};

const task = async (id: string): Promise<Task> => {
  const found = await fresh.store.tasks.get("default", id);
  if (found === null) throw new Error("no such task");
  return found;
};

const localTime = (at: number | null, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at ?? 0)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: "minute" });

describe("where nobody spoke", () => {
  test("the disposition is judged without a model, and the waits grow", async () => {
    const model = modelThat(() => answer());
    const { id } = await newTask(fresh.store, { timezone: NEW_YORK });
    await startAnalyst(model);
    await callAndEnd(fresh, [], { disposition: "busy", cause: "busy" });
    await goOn();
    expect((await task(id)).nextActionAt).toBe(fresh.clock.now() + 5 * MINUTE);
    fresh.clock.advance(5 * MINUTE);
    await callAndEnd(fresh, [], { disposition: "busy", cause: "busy" });
    await goOn();
    expect(await task(id)).toMatchObject({ status: "pending", nextActionAt: fresh.clock.now() + 15 * MINUTE });
    expect(model.asked).toBe(0);
    const verdicts = await fresh.store.verdicts.of("default", id);
    expect(verdicts.map(({ reason, judgedBy }) => [reason, judgedBy])).toEqual([
      ["the line was busy", "rules"],
      ["the line was busy", "rules"],
    ]);
  });

  test("the last attempt at the cap ends the task with why", async () => {
    const { id } = await newTask(fresh.store, { maxAttempts: 1, timezone: NEW_YORK });
    await startAnalyst(null);
    await callAndEnd(fresh);
    await goOn();
    expect(await task(id)).toMatchObject({ status: "failed_conclusive", lastVerdict: "nobody answered" });
  });

  test("a number that does not exist is given up at once", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(null);
    await callAndEnd(fresh, [], { disposition: "invalid-number", cause: "invalid-number" });
    await goOn();
    expect((await task(id)).status).toBe("failed_conclusive");
  });

  test("a call that a person stopped waits for a person", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(null);
    await callAndEnd(fresh, [], { disposition: "cancelled", cause: "cancelled" });
    await goOn();
    expect((await task(id)).status).toBe("on_hold");
  });

  test("an agent that spoke to a silent line is judged by the disposition too", async () => {
    const model = modelThat(() => answer());
    const { id } = await newTask(fresh.store, { timezone: NEW_YORK });
    await startAnalyst(model);
    await callAndEnd(fresh, [["agent", "Hello? Is anybody there?"]]);
    await goOn();
    expect(model.asked).toBe(0);
    expect(await task(id)).toMatchObject({ status: "pending", nextActionAt: fresh.clock.now() + 2 * HOUR });
  });
});

describe("a conversation", () => {
  test("that reached the goal completes the task; its facts keep the words and the second they were said", async () => {
    const { id } = await newTask(fresh.store);
    const facts = [
      { name: "slot", value: "Thursday 4:15 pm", quote: "thursday at 4:15 PM" },
      { name: "price", value: "90 dollars", quote: "It costs 90 dollars" },
    ];
    await startAnalyst(modelThat(() => answer({ task_completed: true, reason: "booked", facts })));
    await callAndEnd(fresh, [
      ["agent", "Is there a slot?"],
      ["callee", "Yes. Thursday, at 4:15 pm!"],
    ]);
    await goOn();
    expect((await task(id)).status).toBe("completed");
    const [verdict] = await fresh.store.verdicts.of("default", id);
    expect(verdict?.facts).toEqual([
      { name: "slot", value: "Thursday 4:15 pm", quote: "thursday at 4:15 PM", atMs: 5000 },
      { name: "price", value: "90 dollars", quote: null, atMs: null },
    ]);
  });

  test("a whisper reaches the model marked as one, and nothing is quoted from it", async () => {
    const { id } = await newTask(fresh.store);
    const facts = [
      { name: "opens", value: "nine", quote: "They open at nine" },
      { name: "offered", value: "ten", quote: "We can come at ten" },
    ];
    let read: { speaker: string; whispered: boolean }[] = [];
    const model = modelThat(({ messages }) => {
      const [message] = messages;
      read = JSON.parse(message?.role === "user" ? message.text : "{}").transcript;
      return answer({ facts });
    });
    await startAnalyst(model);
    await callAndEnd(fresh, [
      ["agent", "Hello. I am calling to book a cleaning."],
      ["supervisor", "They open at nine. Ask for Friday.", "whispered"],
      ["callee", "Well, let me see."],
      ["supervisor", "This is Ana, a colleague. We can come at ten."],
    ]);
    await goOn();
    expect(read.map(({ speaker, whispered }) => [speaker, whispered])).toEqual([
      ["agent", false],
      ["supervisor", true],
      ["callee", false],
      ["supervisor", false],
    ]);
    const [verdict] = await fresh.store.verdicts.of("default", id);
    expect(verdict?.facts).toEqual([
      { name: "opens", value: "nine", quote: null, atMs: null },
      { name: "offered", value: "ten", quote: "We can come at ten", atMs: 15_000 },
    ]);
  });

  test("with “call me tomorrow at 3” is followed by one at 15:00 of the callee's own zone", async () => {
    for (const zone of [NEW_YORK, "Europe/Berlin", "Asia/Tokyo"]) {
      const { id } = await newTask(fresh.store, { timezone: zone, idempotencyKey: zone });
      const analyst = await startAnalyst(scripted);
      await callAndEnd(fresh, [
        ["agent", "I am calling about the cleaning."],
        ["callee", "I am with a patient. Please call me tomorrow at 3."],
        ["agent", "Of course. Goodbye."],
      ]);
      await goOn();
      await analyst.stop();
      const { status, nextActionAt } = await task(id);
      expect(status).toBe("pending");
      const today = Temporal.Instant.fromEpochMilliseconds(fresh.clock.now()).toZonedDateTimeISO(zone).toPlainDate();
      expect(localTime(nextActionAt, zone)).toBe(`${today.add({ days: 1 })}T15:00`);
      const [verdict] = await fresh.store.verdicts.of("default", id);
      expect(verdict?.nextActionWords).toBe("Please call me tomorrow at 3.");
      await fresh.store.tasks.cancel("default", id);
    }
  });

  test("is not followed by a call at a time that nobody named", async () => {
    const { id } = await newTask(fresh.store, { timezone: NEW_YORK });
    const invented = { next_call_local_time: "2026-06-12T09:00", next_call_words: "call me on Friday at nine" };
    await startAnalyst(modelThat(() => answer({ next_call_needed: true, ...invented })));
    await callAndEnd(fresh, TALK);
    await goOn();
    expect((await task(id)).nextActionAt).toBe(fresh.clock.now() + HOUR);
  });

  test("that ended at the cap is not followed by another, whatever was asked for", async () => {
    const { id } = await newTask(fresh.store, { timezone: NEW_YORK, maxAttempts: 1 });
    await startAnalyst(scripted);
    await callAndEnd(fresh, [["callee", "Please call me again in ten minutes."]]);
    await goOn();
    expect((await task(id)).status).toBe("failed_conclusive");
  });

  test("leaves what the next caller should know", async () => {
    const { id } = await newTask(fresh.store, { timezone: NEW_YORK });
    const memory = {
      answered_by: "Maria",
      menu_path: ["press 2"],
      promises: ["to ask the doctor"],
      notes: ["is kind"],
    };
    const suggestion = { next_call_needed: true, next_call_prompt_suggestion: "Ask for Maria." };
    await startAnalyst(modelThat(() => answer({ ...memory, ...suggestion })));
    await callAndEnd(fresh, TALK);
    await goOn();
    expect(await task(id)).toMatchObject({
      nextPrompt: "Ask for Maria.",
      memory: {
        answeredBy: ["call 1: Maria"],
        menuPath: ["press 2"],
        promises: ["to ask the doctor"],
        notes: ["is kind"],
      },
    });
  });

  test("whose question to the owner was not answered in time waits for the answer, which makes the task due", async () => {
    const { store, clock } = fresh;
    const owner = await store.users.ensureOwner("default");
    const { id } = await newTask(store, { timezone: NEW_YORK });
    const call = await callAndEnd(fresh, TALK);
    const ask = { userId: owner.id, taskId: id, callId: call.id, text: "Is Friday all right?", timeoutMs: 1000 };
    const question = await store.questions.ask("default", ask);
    await store.questions.expire("default", question.id);
    await startAnalyst(modelThat(() => answer({ next_call_needed: true })));
    expect(await task(id)).toMatchObject({ status: "on_hold", questionId: question.id });
    await store.questions.answer("default", question.id, "Yes.");
    expect(await task(id)).toMatchObject({ status: "pending", nextActionAt: clock.now() });
  });

  test("whose callee named a time beside an open question is called then, however soon the owner answers", async () => {
    const { store, clock } = fresh;
    const owner = await store.users.ensureOwner("default");
    const { id } = await newTask(store, { timezone: NEW_YORK });
    const call = await callAndEnd(fresh, [["callee", "Ask them, and call me tomorrow at 3 pm."]]);
    const ask = { userId: owner.id, taskId: id, callId: call.id, text: "Is Friday all right?", timeoutMs: 1000 };
    const question = await store.questions.ask("default", ask);
    await store.questions.expire("default", question.id);
    const local = Temporal.Instant.fromEpochMilliseconds(clock.now())
      .toZonedDateTimeISO(NEW_YORK)
      .add({ days: 1 })
      .with({ hour: 15, minute: 0, second: 0, millisecond: 0 });
    const wish = {
      next_call_needed: true,
      next_call_local_time: local.toPlainDateTime().toString({ smallestUnit: "minute" }),
      next_call_words: "call me tomorrow at 3 pm",
    };
    await startAnalyst(modelThat(() => answer(wish)));
    expect(await task(id)).toMatchObject({ status: "on_hold", questionId: question.id });
    await store.questions.answer("default", question.id, "Yes.");
    expect(await task(id)).toMatchObject({ status: "pending", nextActionAt: local.epochMilliseconds });
  });

  test("stores what the model's judgement cost", async () => {
    await newTask(fresh.store);
    await startAnalyst(modelThat(() => answer()));
    await callAndEnd(fresh, TALK);
    await goOn();
    expect((await fresh.store.usage.total("default", 0)).byPurpose.analyst).toEqual({ requests: 1, costUsd: 0.01 });
  });

  test("waits for a person where no model is configured", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(null);
    await callAndEnd(fresh, TALK);
    await goOn();
    expect((await task(id)).status).toBe("on_hold");
  });
});

describe("a wish not to be called", () => {
  test("blocks the other campaign's next dial", async () => {
    const { store, clock } = fresh;
    const now = new Date(clock.now()).toISOString();
    const contact = { name: "Eva", phone: PHONE, source: { kind: "user" as const, at: now }, timezone: NEW_YORK };
    const campaign = async (title: string) => {
      const plan = {
        title,
        question: "",
        master_agent_prompt: title,
        contacts: [contact],
        schedule: {},
        max_attempts: 3,
      };
      const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
      return (await store.campaigns.schedule("default", made)).tasks[0]!;
    };
    await campaign("Ask about windows");
    const other = await campaign("Ask about doors");
    const gate = createDialGate({ store, limits: { ...WORKING_DAY, perNumberPerDay: null } });
    expect(await gate("default", other, clock.now())).toEqual({ ok: true });

    await startAnalyst(scripted);
    await callAndEnd(fresh, [["callee", "Stop calling me."]]);
    await goOn();
    expect(await gate("default", other, clock.now())).toMatchObject({ ok: false, reason: "do-not-call" });
  });

  test("counts at once when it is plain, also while the model is out of order", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(modelThatFails("overloaded"));
    await callAndEnd(fresh, [["callee", "Take me off your list!"]]);
    await goOn();
    expect(await fresh.store.dnd.has("default", PHONE)).toBe(true);
    expect((await task(id)).status).toBe("pending_analysis");
  });

  test("counts when only the model understands it, and ends the task", async () => {
    const { id } = await newTask(fresh.store);
    const words = "I want my peace from you people for good.";
    await startAnalyst(modelThat(() => answer({ dnd_requested: true, dnd_words: words, next_call_needed: true })));
    await callAndEnd(fresh, [["callee", words]]);
    await goOn();
    expect((await task(id)).status).toBe("failed_conclusive");
    const [entry] = await fresh.store.dnd.list("default", { limit: 1 });
    expect(entry).toMatchObject({ phone: PHONE, source: "callee", reason: `Said in a call: “${words}”` });
  });

  test("counts when the model missed it", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(modelThat(() => answer({ next_call_needed: true })));
    await callAndEnd(fresh, [["callee", "Don't call here again."]]);
    await goOn();
    expect((await task(id)).status).toBe("failed_conclusive");
    expect(await fresh.store.dnd.has("default", PHONE)).toBe(true);
  });
});

describe("when the model fails", () => {
  test("the task keeps waiting with the time of the next try, later each time, and is judged in the end", async () => {
    const { id } = await newTask(fresh.store);
    const model = modelThat((_, asked) => {
      if (asked <= 3) throw new VendorError("The test model", { failure: "timed-out" });
      return answer({ task_completed: true });
    });
    await startAnalyst(model);
    await callAndEnd(fresh, TALK);
    await goOn();
    for (const waitMs of [30_000, 60_000, 120_000]) {
      const { status, nextActionAt } = await task(id);
      expect([status, (nextActionAt ?? 0) - fresh.clock.now()]).toEqual(["pending_analysis", waitMs]);
      await pass(waitMs - 1);
      expect((await task(id)).nextActionAt).toBe(nextActionAt);
      await pass(1000);
    }
    expect((await task(id)).status).toBe("completed");
    expect(model.asked).toBe(4);
  });

  test("a 429 is waited out for as long as the vendor asks", async () => {
    const { id } = await newTask(fresh.store);
    await startAnalyst(modelThatFails("rate-limited", 7 * MINUTE));
    await callAndEnd(fresh, TALK);
    await goOn();
    expect((await task(id)).nextActionAt).toBe(fresh.clock.now() + 7 * MINUTE);
  });

  test("garbage is no verdict, costs what it cost, and asks a person after a few tries", async () => {
    const { id } = await newTask(fresh.store);
    const model = modelThat(() => ({ task_completed: "maybe" }));
    await startAnalyst(model);
    await callAndEnd(fresh, TALK);
    await goOn();
    for (let tries = 1; tries < 5; tries++) {
      expect((await task(id)).status).toBe("pending_analysis");
      await pass(HOUR);
    }
    expect(await task(id)).toMatchObject({
      status: "on_hold",
      lastVerdict: "the text model could not judge the conversation",
    });
    expect((await fresh.store.usage.total("default", 0)).requests).toBe(5);
  });

  test("a refusal to answer asks a person too; an outage is waited out however long it lasts", async () => {
    const refused = await newTask(fresh.store);
    const first = await startAnalyst(modelThatFails("declined"));
    await callAndEnd(fresh, TALK);
    for (let tries = 0; tries < 6; tries++) await pass(HOUR);
    expect((await task(refused.id)).status).toBe("on_hold");
    await first.stop();

    const waiting = await newTask(fresh.store);
    await startAnalyst(modelThatFails("unreachable"));
    await callAndEnd(fresh, TALK);
    for (let tries = 0; tries < 48; tries++) await pass(HOUR);
    expect((await task(waiting.id)).status).toBe("pending_analysis");
  });

  test("an answer that contradicts itself or names a time in the past is not taken", async () => {
    for (const wrong of [
      { task_completed: true, next_call_needed: true },
      { next_call_needed: true, next_call_local_time: "2026-06-09T15:00", next_call_words: "let me see" },
      { next_call_needed: true, next_call_local_time: "tomorrow" },
      { next_call_needed: true, next_call_delay_minutes: -5 },
      { next_call_zone: "Mars/Olympus" },
    ]) {
      const { id } = await newTask(fresh.store);
      const analyst = await startAnalyst(modelThat(() => answer(wrong)));
      await callAndEnd(fresh, TALK);
      await goOn();
      expect(await task(id)).toMatchObject({ status: "pending_analysis", analysisFailures: 1 });
      await analyst.stop();
      await pass(MINUTE);
      const [claimed] = await fresh.store.tasks.claimAnalysis("default", {
        now: fresh.clock.now(),
        leaseMs: 1e9,
        limit: 1,
      });
      expect(claimed?.id).toBe(id);
    }
  });
});

describe("claims", () => {
  test("two analysts on one store judge an attempt once", async () => {
    await newTask(fresh.store);
    const model = modelThat(() => answer({ task_completed: true }));
    await startAnalyst(model);
    await startAnalyst(model);
    await callAndEnd(fresh, TALK);
    await goOn();
    expect(model.asked).toBe(1);
    expect(fresh.heard.filter(({ type }) => type === "task.judged")).toHaveLength(1);
  });

  test("stopping waits for what is under way and loses nothing: the next start judges it", async () => {
    const { id } = await newTask(fresh.store);
    const hanging = modelThatHangs();
    const analyst = await startAnalyst(hanging);
    await callAndEnd(fresh, TALK);
    await goOn();
    await analyst.stop();
    expect(await task(id)).toMatchObject({ status: "pending_analysis", analysisFailures: 0 });
    await fresh.store.settleDead("default", fresh.clock.now());
    await startAnalyst(modelThat(() => answer({ task_completed: true })));
    expect((await task(id)).status).toBe("completed");
  });

  test("a model that never answers is stopped before its claim ends, and asked again later", async () => {
    const { id } = await newTask(fresh.store);
    const hanging = modelThatHangs();
    await startAnalyst(hanging);
    await callAndEnd(fresh, TALK);
    await goOn();
    await pass(4.5 * MINUTE);
    expect(await task(id)).toMatchObject({ status: "pending_analysis", analysisFailures: 1 });
  });
});
