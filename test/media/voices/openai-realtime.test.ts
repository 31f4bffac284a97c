import { afterEach, describe, expect, test } from "bun:test";
import type { OpenAiRealtimeSettings } from "../../../src/media/engine/protocol.ts";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer, type RealtimeServerOptions } from "../../support/realtime-server/server.ts";
import { settingsAt, TestCall } from "./openai-realtime-call.ts";

let server: RealtimeServer;
let call: TestCall;

/** A call whose nth session runs by the nth script; the last one serves all later ones. */
const begin = (
  scripts: ConnectionScript | ConnectionScript[] = {},
  more: Partial<OpenAiRealtimeSettings> = {},
): void => {
  const list = Array.isArray(scripts) ? scripts : [scripts];
  const script: RealtimeServerOptions["script"] = () => list[Math.min(server.handshakes, list.length) - 1] ?? {};
  server = new RealtimeServer({ script });
  call = new TestCall(settingsAt(server.url, more));
};

/** The opening is made, played and over; the voice answers from now on. */
const open = async (): Promise<void> => {
  call.voice.prepare();
  await call.until("the opening is there", () => call.agentSaid.length === 1 && call.ended.size === 1);
  call.voice.answered();
  call.playAll();
  call.endOpening();
  const one = server.connection(1);
  await call.until("answers are on", () => one.session.audio.input.turn_detection?.create_response === true);
};

const responses = (connection = 1): number => server.connection(connection).countOf("response.created");

afterEach(async () => {
  call.voice.close();
  await server.stop();
});

describe("setting up", () => {
  test("the session speaks µ-law both ways, in the voice and with the turn detection that was asked for", async () => {
    begin();
    await call.until("ready", () => call.ready === 1);
    const { session, headers } = server.connection(1);
    expect(session.audio.input.format).toEqual({ type: "audio/pcmu" });
    expect(session.audio.output).toMatchObject({ format: { type: "audio/pcmu" }, voice: "marin" });
    expect(session.audio.input.turn_detection).toMatchObject({ create_response: false, interrupt_response: false });
    expect(session.tools).toHaveLength(2);
    expect(headers.authorization).toBe("Bearer sk-test");
    expect(headers["openai-safety-identifier"]).toBe("hash");
  });

  test("audio of the callee waits until the session is set up, and none of it is lost", async () => {
    begin({ updatedAfterMs: 60 });
    call.voice.answered();
    call.speak(200, 200);
    await call.until("ready", () => call.ready === 1);
    call.speak(0, 100);
    await call.until("all arrived", () => server.connection(1).appends === 25);
    expect(server.connection(1).appendsBeforeUpdated).toBe(0);
    expect(server.connection(1).appended.length).toBe(25 * 160);
  });

  test("a session that came back in another format is refused loudly", async () => {
    begin({ overrideSession: { audio: { output: { format: { type: "audio/pcm", rate: 24_000 } } } } });
    await call.until("lost", () => call.lost.length === 1);
    expect(call.lost[0]).toEqual({
      recovered: false,
      detail: "the session differs from its set-up in audio.output.format",
    });
    expect(call.ready).toBe(0);
  });

  test("a set-up that the service refuses ends the voice and names the member, not its content", async () => {
    begin({}, { voice: 7 as unknown as string });
    await call.until("lost", () => call.lost.length === 1);
    expect(call.lost[0]?.detail).toContain("session.audio.output.voice");
    expect(server.handshakes).toBe(1);
  });

  for (const status of [401, 429]) {
    test(`a handshake answered with ${status} is not tried again`, async () => {
      begin({ handshake: status });
      await call.until("lost", () => call.lost.length === 1);
      expect(call.lost[0]).toEqual({ recovered: false, detail: `refused with HTTP ${status}` });
      await call.settle();
      expect(server.handshakes).toBe(1);
    });
  }

  test("a handshake answered with 500 is tried once more", async () => {
    begin([{ handshake: 500 }, {}]);
    await call.until("ready", () => call.ready === 1);
    expect(server.handshakes).toBe(2);
    expect(call.lost).toEqual([]);
  });

  test("a service that never answers the handshake is given up after two tries", async () => {
    begin({ handshake: "never" });
    await call.until("first try", () => server.handshakes === 1);
    call.move(6000, 20);
    await call.until("second try", () => server.handshakes === 2);
    expect(call.lost).toEqual([]);
    call.move(6000, 20);
    expect(call.lost).toEqual([{ recovered: false, detail: "the session was not set up in time" }]);
  });

  test("a base URL that is none is told, not thrown", () => {
    server = new RealtimeServer();
    call = new TestCall(settingsAt("nonsense"));
    call.move(400, 20);
    expect(call.lost).toEqual([{ recovered: false, detail: "the base URL or key cannot be used" }]);
  });
});

describe("speaking first", () => {
  test("the opening is made while the phone rings and is there before the answer", async () => {
    begin({ replies: [{ text: "Hello, this is APPU.", seconds: 2 }] });
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    expect(call.playout.queuedMs).toBe(2000);
    expect(call.agentSaid).toEqual(["Hello, this is APPU."]);
    call.voice.answered();
    await call.settle();
    expect(responses()).toBe(1);
    const [create] = server.connection(1).eventsOf("response.create");
    expect(create?.response.instructions).toStartWith("You are APPU.");
    expect(create?.response.instructions).toContain("Greet the callee.");
  });

  test("without preparation the answer makes the opening", async () => {
    begin();
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    expect(responses()).toBe(1);
  });

  test("a callee who says hello over the opening hears no second greeting", async () => {
    begin({ hears: ["Hello?"] });
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    call.voice.answered();
    call.speak(400, 700);
    await call.until("hello heard", () => call.calleeSaid.length === 1);
    call.playAll();
    call.endOpening();
    await call.settle();
    expect(responses()).toBe(1);
  });

  test("speech that cut the opening and ended before the service was told to answer is answered", async () => {
    begin();
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    call.voice.answered();
    call.play(20);
    call.speak(600, 700);
    await call.until("turn ended", () => call.turnsEnded === 1);
    call.cutIn();
    call.endOpening();
    await call.until("an answer", () => responses() === 2);
    await call.settle();
    expect(responses()).toBe(2);
  });
});

describe("a turn", () => {
  test("is heard with its times, answered by the service, and told with its words", async () => {
    begin({
      hears: [{ text: "I want a table.", deltas: true }],
      replies: [{}, { text: "For how many?", seconds: 1.5 }],
    });
    await open();
    call.speak(0, 1000);
    call.speak(800, 700);
    await call.until("answer", () => call.ended.size === 2);
    expect(call.agentSaid[1]).toBe("For how many?");
    expect(call.received.get(2)).toBe(12_000);
    const [turn] = [...call.heard.values()];
    expect(turn?.text).toBe("I want a table.");
    expect(turn?.startMs).toBeWithin(980, 1041);
    expect(turn?.endMs).toBeWithin(1780, 1841);
    expect(server.connection(1).eventsOf("response.create")).toHaveLength(1);
  });

  test("that the transcription cannot make out is told as inaudible, an empty one as empty", async () => {
    begin({ hears: [{ text: "", failed: true }, ""] });
    await open();
    call.speak(400, 700);
    await call.until("first", () => call.heard.size === 1);
    call.speak(400, 700);
    await call.until("second", () => call.heard.size === 2);
    expect([...call.heard.values()].map(({ text, final }) => ({ text, final }))).toEqual([
      { text: "[inaudible]", final: true },
      { text: "", final: true },
    ]);
  });

  test("is kept in order by its times when transcripts come late", async () => {
    begin({ hears: [{ text: "First.", delayMs: 150 }, "Second."] });
    await open();
    call.speak(400, 700);
    await call.until("answer", () => call.ended.size === 2);
    call.speak(400, 700);
    await call.until("both", () => call.calleeSaid.length === 2);
    const inOrder = [...call.heard.values()].sort((a, b) => a.startMs - b.startMs).map(({ text }) => text);
    expect(inOrder).toEqual(["First.", "Second."]);
  });

  test("that goes on before any sound of the answer is answered once, as a whole", async () => {
    begin({ replies: [{}, { text: "Half.", thinkMs: 400 }, { text: "Whole." }] });
    await open();
    call.speak(400, 700);
    await call.until("an answer is being made", () => responses() === 2);
    call.speak(400, 700);
    await call.until("answer", () => call.agentSaid.includes("Whole."));
    await call.settle(500);
    expect(call.agentSaid).not.toContain("Half.");
    expect(responses()).toBe(3);
    expect(server.connection(1).countOf("error")).toBe(0);
  });

  test("that the service forgets to answer is answered on request", async () => {
    begin();
    await open();
    const one = server.connection(1);
    one.session.audio.input.turn_detection!.create_response = false;
    call.speak(400, 700);
    await call.until("turn", () => call.turnsEnded === 1);
    expect(responses()).toBe(1);
    call.move(3000, 20);
    await call.until("answer", () => responses() === 2);
  });
});

describe("barge-in", () => {
  test("tells the service exactly what was heard, also when the response was long done", async () => {
    begin({ replies: [{ seconds: 3 }] });
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    call.voice.answered();
    expect(call.play(49)).toBe(49);
    call.cutIn();
    call.endOpening();
    const one = server.connection(1);
    await call.until("truncated", () => one.countOf("conversation.item.truncated") === 1);
    expect(one.eventsOf("conversation.item.truncate")[0]?.audio_end_ms).toBe(980);
    expect(one.eventsOf("response.cancel")).toHaveLength(0);
    expect(one.countOf("error")).toBe(0);
  });

  test("in the middle of a response cancels it, drops what still comes, and truncates what was heard", async () => {
    begin({
      replies: [{}, { text: "A very long answer indeed.", seconds: 30 }, { text: "Yes?" }],
      speed: 20,
      stragglers: 5,
    });
    await open();
    call.speak(400, 700);
    await call.until("some of it", () => (call.received.get(2) ?? 0) > 16_000);
    call.play(16);
    call.speak(200, 0);
    const before = call.received.get(2);
    call.cutIn();
    const one = server.connection(1);
    await call.until("cancelled", () =>
      one.sentOf("response.done").some(({ response }) => response.status === "cancelled"),
    );
    await call.until("truncated", () => one.countOf("conversation.item.truncated") === 1);
    await call.settle();
    expect(call.received.get(2)).toBe(before);
    expect(call.playout.queuedMs).toBe(0);
    expect(one.sentOf("conversation.item.truncated")[0]?.audio_end_ms).toBe(320);
    expect(one.eventsOf("response.cancel")[0]?.response_id).toBe(one.sentOf("response.created")[1]?.response.id);
    expect(one.countOf("error")).toBe(0);
    call.speak(200, 700);
    await call.until("answer to the barge-in", () => call.agentSaid.includes("Yes?"));
    expect(responses()).toBe(3);
  });

  test("whose turn ended while the old response was still being cancelled is answered once", async () => {
    begin({ replies: [{}, { seconds: 30 }, { text: "Yes?" }] });
    await open();
    call.speak(400, 700);
    await call.until("some of it", () => (call.received.get(2) ?? 0) > 4000);
    call.play(5);
    // The whole of the callee's turn arrives before the bridge decides.
    call.speak(600, 700);
    await call.until("answer", () => call.agentSaid.includes("Yes?"));
    await call.settle();
    expect(responses()).toBe(3);
  });

  test("before any sound deletes the item: the model must not believe that it spoke", async () => {
    begin({ replies: [{}, { seconds: 3, thinkMs: 300 }] });
    await open();
    call.speak(400, 700);
    await call.until("a response began", () => responses() === 2);
    call.cutIn();
    const one = server.connection(1);
    await call.until("cancelled", () => one.countOf("response.done") === 2);
    await call.settle();
    expect(one.items.all.filter(({ role }) => role === "assistant")).toHaveLength(1);
    expect(one.countOf("error")).toBe(0);
    expect(call.received.has(2)).toBe(false);
  });

  test("cut beyond what the service has is cut again at the length it names", async () => {
    begin({ replies: [{ seconds: 1 }] });
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    const one = server.connection(1);
    const item = one.items.all.at(-1)!;
    one.items.setAudioMs(item.id, 700);
    call.voice.interrupted([{ item: 1, heardMs: 900, receivedMs: 1000 }]);
    await call.until("truncated", () => one.countOf("conversation.item.truncated") === 1);
    expect(one.eventsOf("conversation.item.truncate").map(({ audio_end_ms: ms }) => ms)).toEqual([900, 700]);
  });

  test("of something that cannot be cut deletes it", async () => {
    begin({ replies: [{ seconds: 1 }] });
    call.voice.prepare();
    await call.until("opening", () => call.ended.size === 1);
    const one = server.connection(1);
    one.items.all.at(-1)!.content = [{ type: "output_text", text: "" }];
    call.voice.interrupted([{ item: 1, heardMs: 500, receivedMs: 1000 }]);
    await call.until("deleted", () => one.countOf("conversation.item.deleted") === 1);
  });

  test("that turns out to be noise does not leave the line silent", async () => {
    begin({ replies: [{ seconds: 3 }] });
    await open();
    call.cutIn();
    await call.settle();
    expect(responses()).toBe(1);
    call.move(3000, 20);
    await call.until("it goes on", () => responses() === 2);
  });
});

describe("tools", () => {
  const lookUp = { name: "send_dtmf", arguments: { digits: "1" }, callId: "call_a" };

  test("are called once complete; their outcome is answered after the response that called them", async () => {
    begin({ replies: [{}, { text: "One moment.", seconds: 2, tools: [lookUp] }, { text: "Done." }] });
    await open();
    call.speak(400, 700);
    await call.until("call", () => call.toolCalls.length === 1);
    expect(call.toolCalls[0]).toEqual({ id: "call_a", name: "send_dtmf", json: '{"digits":"1"}' });
    call.voice.toolResult("call_a", '{"ok":true}', true);
    await call.until("answer", () => call.agentSaid.includes("Done."));
    const one = server.connection(1);
    expect(one.countOf("error")).toBe(0);
    expect(one.items.all.find(({ type }) => type === "function_call_output")?.output).toBe('{"ok":true}');
    expect(call.agentSaid).toContain("One moment.");
  });

  test("in parallel give all outcomes, then one response", async () => {
    begin({ replies: [{}, { seconds: 0, tools: [lookUp, { ...lookUp, callId: "call_b" }] }, { text: "Both done." }] });
    await open();
    call.speak(400, 700);
    await call.until("calls", () => call.toolCalls.length === 2);
    call.voice.toolResult("call_b", "2", true);
    await call.settle();
    expect(responses()).toBe(2);
    call.voice.toolResult("call_a", "1", false);
    await call.until("answer", () => call.agentSaid.includes("Both done."));
    expect(responses()).toBe(3);
  });

  test("whose outcome wants no words lead to none", async () => {
    begin({ replies: [{}, { text: "Goodbye.", tools: [lookUp] }] });
    await open();
    call.speak(400, 700);
    await call.until("call", () => call.toolCalls.length === 1);
    call.voice.toolResult("call_a", "1", false);
    await call.settle();
    expect(responses()).toBe(2);
    expect(call.lost).toEqual([]);
  });

  test("whose arguments were cut off never run", async () => {
    begin({ replies: [{}, { text: "Hm.", tools: [{ ...lookUp, status: "incomplete" }] }] });
    await open();
    call.speak(400, 700);
    await call.until("done", () => server.connection(1).countOf("response.done") === 2);
    await call.settle();
    expect(call.toolCalls).toEqual([]);
  });

  test("an outcome of a call that nobody made is dropped", async () => {
    begin();
    await open();
    call.voice.toolResult("call_x", "1", true);
    await call.settle();
    expect(server.connection(1).eventsOf("conversation.item.create")).toEqual([]);
    expect(responses()).toBe(1);
  });
});

describe("instructions in the middle of a call", () => {
  test("are followed once the running response is over", async () => {
    begin({ replies: [{}, { seconds: 2 }, { text: "Time is up." }] });
    await open();
    call.speak(400, 700);
    await call.until("speaking", () => responses() === 2);
    // The voice has to know it too, else it asks and is refused once.
    await call.settle();
    call.voice.say("Say that time is up.");
    await call.until("said", () => call.agentSaid.includes("Time is up."));
    const one = server.connection(1);
    expect(one.countOf("error")).toBe(0);
    expect(one.items.all.find(({ role }) => role === "system")?.content).toEqual([
      { type: "input_text", text: "Say that time is up." },
    ]);
  });
});

describe("instructions that cannot wait", () => {
  test("are followed in place of what was being said, and of what was about to be", async () => {
    begin({ replies: [{}, { text: "A long answer.", seconds: 20 }, { text: "Goodbye." }] });
    await open();
    call.speak(400, 700);
    await call.until("some of it", () => (call.received.get(2) ?? 0) > 8000);
    await call.settle();
    call.play(10);
    call.cutIn();
    call.voice.toolResult("unknown", "x", true);
    call.voice.say("Say goodbye.", true);
    await call.until("said", () => call.agentSaid.includes("Goodbye."));
    expect(responses()).toBe(3);
    expect(server.connection(1).countOf("error")).toBe(0);
  });

  test("make a response that was asked for and has not begun come to nothing", async () => {
    begin({ replies: [{}, { text: "Of course.", seconds: 2 }, { text: "Goodbye." }] });
    await open();
    call.voice.say("Tell them that it takes longer.");
    call.voice.say("Say goodbye.", true);
    await call.until("said", () => call.agentSaid.includes("Goodbye."));
    expect(call.agentSaid).not.toContain("Of course.");
  });
});

describe("money", () => {
  test("the cost is the sum over all responses, cancelled ones too, and all transcriptions", async () => {
    begin({ replies: [{ seconds: 2 }, { seconds: 30 }] });
    await open();
    call.speak(400, 700);
    await call.until("some of it", () => (call.received.get(2) ?? 0) > 8000);
    call.play(10);
    call.cutIn();
    const one = server.connection(1);
    await call.until("done", () => one.countOf("response.done") === 2 && call.usages.length === 3);
    const responsesUsd = one.sentOf("response.done").reduce((sum, { response: { usage } }) => {
      const { text_tokens: text, audio_tokens: audio, cached_tokens: cached } = usage.input_token_details;
      const out = usage.output_token_details;
      return (
        sum + ((text - cached) * 4 + cached * 0.4 + audio * 32 + out.text_tokens * 24 + out.audio_tokens * 64) / 1e6
      );
    }, 0);
    const [heard] = one.sentOf("conversation.item.input_audio_transcription.completed");
    expect(responsesUsd).toBeGreaterThan(0.002);
    expect(call.costUsd).toBeCloseTo(responsesUsd + (heard?.usage.seconds / 60) * 0.0045, 10);
    expect(call.usages.map(({ model }) => model).sort()).toEqual([
      "gpt-realtime-2.1",
      "gpt-realtime-2.1",
      "gpt-transcribe",
    ]);
  });
});

describe("after the line was cut", () => {
  test("what the callee said last is still written down, and nobody answers it", async () => {
    begin({ hears: [{ text: "Please do not call me again.", delayMs: 80 }] });
    await open();
    const before = responses();
    call.speak(900, 60);
    call.voice.hearOut();
    expect(call.voice.owesWords).toBe(true);
    await call.until("the words came", () => !call.voice.owesWords);
    expect(call.calleeSaid).toEqual(["Please do not call me again."]);
    await call.settle(100);
    expect(responses()).toBe(before);
    expect(call.toolCalls).toEqual([]);
    expect(call.lost).toEqual([]);
  });

  test("a callee who said nothing is not waited for, and a lost session ends the wait", async () => {
    begin({ hears: [{ text: "never told", delayMs: 60_000 }] });
    await open();
    call.speak(0, 400);
    call.voice.hearOut();
    call.move(500, 20);
    await call.settle();
    expect(call.voice.owesWords).toBe(false);
    call.voice.close();

    begin({ hears: [{ text: "never told", delayMs: 60_000 }] });
    await open();
    call.speak(900, 0);
    call.voice.hearOut();
    await call.settle(100);
    expect(call.voice.owesWords).toBe(true);
    server.connection(1).drop(1006);
    await call.until("nothing is owed", () => !call.voice.owesWords);
    expect(call.lost).toEqual([]);
    expect(server.handshakes).toBe(1);
  });
});
