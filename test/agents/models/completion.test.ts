import { expect, test } from "bun:test";
import { z } from "zod";
import { createModel } from "../../../src/agents/models/completion.ts";
import { type ModelTool, modelTool } from "../../../src/agents/models/model.ts";
import { openAiWire } from "../../../src/agents/models/openai.ts";
import { OutsideError } from "../../../src/core/errors.ts";
import { BOOKING, Booking, during, failureOf, quickDeps } from "../../support/model-rig.ts";
import { OPENAI_KEY, OpenAiTextServer, openAiError } from "../../support/openai-text-server/server.ts";
import { replyListener } from "../../support/reply-listener.ts";
import { until } from "../../support/until.ts";

type Steps = ConstructorParameters<typeof OpenAiTextServer>[0];
const open = (steps: Steps) => {
  const server = during(new OpenAiTextServer(steps));
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
const tool = (run: ModelTool["run"], name = "look_up"): ModelTool => ({
  name,
  description: "Looks something up.",
  parameters: z.object({ what: z.string().max(10) }),
  run,
});
const call = (args: unknown, name = "look_up") => ({ name, args });
/** What the tools answered to the calls of the request before this one. */
const outputs = (server: OpenAiTextServer, number: number): string[] =>
  (server.body(number).input as { type?: string; output: string }[])
    .filter((item) => item.type === "function_call_output")
    .map((item) => item.output);

test("an answer that does not fit is sent back once, with what is wrong", async () => {
  const { server, model } = open([{ say: { ...BOOKING, seats: 99 } }, { say: BOOKING }]);
  const { value, repairs, usage } = await model.complete(request);
  expect([value, repairs, usage.rounds]).toEqual([BOOKING, 1, 2]);
  const said = server.body(2).input.at(-1);
  expect(said.role).toBe("user");
  expect(said.content).toMatch(/seats/);
  expect(said.content).toMatch(/8/);
});

test("an answer that does not fit again fails, says so, and names what it cost", async () => {
  const { server, model } = open([
    { say: { ...BOOKING, seats: 99 } },
    { say: { ...BOOKING, seats: 0 } },
    { say: BOOKING },
  ]);
  const failed = await failureOf(model.complete(request));
  expect(failed).toMatchObject({ failure: "invalid-answer", retryable: true, usage: { rounds: 2, outputTokens: 40 } });
  expect(failed.usage?.costUsd).toBeGreaterThan(0);
  // Where, for the log, without what the model said.
  expect(failed.cause).toBe("seats: too_small");
  expect(server.requests).toHaveLength(2);
});

test("rules of our own count like the form, with as many repairs as are allowed", async () => {
  const schema = Booking.refine(async ({ seats }) => seats === 4, { message: "There is only a table for four." });
  const { server, model } = open([{ say: BOOKING }, { say: BOOKING }, { say: { ...BOOKING, seats: 4 } }]);
  const { value, repairs } = await model.complete({ ...request, schema, maxRepairs: 2 });
  expect([value.seats, repairs]).toEqual([4, 2]);
  expect(server.body(2).input.at(-1).content).toContain("There is only a table for four.");
});

test("a repaired answer may use tools again", async () => {
  const { server, model } = open([
    { say: { ...BOOKING, seats: 99 } },
    { call: [call({ what: "seats" })] },
    { say: BOOKING },
  ]);
  const { toolCalls, repairs } = await model.complete({ ...request, tools: [tool(async () => 2)] });
  expect([toolCalls, repairs]).toEqual([1, 1]);
  expect(server.body(2).tool_choice).toBe("auto");
});

test("a reply that is repaired begins again", async () => {
  const { model } = open([{ say: { ...BOOKING, reply: "Wrong.", seats: 99 } }, { say: BOOKING }]);
  const reply = replyListener();
  await model.complete({ ...request, reply });
  expect(reply.heard.join("")).toBe(`Wrong.|${BOOKING.reply}`);
});

test("what stood before a tool call is void", async () => {
  const { model } = open([{ call: [call({ what: "x" })], say: '{"reply": "Let me see' }, { say: BOOKING }]);
  const reply = replyListener();
  await model.complete({ ...request, reply, tools: [tool(async () => 1)] });
  expect(reply.heard.join("")).toBe(`Let me see|${BOOKING.reply}`);
});

test("a tool call that cannot be run is answered with a sentence the model can act on", async () => {
  let ran = 0;
  const { server, model } = open([
    { call: [call({ what: "x" }, "delete_all"), call("{ what"), call({ what: "much too long" }), call({})] },
    { say: BOOKING },
  ]);
  const { toolCalls } = await model.complete({ ...request, tools: [tool(async () => ++ran)] });
  const [unknown, broken, long, missing] = outputs(server, 2);
  expect(unknown).toContain("There is no such tool. There are: look_up.");
  expect(broken).toContain("not valid JSON");
  expect(long).toContain("what");
  expect(missing).toContain("what");
  expect([ran, toolCalls]).toEqual([0, 0]);
});

test("a tool whose outside fails tells the model, and a tool with a bug ends the completion", async () => {
  const { server, model } = open([{ call: [call({ what: "x" })] }, { say: BOOKING }, { call: [call({ what: "x" })] }]);
  const closed = new OutsideError("The register is closed.", { retryable: true });
  await model.complete({ ...request, tools: [tool(() => Promise.reject(closed))] });
  expect(outputs(server, 2)).toEqual(['{"error":"The register is closed."}']);
  const bug = new TypeError("undefined is not a function");
  expect(model.complete({ ...request, tools: [tool(() => Promise.reject(bug))] })).rejects.toBe(bug);
});

test("after a bug in one tool the others are told to stop", async () => {
  const { time, model } = open([{ call: [call({ what: "x" }, "slow"), call({ what: "x" }, "broken")] }]);
  const bug = new TypeError("undefined is not a function");
  let heard: AbortSignal | undefined;
  const slow = tool((_args, { signal }) => {
    heard = signal;
    return new Promise(() => {});
  }, "slow");
  const broken = tool(() => Promise.reject(bug), "broken");
  await expect(model.complete({ ...request, tools: [slow, broken] })).rejects.toBe(bug);
  expect(heard?.aborted).toBe(true);
  await until("no timeout runs", () => time.held.length === 0);
});

test("a tool that never answers is given up after a minute, and told so", async () => {
  const { server, time, model } = open([{ call: [call({ what: "x" })] }, { say: BOOKING }]);
  const answer = model.complete({ ...request, tools: [tool(() => new Promise(() => {}))] });
  await until("the tool runs", () => time.held.includes(60_000));
  time.ring(60_000);
  expect((await answer).value).toEqual(BOOKING);
  expect(outputs(server, 2)[0]).toContain("took too long");
});

test("a stop ends the tools that run, and their signal says so", async () => {
  const { time, model } = open([{ call: [call({ what: "x" })] }]);
  const stop = new AbortController();
  let heard: AbortSignal | undefined;
  const slow = tool((_args, { signal }) => {
    heard = signal;
    return new Promise(() => {});
  });
  const failing = failureOf(model.complete({ ...request, tools: [slow], signal: stop.signal }));
  await until("the tool runs", () => heard);
  stop.abort();
  expect(await failing).toMatchObject({ failure: "stopped", usage: { rounds: 1 } });
  expect([heard?.aborted, time.held]).toEqual([true, []]);
});

test("long results are cut and too many calls at once are put off", async () => {
  const { server, model } = open([{ call: Array.from({ length: 10 }, () => call({ what: "x" })) }, { say: BOOKING }]);
  const { toolCalls } = await model.complete({ ...request, tools: [tool(async () => "x".repeat(50_000))] });
  const given = outputs(server, 2);
  expect([toolCalls, given.length]).toEqual([8, 10]);
  expect(given[0]?.length).toBeLessThan(20_020);
  expect(given[0]).toEndWith("(cut)");
  expect(given[9]).toContain("at most 8 tools at once");
});

test("after so many rounds of tools the model has to answer, and one that does not is given up", async () => {
  const asks = { call: [call({ what: "x" })] };
  const answering = open([asks, asks, { say: BOOKING }]);
  const tools = [tool(async () => 1)];
  expect((await answering.model.complete({ ...request, tools, maxToolRounds: 2 })).toolCalls).toBe(2);
  expect(answering.server.body(2).tool_choice).toBe("auto");
  expect(answering.server.body(3).tool_choice).toBe("none");
  const stubborn = open([asks, asks, asks, asks]);
  const failed = await failureOf(stubborn.model.complete({ ...request, tools, maxToolRounds: 2 }));
  expect(failed).toMatchObject({ failure: "too-many-tool-calls", usage: { rounds: 3 } });
});

test("completions side by side keep to their own conversations", async () => {
  const { server, model } = open(({ body }) => {
    const [{ content }, ...rest] = body.input;
    return rest.length === 0 ? { call: [call({ what: content })] } : { say: { ...BOOKING, reply: rest.at(-1).output } };
  });
  const tools = [tool(async ({ what }: { what: string }) => `found ${what}`)];
  const words = ["ants", "bees", "cats", "dogs", "eels"];
  const answers = await Promise.all(
    words.map((text) => model.complete({ ...request, messages: [{ role: "user", text }], tools })),
  );
  expect(answers.map(({ value }) => value.reply)).toEqual(words.map((word) => `"found ${word}"`));
  expect(server.requests).toHaveLength(10);
});

test("a try that fails between tools keeps the conversation", async () => {
  const { server, model } = open([{ call: [call({ what: "x" })] }, openAiError(503, null), { say: BOOKING }]);
  const { usage } = await model.complete({ ...request, tools: [tool(async () => 1)] });
  expect(server.body(3)).toEqual(server.body(2));
  expect(usage.rounds).toBe(2);
});

test("a listener with a bug is not taken for a failure of the vendor", async () => {
  const { server, model } = open([{ say: BOOKING }, { say: BOOKING }]);
  const bug = new TypeError("undefined is not a function");
  const reply = {
    field: "reply",
    onDelta: () => {
      throw bug;
    },
    onRestart: () => {},
  };
  await expect(model.complete({ ...request, reply })).rejects.toBe(bug);
  expect(server.requests).toHaveLength(1);
});

test("the cost of a model without a price is not known rather than nothing", async () => {
  const server = during(new OpenAiTextServer([{ say: BOOKING }], { isPlain: true }));
  const wire = openAiWire({ apiKey: "ollama", baseUrl: server.url, model: "llama4:8b" });
  const { usage } = await createModel(wire, quickDeps()).complete(request);
  expect(usage).toMatchObject({ inputTokens: 100, costUsd: null });
});

test("arguments reach a tool with the type of its parameters", async () => {
  const { model } = open([{ call: [call({ seats: 2 }, "seat")] }, { say: BOOKING }]);
  let seats = 0;
  const seat = modelTool({
    name: "seat",
    description: "Takes seats.",
    parameters: z.object({ seats: z.number() }),
    run: async (args) => {
      seats += args.seats;
    },
  });
  await model.complete({ ...request, tools: [seat] });
  expect(seats).toBe(2);
});

test("our own mistakes are loud", () => {
  const { model } = open([]);
  expect(model.complete({ ...request, purpose: "Book a table" })).rejects.toThrow("a purpose is a short name");
  expect(model.complete({ ...request, messages: [] })).rejects.toThrow("the user has the last word");
});
