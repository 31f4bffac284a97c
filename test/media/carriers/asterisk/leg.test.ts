import { afterEach, expect, test } from "bun:test";
import { FRAME_SAMPLES } from "../../../../src/media/audio/frame.ts";
import { parseRtp, RtpHeader, writeRtpHeader } from "../../../../src/media/audio/rtp.ts";
import { RtpLeg, RtpPorts } from "../../../../src/media/carriers/asterisk/leg.ts";
import type { LegSink } from "../../../../src/media/carriers/leg.ts";
import { toneFrame } from "../../../support/call-rig.ts";
import { until as patientUntil } from "../../../support/until.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const until = (what: () => boolean): Promise<boolean> => patientUntil("it is so", what, undefined, 2);

/** A leg on a real socket, and the carrier's socket that talks to it. */
const open = async (port = 0, nowMs = () => performance.now(), ssrc?: number) => {
  const frames: Uint8Array[] = [];
  const lost: string[] = [];
  const sink: LegSink = {
    calleeFrame: (frame) => frames.push(frame.slice()),
    calleeSaid: () => {},
    calleeKey: () => {},
    calleeHungUp: () => {},
    legLost: (detail) => lost.push(detail),
  };
  const received: Uint8Array[] = [];
  const carrier = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_s, packet) => {
        received.push(Uint8Array.from(packet));
      },
      error() {},
    },
  });
  const from = port || 21_000 + Math.floor(Math.random() * 8000);
  const ports = new RtpPorts(from, from + 20);
  const leg = await RtpLeg.open({ host: "127.0.0.1", ports, sink, nowMs, ssrc });
  closers.push(() => {
    carrier.close();
    leg.close();
  });
  leg.setRemote("127.0.0.1", carrier.port);
  leg.answered(nowMs());
  const say = (
    socket: { send(data: Uint8Array, port: number, host: string): boolean },
    seq: number,
    hz = 440,
  ): void => {
    const packet = new Uint8Array(12 + FRAME_SAMPLES);
    writeRtpHeader(packet, 0, seq, seq * FRAME_SAMPLES, 77, false);
    packet.set(toneFrame(hz, seq, hz === 0 ? 0 : 8000), 12);
    socket.send(packet, leg.port, "127.0.0.1");
  };
  return { leg, frames, lost, received, carrier, say, from, ports };
};

test("audio of the carrier reaches the sink frame by frame, byte for byte", async () => {
  const { say, carrier, frames, leg } = await open();
  for (let seq = 0; seq < 10; seq++) say(carrier, seq);
  await until(() => frames.length >= 10);
  expect(frames.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => toneFrame(440, i)));
  expect(leg.counters.packetsReceived).toBe(10);
});

test("silence is left out to catch up with a fast clock only well after speech ended, so that no turn's end comes late", async () => {
  // Time stands still, so that every packet is further ahead of it.
  const { say, carrier, frames, leg } = await open(0, () => 1000);
  let seq = 0;
  const talk = async (count: number, hz: number) => {
    for (let i = 0; i < count; i++) say(carrier, seq++, hz);
    await until(() => leg.counters.packetsReceived === seq);
  };
  await talk(20, 440);
  await talk(50, 0);
  expect(frames.length).toBe(70);
  await talk(20, 0);
  expect(frames.length).toBe(70);
  await talk(5, 440);
  await talk(30, 0);
  expect(frames.length).toBe(105);
});

// Symptom: a line with noise on it never caught up after a stall, as no frame of it was silent. The callee's channel of
// the recording ran ahead of the agent's further with every stall.
test("on a noisy line what holds no speech is left out, once the noise is known", async () => {
  const { leg, carrier, frames } = await open(0, () => 1000);
  let seq = 0;
  const noise = toneFrame(440, 0, 300).map((code, i) => (i % 3 === 0 ? code : code ^ 0x80));
  const hiss = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const packet = new Uint8Array(12 + FRAME_SAMPLES);
      writeRtpHeader(packet, 0, seq, seq * FRAME_SAMPLES, 77, false);
      packet.set(noise, 12);
      carrier.send(packet, leg.port, "127.0.0.1");
      seq++;
    }
    await until(() => leg.counters.packetsReceived === seq);
  };
  await hiss(150);
  const before = frames.length;
  expect(before).toBeGreaterThan(50);
  await hiss(100);
  expect(frames.length).toBe(before);
});

test("packets from a stranger, and bytes that are no RTP, are dropped and counted", async () => {
  const { say, frames, leg, carrier } = await open();
  const stranger = await Bun.udpSocket({ hostname: "127.0.0.1", socket: { data() {} } });
  closers.push(() => stranger.close());
  for (let seq = 0; seq < 5; seq++) say(stranger, seq);
  carrier.send(new Uint8Array([1, 2, 3]), leg.port, "127.0.0.1");
  await until(() => leg.strangers === 6);
  expect(frames.length).toBe(0);
});

test("frames go out as PCMU with unbroken numbers, and a talkspurt is marked", async () => {
  const { leg, received } = await open();
  leg.send(toneFrame(300, 0), true);
  leg.send(toneFrame(300, 1), false);
  leg.skip(5);
  leg.send(toneFrame(300, 2), false);
  await until(() => received.length === 3);
  const headers = received.map((packet) => {
    const header = new RtpHeader();
    expect(parseRtp(packet, packet.length, header)).toBe(true);
    return header;
  });
  expect(headers.map(({ marker, payloadType }) => [marker, payloadType])).toEqual([
    [true, 0],
    [false, 0],
    [false, 0],
  ]);
  expect((headers[1]!.seq - headers[0]!.seq) & 0xffff).toBe(1);
  expect((headers[1]!.timestamp - headers[0]!.timestamp) >>> 0).toBe(160);
  expect((headers[2]!.timestamp - headers[1]!.timestamp) >>> 0).toBe(6 * 160);
  expect(received[0]!.subarray(12)).toEqual(toneFrame(300, 0));
});

test("a receiver that knows the source beforehand finds it in each packet", async () => {
  const { leg, received } = await open(0, () => performance.now(), 0xfeedbeef);
  leg.send(toneFrame(300, 0), true);
  await until(() => received.length === 1);
  const header = new RtpHeader();
  parseRtp(received[0]!, received[0]!.length, header);
  expect(header.ssrc).toBe(0xfeedbeef);
});

test("a port that is taken is passed over; a pool without a free one says what to change", async () => {
  const first = await open();
  const second = await open(first.from);
  expect(second.leg.port).not.toBe(first.leg.port);
  const full = RtpLeg.open({
    host: "127.0.0.1",
    ports: new RtpPorts(first.leg.port, first.leg.port),
    sink: {} as LegSink,
    nowMs: () => 0,
  });
  await expect(full).rejects.toThrow("RTP_PORTS");
});

test("a carrier whose socket is gone is noticed within a quarter of a second of packets", async () => {
  const { leg, lost, carrier } = await open();
  carrier.close();
  for (let i = 0; i < 40 && lost.length === 0; i++) {
    leg.send(toneFrame(300, i), false);
    await new Promise((done) => setTimeout(done, 5));
  }
  expect(lost.length).toBe(1);
});

test("packets refused in the same turn are counted, never thrown at the call", async () => {
  const { leg, lost, carrier } = await open();
  carrier.close();
  for (let turn = 0; turn < 20 && lost.length === 0; turn++) {
    for (let i = 0; i < 4; i++) leg.send(toneFrame(300, i), false);
    await new Promise((done) => setTimeout(done, 5));
  }
  expect(lost.length).toBe(1);
});
