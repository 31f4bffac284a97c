import { afterEach, describe, expect, test } from "bun:test";
import type { RealtimeConnection } from "../../support/realtime-server/connection.ts";
import type { Message } from "../../support/realtime-server/message.ts";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer } from "../../support/realtime-server/server.ts";
import { settingsAt, TestCall } from "./openai-realtime-call.ts";

let server: RealtimeServer;
let call: TestCall;

/** A call whose nth session runs by the nth script, with its opening played to the end. */
const talk = async (...scripts: ConnectionScript[]): Promise<RealtimeConnection> => {
  server = new RealtimeServer({ script: () => scripts[Math.min(server.handshakes, scripts.length) - 1] ?? {} });
  call = new TestCall(settingsAt(server.url));
  call.voice.answered();
  await call.until("the opening is there", () => call.agentSaid.length === 1 && call.ended.size === 1);
  call.playAll();
  call.endOpening();
  const one = server.connection(1);
  await call.until("answers are on", () => one.session.audio.input.turn_detection?.create_response === true);
  return one;
};

/** What a session was sent, by type; `note` is a system item. */
const sent = (connection: RealtimeConnection): string[] =>
  connection.received
    .map(({ event }) => (event.item?.role === "system" ? "note" : event.type))
    .filter((type) => type !== "session.update");
const notes = (connection: RealtimeConnection): string[] =>
  connection.items.all.filter(({ role }) => role === "system").map(({ content }) => String(content?.[0]?.text));
const creates = (connection: RealtimeConnection): Message[] => connection.eventsOf("response.create");
const answers = (connection: RealtimeConnection): boolean | undefined =>
  connection.session.audio.input.turn_detection?.create_response;
const held = (connection: RealtimeConnection): Promise<void> =>
  call.until("turns are not answered any more", () => answers(connection) === false);

/** Does something when the service has begun to answer the callee by itself and the voice does not know it yet. */
const onTheWay = async (connection: RealtimeConnection, act: () => void): Promise<void> => {
  const { send } = connection;
  let isDone = false;
  connection.send = (event) => {
    send.call(connection, event);
    if (event.type !== "response.created" || isDone) return;
    isDone = true;
    act();
  };
  call.speak(400, 700);
  await call.until("an answer is on its way", () => isDone);
};

afterEach(async () => {
  call.voice.close();
  await server.stop();
});

describe("guidance", () => {
  test("is a private item before the next response, which the callee's turn brings as always", async () => {
    const one = await talk({ replies: [{}, { text: "Would Friday suit you?" }] });
    call.voice.guide("Offer them Friday.", false);
    await call.settle();
    expect(sent(one).slice(1)).toEqual(["note"]);
    expect(notes(one)[0]).toContain('did not hear: "Offer them Friday."');
    call.speak(400, 700);
    await call.until("answer", () => call.agentSaid.includes("Would Friday suit you?"));
    const items = one.items.all.map(({ role }) => role);
    expect(items).toEqual(["assistant", "system", "user", "assistant"]);
    expect(creates(one)).toHaveLength(1);
  });

  test("is never a word of the callee's: their audio goes on as it is, and nothing of it is added", async () => {
    const one = await talk({});
    const before = one.appended.length;
    call.voice.guide("Offer them Friday.", true);
    call.speak(0, 400);
    await call.until("all arrived", () => one.appended.length === before + 20 * 160);
    await call.settle();
    expect(one.appended.subarray(before).every((byte) => byte === 0xff)).toBe(true);
    expect([...call.heard.values()]).toEqual([]);
  });

  test("that cannot wait is acted on at once, with the session's own instructions", async () => {
    const one = await talk({ replies: [{}, { text: "I have to go now." }] });
    call.voice.guide("End the call politely.", true);
    await call.until("said", () => call.agentSaid.includes("I have to go now."));
    expect(sent(one).slice(1)).toEqual(["note", "response.create"]);
    expect(creates(one)[1]?.response).not.toHaveProperty("instructions");
    expect(one.countOf("error")).toBe(0);
  });

  test("that cannot wait takes the place of an answer that was begun without it", async () => {
    const one = await talk({ replies: [{}, { text: "Half.", thinkMs: 400 }, { text: "With it." }] });
    call.speak(400, 700);
    await call.until("an answer is being made", () => one.countOf("response.created") === 2);
    await call.settle();
    call.voice.guide("Say it with it.", true);
    await call.until("said", () => call.agentSaid.includes("With it."));
    await call.settle(500);
    expect(call.agentSaid).not.toContain("Half.");
    expect(one.countOf("response.created")).toBe(3);
    expect(one.countOf("error")).toBe(0);
  });

  test("that cannot wait lets a callee who is speaking finish, and is used for the answer", async () => {
    const one = await talk({ replies: [{}, { text: "With it." }] });
    call.speak(400, 0);
    await call.until("speech is heard", () => one.countOf("input_audio_buffer.speech_started") === 1);
    await call.settle();
    call.voice.guide("Say it with it.", true);
    await call.settle();
    expect(one.countOf("response.created")).toBe(1);
    call.speak(100, 700);
    await call.until("said", () => call.agentSaid.includes("With it."));
    await call.settle(100);
    expect(one.countOf("response.created")).toBe(2);
    expect(creates(one)).toHaveLength(1);
  });

  test("that cannot wait is not lost on an answer that was on its way", async () => {
    const one = await talk({ replies: [{}, { text: "One." }, { text: "Friday." }] });
    await onTheWay(one, () => call.voice.guide("Offer them Friday.", true));
    await call.until("it is used", () => call.agentSaid.includes("Friday."));
    await call.settle(100);
    expect(call.agentSaid).not.toContain("One.");
  });

  // Symptom: with a gateway that never says that it has an item, no callee was answered any more: every answer that the
  // service began by itself passed for one that was begun before.
  test("that cannot wait and is never confirmed costs one answer at most", async () => {
    const one = await talk({ replies: [{}, { text: "Friday." }, { text: "One." }, { text: "Two." }] });
    const { send } = one;
    one.send = (event) => {
      if (event.type !== "conversation.item.added") send.call(one, event);
    };
    call.voice.guide("Offer them Friday.", true);
    await call.until("it is used", () => call.agentSaid.includes("Friday."));
    await call.settle(100);
    call.speak(400, 700);
    await call.until("an answer was begun", () => one.countOf("response.created") === 3);
    await call.settle(100);
    call.speak(400, 700);
    await call.until("the callee is answered", () => call.agentSaid.includes("Two."));
  });

  test("before the opening is over waits for it", async () => {
    server = new RealtimeServer();
    call = new TestCall(settingsAt(server.url));
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.voice.guide("Be kind.", true);
    await call.settle();
    expect(server.connection(1).countOf("response.created")).toBe(1);
    expect(notes(server.connection(1))).toHaveLength(1);
  });

  test("given while a lost session is replaced reaches the next one", async () => {
    const one = await talk({}, { updatedAfterMs: 60 });
    one.drop(1006);
    await call.until("the loss is seen", () => server.connections.length === 2);
    call.voice.guide("Offer them Friday.", true);
    await call.until("acted on", () => server.connections[1]?.countOf("response.created") === 1);
    expect(notes(server.connection(2)).join(" ")).toContain("Offer them Friday.");
  });
});

describe("an agent on hold", () => {
  test("is silent at once, and what it heard of itself is cut to what the callee heard", async () => {
    const one = await talk({ replies: [{}, { text: "A very long answer.", seconds: 30 }], stragglers: 5 });
    call.speak(400, 700);
    await call.until("some of it", () => (call.received.get(2) ?? 0) > 16_000);
    call.play(16);
    call.cutIn();
    call.voice.hold();
    const received = call.received.get(2);
    await call.until("truncated", () => one.countOf("conversation.item.truncated") === 1);
    await held(one);
    await call.settle(100);
    expect(one.sentOf("conversation.item.truncated")[0]?.audio_end_ms).toBe(320);
    expect(one.sentOf("response.done").at(-1)?.response.status).toBe("cancelled");
    expect(call.received.get(2)).toBe(received);
    expect(one.countOf("error")).toBe(0);
  });

  test("writes down what the callee says, answers none of it, and chases nothing", async () => {
    const one = await talk({ hears: ["Are you a real person?", "Good."] });
    call.voice.hold();
    await held(one);
    const before = call.turnsEnded;
    for (let i = 0; i < 2; i++) {
      call.speak(500, 700);
      await call.until("words", () => call.calleeSaid.length === i + 1);
    }
    await call.pass(20_000, 100);
    expect(call.calleeSaid).toEqual(["Are you a real person?", "Good."]);
    expect(one.countOf("response.created")).toBe(1);
    expect(call.turnsEnded).toBe(before);
  });

  test("cancels an answer that the service began before it knew", async () => {
    const one = await talk({ replies: [{}, { text: "Too late.", seconds: 5, thinkMs: 100 }] });
    call.speak(400, 700);
    call.voice.hold();
    await call.until("cancelled", () => one.sentOf("response.done").length === 2);
    await call.settle();
    expect(one.sentOf("response.done")[1]?.response.status).toBe("cancelled");
    expect(call.received.has(2)).toBe(false);
    expect(one.items.all.filter(({ role }) => role === "assistant")).toHaveLength(1);
  });

  test("says nothing that it is told to say, and gives outcomes of tools without a word", async () => {
    const one = await talk({
      replies: [{}, { seconds: 0, tools: [{ name: "send_dtmf", arguments: { digits: "1" }, callId: "call_a" }] }],
    });
    call.speak(400, 700);
    await call.until("tool call", () => call.toolCalls.length === 1);
    call.voice.hold();
    call.voice.say("Say goodbye.");
    call.voice.guide("Offer them Friday.", true);
    call.voice.toolResult("call_a", "done", true);
    await call.pass(5000, 100);
    expect(one.countOf("response.created")).toBe(2);
    expect(one.items.all.find(({ type }) => type === "function_call_output")?.output).toBe("done");
    expect(notes(one)).toHaveLength(1);
  });

  test("stays on hold when its session breaks, silently, and the words said meanwhile are kept", async () => {
    const one = await talk({ hears: [{ text: "lost", delayMs: 60_000 }] }, { hears: ["Is Friday possible?"] });
    call.voice.hold();
    await held(one);
    call.speak(600, 700);
    await call.until("a turn", () => one.countOf("input_audio_buffer.committed") === 1);
    await call.settle();
    one.drop(1006);
    await call.until("words", () => call.calleeSaid.length === 1);
    const two = server.connection(2);
    expect(call.calleeSaid).toEqual(["Is Friday possible?"]);
    expect(answers(two)).toBe(false);
    await call.pass(5000, 100);
    expect(two.countOf("response.created")).toBe(0);
    expect(notes(two)).toEqual([]);
    call.voice.resume(["Yes, Friday at ten."], "");
    await call.until("it speaks", () => two.countOf("response.created") === 1);
    expect(answers(two)).toBe(true);
    expect(two.countOf("error")).toBe(0);
  });

  test("hears only that again which a broken session did not write down", async () => {
    const one = await talk({ hears: ["First.", { text: "lost", delayMs: 60_000 }] }, { hears: ["Second."] });
    call.voice.hold();
    await held(one);
    call.speak(600, 700);
    await call.until("first", () => call.calleeSaid.length === 1);
    call.speak(600, 700);
    await call.until("a turn", () => one.countOf("input_audio_buffer.committed") === 2);
    await call.settle();
    one.drop(1006);
    await call.until("second", () => call.calleeSaid.length === 2);
    await call.settle(100);
    expect(call.calleeSaid).toEqual(["First.", "Second."]);
  });

  test("that was lost in the middle of a session's making stays on hold too", async () => {
    const one = await talk({}, { updatedAfterMs: 80 });
    one.drop(1006);
    await call.until("another is opened", () => server.connections.length === 2);
    call.voice.hold();
    const two = server.connection(2);
    await call.until("ready", () => two.countOf("session.updated") > 0);
    await held(two);
    call.speak(500, 700);
    await call.pass(5000, 100);
    expect(two.countOf("response.created")).toBe(0);
  });
});

describe("given the call back", () => {
  test("the agent is told what was said and the note, and goes on without greeting", async () => {
    const one = await talk({ replies: [{}, { text: "So Friday at ten it is." }] });
    call.voice.hold();
    await held(one);
    call.speak(500, 700);
    await call.until("words", () => call.calleeSaid.length === 1);
    call.voice.resume(["This is Ana.", "Friday at ten is free."], "Confirm and end the call.");
    await call.until("said", () => call.agentSaid.includes("So Friday at ten it is."));
    expect(sent(one).slice(1)).toEqual(["note", "response.create"]);
    const [note] = notes(one);
    expect(note).toContain('"This is Ana." "Friday at ten is free."');
    expect(note).toContain('"Confirm and end the call."');
    expect(note).toContain("Do not greet or introduce yourself again.");
    expect(creates(one)[1]?.response).not.toHaveProperty("instructions");
    // The item is in the conversation before the response begins.
    expect(one.items.all.map(({ role }) => role)).toEqual(["assistant", "user", "system", "assistant"]);
    await call.pass(10_000, 100);
    expect(one.countOf("response.created")).toBe(2);
    expect(one.countOf("error")).toBe(0);
    expect(answers(one)).toBe(true);
  });

  test("answers the callee's turns by itself again", async () => {
    const one = await talk({ replies: [{}, {}, { text: "Of course." }] });
    call.voice.hold();
    await held(one);
    call.voice.resume([], "");
    await call.until("it spoke", () => call.ended.size === 2);
    call.playAll();
    await call.until("answers are on", () => answers(one) === true);
    call.speak(400, 700);
    await call.until("answer", () => call.agentSaid.includes("Of course."));
    expect(creates(one)).toHaveLength(2);
  });

  test("while the callee speaks it lets them finish, and answers once", async () => {
    const one = await talk({ replies: [{}, { text: "Yes, Friday." }] });
    call.voice.hold();
    await held(one);
    call.speak(400, 0);
    await call.until("speech is heard", () => one.countOf("input_audio_buffer.speech_started") === 1);
    await call.settle();
    call.voice.resume(["Friday at ten."], "");
    await call.settle();
    expect(one.countOf("response.created")).toBe(1);
    call.speak(200, 700);
    await call.until("answer", () => call.agentSaid.includes("Yes, Friday."));
    await call.pass(5000, 100);
    expect(one.countOf("response.created")).toBe(2);
  });

  test("at once, before the service has seen the hold, it answers once and in the right state", async () => {
    const one = await talk({ replies: [{}, { text: "One.", seconds: 2, thinkMs: 2000 }, { text: "Going on." }] });
    call.speak(400, 700);
    await call.until("an answer is being made", () => one.countOf("response.created") === 2);
    await call.settle();
    call.voice.hold();
    call.voice.resume(["A word."], "");
    await call.until("it goes on", () => call.agentSaid.includes("Going on."));
    await call.settle(300);
    expect(call.agentSaid).not.toContain("One.");
    expect(one.countOf("response.created")).toBe(3);
    expect(answers(one)).toBe(true);
    expect(one.countOf("error")).toBe(0);
  });

  // Symptom: the agent went on without what its supervisor had said. An answer that the service had begun by itself was on
  // its way when the call was taken and given back, and passed for the one that was asked for with the note in sight.
  test("while an answer of before is on its way, that one is not spoken", async () => {
    const one = await talk({ replies: [{}, { text: "One." }, { text: "Going on." }] });
    await onTheWay(one, () => {
      call.voice.hold();
      call.voice.resume(["A word."], "");
    });
    await call.until("it goes on", () => call.agentSaid.includes("Going on."));
    await call.settle(100);
    expect(call.agentSaid).not.toContain("One.");
    expect(answers(one)).toBe(true);
  });

  test("whose words were not written down is told not to guess", async () => {
    const one = await talk({});
    call.voice.hold();
    call.voice.resume([], "");
    await call.until("told", () => notes(one).length === 1);
    expect(notes(one)[0]).toContain("was not written down");
  });

  test("that the callee has never heard says that it is an AI", async () => {
    server = new RealtimeServer();
    call = new TestCall(settingsAt(server.url));
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.play(10);
    call.cutIn();
    call.voice.hold();
    call.endOpening();
    const one = server.connection(1);
    await call.settle();
    expect(answers(one)).toBe(false);
    call.voice.resume(["Hello, this is Ana."], "");
    await call.until("told", () => notes(one).length === 1);
    expect(notes(one)[0]).toContain("say in a few words that you are an AI assistant");
    await call.until("it speaks", () => one.countOf("response.created") === 2);
    expect(answers(one)).toBe(true);
  });

  test("without having been taken from it, nothing changes", async () => {
    const one = await talk({});
    call.voice.resume(["A word."], "");
    await call.settle();
    expect(notes(one)).toEqual([]);
    expect(one.countOf("response.created")).toBe(1);
  });

  test("a second time is told only what is new", async () => {
    const one = await talk({});
    for (const words of ["First.", "Second."]) {
      call.voice.hold();
      call.voice.hold();
      await held(one);
      call.voice.resume([words], "");
      await call.until("told", () => notes(one).at(-1)?.includes(words) === true);
      await call.until("spoken", () => answers(one) === true);
      await call.settle(150);
    }
    expect(notes(one)).toHaveLength(2);
    expect(notes(one)[1]).not.toContain("First.");
  });
});
