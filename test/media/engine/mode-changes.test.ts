import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SUPERVISION_MODES, type SupervisionMode } from "../../../src/core/supervision.ts";
import { DUCKED_GAIN } from "../../../src/media/audio/ducker.ts";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { encodeUlaw, ulawDecode } from "../../../src/media/audio/g711.ts";
import { toneAmplitude } from "../../../src/media/audio/tone.ts";
import { WAV_HEADER_BYTES } from "../../../src/media/audio/wav.ts";
import { CallRig, type FakeLeg, type FakeVoice, SILENT, toneFrame } from "../../support/call-rig.ts";
import { keptUp } from "../../support/recorded.ts";

const folder = await mkdtemp(join(tmpdir(), "mode-changes-"));
afterAll(() => rm(folder, { recursive: true }));

const CALLEE_HZ = 300;
const AGENT_HZ = 500;
const SPEAKER_HZ = 1000;
/** Far below any voice, so that the callee never talks over the agent. */
const CALLEE_PEAK = 100;
/** Ticks after barge in which the agent's voice comes back to its full level. */
const RELEASE_TICKS = 13;

/** Most that µ-law makes of nothing in a mix, as a tone's peak. */
const NOISE = 190;

/** Loudness tells a frame's number, so that a mix still shows which frames it was made of. */
const agentPeak = (n: number): number => 3000 + (n % 7) * 400;
const speakerPeak = (n: number): number => 3000 + (n % 9) * 400;
const agentFrame = (n: number): Uint8Array => toneFrame(AGENT_HZ, n, agentPeak(n));
const speakerFrame = (n: number): Uint8Array => toneFrame(SPEAKER_HZ, n, speakerPeak(n));
const calleeFrame = (n: number): Uint8Array => toneFrame(CALLEE_HZ, n, CALLEE_PEAK + (n % 7));

const level = (frame: Uint8Array, hz: number): number =>
  toneAmplitude(
    Int16Array.from(frame, (code) => ulawDecode[code]!),
    0,
    FRAME_SAMPLES,
    hz,
  );
const mix = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  a.map((code, i) => encodeUlaw(ulawDecode[code]! + ulawDecode[b[i]!]!));
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const near = (value: number, wanted: number): boolean => Math.abs(value - wanted) < NOISE;

const isHeardByCallee = (mode: SupervisionMode): boolean => mode === "barge" || mode === "takeover";

/** Follows a call frame by frame, knows what everybody must hear in each mode, and remembers what went wrong. */
class Witness {
  readonly wrong: string[] = [];
  readonly leg: FakeLeg;
  readonly voice: FakeVoice;
  readonly rig: CallRig;
  mode: SupervisionMode = "listen";
  #tick = 0;
  /** Number of the packet of the speaker that was sent last, and of the first its seat could take. */
  #packet = 0;
  #firstPacket = 0;
  #bargeTick = Number.NEGATIVE_INFINITY;
  #bargeTicks = 0;
  #item = 0;
  /** Frames of the agent that may be heard, in order. */
  #agentNext = 0;
  #agentEnd = 0;
  #sent = 0;
  #agentTaps = 0;
  /** Everything the callee was sent. */
  readonly sentFrames: Uint8Array[] = [];
  counts = { alone: 0, mixed: 0, speaker: 0, silent: 0 };

  constructor(rig: CallRig, leg: FakeLeg, voice: FakeVoice) {
    this.rig = rig;
    this.leg = leg;
    this.voice = voice;
    this.voice.ear = [];
  }

  async turnTo(mode: SupervisionMode): Promise<void> {
    if (this.mode === "listen") this.#firstPacket = this.#packet + 1;
    if (this.mode === "takeover" && mode !== "takeover") this.#bargeTick = Number.NEGATIVE_INFINITY;
    if (mode === "takeover" && this.mode !== "takeover") this.#agentNext = this.#agentEnd;
    if (mode !== this.mode) this.#bargeTicks = 0;
    await this.rig.supervise("c1", mode);
    this.mode = mode;
  }

  /** The agent has something more to say. */
  speak(frames: number): void {
    const from = this.#agentEnd;
    this.#agentEnd += frames;
    if (this.mode === "takeover") this.#agentNext = this.#agentEnd;
    const bytes = new Uint8Array(frames * FRAME_SAMPLES);
    for (let i = 0; i < frames; i++) bytes.set(agentFrame(from + i), i * FRAME_SAMPLES);
    const item = ++this.#item;
    this.voice.sink.voiceAudio(item, bytes, 0, bytes.length);
    this.voice.sink.voiceItemEnded(item);
    this.#look();
  }

  tick(): void {
    this.#tick++;
    if (this.mode === "barge") this.#bargeTick = this.#tick;
    if (this.#agentEnd - this.#agentNext < 2 && this.#tick % 5 === 0) this.speak(9);
    const callee = calleeFrame(this.#tick);
    this.rig.run(20, () => {
      this.rig.talk(speakerFrame(++this.#packet));
      this.leg.sink.calleeFrame(callee, this.rig.now);
    });
    const ear = this.voice.ear!.at(-1)!;
    // The callee hears what the supervisor said one tick ago, the agent the same with the callee's next frame.
    const together = mix(callee, speakerFrame(this.#packet - 2));
    const joined = this.mode === "barge" && this.#packet - 2 >= this.#firstPacket && same(ear, together);
    this.#bargeTicks = this.mode === "barge" ? this.#bargeTicks + 1 : 0;
    if (!joined && (this.#bargeTicks > 3 || !same(ear, callee))) this.#blame("agent's ear");
    this.#look();
    if (this.leg.sent.length < this.#tick || this.leg.sent.length > this.#tick + 1) this.#blame("slots");
  }

  #look(): void {
    for (; this.#sent < this.leg.sent.length; this.#sent++) this.#check(this.leg.sent[this.#sent]!.frame);
  }

  #check(frame: Uint8Array): void {
    this.sentFrames.push(frame);
    const speakerAudible = isHeardByCallee(this.mode) && this.#packet - 1 >= this.#firstPacket;
    const agent = level(frame, AGENT_HZ);
    const speaker = level(frame, SPEAKER_HZ);
    if (speakerAudible ? !near(speaker, speakerPeak(this.#packet - 1)) : speaker > NOISE)
      this.#blame("speaker at the callee");
    const tapped = this.#agentTap();
    if (agent < NOISE) {
      if (!same(tapped, SILENT)) this.#blame("silent tap");
      if (this.mode === "listen" && this.#agentNext < this.#agentEnd) this.#blame("the agent is missing");
      this.counts[speakerAudible ? "speaker" : "silent"]++;
      if (speakerAudible && !same(frame, speakerFrame(this.#packet - 1))) this.#blame("bits of the speaker");
      return;
    }
    if (this.mode === "takeover") this.#blame("agent in a takeover");
    const own = agentFrame(this.#agentNext);
    const peak = agentPeak(this.#agentNext++);
    if (agent < DUCKED_GAIN * peak - NOISE || agent > peak + NOISE) this.#blame("agent's loudness");
    if (!same(tapped, own)) this.#blame("agent's tap");
    this.counts[speakerAudible ? "mixed" : "alone"]++;
    const released = this.#tick - this.#bargeTick > RELEASE_TICKS;
    if (!speakerAudible && released && !same(frame, own)) this.#blame("bits of the agent");
  }

  #agentTap(): Uint8Array {
    const taps = this.rig.taps.filter(({ port }) => port === 2);
    return taps[this.#agentTaps++]!.packet.subarray(12);
  }

  #blame(what: string): void {
    this.wrong.push(`${what} (tick ${this.#tick}, ${this.mode})`);
  }
}

/** Samples of one channel of a recording. */
const channelOf = async (path: string, channel: number, channels: number): Promise<Int16Array> => {
  const file = await readFile(path);
  const all = new Int16Array(file.buffer.slice(file.byteOffset + WAV_HEADER_BYTES, file.byteOffset + file.length));
  return all.filter((_, i) => i % channels === channel);
};

const steps = fc.array(
  fc.record({
    mode: fc.constantFrom(...SUPERVISION_MODES),
    ticks: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 4, max: 20 })),
    aheadFrames: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 200, maxLength: 200, size: "max" },
);

test("over 200 random changes of mode nobody ever hears a wrong frame", async () => {
  let run = 0;
  const counts = { alone: 0, mixed: 0, speaker: 0, silent: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (changes) => {
      const rig = new CallRig();
      const path = join(folder, `${++run}.wav`);
      const { leg, voice } = await rig.call("c1", path);
      const target = { host: "127.0.0.1", calleePort: 1, calleeSsrc: 11, agentPort: 2, agentSsrc: 22 };
      await rig.do({ type: "tap", callId: "c1", tapId: "t", target });
      const witness = new Witness(rig, leg, voice);
      let ticks = 0;
      for (const change of changes) {
        await witness.turnTo(change.mode);
        if (change.aheadFrames > 0) witness.speak(change.aheadFrames);
        for (let i = 0; i < change.ticks; i++) {
          witness.tick();
          if (++ticks % 10 === 0) await keptUp(path, ticks);
        }
      }
      expect(witness.wrong.slice(0, 5)).toEqual([]);
      await rig.do({ type: "close", callId: "c1" });
      const right = await channelOf(path, 1, 2);
      for (const [i, frame] of witness.sentFrames.entries()) {
        const recorded = right.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES);
        expect(recorded.every((sample, at) => sample === ulawDecode[frame[at]!])).toBe(true);
      }
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += witness.counts[key];
    }),
    { numRuns: 8, endOnFailure: true },
  );
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(200);
});
