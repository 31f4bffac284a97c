import { expect, test } from "bun:test";
import fc from "fast-check";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { writeRtpHeader } from "../../../src/media/audio/rtp.ts";
import { SpeakerStreams } from "../../../src/media/engine/speaker-streams.ts";

const packetOf = (ssrc: number, seq: number): Uint8Array => {
  const packet = new Uint8Array(12 + FRAME_SAMPLES).fill(0x22);
  writeRtpHeader(packet, 0, seq, seq * FRAME_SAMPLES, ssrc, false);
  return packet;
};

test("each stream reaches the one who was named for it, and nobody's packets reach nobody", () => {
  const streams = new SpeakerStreams();
  const first = streams.open(0xffff_fff1);
  const second = streams.open(2);
  const frame = new Uint8Array(FRAME_SAMPLES);
  streams.receive(packetOf(0xffff_fff1, 0), 0);
  streams.receive(packetOf(3, 0), 0);
  expect(second.read(frame, 40)).toBe(false);
  expect(first.read(frame, 40)).toBe(true);
  expect(streams.strangers).toBe(1);
  streams.close(first);
  streams.receive(packetOf(0xffff_fff1, 1), 20);
  expect(streams.strangers).toBe(2);
});

test("whatever bytes come to the port, nothing throws and nothing is heard", () => {
  const streams = new SpeakerStreams();
  const leg = streams.open(0x0102_0304);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      streams.receive(bytes, 0);
    }),
  );
  expect(leg.read(new Uint8Array(FRAME_SAMPLES), 100)).toBe(false);
  expect(streams.malformed + streams.strangers).toBe(100);
});
