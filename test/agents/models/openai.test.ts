import { expect, test } from "bun:test";
import { z } from "zod";
import { createModel } from "../../../src/agents/models/completion.ts";
import { modelTool } from "../../../src/agents/models/model.ts";
import { openAiWire } from "../../../src/agents/models/openai.ts";
import { BOOKING, Booking, during, failureOf, NOW, quickDeps } from "../../support/model-rig.ts";
import { OPENAI_KEY, OpenAiTextServer, openAiError } from "../../support/openai-text-server/server.ts";
import { replyListener } from "../../support/reply-listener.ts";
import { until } from "../../support/until.ts";

type Steps = ConstructorParameters<typeof OpenAiTextServer>[0];
const open = (steps: Steps, options: { isPlain?: boolean; models?: string[] } = {}) => {
  const server = during(new OpenAiTextServer(steps, options));
  const deps = quickDeps();
  const wire = openAiWire({ apiKey: OPENAI_KEY, baseUrl: server.url, model: "gpt-6-luna" });
  return { server, time: deps.time, model: createModel(wire, deps) };
};
const request = {
  purpose: "book_table",
  system: "You book tables.",
  messages: [{ role: "user" as const, text: "Two, please." }],
  schema: Booking,
};
const opening = modelTool({
  name: "opening_hours",
  description: "Hours of a restaurant.",
  parameters: z.object({ name: z.string().max(40) }),
  run: async ({ name }) => ({ name, opens: "18:00" }),
});
test("an answer of the Responses API is asked for by a strict schema and comes back checked, with its cost", async () => {
  const { server, model } = open([{ say: BOOKING }]);
  const { value, usage, toolCalls, repairs } = await model.complete(request);
  expect(value).toEqual(BOOKING);
  expect(usage).toEqual({
    vendor: "OpenAI",
    model: "gpt-6-luna",
    purpose: "book_table",
    rounds: 1,
    inputTokens: 100,
    cachedTokens: 40,
    outputTokens: 20,
    costUsd: (60 * 0.1 + 40 * 0.01 + 20 * 0.5) / 1e6,
  });
  expect([toolCalls, repairs]).toEqual([0, 0]);
  expect(server.requests[0]?.path).toBe("/v1/responses");
  expect(server.body(1)).toMatchObject({
    model: "gpt-6-luna",
    instructions: "You book tables.",
    input: [{ role: "user", content: "Two, please." }],
    store: false,
    reasoning: { effort: "low" },
    text: { format: { type: "json_schema", name: "book_table", strict: true } },
  });
  expect(server.body(1)).not.toHaveProperty("temperature");
});

test("tools are run and their results sent back together with the model's reasoning", async () => {
  const { server, model } = open([
    {
      call: [
        { name: "opening_hours", args: { name: "Zoë's" } },
        { name: "opening_hours", args: { name: "Max" } },
      ],
    },
    { say: BOOKING },
  ]);
  const { value, toolCalls, usage } = await model.complete({ ...request, tools: [opening] });
  expect(value).toEqual(BOOKING);
  expect([toolCalls, usage.rounds, usage.inputTokens]).toEqual([2, 2, 200]);
  const sent = server.body(2).input as Record<string, unknown>[];
  expect(sent.map((item) => item.type ?? item.role)).toEqual([
    "user",
    "reasoning",
    "function_call",
    "reasoning",
    "function_call",
    "function_call_output",
    "function_call_output",
  ]);
  expect(sent.at(-1)).toMatchObject({ call_id: "call_1_1", output: '{"name":"Max","opens":"18:00"}' });
  expect(server.body(1).tools).toMatchObject([{ type: "function", name: "opening_hours", strict: true }]);
});

test("a reply is heard while it is written, and only the reply", async () => {
  const { model } = open([{ say: BOOKING, size: 3 }]);
  const reply = replyListener();
  const { value } = await model.complete({ ...request, reply });
  expect(value).toEqual(BOOKING);
  expect(reply.heard.join("")).toBe(BOOKING.reply);
  expect(reply.heard.length).toBeGreaterThan(3);
});

test("a stream that is torn off is asked for again and its reply begins again", async () => {
  const { server, model } = open([{ say: BOOKING, end: "tear" }, { say: BOOKING }]);
  const reply = replyListener();
  expect((await model.complete({ ...request, reply })).value).toEqual(BOOKING);
  expect(server.requests).toHaveLength(2);
  expect(reply.heard.join("").split("|")).toEqual([BOOKING.reply, BOOKING.reply]);
});

test.each([
  [true, 'data: {"choices":[{"index":0,"delta":{"content":"{\\"reply\\": \\"Bo"},"finish_reason":null}]}'],
  [
    false,
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"{\\"reply\\": \\"Bo"}',
  ],
])(
  "a stream that ends early as if it were complete is asked for again; Chat Completions: %p",
  async (isPlain, frame) => {
    const { server, model } = open([{ garbage: `${frame}\n\n`, contentType: "text/event-stream" }, { say: BOOKING }], {
      isPlain,
    });
    const reply = replyListener();
    // Tried again, not repaired: what came was no answer.
    expect(await model.complete({ ...request, reply })).toMatchObject({ value: BOOKING, repairs: 0 });
    expect(reply.heard.join("")).toBe(`Bo|${BOOKING.reply}`);
    expect(server.steps).toEqual([]);
  },
);

test("a stream that falls silent is given up before its time is over", async () => {
  const { server, time, model } = open([{ say: BOOKING, end: "stall" }, { say: BOOKING }]);
  const reply = replyListener();
  const answer = model.complete({ ...request, reply });
  await until("the reply is heard", () => reply.heard.join("") === BOOKING.reply);
  expect(time.ring(20_000)).toBe(1);
  expect((await answer).value).toEqual(BOOKING);
  expect(server.requests).toHaveLength(2);
});

test("a server without the Responses API is asked by Chat Completions, from then on at once", async () => {
  const { server, model } = open([{ say: BOOKING }, { say: BOOKING }], { isPlain: true });
  for (let i = 0; i < 2; i++) {
    const { value, usage } = await model.complete(request);
    expect(value).toEqual(BOOKING);
    expect(usage).toMatchObject({ inputTokens: 100, cachedTokens: 40, outputTokens: 20 });
  }
  expect(server.requests.map((one) => one.path)).toEqual([
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/chat/completions",
  ]);
  expect(server.body(2).response_format).toMatchObject({
    type: "json_schema",
    json_schema: { name: "book_table", strict: true },
  });
  expect(server.body(2).messages).toEqual([
    { role: "system", content: "You book tables." },
    { role: "user", content: "Two, please." },
  ]);
});

test.each([false, true])("tools work by Chat Completions too, streamed: %p", async (isStreamed) => {
  const { server, model } = open(
    [
      { call: [{ name: "opening_hours", args: { name: "Max" } }] },
      { say: `\`\`\`json\n${JSON.stringify(BOOKING)}\n\`\`\`` },
    ],
    { isPlain: true },
  );
  const reply = replyListener();
  const { value } = await model.complete({ ...request, tools: [opening], ...(isStreamed && { reply }) });
  expect(value).toEqual(BOOKING);
  expect(reply.heard.join("")).toBe(isStreamed ? BOOKING.reply : "");
  // While tools are on offer the form is told, not enforced.
  expect(server.body(3)).not.toHaveProperty("response_format");
  expect(server.body(3).messages[0].content).toContain('"additionalProperties":false');
  expect(server.body(3).messages.slice(2)).toMatchObject([
    {
      role: "assistant",
      tool_calls: [{ id: "call_1_0", function: { name: "opening_hours", arguments: '{"name":"Max"}' } }],
    },
    { role: "tool", tool_call_id: "call_1_0", content: '{"name":"Max","opens":"18:00"}' },
  ]);
});

test("an answer that is no JSON is repaired without tools and with the form enforced", async () => {
  const { server, model } = open([{ say: "Sure, booked!" }, { say: BOOKING }], { isPlain: true });
  const { value, repairs } = await model.complete({ ...request, tools: [opening] });
  expect([value, repairs]).toEqual([BOOKING, 1]);
  expect(server.body(3)).toHaveProperty("response_format");
  expect(server.body(3)).not.toHaveProperty("tools");
});

test("a model that does not exist is not mistaken for a missing API", async () => {
  const { server, model } = open([], { models: ["gpt-6.1-sol"] });
  expect(await failureOf(model.complete(request))).toMatchObject({ failure: "not-found", retryable: false });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ["declined", { refuse: "I cannot help with that." }],
  ["declined", { filtered: '{"reply":' }],
  ["cut-off", { cutOff: '{"reply": "Boo' }],
] as const)("an answer that is %s ends the completion at once and is still paid for", async (failure, step) => {
  for (const isPlain of [false, true]) {
    for (const isStreamed of [false, true]) {
      const { model, time } = open([step], { isPlain });
      const failed = await failureOf(model.complete({ ...request, ...(isStreamed && { reply: replyListener() }) }));
      expect(failed).toMatchObject({ failure, retryable: false, usage: { rounds: 1, inputTokens: 100 } });
      expect(time.pauses).toEqual([]);
    }
  }
});

test.each([
  [openAiError(401, "invalid_api_key"), "key-refused"],
  [openAiError(403, null), "key-refused"],
  [openAiError(400, "invalid_json_schema"), "request-refused"],
  [openAiError(429, "insufficient_quota"), "quota-used-up"],
] as const)("%j is not tried again: %s", async (fault, failure) => {
  const { server, model } = open([fault, { say: BOOKING }]);
  expect(await failureOf(model.complete(request))).toMatchObject({ failure, retryable: false });
  expect(server.requests).toHaveLength(1);
});

test.each([
  [openAiError(408, null)],
  [openAiError(409, null)],
  [openAiError(429, "rate_limit_exceeded")],
  [openAiError(500, null)],
  [openAiError(503, null)],
  [{ garbage: "<html>Bad gateway</html>", contentType: "text/html" }],
  [{ garbage: "{ not json" }],
  [{ garbage: '{"object":"list","data":[]}' }],
  [{ fail: "server_error" }],
  [{ fail: "rate_limit_exceeded" }],
])("after %j it is asked again, after a pause", async (step) => {
  const { model, time, server } = open([step, { say: BOOKING }]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect([server.requests.length, time.pauses]).toEqual([2, [500]]);
});

test("pauses double, and after the fourth try the failure is told", async () => {
  const { model, time, server } = open([1, 2, 3, 4, 5].map(() => openAiError(503, null)));
  const failed = await failureOf(model.complete(request));
  expect(failed).toMatchObject({ failure: "overloaded", retryable: true });
  expect(failed.message).toBe("OpenAI is out of order or overloaded.");
  expect(time.pauses).toEqual([500, 1000, 2000]);
  expect(server.requests).toHaveLength(4);
});

test("Retry-After is obeyed, in seconds, in ms and as a date", async () => {
  const date = new Date(NOW + 9000).toUTCString();
  const { model, time } = open([
    openAiError(429, null, { "retry-after": "7" }),
    openAiError(429, null, { "retry-after": "7", "retry-after-ms": "1250" }),
    openAiError(503, null, { "retry-after": date }),
    { say: BOOKING },
  ]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect(time.pauses).toEqual([7000, 1250, 9000]);
});

test("a long Retry-After is not waited for but handed on", async () => {
  const { model, time } = open([openAiError(429, null, { "retry-after": "600" })]);
  const failed = await failureOf(model.complete(request));
  expect(failed).toMatchObject({ failure: "rate-limited", retryable: true, retryAfterMs: 600_000 });
  expect(time.pauses).toEqual([]);
});

test("a service that says nothing is left after the timeout, and its connection closed", async () => {
  const { model, time, server } = open([{ hang: true }, { say: BOOKING }]);
  const answer = model.complete({ ...request, timeoutMs: 30_000 });
  await until("it was asked", () => server.requests.length === 1);
  expect(time.ring(30_000)).toBe(1);
  expect((await answer).value).toEqual(BOOKING);
  await until("the first request was dropped", () => server.requests[0]?.wasDropped);
});

test("a port where nobody listens is unreachable", async () => {
  const deps = quickDeps();
  const gone = new OpenAiTextServer([]);
  await gone.stop();
  const model = createModel(openAiWire({ apiKey: "k", baseUrl: gone.url, model: "m" }), deps);
  expect(await failureOf(model.complete(request))).toMatchObject({ failure: "unreachable", retryable: true });
  expect(deps.time.pauses).toHaveLength(3);
});

test("a stop ends a request that hangs, a stream, and a pause", async () => {
  for (const [step, isStreamed] of [
    [{ hang: true }, false],
    [{ say: BOOKING, end: "stall" }, true],
    [openAiError(429, null, { "retry-after": "20" }), false],
  ] as const) {
    const { model, server, time } = open([step]);
    const stop = new AbortController();
    const failing = failureOf(
      model.complete({ ...request, signal: stop.signal, ...(isStreamed && { reply: replyListener() }) }),
    );
    await until("it was asked", () => server.requests.length === 1 && time.held.length > 0);
    if ("status" in step) await until("it pauses", () => time.held.includes(20_000));
    stop.abort();
    expect(await failing).toMatchObject({ failure: "stopped", retryable: false });
    expect(time.held).toEqual([]);
    if (!("status" in step)) await until("the request was dropped", () => server.requests[0]?.wasDropped);
  }
});

test("a stop before the start asks nothing", async () => {
  const { model, server } = open([{ say: BOOKING }]);
  const failed = await failureOf(model.complete({ ...request, signal: AbortSignal.abort() }));
  expect([failed.failure, server.requests.length]).toEqual(["stopped", 0]);
});

test("no failure carries the key, the prompt or the answer in its message", async () => {
  for (const step of [
    { refuse: "Two, please." },
    openAiError(400, null, {}, "You book tables."),
    { say: "sk-secret" },
  ]) {
    const { model } = open([step, step]);
    const { message } = await failureOf(model.complete(request));
    expect(message).not.toMatch(/please|tables|sk-/);
    expect(message).toMatch(/^OpenAI [a-z, ]+\.$/);
  }
});
