import { afterEach, describe, expect, test } from "bun:test";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer } from "../../support/realtime-server/server.ts";
import { Wire } from "../../support/realtime-server/wire.ts";
import { settingsAt, TestCall } from "./openai-realtime-call.ts";

let server: RealtimeServer;
let call: TestCall;

const begin = (...scripts: ConnectionScript[]): void => {
  server = new RealtimeServer({ script: () => scripts[Math.min(server.handshakes, scripts.length) - 1] ?? {} });
  call = new TestCall(settingsAt(server.url));
};

/** Opening and one exchange are over. */
const talk = async (): Promise<void> => {
  call.voice.answered();
  await call.until("opening", () => call.ended.size === 1);
  call.playAll();
  call.endOpening();
  const one = server.connection(1);
  await call.until("answers are on", () => one.session.audio.input.turn_detection?.create_response === true);
  call.speak(400, 700);
  await call.until("answer", () => call.ended.size === 2);
  call.playAll();
};

/** What the second session was told, as role and words. */
const told = (connection: number): string[][] =>
  server.connection(connection).items.all.map(({ type, role, content, output, name }) => {
    if (type !== "message") return [type, output ?? name ?? ""];
    return [role ?? "", String(content?.[0]?.text ?? content?.[0]?.type)];
  });

const HELLO: ConnectionScript = {
  replies: [{ text: "Hello, this is APPU." }, { text: "A table for two, then." }],
  hears: ["A table for two."],
};

afterEach(async () => {
  call.voice.close();
  await server.stop();
});

describe("a session that breaks", () => {
  for (const code of [1006, 1011, 1001]) {
    test(`with ${code} is replaced by one that knows the conversation`, async () => {
      begin(HELLO, {});
      await talk();
      server.connection(1).drop(code);
      await call.until("recovered", () => call.lost.length === 1);
      expect(call.lost[0]?.recovered).toBe(true);
      await call.settle();
      const [hello, table, answer, note] = told(2);
      expect(hello).toEqual(["assistant", "Hello, this is APPU."]);
      expect(table).toEqual(["user", "A table for two."]);
      expect(answer).toEqual(["assistant", "A table for two, then."]);
      expect(note?.[0]).toBe("system");
      // Nobody waits for words of the agent, so it says none.
      expect(server.connection(2).countOf("response.created")).toBe(0);
      expect(server.connection(2).session.audio.input.turn_detection?.create_response).toBe(true);
      expect(call.ready).toBe(1);
    });
  }

  test("in the middle of a sentence goes on with what was heard of it", async () => {
    const text = "We have a table at eight, and another one at nine, by the window, if you like that.";
    begin({ ...HELLO, replies: [{}, { text, seconds: 6 }] }, { replies: [{ text: "at eight or nine?" }] });
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.playAll();
    call.endOpening();
    await call.settle();
    call.speak(400, 700);
    await call.until("half of it", () => (call.received.get(2) ?? 0) > 20_000);
    server.connection(1).drop(1006);
    await call.until("went on", () => call.agentSaid.includes("at eight or nine?"));
    expect(call.ended.has(2)).toBe(true);
    const spoken = told(2)[2]![1]!;
    expect(text).toStartWith(spoken.replace("…", ""));
    expect(spoken.length).toBeWithin(15, 60);
    expect(call.lost).toEqual([{ recovered: true, detail: "closed with 1006" }]);
    // What came of the sentence is still played; the rest follows it as another utterance.
    expect(call.playAll()).toBeGreaterThan(120);
  });

  test("keeps only the heard part of what the callee cut", async () => {
    begin({ ...HELLO, replies: [{ text: "One two three four five six.", seconds: 2 }] }, {});
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.play(50);
    call.cutIn();
    call.endOpening();
    await call.settle();
    server.connection(1).drop(1006);
    await call.until("recovered", () => call.lost.length === 1);
    await call.settle();
    expect(told(2)[0]).toEqual(["assistant", "One two three…"]);
  });

  test("before the opening had any sound makes the opening again", async () => {
    begin({ replies: [{ thinkMs: 500 }] }, { replies: [{ text: "Hello." }] });
    call.voice.prepare();
    await call.until("asked", () => server.connections[0]?.countOf("response.created") === 1);
    server.connection(1).drop(1011);
    await call.until("opening", () => call.agentSaid.includes("Hello."));
    expect(server.connection(2).eventsOf("response.create")[0]?.response.instructions).toContain("Greet the callee.");
  });

  test("with a turn in it that was not understood yet hears that turn again", async () => {
    begin(
      { ...HELLO, hears: [{ text: "late", delayMs: 5000 }], replies: [{}, { thinkMs: 5000 }] },
      { hears: ["At eight."] },
    );
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.playAll();
    call.endOpening();
    await call.settle();
    call.speak(0, 500);
    call.speak(600, 700);
    await call.until("turn", () => call.turnsEnded === 1);
    server.connection(1).drop(1006);
    await call.until("heard", () => call.calleeSaid.includes("At eight."));
    await call.until("answered", () => call.ended.size >= 2);
    await call.settle();
    expect(server.connection(2).countOf("response.created")).toBe(1);
    const turn = [...call.heard.values()].find(({ text }) => text === "At eight.");
    expect(turn?.startMs).toBeWithin(460, 541);
    expect(turn?.endMs).toBeWithin(1060, 1141);
  });

  test("with a tool at work gives its outcome to the next one", async () => {
    const tools = [{ name: "send_dtmf", arguments: {}, callId: "call_a" }];
    begin({ ...HELLO, replies: [{}, { seconds: 0, tools }] }, { replies: [{ text: "It is done." }] });
    call.voice.answered();
    await call.until("opening", () => call.ended.size === 1);
    call.playAll();
    call.endOpening();
    await call.settle();
    call.speak(400, 700);
    await call.until("call", () => call.toolCalls.length === 1);
    server.connection(1).drop(1006);
    await call.until("recovered", () => call.lost.length === 1);
    call.voice.toolResult("call_a", "it worked", true);
    await call.until("told", () => call.agentSaid.includes("It is done."));
    expect(told(2).filter(([type]) => type?.startsWith("function"))).toEqual([
      ["function_call", "send_dtmf"],
      ["function_call_output", "it worked"],
    ]);
    expect(server.connection(2).countOf("error")).toBe(0);
  });

  test("and cannot be replaced after two tries is lost for good", async () => {
    begin(HELLO, { handshake: 500 });
    await talk();
    server.connection(1).drop(1006);
    await call.until("lost", () => call.lost.length === 1);
    expect(call.lost[0]).toEqual({ recovered: false, detail: "refused with HTTP 500" });
    expect(server.handshakes).toBe(3);
  });

  test("and is not replaced within three seconds is lost for good", async () => {
    begin(HELLO, { handshake: "never" });
    await talk();
    server.connection(1).drop(1006);
    await call.until("another try", () => server.handshakes === 2);
    call.move(3300, 20);
    expect(call.lost).toHaveLength(1);
    expect(call.lost[0]?.recovered).toBe(false);
  });

  test("again and again is not replaced for ever", async () => {
    begin(HELLO, { dropAfter: { type: "session.updated", count: 1, code: 1011 } });
    await talk();
    server.connection(1).drop(1006);
    await call.until("given up", () => call.lost.at(-1)?.recovered === false);
    expect(server.handshakes).toBeLessThan(10);
  });
});

describe("a session that goes silent", () => {
  test("while an answer is awaited is replaced", async () => {
    begin({ ...HELLO, deaf: true }, { replies: [{ text: "Hello." }] });
    call.voice.prepare();
    await call.until("asked", () => server.connections[0]?.eventsOf("response.create").length === 1);
    await call.pass(10_000, 200, () => server.handshakes === 2);
    expect(call.logs).toContain("warn: voice: session lost: the service does not answer");
    await call.until("opening", () => call.agentSaid.includes("Hello."));
  });

  test("because its wire is dead is replaced, though nothing says so", async () => {
    server = new RealtimeServer({ script: HELLO });
    const wire = await Wire.to(server.port, 97);
    try {
      call = new TestCall(settingsAt(`http://127.0.0.1:${wire.port}/v1`));
      await talk();
      wire.freeze();
      await call.pass(20_000, 100, () => wire.connections === 2);
      expect(call.logs).toContain("warn: voice: session lost: the connection is silent");
      await call.until("recovered", () => call.lost.length === 1);
      expect(call.lost[0]?.recovered).toBe(true);
    } finally {
      wire.stop();
    }
  });

  test("and takes no audio either is replaced before the next ping", async () => {
    server = new RealtimeServer({ script: HELLO });
    const wire = await Wire.to(server.port);
    try {
      call = new TestCall(settingsAt(`http://127.0.0.1:${wire.port}/v1`));
      await talk();
      wire.freeze();
      // More than the buffers of the operating system hold.
      for (let n = 0; n < 400 && wire.connections === 1; n++) {
        call.speak(0, 20_000);
        await call.pass(200, 200);
      }
      await call.until("recovered", () => call.lost.length === 1);
      expect(call.logs).toContain("warn: voice: session lost: the connection takes no audio");
    } finally {
      wire.stop();
    }
  });

  test("for minutes while nobody speaks is left alone as long as it answers pings", async () => {
    begin(HELLO);
    await talk();
    await call.pass(60_000, 500);
    expect(call.lost).toEqual([]);
    expect(server.handshakes).toBe(1);
  });
});

describe("an hour", () => {
  test("that the service ends is survived", async () => {
    begin({ ...HELLO, expiresAfterMs: 400 }, {});
    call.voice.answered();
    await call.until("recovered", () => call.lost.length === 1);
    expect(call.lost[0]).toEqual({ recovered: true, detail: "the session expired" });
    expect(server.connection(1).closeCode).toBe(1001);
  });

  test("is not waited for: at a quiet moment another session takes over without a word", async () => {
    begin(HELLO, {});
    await talk();
    await call.pass(53 * 60_000, 20_000);
    expect(server.handshakes).toBe(1);
    // The agent speaks: not now.
    call.voice.say("Speak.");
    await call.until("all of it there, nothing played", () => call.ended.size === 3);
    await call.pass(90_000, 200);
    await call.until("opened beside", () => server.connections[1]?.countOf("session.updated") === 1);
    await call.settle();
    expect(server.connection(1).isOpen).toBe(true);
    call.playAll();
    await call.until("changed", () => !server.connection(1).isOpen);
    await call.settle();
    expect(call.lost).toEqual([]);
    expect(told(2).slice(0, 2)).toEqual([
      ["assistant", "Hello, this is APPU."],
      ["user", "A table for two."],
    ]);
    call.speak(400, 700);
    await call.until("answered by the new one", () => server.connection(2).countOf("response.done") === 1);
    expect(server.connection(2).appendsBeforeUpdated).toBe(0);
  });
});

describe("what fails", () => {
  test("a failed response is asked for once more", async () => {
    begin({ replies: [{ status: "failed" }, { text: "Hello." }] });
    call.voice.prepare();
    await call.until("opening", () => call.agentSaid.includes("Hello."));
    expect(call.lost).toEqual([]);
  });

  test("a response without any sound is asked for once more, then the voice is lost", async () => {
    begin({ otherwise: { seconds: 0 } });
    call.voice.prepare();
    await call.until("lost", () => call.lost.length === 1);
    expect(call.lost[0]).toEqual({ recovered: false, detail: "a response had no speech, twice" });
    expect(server.connection(1).countOf("response.created")).toBe(2);
  });

  test("an empty account ends the voice at once", async () => {
    const error = { type: "insufficient_quota", code: "insufficient_quota", message: "You exceeded your quota." };
    begin({ replies: [{ status: "failed", error }] });
    call.voice.prepare();
    await call.until("lost", () => call.lost.length === 1);
    expect(call.lost[0]?.detail).toBe("a response failed: insufficient_quota");
    expect(server.handshakes).toBe(1);
  });

  // Symptom: where no apology could be said, 15 s of silence before the line was cut. The sentence that broke off was
  // never told to be over, so the end of it was waited for.
  test("ends what was being said with it", async () => {
    const error = { type: "insufficient_quota", code: "insufficient_quota", message: "", param: null, event_id: null };
    const messages = [JSON.stringify({ type: "error", event_id: "e", error })];
    const replies = [{ text: "A long story.", seconds: 5 }];
    begin({ replies, speed: 5, inject: { type: "response.output_audio.delta", count: 4, messages } });
    call.voice.prepare();
    await call.until("lost", () => call.lost.length === 1);
    expect([...call.ended]).toEqual([1]);
    expect(call.texts.get(1)?.final).toBe(true);
  });

  test("garbage between good messages changes nothing", async () => {
    const messages = [
      "not json",
      "[]",
      "{}",
      '{"type":"response.output_audio.delta"',
      '{"type":"response.output_audio.delta","response_id":7,"item_id":"i","delta":"AAAA"}',
      '{"type":"response.done","response":null}',
      '{"type":"error","error":{"code":"something_new"}}',
      '{"type":"input_audio_buffer.committed","item_id":"never_started"}',
      '{"type":"made.up","x":1}',
      '{"type":"error"}',
    ];
    begin({ ...HELLO, inject: { type: "response.output_audio.delta", count: 1, messages } });
    await talk();
    expect(call.agentSaid).toEqual(["Hello, this is APPU.", "A table for two, then."]);
    expect(call.received.get(1)).toBe(8000);
    expect(call.lost).toEqual([]);
  });

  test("a bridge that throws is told apart from a session that breaks, and ends nothing", async () => {
    begin(HELLO);
    call.throwOnAudio = 1;
    await talk();
    expect(call.logs).toContain("error: voice: handling a message failed: the sink broke");
    expect(call.lost).toEqual([]);
    expect(call.agentSaid).toHaveLength(2);
  });

  test("after close nothing is told and nothing is thrown", async () => {
    begin(HELLO);
    call.voice.prepare();
    await call.until("ready", () => call.ready === 1);
    call.voice.close();
    call.voice.close();
    const { size } = call.ended;
    call.voice.hear(new Uint8Array(160));
    call.voice.prepare();
    call.voice.answered();
    call.voice.say("x");
    call.voice.toolResult("a", "b", true);
    call.voice.interrupted([]);
    call.voice.openingOver();
    call.voice.tick(call.nowMs);
    await Bun.sleep(30);
    expect(call.ended.size).toBe(size);
    expect(call.lost).toEqual([]);
    expect(server.connection(1).isOpen).toBe(false);
  });
});
