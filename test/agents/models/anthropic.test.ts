import { expect, test } from "bun:test";
import { z } from "zod";
import { anthropicWire } from "../../../src/agents/models/anthropic.ts";
import { createModel } from "../../../src/agents/models/completion.ts";
import { modelTool } from "../../../src/agents/models/model.ts";
import { ANTHROPIC_KEY, AnthropicServer, claudeError } from "../../support/anthropic-server/server.ts";
import { BOOKING, Booking, during, failureOf, quickDeps } from "../../support/model-rig.ts";
import { replyListener } from "../../support/reply-listener.ts";
import { until } from "../../support/until.ts";

type Steps = ConstructorParameters<typeof AnthropicServer>[0];
const open = (steps: Steps, apiKey = ANTHROPIC_KEY) => {
  const server = during(new AnthropicServer(steps));
  const deps = quickDeps();
  const wire = anthropicWire({ apiKey, baseUrl: server.origin, model: "claude-haiku-5-5" });
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

test("an answer is asked for by a JSON schema and comes back checked, with its cost", async () => {
  const { server, model } = open([{ say: BOOKING }]);
  const { value, usage } = await model.complete(request);
  expect(value).toEqual(BOOKING);
  expect(usage).toEqual({
    vendor: "Claude",
    model: "claude-haiku-5-5",
    purpose: "book_table",
    rounds: 1,
    inputTokens: 100,
    cachedTokens: 40,
    outputTokens: 20,
    costUsd: (50 * 0.1 + 40 * 0.01 + 10 * 0.125 + 20 * 0.5) / 1e6,
  });
  expect(server.body(1)).toMatchObject({
    model: "claude-haiku-5-5",
    system: "You book tables.",
    max_tokens: 16_384,
    output_config: { format: { type: "json_schema", schema: { type: "object", additionalProperties: false } } },
  });
});

test.each([false, true])("tools are run and answered with signed thoughts kept; streamed %p", async (isStreamed) => {
  const { server, model } = open([
    {
      call: [
        { name: "opening_hours", input: { name: "Max" } },
        { name: "opening_hours", input: { name: 7 } },
      ],
      say: "Let me look.",
    },
    { say: BOOKING },
  ]);
  const reply = replyListener();
  const { value, toolCalls } = await model.complete({ ...request, tools: [opening], ...(isStreamed && { reply }) });
  expect([value, toolCalls]).toEqual([BOOKING, 1]);
  expect(reply.heard.join("")).toBe(isStreamed ? BOOKING.reply : "");
  const [, answer, results] = server.body(2).messages;
  expect(answer.content.map((block: { type: string }) => block.type)).toEqual([
    "thinking",
    "text",
    "tool_use",
    "tool_use",
  ]);
  expect(results.content).toMatchObject([
    { type: "tool_result", tool_use_id: "toolu_1_0", content: '{"name":"Max","opens":"18:00"}', is_error: false },
    { type: "tool_result", tool_use_id: "toolu_1_1", is_error: true },
  ]);
  expect(server.body(1)).toMatchObject({
    tool_choice: { type: "auto" },
    tools: [{ name: "opening_hours", strict: true, input_schema: { type: "object", required: ["name"] } }],
  });
});

test("a reply is heard while it is written", async () => {
  const { model } = open([{ say: BOOKING }]);
  const reply = replyListener();
  expect((await model.complete({ ...request, reply })).value).toEqual(BOOKING);
  expect(reply.heard.join("")).toBe(BOOKING.reply);
  expect(reply.heard.length).toBeGreaterThan(2);
});

test.each([
  { say: BOOKING, end: "tear" },
  { failInStream: "overloaded_error" },
  { failInStream: "api_error" },
] as const)("a stream that ends in %j is asked for again and its reply begins again", async (step) => {
  const { server, model } = open([step, { say: BOOKING }]);
  const reply = replyListener();
  expect((await model.complete({ ...request, reply })).value).toEqual(BOOKING);
  expect(server.requests).toHaveLength(2);
  expect(reply.heard.join("").split("|").at(-1)).toBe(BOOKING.reply);
  expect(reply.heard).toContain("|");
});

test("a stream that falls silent is given up before its time is over", async () => {
  const { time, model } = open([{ say: BOOKING, end: "stall" }, { say: BOOKING }]);
  const reply = replyListener();
  const answer = model.complete({ ...request, reply });
  await until("the reply is heard", () => reply.heard.join("") === BOOKING.reply);
  expect(time.ring(20_000)).toBe(1);
  expect((await answer).value).toEqual(BOOKING);
});

test.each([
  [{ say: "I cannot help with that.", stopReason: "refusal" }, "declined"],
  [{ say: '{"reply": "Boo', stopReason: "max_tokens" }, "cut-off"],
  [{ say: "", stopReason: "model_context_window_exceeded" }, "cut-off"],
] as const)("%j is %s, whole or streamed, and still paid for", async (step, failure) => {
  for (const isStreamed of [false, true]) {
    const { model } = open([step]);
    const failed = await failureOf(model.complete({ ...request, ...(isStreamed && { reply: replyListener() }) }));
    expect(failed).toMatchObject({ failure, retryable: false, usage: { rounds: 1, inputTokens: 100 } });
  }
});

test("an empty answer can be repaired", async () => {
  const { server, model } = open([{ say: "" }, { say: BOOKING }]);
  expect(await model.complete(request)).toMatchObject({ value: BOOKING, repairs: 1 });
  expect(server.body(2).messages.map((one: { role: string }) => one.role)).toEqual(["user", "user"]);
});

test.each([
  [claudeError(529, "overloaded_error")],
  [claudeError(500, "api_error")],
  [claudeError(429, "rate_limit_error")],
  [{ garbage: "<html>Bad gateway</html>", contentType: "text/html" }],
  [{ garbage: "{ not json" }],
  [{ garbage: '{"content":"Hello"}' }],
])("after %j it is asked again, after a pause", async (step) => {
  const { model, time } = open([step, { say: BOOKING }]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect(time.pauses).toEqual([500]);
});

test("Retry-After is obeyed", async () => {
  const { model, time } = open([
    claudeError(429, "rate_limit_error", "Slow down.", { "retry-after": "11" }),
    { say: BOOKING },
  ]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect(time.pauses).toEqual([11_000]);
});

test.each([
  [claudeError(401, "authentication_error"), "key-refused"],
  [claudeError(403, "permission_error"), "key-refused"],
  [claudeError(404, "not_found_error"), "not-found"],
  [claudeError(400, "invalid_request_error"), "request-refused"],
  [claudeError(400, "invalid_request_error", "Your credit balance is too low."), "quota-used-up"],
] as const)("%j is not tried again: %s", async (fault, failure) => {
  const { server, model } = open([fault, { say: BOOKING }]);
  expect(await failureOf(model.complete(request))).toMatchObject({ failure, retryable: false });
  expect(server.requests).toHaveLength(1);
});

test("the key goes out as the service wants it, and a wrong one is told as that", async () => {
  const { model } = open([], "sk-ant-wrong");
  expect((await failureOf(model.complete(request))).failure).toBe("key-refused");
});

test("a service that says nothing is left after the timeout, and a stop ends the rest", async () => {
  const { model, time, server } = open([{ hang: true }, { say: BOOKING, end: "stall" }]);
  const stop = new AbortController();
  const reply = replyListener();
  const failing = failureOf(model.complete({ ...request, timeoutMs: 30_000, signal: stop.signal, reply }));
  await until("it was asked", () => server.requests.length === 1);
  time.ring(30_000);
  await until("the reply is heard", () => reply.heard.length > 0);
  stop.abort();
  expect((await failing).failure).toBe("stopped");
  await until("both requests were dropped", () => server.requests.every((one) => one.wasDropped));
  expect(time.held).toEqual([]);
});

test("a long answer may come whole", async () => {
  const { model } = open([{ say: BOOKING }]);
  expect((await model.complete({ ...request, maxOutputTokens: 64_000 })).value).toEqual(BOOKING);
});
