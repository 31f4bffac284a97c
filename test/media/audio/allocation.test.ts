import { heapStats, memoryUsage } from "bun:jsc";
import { expect, test } from "bun:test";
import { decodeUlaw, encodeUlawFrame } from "../../../src/media/audio/g711.ts";
import { JitterBuffer, NONE } from "../../../src/media/audio/jitter-buffer.ts";
import { levelDbov, ulawEnergy } from "../../../src/media/audio/level.ts";
import { Limiter, mixInto } from "../../../src/media/audio/mixer.ts";
import { Playout, PlayoutCuts } from "../../../src/media/audio/playout.ts";
import { Resampler } from "../../../src/media/audio/resampler.ts";
import { parseRtp, RTP_HEADER_BYTES, RtpHeader, writeRtpHeader } from "../../../src/media/audio/rtp.ts";
import { Tone } from "../../../src/media/audio/tone.ts";
import { BargeIn } from "../../../src/media/audio/turn-taking.ts";
import { Vad } from "../../../src/media/audio/vad.ts";
import { AgentEar } from "../../../src/media/engine/agent-ear.ts";
import { CalleeEar } from "../../../src/media/engine/callee-ear.ts";
import { SpeakerStreams } from "../../../src/media/engine/speaker-streams.ts";

const FRAMES = 100_000;
const WARM_UP = 150_000;
/** The smallest object is 16 bytes: one a frame would be 1.6 MB. The process itself takes up to half of one. */
const GARBAGE_LIMIT = 12 * FRAMES;

/** A call's whole path, both ways, on kept buffers. */
function makeCall() {
  const packet = new Uint8Array(RTP_HEADER_BYTES + 160);
  const header = new RtpHeader();
  const jitter = new JitterBuffer();
  const vad = new Vad();
  const bargeIn = new BargeIn();
  const playout = new Playout();
  const cuts = new PlayoutCuts();
  const resampler = new Resampler(8000, 24000);
  const limiter = new Limiter();
  const speech = new Uint8Array(64 * 160);
  new Tone(440, 12000).fillUlaw(speech, 0, speech.length);
  const frame = new Uint8Array(160);
  const agent = new Uint8Array(160);
  const pcm = new Int16Array(160);
  const wide = new Int16Array(resampler.maxOutput(160));
  const acc = new Int32Array(160);
  const heard = { frames: 0, level: 0 };
  return {
    heard,
    step(index: number): void {
      const nowMs = index * 20 + (index % 7);
      for (let i = 0; i < 160; i++) packet[RTP_HEADER_BYTES + i] = speech[(index & 63) * 160 + i]!;
      // One in 50 is lost, neighbours swap now and then, and the numbers wrap.
      const seq = index % 50 < 2 ? index ^ 1 : index;
      writeRtpHeader(packet, 0, seq & 0xffff, (seq * 160) >>> 0, 9, false);
      if (index % 50 !== 25 && parseRtp(packet, packet.length, header))
        jitter.push(
          header.seq,
          header.timestamp,
          header.ssrc,
          header.marker,
          packet,
          header.payloadOff,
          header.payloadLen,
          nowMs,
        );
      while (jitter.pull(frame, nowMs) !== NONE) {
        heard.frames++;
        const meanSquare = ulawEnergy(frame, 0, 160);
        heard.level += levelDbov(meanSquare);
        vad.push(meanSquare);
        if (bargeIn.push(vad.frameVoiced, playout.active, false, nowMs)) playout.clear(cuts);
        decodeUlaw(frame, 0, pcm, 0, 160);
        mixInto(acc, pcm, 0, 160);
        // Costs more than all else together; a few are enough to see an allocation.
        if (index % 16 === 0) resampler.process(pcm, 0, 160, wide, 0);
      }
      const item = index >> 6;
      playout.push(packet, RTP_HEADER_BYTES, 160, item);
      if ((index & 63) === 63) playout.endItem(item);
      playout.pull(agent);
      decodeUlaw(agent, 0, pcm, 0, 160);
      mixInto(acc, pcm, 0, 160);
      limiter.drain(acc, pcm, 0, 160);
      encodeUlawFrame(pcm, 0, agent, 0, 160);
    },
  };
}

/** A supervisor's way into both ears, on kept buffers. */
function makeBarge() {
  const packet = new Uint8Array(RTP_HEADER_BYTES + 160);
  const speech = new Uint8Array(64 * 160);
  new Tone(440, 12000).fillUlaw(speech, 0, speech.length);
  const streams = new SpeakerStreams();
  const leg = streams.open(0xfedc_ba98);
  const vad = new Vad();
  const calleeEar = new CalleeEar();
  const agentEar = new AgentEar(0);
  const frame = new Uint8Array(160);
  const callee = new Uint8Array(160).fill(0x55);
  const agent = new Uint8Array(160).fill(0x33);
  const heard = { frames: 0, mixed: 0 };
  return {
    heard,
    step(index: number): void {
      const nowMs = index * 20;
      for (let i = 0; i < 160; i++) packet[RTP_HEADER_BYTES + i] = speech[(index & 63) * 160 + i]!;
      writeRtpHeader(packet, 0, index & 0xffff, (index * 160) >>> 0, 0xfedc_ba98, false);
      if (index % 50 !== 25) streams.receive(packet, nowMs);
      const sounds = leg.read(frame, nowMs + 18);
      if (sounds) heard.frames++;
      vad.push(sounds ? ulawEnergy(frame, 0, 160) : 0);
      const speaker = sounds ? frame : null;
      agentEar.speak(speaker, vad.voiced);
      if (agentEar.hear(callee) !== callee) heard.mixed++;
      agentEar.heard((index & 3) === 0);
      calleeEar.join((index & 15) === 0 ? null : agent, speaker, (index & 128) === 0);
    },
  };
}

/** The heap once nothing more can be freed: what other tests left behind goes in several steps. */
function heapNow() {
  let stats = heapStats();
  for (let tries = 0; tries < 20; tries++) {
    Bun.gc(true);
    const next = heapStats();
    const stable = next.objectCount === stats.objectCount;
    stats = next;
    if (stable) break;
  }
  return { bytes: stats.heapSize + stats.extraMemorySize, objects: stats.objectCount };
}

/** Memory taken over the frames, garbage included; what is given back to the system meanwhile does not hide it. */
function taken(from: number, frames: number, step: (index: number) => void): number {
  let bytes = 0;
  for (let index = from; index < from + frames; ) {
    const before = memoryUsage().current;
    for (let i = 0; i < 1000; i++) step(index++);
    bytes += Math.max(0, memoryUsage().current - before);
  }
  return bytes;
}

/**
 * Runs a step many times: what stays on the heap, and the memory taken meanwhile. It first runs unmeasured as often, so
 * that the compilers, who take memory too, are done.
 */
function grown(frames: number, step: (index: number) => void) {
  for (let index = 0; index < WARM_UP; index++) step(index);
  heapNow(); // Measuring makes objects of its own the first time.
  const before = heapNow();
  const garbage = taken(WARM_UP, frames, step);
  const after = heapNow();
  return { garbage, bytes: after.bytes - before.bytes, objects: after.objects - before.objects };
}

test("100 000 frames of a call, both ways, leave the heap as it was and make next to no garbage", () => {
  const call = makeCall();
  const { bytes, objects, garbage } = grown(FRAMES, call.step);
  expect(call.heard.frames).toBeGreaterThan(FRAMES);
  expect(objects).toBeLessThan(200);
  expect(bytes).toBeLessThan(64 * 1024);
  expect(garbage).toBeLessThan(GARBAGE_LIMIT);
});

test("100 000 frames of a supervisor in both ears leave the heap as it was and make next to no garbage", () => {
  const call = makeBarge();
  const { bytes, objects, garbage } = grown(FRAMES, call.step);
  expect(call.heard.frames).toBeGreaterThan(FRAMES);
  expect(call.heard.mixed).toBeGreaterThan(FRAMES);
  expect(objects).toBeLessThan(200);
  expect(bytes).toBeLessThan(64 * 1024);
  expect(garbage).toBeLessThan(GARBAGE_LIMIT);
});

test("the measure sees one small object a frame, kept or not", () => {
  const kept: unknown[] = [];
  // Far more than what other tests left behind and the collector frees meanwhile.
  expect(grown(50_000, (i) => kept.push({ i })).objects).toBeGreaterThan(30_000);
  const call = makeCall();
  let last: unknown = null;
  const step = (i: number) => {
    call.step(i);
    last = { i };
  };
  const { garbage } = grown(FRAMES, step);
  expect(garbage).toBeGreaterThan(GARBAGE_LIMIT);
  expect(last).not.toBeNull();
});
