import { expect, test } from "bun:test";
import fc from "fast-check";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { AudioAppend } from "../../../src/media/voices/audio-append.ts";

test("a frame is appended as the service documents it, whatever its bytes and the frame before", () => {
  const append = new AudioAppend();
  const frames = fc.uint8Array({ minLength: FRAME_SAMPLES, maxLength: FRAME_SAMPLES });
  fc.assert(
    fc.property(frames, (frame) => {
      const event = { type: "input_audio_buffer.append", audio: Buffer.from(frame).toString("base64") };
      expect(append.of(frame).toString()).toBe(JSON.stringify(event));
    }),
  );
});
