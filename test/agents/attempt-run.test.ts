import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Attempts, createAttempts } from "../../src/agents/attempts.ts";
import { CallCommands } from "../../src/agents/call-commands.ts";
import { createBus } from "../../src/core/bus.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/core/metrics.ts";
import type { Call } from "../../src/core/store/call-record.ts";
import { openStore, type Store } from "../../src/core/store/open.ts";
import type { SupervisionMode } from "../../src/core/supervision.ts";
import { FRAME_MS } from "../../src/media/audio/frame.ts";
import type { CarrierControl } from "../../src/media/carriers/control.ts";
import { scriptedControl } from "../../src/media/carriers/scripted/control.ts";
import type { SpokenLine, VoiceBrief } from "../../src/media/engine/protocol.ts";
import { spokenAnswer } from "../../src/media/voices/demo-script.ts";
import { demoVoice } from "../../src/media/voices/demo-voice.ts";
import { toneBytes } from "../support/call-rig.ts";
import { InProcessMedia } from "../support/in-process-media.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";

const TENANT = "default";
const log = createLog({ level: "silent" });

let clock: ManualClock;
let schedule: ManualSchedule;
let store: Store;
let media: InProcessMedia;
let carrier: CarrierControl;
let attempts: Attempts;
let events: string[];
let briefs: VoiceBrief[];
let recordingPath: (callId: string) => { absolute: string; relative: string } | null;
let supervisorPath: (callId: string) => string | null;

const APOLOGIES: Record<string, string> = {
  en: "We have a technical problem. Goodbye.",
  de: "Wir haben ein technisches Problem. Auf Wiederhören.",
};

/** A line as a tone as long as its words, of another pitch for each party. */
const speak = async (text: string, who: "agent" | "callee"): Promise<SpokenLine> => ({
  text,
  audio: toneBytes(who === "agent" ? 440 : 300, Math.ceil((text.length * 60) / 20) * 20),
});

beforeEach(async () => {
  clock = new ManualClock();
  schedule = new ManualSchedule();
  events = [];
  briefs = [];
  recordingPath = () => null;
  supervisorPath = () => null;
  const bus = createBus(log);
  bus.subscribe((event) => events.push(event.type));
  store = await openStore({ path: ":memory:", clock, bus });
  await store.tenants.ensureDefault();
  media = new InProcessMedia();
  carrier = scriptedControl({
    seed: 1,
    speak,
    schedule: schedule.schedule,
    log,
    onEvent: (event) => attempts.onCarrierEvent(event),
  });
  await carrier.start();
  attempts = createAttempts({
    store,
    media,
    carrierFor: () => carrier,
    commands: new CallCommands(),
    voiceFor: ({ call, brief, about }) => {
      briefs.push(brief);
      return demoVoice({ subject: about, to: call.to, seed: 1, brief, speak });
    },
    apology: (language) => ({ text: APOLOGIES[language] ?? "", audio: toneBytes(600, 1000) }),
    answerLine: (answer) => speak(spokenAnswer(answer), "agent"),
    farewellLine: (farewell) => speak(farewell, "agent"),
    rtpHost: "127.0.0.1",
    recordingPath: (callId) => recordingPath(callId),
    supervisorPath: (callId) => supervisorPath(callId),
    clock,
    schedule: schedule.schedule,
    log,
    metrics: createMetrics(),
  });
});
afterEach(() => store.close());

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((done) => setImmediate(done));
};

/** Creates a call to this number and starts its attempt. */
const dial = async (to: string): Promise<{ callId: string; over: Promise<void> }> => {
  await store.tasks.create(TENANT, { phone: to, action: "book a table for two", calleeName: "Mario" });
  return dialDue(to);
};

/** Creates the call of the task that is due and starts its attempt. */
const dialDue = async (to: string): Promise<{ callId: string; over: Promise<void> }> => {
  const [task] = await store.tasks.claimDue(TENANT, { now: clock.now(), leaseMs: 1000, limit: 1 });
  const created = await store.calls.create(TENANT, {
    taskId: task!.id,
    leaseToken: task!.leaseToken,
    carrier: "scripted",
    voice: "scripted",
    to,
    at: clock.now(),
  });
  if (!created.ok) throw new Error(created.reason);
  return { callId: created.call.id, over: attempts.start(TENANT, created.call.id) };
};

/** Moves everything on by whole ticks until `done` or so many seconds have passed. */
const pass = async (seconds: number, done: () => boolean = () => false): Promise<void> => {
  for (let ms = 0; ms < seconds * 1000 && !done(); ms += FRAME_MS) {
    clock.advance(FRAME_MS);
    schedule.advance(FRAME_MS);
    media.tick();
    media.deliver();
    await new Promise((next) => setImmediate(next));
  }
};

const run = async (to: string, seconds = 180): Promise<Call> => {
  const { callId, over } = await dial(to);
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  await settle();
  await pass(seconds, () => isOver);
  await settle();
  expect(isOver).toBe(true);
  const call = (await store.calls.get(TENANT, callId))!;
  expect((await store.tasks.get(TENANT, call.taskId))!.status).toBe("pending_analysis");
  expect(media.calls).toBe(0);
  return call;
};

const ended = (call: Call) => [call.status, call.disposition, call.hangupCause];

test("a conversation ends with the agent's goodbye, heard to its end", async () => {
  const call = await run("+12125550100");
  expect(ended(call)).toEqual(["completed_attempt", "answered", "agent-hung-up"]);
  const turns = await store.transcripts.of(TENANT, call.id);
  expect(turns.length).toBeGreaterThan(4);
  expect(turns[0]).toMatchObject({ speaker: "agent", interrupted: false });
  expect(turns.at(-1)).toMatchObject({ speaker: "agent", interrupted: false });
  expect(turns.some(({ speaker }) => speaker === "callee")).toBe(true);
  expect(call.stats?.firstWordMs).toBeLessThanOrEqual(20);
  expect(call.latency!.turns).toBeGreaterThan(1);
  for (const type of ["call.dialing", "call.ringing", "call.answered", "turn.stored", "tool.called", "call.ended"]) {
    expect(events).toContain(type);
  }
});

test("how fast the agent answers is known while the call goes on", async () => {
  const { callId } = await dial("+12125550100");
  await settle();
  await pass(30);
  await settle();
  const call = (await store.calls.get(TENANT, callId))!;
  expect(call.status).toBe("in-progress");
  expect(call.latency!.turns).toBeGreaterThan(0);
  attempts.hangUp(TENANT, callId);
});

test("a busy line, a line nobody answers and a declined call are failed attempts, each with its reason", async () => {
  expect(ended(await run("+12125550111"))).toEqual(["failed_attempt", "busy", "busy"]);
  expect(ended(await run("+12125550112"))).toEqual(["failed_attempt", "no-answer", "no-answer"]);
  expect(ended(await run("+12125550113"))).toEqual(["failed_attempt", "rejected", "rejected"]);
  expect(ended(await run("+12125550117"))).toEqual(["failed_attempt", "invalid-number", "invalid-number"]);
});

test("a mailbox gets a message and the call counts as voicemail", async () => {
  expect(ended(await run("+12125550114"))).toEqual(["completed_attempt", "voicemail", "agent-hung-up"]);
});

test("a callee who hangs up in mid-sentence ended the call", async () => {
  expect(ended(await run("+12125550115"))).toEqual(["completed_attempt", "answered", "callee-hung-up"]);
});

test("a callee who talks over the agent interrupts it, and the transcript says so", async () => {
  const call = await run("+12125550116");
  expect(call.stats!.bargeIns).toBeGreaterThan(0);
  expect((await store.transcripts.of(TENANT, call.id)).some(({ interrupted }) => interrupted)).toBe(true);
});

test("a person's hang-up ends a live call, and only their own tenant's", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  expect(attempts.hangUp("another", callId)).toBe(false);
  expect(attempts.hangUp(TENANT, callId)).toBe(true);
  await pass(1);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "user-hung-up"]);
  expect(attempts.hangUp(TENANT, callId)).toBe(false);
});

test("a person can have the agent say its farewell first: the line is cut when it was heard", async () => {
  const agent = await store.agents.ensureDefault(TENANT);
  const farewell = "Thank you, we end this call here. Goodbye.";
  await store.agents.change(TENANT, agent.id, { ...agent, farewell });
  const { callId, over } = await dial("+12125550100");
  await settle();
  // In the middle of a sentence.
  await pass(30, () => events.includes("call.answered"));
  await pass(0.5);
  const askedAt = clock.now();
  expect(attempts.hangUp(TENANT, callId, true)).toBe(true);
  await pass(20, () => attempts.live().length === 0);
  await over;
  const call = (await store.calls.get(TENANT, callId))!;
  expect(ended(call)).toEqual(["completed_attempt", "answered", "user-hung-up"]);
  expect((await said(callId)).at(-1)).toBe(`agent: ${farewell}`);
  // Its sound is 60 ms a letter; 300 ms are the tail and what it takes to begin.
  expect(call.endedAt! - askedAt).toBeGreaterThanOrEqual(farewell.length * 60);
  expect(call.endedAt! - askedAt).toBeLessThan(farewell.length * 60 + 500);
});

test("an agent without a farewell of its own says one, and a polite end never takes longer than 8 s", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("turn.stored"));
  const askedAt = clock.now();
  attempts.hangUp(TENANT, callId, true);
  await pass(20, () => attempts.live().length === 0);
  await over;
  expect((await said(callId)).at(-1)).toEndWith("Goodbye.");
  expect((await store.calls.get(TENANT, callId))!.endedAt! - askedAt).toBeLessThanOrEqual(8100);
});

test("a call that is hung up while it rings was cancelled", async () => {
  const { callId, over } = await dial("+12125550112");
  await settle();
  await pass(10, () => events.includes("call.ringing"));
  attempts.hangUp(TENANT, callId);
  await pass(1);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["failed_attempt", "cancelled", "cancelled"]);
});

test("a lost voice apologises to the callee before the line is cut", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("turn.stored"));
  media.tell({ type: "voice-lost", callId, recovered: false, detail: "the session ended" });
  await pass(30, () => attempts.live().length === 0);
  await over;
  const call = (await store.calls.get(TENANT, callId))!;
  expect(ended(call)).toEqual(["dropped_connection", "failed", "voice-lost"]);
  const turns = await store.transcripts.of(TENANT, callId);
  expect(turns.map(({ text }) => text)).toContain("We have a technical problem. Goodbye.");
});

test("a dead media thread settles its calls at once and leaves nothing at the carrier", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  media.tell({ type: "media-died" });
  media.deliver();
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["dropped_connection", "failed", "media-lost"]);
});

/** Dials somebody who asks back, and waits until the owner is asked. */
const askedBack = async () => {
  const dialed = await dial("+12125550120");
  await settle();
  await pass(60, () => events.includes("question.asked"));
  const owner = await store.users.ensureOwner(TENANT);
  const [question] = await store.questions.openOf(TENANT, owner.id, clock.now());
  expect(question).toMatchObject({
    callId: dialed.callId,
    status: "open",
    text: expect.stringContaining("phone number"),
  });
  return { ...dialed, question: question! };
};
const said = async (callId: string): Promise<string[]> =>
  (await store.transcripts.of(TENANT, callId)).map(({ speaker, text }) => `${speaker}: ${text}`);

test("the owner's answer is spoken on to the callee who holds the line", async () => {
  const { callId, over, question } = await askedBack();
  await pass(25);
  expect(attempts.live()).toEqual([callId]);
  const answered = await store.questions.answer(TENANT, question.id, "+1 212 555 0199", clock.now());
  expect(answered).toMatchObject({ ok: true, question: { inTime: true } });
  const answer = { questionId: question.id, answer: "+1 212 555 0199" };
  expect(attempts.ownerAnswered("another", callId, answer)).toBe(false);
  expect(attempts.ownerAnswered(TENANT, callId, answer)).toBe(true);
  await pass(120, () => attempts.live().length === 0);
  await over;
  const call = (await store.calls.get(TENANT, callId))!;
  expect(ended(call)).toEqual(["completed_attempt", "answered", "agent-hung-up"]);
  const words = await said(callId);
  const held = words.findIndex((line) => line.startsWith("agent: That is something I have to ask"));
  expect(words[held + 1]).toMatch(/^callee: (Sure, I will hold|All right, take your time)/);
  expect(words[held + 2]).toContain("The answer is: +1 212 555 0199.");
  expect(words[held + 3]).toStartWith("callee: ");
  expect(words.at(-1)).toEndWith("Goodbye.");
});

test("without an answer in time the agent says that it calls again, and the question is late from then on", async () => {
  const { callId, over, question } = await askedBack();
  await pass(100, () => attempts.live().length === 0);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "agent-hung-up"]);
  expect((await said(callId)).at(-1)).toMatch(/^agent: I am sorry, I cannot reach .* call you again/);
  expect(await store.questions.get(TENANT, question.id)).toMatchObject({ status: "expired" });
  const answered = await store.questions.answer(TENANT, question.id, "+1 212 555 0199", clock.now());
  expect(answered).toMatchObject({ ok: true, question: { inTime: false } });
});

test("an answer that came too late is in the brief of the next attempt, together with its question", async () => {
  const { callId, over, question } = await askedBack();
  await pass(100, () => attempts.live().length === 0);
  await over;
  const [task] = await store.tasks.claimAnalysis(TENANT, { now: clock.now(), leaseMs: 1000, limit: 1 });
  const held = await store.tasks.applyVerdict(TENANT, task!.id, task!.leaseToken, {
    callId,
    to: "on_hold",
    taskCompleted: false,
    reason: "waits for your answer",
    summary: "They asked for a number.",
    facts: [],
    sentiment: "neutral",
    disposition: "answered",
    questionId: question.id,
    judgedBy: "rules",
  });
  expect(held.ok).toBe(true);
  const answered = await store.questions.answer(TENANT, question.id, "+1 212 555 0199", clock.now());
  expect(answered).toMatchObject({ ok: true, question: { inTime: false }, task: { status: "pending" } });
  expect(briefs).toHaveLength(1);
  expect(briefs[0]!.instructions).not.toContain("+1 212 555 0199");
  const next = await dialDue("+12125550120");
  await settle();
  expect(briefs).toHaveLength(2);
  const { text } = (await store.questions.get(TENANT, question.id))!;
  expect(text).toContain("which phone number");
  expect(briefs[1]!.instructions).toContain(`${text} The answer: +1 212 555 0199`);
  attempts.hangUp(TENANT, next.callId);
  await pass(5);
  await next.over;
});

test("a call that has given the question up does not take its answer", async () => {
  const { callId, over, question } = await askedBack();
  const answer = { questionId: question.id, answer: "yes" };
  expect(attempts.ownerAnswered(TENANT, callId, { ...answer, questionId: "qst_another" })).toBe(false);
  media.tell({ type: "callee-hung-up", callId });
  media.deliver();
  expect(attempts.live()).toEqual([callId]);
  expect(attempts.ownerAnswered(TENANT, callId, answer)).toBe(false);
  await pass(5);
  await over;
  expect(attempts.ownerAnswered(TENANT, callId, answer)).toBe(false);
});

test("a callee who hangs up while the owner is asked gives the question up at once", async () => {
  const { callId, over, question } = await askedBack();
  media.tell({ type: "callee-hung-up", callId });
  media.deliver();
  expect(await store.questions.get(TENANT, question.id)).toMatchObject({ status: "expired" });
  await pass(5);
  await over;
});

test("a tool call with garbage is answered with what is wrong, and the call goes on", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  const tool = { type: "tool-call", callId, toolCallId: "x", speaking: false } as const;
  media.tell({ ...tool, name: "end_call", argumentsJson: "{broken" });
  media.tell({ ...tool, name: "send_dtmf", argumentsJson: '{"digits":"call 911; rm -rf"}' });
  media.tell({ ...tool, name: "format_disk", argumentsJson: "{}" });
  await pass(1);
  expect(attempts.live()).toEqual([callId]);
  expect(events.filter((type) => type === "tool.called").length).toBe(3);
  attempts.hangUp(TENANT, callId);
  await pass(1);
  await over;
});

test("a call is settled whatever else fails at its end", async () => {
  recordingPath = () => ({ absolute: "/nowhere/at/all.wav", relative: "all.wav" });
  store.recordings.close = () => Promise.reject(new Error("the disk is full"));
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(1);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["failed_attempt", "failed", "failed"]);
});

test("a step of an attempt that throws does not keep the others from being done", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  carrier.hangUp = () => {
    throw new Error("no carrier");
  };
  attempts.hangUp(TENANT, callId);
  await pass(1);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "user-hung-up"]);
});

test("a call whose media never opens fails in bounded time", async () => {
  carrier.legFor = () => new Promise(() => {});
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(25, () => events.includes("call.ended"));
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["failed_attempt", "failed", "failed"]);
});

test("a call lasted until it was hung up, however long its last figures take", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  await pass(2);
  const hungUpAt = clock.now();
  media.tell = () => {};
  attempts.hangUp(TENANT, callId);
  await pass(4);
  await over;
  const call = (await store.calls.get(TENANT, callId))!;
  expect(call.endedAt).toBe(hungUpAt);
  expect(call.durationMs).toBe(hungUpAt - call.answeredAt!);
});

test("a call that is hung up before its media could be opened leaves no recording open", async () => {
  recordingPath = () => ({ absolute: "/nowhere/at/all.wav", relative: "all.wav" });
  const legs = Promise.withResolvers<void>();
  const legFor = carrier.legFor.bind(carrier);
  carrier.legFor = async (call) => {
    await legs.promise;
    return await legFor(call);
  };
  const { callId, over } = await dial("+12125550100");
  await settle();
  attempts.hangUp(TENANT, callId);
  await pass(4);
  await over;
  legs.resolve();
  await settle();
  expect(await store.recordings.unfinished(TENANT)).toEqual([]);
});

/** A supervisor changes how they are on the call; nobody speaks, and the transcriber writes nothing down. */
const supervise = (callId: string, mode: SupervisionMode): void => {
  const transcriber = { kind: "scripted" as const, lines: [] };
  media.send({
    type: "supervise",
    callId,
    request: 1,
    mode,
    ssrc: mode === "listen" ? null : 7,
    transcriber,
    note: "",
  });
};

test("a supervisor who takes over is not cut off by the agent's goodbye, and the agent ends the call when it is back", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  const saysGoodbye = (): boolean => events.includes("tool.called");
  await pass(180, saysGoodbye);
  supervise(callId, "takeover");
  await pass(5);
  expect(attempts.live()).toEqual([callId]);
  const before = (await said(callId)).filter((line) => line.startsWith("agent: "));
  supervise(callId, "listen");
  await pass(120, () => attempts.live().length === 0);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "agent-hung-up"]);
  const after = (await said(callId)).filter((line) => line.startsWith("agent: ")).slice(before.length);
  expect(after[0]).toBe("agent: Thank you for talking with my colleague. The AI assistant is back on the line.");
  expect(after.at(-1)).toEndWith("Goodbye.");
  expect(after.join(" ")).not.toContain("Hello");
});

test("a voice that is lost while a supervisor speaks apologises when they give the call back", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("turn.stored"));
  supervise(callId, "takeover");
  await pass(1);
  media.tell({ type: "voice-lost", callId, recovered: false, detail: "the session ended" });
  await pass(20);
  expect(attempts.live()).toEqual([callId]);
  expect(events).toContain("voice.lost");
  expect(await said(callId)).not.toContain("agent: We have a technical problem. Goodbye.");
  supervise(callId, "listen");
  await pass(30, () => attempts.live().length === 0);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["dropped_connection", "failed", "voice-lost"]);
  expect(await said(callId)).toContain("agent: We have a technical problem. Goodbye.");
});

test("a call is in its agent's language, from the opening to what the system itself says", async () => {
  const agent = await store.agents.ensureDefault(TENANT);
  await store.agents.change(TENANT, agent.id, { ...agent, language: "de" });
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("turn.stored"));
  expect(attempts.languageOf(callId)).toBe("de");
  expect(briefs[0]).toMatchObject({ language: "de", opening: expect.stringContaining("in German") });
  media.tell({ type: "voice-lost", callId, recovered: false, detail: "the session ended" });
  await pass(30, () => attempts.live().length === 0);
  await over;
  expect(await said(callId)).toContain(`agent: ${APOLOGIES.de}`);
});

test("the owner's answer that comes while a supervisor speaks is passed on afterwards", async () => {
  const { callId, over, question } = await askedBack();
  supervise(callId, "takeover");
  await pass(5);
  await store.questions.answer(TENANT, question.id, "+1 212 555 0199", clock.now());
  attempts.ownerAnswered(TENANT, callId, { questionId: question.id, answer: "+1 212 555 0199" });
  await pass(10);
  expect((await said(callId)).join(" ")).not.toContain("The answer is");
  supervise(callId, "listen");
  await pass(120, () => attempts.live().length === 0);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "agent-hung-up"]);
  expect((await said(callId)).join(" ")).toContain("The answer is: +1 212 555 0199.");
});

test("a supervisor's keys are pressed for their own tenant only, and the timeline says whose they were", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  expect(attempts.sendKeys("another", callId, "12")).toBe(false);
  expect(attempts.sendKeys(TENANT, callId, "12")).toBe(true);
  await pass(1);
  const timeline = await store.callEvents.of(TENANT, callId);
  expect(timeline.filter(({ kind }) => kind === "dtmf").map(({ detail }) => detail)).toEqual(["a supervisor sent 12"]);
  attempts.hangUp(TENANT, callId);
  await pass(1);
  await over;
});

test("the timeline says when a caller heard by a tone that a supervisor is there, and why", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("call.answered"));
  media.tell({ type: "notice-tone", callId, why: "listens" });
  media.tell({ type: "notice-tone", callId, why: "speaks" });
  attempts.hangUp(TENANT, callId);
  await pass(1);
  await over;
  const timeline = await store.callEvents.of(TENANT, callId);
  expect(timeline.filter(({ kind }) => kind === "supervisor").map(({ detail }) => detail)).toEqual([
    "The caller heard a tone: a supervisor listens",
    "The caller heard a tone: a supervisor can be heard",
  ]);
});

test("supervisors' speech is recorded where a path is given", async () => {
  const opened: unknown[] = [];
  media.send = (command) => void (command.type === "open" && opened.push(command.call.supervisorPath));
  await dial("+12125550100");
  await settle();
  supervisorPath = (callId) => `/tmp/${callId}.wav`;
  const { callId } = await dial("+12125550101");
  await settle();
  expect(opened).toEqual([null, `/tmp/${callId}.wav`]);
});

test("a supervisor who takes over a call that has run too long is not cut off by its end", async () => {
  const { callId, over } = await dial("+12125550100");
  await settle();
  await pass(30, () => events.includes("turn.stored"));
  schedule.advance(30 * 60_000);
  await pass(0.5);
  supervise(callId, "takeover");
  await pass(5);
  expect(attempts.live()).toEqual([callId]);
  supervise(callId, "listen");
  await pass(40, () => attempts.live().length === 0);
  await over;
  expect(ended((await store.calls.get(TENANT, callId))!)).toEqual(["completed_attempt", "answered", "time-limit"]);
  expect((await said(callId)).at(-1)).toEndWith("Goodbye.");
});
