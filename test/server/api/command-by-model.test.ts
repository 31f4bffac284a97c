import { expect, test } from "bun:test";
import { createCommandReader } from "../../../src/agents/command-reader.ts";
import { chooseModel } from "../../../src/agents/models/choose-model.ts";
import { during, quickDeps } from "../../support/model-rig.ts";
import type { TextStep } from "../../support/openai-text-server/script.ts";
import { OPENAI_KEY, OpenAiTextServer, openAiError } from "../../support/openai-text-server/server.ts";
import type { Fault } from "../../support/scripted-http.ts";
import { openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const WORDS = "Could you ring the bakery on +1 202 555 0100 and find out until when they are open?";
const CALL = {
  wants: "call",
  phone: "+1 202 555 0100",
  errand: "Find out until when they are open.",
  callee_name: "the bakery",
};
const nothing = { phone: null, errand: null, callee_name: null };

/** A server whose commands are read by the vendor's real client, against a server that speaks its protocol. */
const open = async (steps: (TextStep | Fault)[]) => {
  const text = during(new OpenAiTextServer(steps));
  const openai = { apiKey: OPENAI_KEY, baseUrl: text.url, textModel: "gpt-6-luna" };
  const model = chooseModel({ openai, keys: { google: null, anthropic: null } }, quickDeps());
  const rig = await openServer();
  const { store, clock, log } = rig.parts;
  rig.parts.readCommand = createCommandReader({ store, clock, log, model: model! });
  return { rig, text };
};
const replyTo = async (rig: ServerRig, command: string, headers: Record<string, string> = {}) =>
  (await (await rig.json("/command", { command }, headers)).json()) as { reply: string; task_id?: string };
const tasks = (rig: ServerRig) => rig.store.tasks.list(rig.tenantId, { limit: 5 });

test("a call asked for in a sentence is placed with its number, its errand and whom it is for", async () => {
  const { rig, text } = await open([{ say: CALL }]);
  const view = await replyTo(rig, WORDS);
  expect(view.reply).toBe(`Calling ${PHONE}.`);
  expect(await rig.store.tasks.get(rig.tenantId, view.task_id!)).toMatchObject({
    phone: PHONE,
    action: "Find out until when they are open.",
    calleeName: "the bakery",
    context: `Asked for in these words: ${WORDS}`,
  });
  expect(text.body(1).text.format).toMatchObject({ name: "command", strict: true });
  expect(text.body(1).input).toEqual([{ role: "user", content: WORDS }]);
  expect((await rig.store.usage.total(rig.tenantId, 0)).byPurpose.command?.requests).toBe(1);
});

test("what the rules understand asks no model", async () => {
  const { rig, text } = await open([]);
  expect(await replyTo(rig, "hello")).toEqual({ reply: "Hi there!" });
  expect((await replyTo(rig, "status")).reply).toStartWith("No call is running.");
  expect((await replyTo(rig, `call ${PHONE} to ask for the hours`)).reply).toBe(`Calling ${PHONE}.`);
  expect(text.requests).toHaveLength(0);
});

test.each([
  ["How are things?", { wants: "status", ...nothing }, "No call is running."],
  ["Good morning to you", { wants: "greeting", ...nothing }, "Hi there!"],
  ["Call three dentists and take the earliest", { wants: "plan", ...nothing }, "That takes a plan"],
  ["Ring my mother", { wants: "call", ...nothing }, "Tell me the number"],
  ["What is the weather?", { wants: "other", ...nothing }, "I did not understand that."],
])("%s is answered by what it means, and nothing is dialed", async (words, say, answer) => {
  const { rig } = await open([{ say }]);
  expect((await replyTo(rig, words)).reply).toStartWith(answer);
  expect(await tasks(rig)).toEqual([]);
});

test("a number that is not in the words is told to the model, and never dialed", async () => {
  const { rig, text } = await open([{ say: { ...CALL, phone: "+12025550199" } }, { say: { ...CALL, phone: null } }]);
  expect((await replyTo(rig, WORDS)).reply).toStartWith("Tell me the number");
  expect(JSON.stringify(text.body(2).input)).toContain("This number is not in the words");
  const guessing = await open([{ say: CALL }, { say: CALL }]);
  expect((await replyTo(guessing.rig, "ring the bakery on 555 0100")).reply).toContain("no answer to that");
  expect([await tasks(rig), await tasks(guessing.rig)]).toEqual([[], []]);
});

test.each([
  ["a refused key", [openAiError(401, "invalid_api_key")]],
  ["garbage", Array(4).fill({ garbage: "<html>" })],
  ["a refusal", [{ refuse: "No." }]],
  ["answers that never fit", Array(4).fill({ say: { wants: "everything" } })],
] as [string, (TextStep | Fault)[]][])(
  "after %s the reply says what can be said without a model",
  async (_what, steps) => {
    const { rig } = await open(steps);
    const { reply } = await replyTo(rig, WORDS);
    expect(reply).toStartWith("The text model gave no answer to that.");
    expect(reply).toContain("status");
    expect(await tasks(rig)).toEqual([]);
  },
);

test("the same key with the same words is one call whatever the model would say now, and with others it is refused", async () => {
  const { rig, text } = await open([{ say: CALL }]);
  const key = { "idempotency-key": "k" };
  const first = await replyTo(rig, WORDS, key);
  expect(await replyTo(rig, WORDS, key)).toEqual(first);
  expect(text.requests).toHaveLength(1);
  expect((await rig.json("/command", { command: `${WORDS} Please.` }, key)).status).toBe(409);
  expect(await tasks(rig)).toHaveLength(1);
});
