import { afterEach, describe, expect, test } from "bun:test";
import type { Message } from "../../support/realtime-server/message.ts";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer } from "../../support/realtime-server/server.ts";
import { tone } from "../../support/realtime-server/sound.ts";
import { PATIENCE_MS } from "../../support/until.ts";
import { WakingClock } from "../../support/waking-clock.ts";

// The counterpart of the voice tests is held to the protocol by itself, with a plain WebSocket.

let server: RealtimeServer;
let socket: WebSocket;
let events: Message[];

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const endAt = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > endAt) throw new Error(`never: ${what}; got ${events.map(({ type }) => type).join(" ")}`);
    await Bun.sleep(1);
  }
};
const of = (type: string): Message[] => events.filter((event) => event.type === type);
const send = (event: Message): void => socket.send(JSON.stringify(event));

const connect = async (script: ConnectionScript = {}, query = "model=gpt-realtime-2.1"): Promise<void> => {
  server = new RealtimeServer({ script, nowMs: new WakingClock().nowMs });
  events = [];
  const url = `${server.url.replace("http", "ws")}/realtime?${query}`;
  socket = new WebSocket(url, { headers: { Authorization: "Bearer k" } } as never);
  socket.onmessage = ({ data }) => {
    events.push(JSON.parse(String(data)));
  };
  await until("session.created", () => events.length === 1);
};

const PHONE = { input: { format: { type: "audio/pcmu" } }, output: { format: { type: "audio/pcmu" } } };
const update = async (session: Message): Promise<void> => {
  const before = of("session.updated").length;
  send({ type: "session.update", event_id: "u", session: { type: "realtime", ...session } });
  await until("session.updated", () => of("session.updated").length > before || of("error").length > 0);
};
const append = (bytes: Uint8Array): void => send({ type: "input_audio_buffer.append", audio: bytes.toBase64() });
const silence = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);
const errorsOf = (): string[] => of("error").map(({ error }) => error.code);

afterEach(async () => {
  socket.close();
  await server.stop();
});

describe("the Realtime server of the tests", () => {
  test("starts with 24 kHz PCM and its own turn detection", async () => {
    await connect();
    const { session } = events[0]!;
    expect(session.audio.input.format).toEqual({ type: "audio/pcm", rate: 24_000 });
    expect(session.audio.input.turn_detection).toMatchObject({ create_response: true, interrupt_response: true });
    expect(session.expires_at * 1000 - Date.now()).toBeWithin(3_590_000, 3_601_000);
  });

  test("applies nothing of an update with one unknown member, and names it", async () => {
    await connect();
    await update({ instructions: "x", audio: { ...PHONE, speed: 1 } });
    expect(of("error")[0]?.error).toMatchObject({
      code: "unknown_parameter",
      param: "session.audio.speed",
      event_id: "u",
    });
    expect(server.connection(1).session.instructions).not.toBe("x");
  });

  test("refuses an update without a type and values out of range", async () => {
    await connect();
    send({ type: "session.update", session: { instructions: "x" } });
    send({ type: "session.update", session: { type: "realtime", max_output_tokens: 5000 } });
    send({
      type: "session.update",
      session: { type: "realtime", audio: { input: { format: { type: "audio/pcm", rate: 8000 } } } },
    });
    await until("three errors", () => of("error").length === 3);
    expect(errorsOf()).toEqual(["missing_required_parameter", "invalid_value", "invalid_value"]);
  });

  test("makes a turn of speech on stream time and answers it in the order of the service", async () => {
    await connect({ hears: ["Hello."] });
    await update({ audio: { ...PHONE, input: { ...PHONE.input, transcription: { model: "gpt-transcribe" } } } });
    append(silence(1000));
    append(tone("audio/pcmu", 300, 0.6));
    await until("speech_started", () => of("input_audio_buffer.speech_started").length === 1);
    await Bun.sleep(30);
    expect(of("input_audio_buffer.speech_stopped")).toEqual([]);
    append(silence(300));
    await until("done", () => of("rate_limits.updated").length === 1);
    const types = events.slice(2).map(({ type }) => type);
    expect(types.filter((type, n) => type !== types[n - 1] && !type.endsWith(".delta"))).toEqual([
      "input_audio_buffer.speech_started",
      "input_audio_buffer.speech_stopped",
      "input_audio_buffer.committed",
      "conversation.item.added",
      "conversation.item.done",
      "conversation.item.input_audio_transcription.completed",
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_audio.done",
      "response.output_audio_transcript.done",
      "response.content_part.done",
      "conversation.item.done",
      "response.output_item.done",
      "response.done",
      "rate_limits.updated",
    ]);
    expect(of("input_audio_buffer.speech_started")[0]?.audio_start_ms).toBe(700);
    const names = ["speech_started", "speech_stopped", "committed"].map(
      (name) => of(`input_audio_buffer.${name}`)[0]?.item_id,
    );
    expect(new Set(names).size).toBe(1);
  });

  test("makes audio about ten times faster than real time, in chunks of any size", async () => {
    await connect({ chunkBytes: 333, replies: [{ seconds: 2, toneHz: 500 }] });
    await update({ audio: PHONE });
    send({ type: "response.create" });
    await until("done", () => of("response.done").length === 1);
    const { sent } = server.connection(1);
    const sentAt = (type: string): number => sent.find(({ event }) => event.type === type)?.atMs ?? Number.NaN;
    expect(sentAt("response.done") - sentAt("response.created")).toBeWithin(150, 300);
    const audio = of("response.output_audio.delta").map(({ delta }) => Buffer.from(delta, "base64"));
    expect(Buffer.concat(audio).equals(tone("audio/pcmu", 500, 2))).toBe(true);
    expect(audio[0]).toHaveLength(333);
    expect(of("response.done")[0]?.response.usage.output_token_details.audio_tokens).toBe(40);
  });

  test("has one response of the conversation at a time, and any number beside it", async () => {
    await connect({ otherwise: { seconds: 2 } });
    await update({ audio: PHONE });
    send({ type: "response.create", response: { metadata: { a: "b" } } });
    send({ type: "response.create", event_id: "second" });
    send({ type: "response.create", response: { conversation: "none" } });
    await until("both done", () => of("response.done").length === 2);
    expect(of("error")[0]?.error).toMatchObject({
      code: "conversation_already_has_active_response",
      event_id: "second",
    });
    expect(of("response.created").map(({ response }) => response.conversation_id === null)).toEqual([false, true]);
    expect(of("response.created")[0]?.response.metadata).toEqual({ a: "b" });
    expect(server.connection(1).items.all).toHaveLength(1);
  });

  test("cancels with the part that was made, and refuses to cancel nothing", async () => {
    await connect({ replies: [{ seconds: 20, text: "a b c d e f g h i j" }], stragglers: 3 });
    await update({ audio: PHONE });
    send({ type: "response.cancel", event_id: "none" });
    send({ type: "response.create" });
    await until("some audio", () => of("response.output_audio.delta").length > 3);
    send({ type: "response.cancel", response_id: "resp_wrong" });
    send({ type: "response.cancel", response_id: of("response.created")[0]?.response.id });
    await until("done", () => of("response.done").length === 1);
    expect(errorsOf()).toEqual(["response_cancel_not_active", "response_cancel_not_active"]);
    const { response } = of("response.done")[0]!;
    expect(response.status_details).toEqual({ type: "cancelled", reason: "client_cancelled" });
    expect(response.output[0].status).toBe("incomplete");
    const bytes = of("response.output_audio.delta").reduce(
      (sum, { delta }) => sum + Buffer.from(delta, "base64").length,
      0,
    );
    expect(server.connection(1).items.audioMs(response.output[0].id)).toBe(Math.floor(bytes / 8));
    expect(response.usage.output_token_details.audio_tokens).toBe(Math.round(bytes / 400));
  });

  test("interrupts by itself where it is told to", async () => {
    await connect({ replies: [{ seconds: 20 }] });
    await update({ audio: PHONE });
    send({ type: "response.create" });
    await until("some audio", () => of("response.output_audio.delta").length > 1);
    append(tone("audio/pcmu", 300, 0.2));
    await until("done", () => of("response.done").length === 1);
    expect(of("response.done")[0]?.response.status_details.reason).toBe("turn_detected");
  });

  test("truncates up to what it made, and says what is wrong beyond", async () => {
    await connect({ replies: [{ seconds: 1 }] });
    await update({ audio: PHONE });
    send({ type: "response.create" });
    await until("done", () => of("response.done").length === 1);
    const item_id = of("response.output_item.done")[0]?.item.id;
    const cut = (id: string, audio_end_ms: number): void =>
      send({
        type: "conversation.item.truncate",
        event_id: `at-${audio_end_ms}`,
        item_id: id,
        content_index: 0,
        audio_end_ms,
      });
    cut(item_id, 1001);
    cut("item_none", 1);
    cut(item_id, 640);
    await until("truncated", () => of("conversation.item.truncated").length === 1);
    expect(of("error").map(({ error }) => [error.code, error.event_id])).toEqual([
      ["invalid_value", "at-1001"],
      ["item_not_found", "at-1"],
    ]);
    expect(of("error")[0]?.error.message).toBe("Audio content of 1000ms is already shorter than 1001ms");
  });

  test("keeps items in order and refuses what does not fit", async () => {
    await connect();
    const text = (id: string, previous_item_id?: string): void =>
      send({
        type: "conversation.item.create",
        previous_item_id,
        item: { id, type: "message", role: "user", content: [{ type: "input_text", text: id }] },
      });
    text("b");
    text("a", "root");
    text("c", "b");
    text("b");
    text("d", "nowhere");
    send({ type: "conversation.item.create", item: { type: "function_call_output", call_id: "call_no", output: "" } });
    send({
      type: "conversation.item.create",
      item: { type: "message", role: "assistant", content: [{ type: "output_audio", audio: "" }] },
    });
    send({ type: "conversation.item.delete", item_id: "a" });
    await until("deleted", () => of("conversation.item.deleted").length === 1);
    expect(server.connection(1).items.all.map(({ id }) => id)).toEqual(["b", "c"]);
    expect(of("error")).toHaveLength(4);
  });

  test("locks the voice once it was heard", async () => {
    await connect();
    await update({ audio: PHONE });
    send({ type: "response.create" });
    await until("done", () => of("response.done").length === 1);
    await update({ audio: { output: { voice: "alloy" } } });
    expect(of("error")).toEqual([]);
    await update({ audio: { output: { voice: "cedar" } } });
    expect(errorsOf()).toEqual(["cannot_update_voice"]);
  });

  test("serves another process by itself", async () => {
    await connect();
    const program = new URL("../../support/realtime-server/main.ts", import.meta.url).pathname;
    const child = Bun.spawn(["bun", program, "--seconds", "0.5"], { stdout: "pipe" });
    try {
      const { value } = await child.stdout.getReader().read();
      const url = new TextDecoder().decode(value).trim();
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
      const refused = await fetch(`${url}/realtime?model=m`);
      expect(refused.status).toBe(401);
      const state = await fetch(url.replace("/v1", "/control/connections"));
      expect(await state.json()).toEqual([]);
    } finally {
      child.kill();
      await child.exited;
    }
  });
});

describe("a session of it that only writes down", () => {
  const WRITES_DOWN = "intent=transcription";
  const input = {
    format: { type: "audio/pcmu" },
    transcription: { model: "gpt-transcribe", languages: ["en"] },
    turn_detection: null,
  };
  const set = async (changes: Message = {}): Promise<void> => {
    const before = of("session.updated").length + of("error").length;
    const session = { type: "transcription", audio: { input: { ...input, ...changes } } };
    send({ type: "session.update", event_id: "u", session });
    await until("an answer", () => of("session.updated").length + of("error").length > before);
  };

  test("starts as a transcription session without output, tools or model", async () => {
    await connect({}, WRITES_DOWN);
    const { session } = events[0]!;
    expect(session).toMatchObject({ type: "transcription", object: "realtime.transcription_session" });
    expect(session.audio.input.format).toEqual({ type: "audio/pcm", rate: 24_000 });
    expect(Object.keys(session.audio)).toEqual(["input"]);
    expect(session).not.toHaveProperty("tools");
  });

  test("writes down what was committed by hand, and answers nothing", async () => {
    await connect({ hears: [{ text: "Offer Friday.", deltas: true }] }, WRITES_DOWN);
    await set();
    append(tone("audio/pcmu", 300, 1));
    send({ type: "input_audio_buffer.commit" });
    await until("completed", () => of("conversation.item.input_audio_transcription.completed").length === 1);
    await Bun.sleep(30);
    expect(events.slice(2).map(({ type }) => type)).toEqual([
      "input_audio_buffer.committed",
      "conversation.item.added",
      "conversation.item.done",
      "conversation.item.input_audio_transcription.delta",
      "conversation.item.input_audio_transcription.delta",
      "conversation.item.input_audio_transcription.completed",
    ]);
    const [done] = of("conversation.item.input_audio_transcription.completed");
    expect(done).toMatchObject({ transcript: "Offer Friday.", usage: { type: "duration", seconds: 1 } });
    expect(done?.item_id).toBe(of("input_audio_buffer.committed")[0]?.item_id);
  });

  test("with turn detection ends turns by itself, and still answers nothing", async () => {
    await connect({ hears: ["Hello."] }, WRITES_DOWN);
    await set({ turn_detection: { type: "server_vad", silence_duration_ms: 200 } });
    append(tone("audio/pcmu", 300, 0.6));
    append(silence(400));
    await until("completed", () => of("conversation.item.input_audio_transcription.completed").length === 1);
    await Bun.sleep(30);
    expect(of("response.created")).toEqual([]);
  });

  test("refuses what belongs to a conversation, an empty commit, and languages that a model does not take", async () => {
    await connect({}, WRITES_DOWN);
    send({ type: "session.update", session: { type: "realtime", instructions: "x" } });
    send({ type: "response.create" });
    send({ type: "input_audio_buffer.commit" });
    await until("three errors", () => of("error").length === 3);
    await set({ transcription: { model: "gpt-4o-transcribe", languages: ["en"] } });
    await set({ voice: "marin" });
    expect(errorsOf()).toEqual([
      "invalid_value",
      "invalid_value",
      "input_audio_buffer_commit_empty",
      "invalid_value",
      "unknown_parameter",
    ]);
    expect(of("session.updated")).toEqual([]);
  });

  test("is asked for instead of a model, not with one", async () => {
    await connect({}, WRITES_DOWN);
    const headers = { Authorization: "Bearer k" };
    for (const query of ["", "?intent=talk", "?model=m&intent=transcription"]) {
      const refused = await fetch(`${server.url}/realtime${query}`, { headers });
      expect(await refused.json()).toMatchObject({ error: { code: "status_400" } });
    }
  });
});
