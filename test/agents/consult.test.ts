import { beforeEach, expect, test } from "bun:test";
import { Consult, type Consults } from "../../src/agents/consult.ts";
import { consultBrief } from "../../src/agents/prompts/consult.ts";
import { createLog } from "../../src/core/log.ts";
import type { Call } from "../../src/core/store/call-record.ts";
import type { CarrierControl, Originated } from "../../src/media/carriers/control.ts";
import type { MediaCommand, VoiceSettings } from "../../src/media/engine/protocol.ts";
import { ManualSchedule } from "../support/manual-schedule.ts";

const ID = "consult1_call_1";
const OK: Originated = { ok: true };
const BUSY: Originated = { ok: false, disposition: "busy", cause: "busy", detail: "" };

let sent: MediaCommand[];
let asked: string[];
let outcomes: string[];
let costs: number[];
let consults: Consults;
let schedule: ManualSchedule;
let consult: Consult;

const settle = () => new Promise((done) => setImmediate(done));
const types = () => sent.map(({ type }) => type);
const open = async (
  kind: VoiceSettings["kind"],
  answers: { originate?: Originated; join?: Originated } = {},
): Promise<void> => {
  const carrier = {
    originate: async () => {
      asked.push("originate");
      return answers.originate ?? OK;
    },
    join: async (id: string, into: string) => {
      asked.push(`join ${id} ${into}`);
      return answers.join ?? OK;
    },
    hangUp: async (id: string) => {
      asked.push(`hang up ${id}`);
    },
  };
  consult = new Consult({
    id: ID,
    call: { id: "call_1", from: null, organization: "Acme" } as Call,
    phone: "+12025550177",
    carrier: carrier as unknown as CarrierControl,
    openVoice: async () => ({ kind }) as VoiceSettings,
    rtpHost: "127.0.0.1",
    send: (command) => sent.push(command),
    schedule: schedule.schedule,
    log: createLog({ level: "silent" }),
    consults,
    onAnswer: () => outcomes.push("answered"),
    onOutcome: (outcome) => outcomes.push(outcome),
    onUsage: ({ costUsd }) => costs.push(costUsd),
  });
  consult.start();
  await settle();
};
const opened = async () => {
  consult.onMedia({ type: "opened", callId: ID, port: 7, slot: 0 });
  await settle();
};
const briefed = async () => {
  await opened();
  consult.onCarrier({ type: "answered", callId: ID });
};
const tool = (name: string) =>
  consult.onMedia({ type: "tool-call", callId: ID, toolCallId: "t1", name, argumentsJson: "{}", speaking: false });
const closed = () => consult.onMedia({ type: "closed", callId: ID, stats: {} as never, recording: null });
const spent = (costUsd: number) =>
  consult.onMedia({ type: "usage", callId: ID, usage: { provider: "p", model: "m", counters: {}, costUsd } });

beforeEach(() => {
  [sent, asked, outcomes, costs] = [[], [], [], []];
  consults = new Map();
  schedule = new ManualSchedule();
});

test("who accepts is moved to the callee; it is known until it is closed, and what it cost is told", async () => {
  await open("openai-realtime");
  expect(sent).toMatchObject([{ type: "open", call: { callId: ID, recordingPath: null, supervisorPath: null } }]);
  await briefed();
  tool("accept_call");
  consult.onMedia({ type: "drained", callId: ID, interrupted: false });
  await settle();
  expect(asked).toEqual(["originate", `join ${ID} call_1`]);
  expect(types()).toEqual(["open", "answer", "tool-result", "drain", "close"]);
  expect(outcomes).toEqual(["answered", "joined"]);
  spent(0.25);
  expect([costs, [...consults.keys()]]).toEqual([[0.25], [ID]]);
  closed();
  expect([consults.size, schedule.waiting]).toEqual([0, 0]);
});

test("a voice that plays sentences briefs nobody: nobody is rung", async () => {
  await open("scripted");
  expect([outcomes, asked]).toEqual([["no-consult"], []]);
  schedule.advance(5000);
  expect([consults.size, schedule.waiting]).toEqual([0, 0]);
});

test("who is busy is told as that, and who says nothing for 45 s as undecided", async () => {
  await open("openai-realtime", { originate: BUSY });
  await opened();
  expect(outcomes).toEqual(["busy"]);
  closed();
  outcomes = [];
  await open("openai-realtime");
  await briefed();
  schedule.advance(44_999);
  expect(outcomes).toEqual(["answered"]);
  schedule.advance(1);
  expect([outcomes, types().slice(-2)]).toEqual([
    ["answered", "undecided"],
    ["say", "drain"],
  ]);
  schedule.advance(9000);
  expect(asked).toContain(`hang up ${ID}`);
});

test("a tool that is none of the two decides nothing", async () => {
  await open("openai-realtime");
  await briefed();
  tool("end_call");
  expect(sent.at(-1)).toMatchObject({ type: "tool-result", output: "There is no such tool.", respond: true });
  expect(outcomes).toEqual(["answered"]);
});

test("whom the carrier cannot move is hung up, and the agent learns it", async () => {
  await open("openai-realtime", { join: { ok: false, disposition: "failed", cause: "failed", detail: "" } });
  await briefed();
  tool("accept_call");
  consult.onMedia({ type: "drained", callId: ID, interrupted: true });
  await settle();
  expect([asked.at(-1), outcomes.at(-1), types().at(-1)]).toEqual([`hang up ${ID}`, "failed", "close"]);
});

test("a dead media thread, or a server that stops, leaves nobody on the line", async () => {
  for (const end of [() => consult.onMedia({ type: "media-died" }), () => consult.stop()]) {
    await open("openai-realtime");
    await briefed();
    end();
    expect(asked.at(-1)).toBe(`hang up ${ID}`);
    schedule.advance(5000);
    expect([consults.size, schedule.waiting]).toEqual([0, 0]);
  }
  expect(outcomes).toEqual(["answered", "answered"]);
});

test("one who is given up before the voice is there is never rung", async () => {
  const opening = open("openai-realtime");
  consult.giveUp();
  await opening;
  expect([types(), asked, outcomes]).toEqual([["close"], [], []]);
});

test("the brief tells who waits and why, and no number", () => {
  const brief = consultBrief({
    person: "Billing",
    brief: "Paid twice.",
    calleeName: "Eva",
    agentName: "APPU",
    organization: "Acme",
    language: "de",
  });
  for (const part of ["<person>Billing</person>", "<caller>Eva</caller>", "Paid twice.", "Speak German", "AI"]) {
    expect(brief.instructions).toContain(part);
  }
  expect(brief.opening).toContain("Eva is on the line");
  expect(brief.tools.map(({ name }) => name)).toEqual(["accept_call", "decline_call"]);
});
