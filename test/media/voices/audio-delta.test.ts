import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AudioDeltaReader } from "../../../src/media/voices/audio-delta.ts";
import { readServerEvent } from "../../../src/media/voices/openai-events.ts";

/** What the slow path makes of a message. */
const slowly = (message: string): { responseId: string; itemId: string; audio: string } | null => {
  const event = readServerEvent(JSON.parse(message));
  if (typeof event === "string" || event.type !== "response.output_audio.delta") return null;
  const audio = Buffer.from(event.delta, "base64").toString("hex");
  return { responseId: event.response_id, itemId: event.item_id, audio };
};

const quickly = (reader: AudioDeltaReader, message: string): ReturnType<typeof slowly> => {
  if (!reader.read(Buffer.from(message))) return null;
  const { responseId, itemId, bytes, length } = reader;
  return { responseId, itemId, audio: Buffer.from(bytes.subarray(0, length)).toString("hex") };
};

const frame = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    type: "response.output_audio.delta",
    event_id: "event_1",
    response_id: "resp_1",
    item_id: "item_1",
    output_index: 0,
    content_index: 0,
    delta: "//8AAQ==",
    obfuscation: "x7",
    ...over,
  });

describe("reading speech without JSON", () => {
  test("gives the same as parsing it, frame after frame, whatever the names and the size", () => {
    const reader = new AudioDeltaReader();
    const name = fc.oneof(
      fc.constantFrom("resp_1", "resp_2", "item_10", "item_1"),
      fc.string({ minLength: 1, maxLength: 40 }),
    );
    const audio = fc.uint8Array({ maxLength: 700 }).map((bytes) => bytes.toBase64());
    let quick = 0;
    fc.assert(
      fc.property(name, name, audio, fc.string(), (response_id, item_id, delta, event_id) => {
        const message = frame({ response_id, item_id, delta, event_id });
        const read = quickly(reader, message);
        if (read === null) return;
        quick++;
        expect(read).toEqual(slowly(message)!);
      }),
      { numRuns: 500, seed: 7 },
    );
    expect(quick).toBeGreaterThan(200);
  });

  test("takes the frames of the service", () => {
    const reader = new AudioDeltaReader();
    expect(quickly(reader, frame())).toEqual({ responseId: "resp_1", itemId: "item_1", audio: "ffff0001" });
    expect(quickly(reader, frame({ item_id: "item_12" }))?.itemId).toBe("item_12");
    expect(quickly(reader, frame({ item_id: "item_1" }))?.itemId).toBe("item_1");
  });

  test("declines what has to be parsed", () => {
    const reader = new AudioDeltaReader();
    const other = [
      frame({ event_id: 'a"b' }),
      frame({ item_id: "ü" }),
      frame().replaceAll(":", ": "),
      frame({ delta: 7 }),
      frame({ delta: "A".repeat(80_000) }),
      frame({ item_id: undefined }),
      frame().slice(0, -1),
      frame({ type: "response.output_audio.done" }),
      frame({ type: "response.output_audio_transcript.delta" }),
      "",
    ];
    expect(other.map((message) => reader.read(Buffer.from(message)))).toEqual(other.map(() => false));
  });

  test("keeps the names of an utterance, so that a frame makes no new ones", () => {
    const reader = new AudioDeltaReader();
    reader.read(Buffer.from(frame()));
    const { bytes } = reader;
    reader.read(Buffer.from(frame({ delta: "AAAA" })));
    expect(reader.bytes).toBe(bytes);
    expect(reader.length).toBe(3);
  });
});
