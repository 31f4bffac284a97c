import { expect, test } from "bun:test";
import { z } from "zod";
import { createModel } from "../../../src/agents/models/completion.ts";
import { geminiWire } from "../../../src/agents/models/gemini.ts";
import { modelTool } from "../../../src/agents/models/model.ts";
import { errorInfo, GEMINI_KEY, GeminiServer, googleError } from "../../support/gemini-server/server.ts";
import { BOOKING, Booking, during, failureOf, quickDeps } from "../../support/model-rig.ts";
import { replyListener } from "../../support/reply-listener.ts";
import { until } from "../../support/until.ts";

type Steps = ConstructorParameters<typeof GeminiServer>[0];
const open = (steps: Steps, { isOld = false, apiKey = GEMINI_KEY } = {}) => {
  const server = during(new GeminiServer(steps, { isOld }));
  const deps = quickDeps();
  const wire = geminiWire({ apiKey, baseUrl: server.origin, model: "gemini-3.8-flash" });
  return { server, time: deps.time, model: createModel(wire, deps) };
};
const request = {
  purpose: "book_table",
  system: "You book tables.",
  messages: [
    { role: "user" as const, text: "A table." },
    { role: "assistant" as const, text: "For how many?" },
    { role: "user" as const, text: "Two, please." },
  ],
  schema: Booking,
};
const opening = modelTool({
  name: "opening_hours",
  description: "Hours of a restaurant.",
  parameters: z.object({ name: z.string().max(40) }),
  run: async ({ name }) => ({ name, opens: "18:00" }),
});

test("an answer is asked for by a JSON schema and comes back checked, without thoughts, with its cost", async () => {
  const { server, model } = open([{ say: BOOKING }]);
  const { value, usage } = await model.complete(request);
  expect(value).toEqual(BOOKING);
  expect(usage).toEqual({
    vendor: "Gemini",
    model: "gemini-3.8-flash",
    purpose: "book_table",
    rounds: 1,
    inputTokens: 100,
    cachedTokens: 40,
    outputTokens: 20,
    costUsd: (60 * 0.75 + 40 * 0.075 + 20 * 3.75) / 1e6,
  });
  expect(server.requests[0]?.path).toBe("/v1beta/models/gemini-3.8-flash:generateContent");
  const body = server.body(1);
  expect(body.contents.map((one: { role: string }) => one.role)).toEqual(["user", "model", "user"]);
  expect(body.systemInstruction.parts).toEqual([{ text: "You book tables." }]);
  expect(body.generationConfig).toMatchObject({ responseMimeType: "application/json", maxOutputTokens: 16_384 });
  expect(body.generationConfig.responseJsonSchema.required).toEqual(["reply", "day", "seats"]);
  expect(body).not.toHaveProperty("tools");
});

test.each([
  [false, false],
  [true, false],
  [false, true],
])(
  "functions are run and answered with signed parts kept; streamed %p, without ids %p",
  async (isStreamed, withoutIds) => {
    const calls = [
      { name: "opening_hours", args: { name: "Max" } },
      { name: "opening_hours", args: { name: "Zoë's" } },
    ];
    const { server, model } = open([{ call: calls, withoutIds }, { say: BOOKING }]);
    const reply = replyListener();
    const { value, toolCalls } = await model.complete({ ...request, tools: [opening], ...(isStreamed && { reply }) });
    expect([value, toolCalls]).toEqual([BOOKING, 2]);
    expect(reply.heard.join("")).toBe(isStreamed ? BOOKING.reply : "");
    const id = withoutIds ? {} : { id: "c1" };
    expect(server.body(2).contents.at(-1)).toEqual({
      role: "user",
      parts: [
        expect.anything(),
        {
          functionResponse: { ...id, name: "opening_hours", response: { output: '{"name":"Zoë\'s","opens":"18:00"}' } },
        },
      ],
    });
    expect(server.body(1).tools[0].functionDeclarations[0]).toMatchObject({
      name: "opening_hours",
      parametersJsonSchema: { type: "object", required: ["name"] },
    });
  },
);

test("a model that takes functions or a form, not both, is told the form in words", async () => {
  const { server, model } = open([{ call: [{ name: "opening_hours", args: { name: "Max" } }] }, { say: BOOKING }], {
    isOld: true,
  });
  expect((await model.complete({ ...request, tools: [opening] })).value).toEqual(BOOKING);
  expect(server.requests).toHaveLength(3);
  expect(server.body(3).generationConfig).not.toHaveProperty("responseMimeType");
  expect(server.body(3).systemInstruction.parts[0].text).toContain('"seats"');
});

test("a reply is heard while it is written", async () => {
  const { server, model } = open([{ say: BOOKING }]);
  const reply = replyListener();
  expect((await model.complete({ ...request, reply })).value).toEqual(BOOKING);
  expect(reply.heard.join("")).toBe(BOOKING.reply);
  expect(reply.heard.length).toBeGreaterThan(2);
  expect(server.requests[0]?.path).toEndWith(":streamGenerateContent");
});

test.each(["tear", "close"] as const)("a stream without an end (%s) is asked for again", async (end) => {
  // Torn, or closed like an answer that is complete.
  const { server, model } = open([
    end === "tear" ? { say: BOOKING, end } : { garbage: "", contentType: "text/event-stream" },
    { say: BOOKING },
  ]);
  expect((await model.complete({ ...request, reply: replyListener() })).value).toEqual(BOOKING);
  expect(server.requests).toHaveLength(2);
});

test.each([
  [{ say: "", finishReason: "SAFETY" }, "declined"],
  [{ say: "", finishReason: "PROHIBITED_CONTENT" }, "declined"],
  [{ say: "", finishReason: "SOME_NEW_POLICY" }, "declined"],
  [{ block: "PROHIBITED_CONTENT" }, "declined"],
  [{ say: '{"reply": "Boo', finishReason: "MAX_TOKENS" }, "cut-off"],
] as const)("%j is %s, whole or streamed, and still paid for", async (step, failure) => {
  for (const isStreamed of [false, true]) {
    const { model } = open([step]);
    const failed = await failureOf(model.complete({ ...request, ...(isStreamed && { reply: replyListener() }) }));
    expect(failed).toMatchObject({ failure, retryable: false, usage: { rounds: 1, inputTokens: 100 } });
  }
});

test.each([
  [{ say: "", finishReason: "MALFORMED_FUNCTION_CALL" }],
  [googleError(503, "UNAVAILABLE")],
  [googleError(500, "INTERNAL")],
  [{ garbage: "<html>Bad gateway</html>", contentType: "text/html" }],
  [{ garbage: "[]" }],
  [{ garbage: '{"candidates":[{"content":{"parts":[{"text":7}]},"finishReason":"STOP"}]}' }],
])("after %j it is asked again, after a pause", async (step) => {
  const { model, time } = open([step, { say: BOOKING }]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect(time.pauses).toEqual([500]);
});

test("the pause that the service asks for is made", async () => {
  const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3.5s" };
  const { model, time } = open([googleError(429, "RESOURCE_EXHAUSTED", [retry]), { say: BOOKING }]);
  expect((await model.complete(request)).value).toEqual(BOOKING);
  expect(time.pauses).toEqual([3500]);
});

const perDay = {
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }],
};
test.each([
  [googleError(429, "RESOURCE_EXHAUSTED", [perDay]), "quota-used-up"],
  [googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")]), "key-refused"],
  [googleError(403, "PERMISSION_DENIED", [errorInfo("SERVICE_DISABLED")]), "key-refused"],
  [googleError(400, "INVALID_ARGUMENT"), "request-refused"],
  [googleError(404, "NOT_FOUND"), "not-found"],
] as const)("%j is not tried again: %s", async (fault, failure) => {
  const { server, model } = open([fault, { say: BOOKING }]);
  expect(await failureOf(model.complete(request))).toMatchObject({ failure, retryable: false });
  expect(server.requests).toHaveLength(1);
});

test("a wrong key is told as that", async () => {
  const { model } = open([], { apiKey: "AIza-wrong" });
  expect((await failureOf(model.complete(request))).message).toBe(
    "Gemini refused the key or does not allow this use of it.",
  );
});

test("a service that says nothing is left after the timeout, and a stop ends the rest", async () => {
  const { model, time, server } = open([{ hang: true }, { hang: true }]);
  const stop = new AbortController();
  const failing = failureOf(model.complete({ ...request, timeoutMs: 30_000, signal: stop.signal }));
  await until("it was asked", () => server.requests.length === 1);
  time.ring(30_000);
  await until("it was asked again", () => server.requests.length === 2);
  stop.abort();
  expect((await failing).failure).toBe("stopped");
  await until("both requests were dropped", () => server.requests.every((one) => one.wasDropped));
  expect(time.held).toEqual([]);
});

test("a port where nobody listens is unreachable", async () => {
  const gone = new GeminiServer([]);
  await gone.stop();
  const model = createModel(geminiWire({ apiKey: "k", baseUrl: gone.origin, model: "m" }), quickDeps());
  expect(await failureOf(model.complete(request))).toMatchObject({ failure: "unreachable", retryable: true });
});
