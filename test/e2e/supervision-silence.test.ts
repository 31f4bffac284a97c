import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { best } from "../support/best.ts";
import { browserMissing, launchBrowser } from "../support/browser.ts";
import { stereo } from "../support/likeness.ts";
import { OpenDeep, type PlacedCall } from "../support/open-deep.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { hasSipCallee } from "../support/sip-callee.ts";
import { together } from "../support/start-up.ts";
import { SupervisingPage } from "../support/supervising-page.ts";
import { CALLEE_SPEECH, samplesOf, Telephone, wavOf } from "../support/telephone.ts";
import { onsetMs, toneAt, toneEvidence } from "../support/tone-evidence.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin()) || !hasAsterisk() || !hasSipCallee();

/** In the supervisor's microphone: this tone, so long in every second. */
const SPEAKER_HZ = 2150;
const BURST_MS = 600;
const SPEAKER_PEAK = 12_000;
const OPENING_HZ = 700;
const AGENT_HZ = 500;
const ANSWER_MS = 4000;
/** The callee says its sentence and is silent, over and over; the agent answers in the silence. */
const FIRST_WORDS_MS = 1500;
const SENTENCE_MS = 3400;
const ROUND_MS = 9000;
const TALK_MS = 240_000;
/** Peak of a tone that is certainly there. */
const HEARD = 400;
/** Sound on its way to the callee's phone when a mode changes: buffers of the carrier and of the phone, in ms. */
const ON_ITS_WAY_MS = 500;
const CHANGES = 200;

let pbx: TestAsterisk;
let telephone: Telephone;
let model: RealtimeProcess;
let openDeep: OpenDeep;
let browser: Browser;
let phone: SupervisingPage;
let placed: PlacedCall;
let folder: string;
/** Epoch ms of the answer. */
let answeredAt: number;

const tones = (): Uint8Array => {
  const second = Int16Array.from({ length: 8000 }, (_, i) =>
    i < 8 * BURST_MS ? Math.round(SPEAKER_PEAK * Math.sin((2 * Math.PI * SPEAKER_HZ * i) / 8000)) : 0,
  );
  return wavOf(Int16Array.from({ length: 80_000 }, (_, i) => second[i % 8000]!));
};

beforeAll(async () => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), "od-tone-"));
  const microphone = join(folder, "microphone.wav");
  await Bun.write(microphone, tones());
  const sentence = samplesOf(CALLEE_SPEECH).subarray(0, 8 * SENTENCE_MS);
  const speech = new Int16Array(8 * (TALK_MS - 2 * ROUND_MS));
  for (let at = 0; at + sentence.length < speech.length; at += 8 * ROUND_MS) speech.set(sentence, at);
  telephone = await Telephone.start({ ringMs: 100, speech, speechAfterMs: FIRST_WORDS_MS, talkMs: TALK_MS });
  [pbx, model, browser] = await together(
    TestAsterisk.start({ trunkPort: telephone.port }),
    RealtimeProcess.start({
      replies: [{ text: "Hello, this is an AI assistant.", seconds: 1.2, toneHz: OPENING_HZ }],
      otherwise: { text: "And so on.", seconds: ANSWER_MS / 1000, toneHz: AGENT_HZ },
    }),
    launchBrowser([`--use-file-for-fake-audio-capture=${microphone}`]),
  );
  openDeep = await OpenDeep.start({
    CARRIER: "asterisk",
    ARI_URL: pbx.ari.url,
    ARI_USERNAME: pbx.ari.username,
    ARI_PASSWORD: pbx.ari.password,
    ARI_APP: pbx.app,
    VOICE: "openai-realtime",
    TRANSCRIBER: "scripted",
    RECORD_SUPERVISORS: "true",
    OPENAI_API_KEY: "sk-only-for-tests",
    OPENAI_BASE_URL: model.url,
    MEDIASOUP_WORKER_BIN: mediasoupWorkerBin(),
  });
  phone = await SupervisingPage.open(browser);
  await phone.page.addInitScript(plainMicrophone);
  await phone.openBoard(openDeep.url);
  placed = await openDeep.placeCall("+12025550141", { callee_name: "City Dental" });
  answeredAt = Date.parse((await openDeep.answered(placed.callId)).answered_at);
});

afterAll(async () => {
  await browser?.close();
  await openDeep?.close();
  await Promise.all([telephone?.close(), model?.close(), pbx?.close()]);
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Runs in the page: a microphone without the processing that takes a tone for noise; tells when its tones begin. */
const plainMicrophone = (): void => {
  const { mediaDevices } = navigator;
  const { getUserMedia } = mediaDevices;
  const onsets: number[] = [];
  Object.assign(window, { onsets });
  const watch = async (track: MediaStreamTrack): Promise<void> => {
    interface Sound {
      numberOfFrames: number;
      sampleRate: number;
      copyTo(target: Float32Array, options: object): void;
      close(): void;
    }
    type Processor = new (options: object) => { readable: ReadableStream<Sound> };
    const { MediaStreamTrackProcessor } = window as unknown as { MediaStreamTrackProcessor: Processor };
    const copy = track.clone();
    const reader = new MediaStreamTrackProcessor({ track: copy }).readable.getReader();
    let quiet = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (track.readyState === "ended") copy.stop();
      if (done) return;
      const now = performance.timeOrigin + performance.now();
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      const rate = value.sampleRate;
      value.close();
      const first = samples.findIndex((sample) => Math.abs(sample) > 0.05);
      if (first < 0) quiet += samples.length / rate;
      else {
        if (quiet > 0.1) onsets.push(now - ((samples.length - first) / rate) * 1000);
        quiet = 0;
      }
    }
  };
  mediaDevices.getUserMedia = async () => {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
    const stream = await getUserMedia.call(mediaDevices, { audio });
    for (const track of stream.getAudioTracks()) void watch(track);
    return stream;
  };
};

/** Ms since the answer, by the wall clock. */
const callMs = (): number => Date.now() - answeredAt;
/** Where the callee is in its round, in ms since it began to speak. */
const inRound = (): number => (callMs() - FIRST_WORDS_MS) % ROUND_MS;
const agentSpeaks = (): boolean => inRound() > SENTENCE_MS + 900 && inRound() < SENTENCE_MS + 1500;

/** How much later sound is in the callee's phone than in the call's time: the opening is known in both. */
const lineMs = (heard: Int16Array): number => onsetMs(heard, 0, OPENING_HZ, HEARD);

const changeTo = (mode: string): Promise<void> => phone.turnTo(mode);

const talkButton = "od-phone .talk-button";
/** Speaks through the held talk button for so long. */
const whisper = async (ms: number): Promise<void> => {
  const box = (await phone.page.locator(talkButton).boundingBox())!;
  await phone.page.mouse.move(box.x + 20, box.y + 10);
  await phone.page.mouse.down();
  await until("the microphone is open", async () => (await phone.microphone()) === true);
  await Bun.sleep(ms);
  await phone.page.mouse.up();
};

interface Stretch {
  fromMs: number;
  toMs: number;
}
const stretches: Record<string, Stretch> = {};
let onsets: number[] = [];
let takenOverMs = 0;
let firstSoundMs = Number.NaN;
/** Changes of mode and when they were in force, among them those at random. */
let randomFromMs = 0;
let randomToMs = 0;
let heard: Int16Array;
let recording: ReturnType<typeof stereo>;
/** What supervisors said, in the call's time. */
let supervisor: Int16Array;
let transcript: { speaker: string; whispered: boolean; at_ms: number }[];

/** One call with all modes, looked at by the tests below. */
test.skipIf(missing)(
  "a supervisor goes through all modes of one call, and through 200 more at random",
  async () => {
    firstSoundMs = await best(4000, async () => {
      if ((await phone.mode()) === "listen") {
        await phone.page.click("od-phone >> text=Leave");
        await phone.is("idle");
      }
      await until("the callee speaks", () => inRound() > 300 && inRound() < 900);
      const clickedAt = performance.now();
      await phone.page.click(`[data-sp="listen"][data-call="${placed.callId}"]`);
      await until("something is heard", async () => (await phone.received()).some(({ energy }) => energy > 0.0005));
      return performance.now() - clickedAt;
    });
    await phone.is("listen");

    const stay = async (name: string, act: () => Promise<unknown>): Promise<void> => {
      const fromMs = phone.confirmed.at(-1)?.atMs ?? callMs();
      await act();
      stretches[name] = { fromMs, toMs: callMs() };
    };
    await stay("listen", () => Bun.sleep(5000));
    await changeTo("whisper");
    await stay("whisper", () => whisper(6000));
    expect((await phone.sent())?.packets ?? 0).toBeGreaterThan(200);
    await changeTo("barge");
    await stay("barge", () => Bun.sleep(6000));
    onsets = await phone.page.evaluate(() => (window as unknown as { onsets: number[] }).onsets);
    await changeTo("listen");
    await until("the agent speaks", agentSpeaks, 2 * ROUND_MS);
    await changeTo("takeover");
    takenOverMs = phone.confirmed.at(-1)!.atMs;
    await stay("takeover", () => Bun.sleep(5000));
    await changeTo("listen");
    await stay("given back", () => Bun.sleep(4000));

    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (state >> 12) % below;
    };
    randomFromMs = callMs();
    for (let i = 0; i < CHANGES; i++) {
      const others = ["listen", "whisper", "barge", "takeover"].filter((mode) => mode !== phone.confirmed.at(-1)?.mode);
      const mode = others[random(others.length)]!;
      await changeTo(mode);
      if (mode === "whisper" && random(2) === 0) await whisper(random(200));
      else await Bun.sleep(random(250));
    }
    randomToMs = callMs();
    await changeTo("listen");
    await Bun.sleep(1000);
    heard = telephone.heard();
    await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
    ({ transcript } = await openDeep.over(placed.callId));
    supervisor = samplesOf(join(openDeep.dataDir, "recordings", `${placed.callId}.supervisors.wav`));
    recording = stereo(await openDeep.recording(placed.callId));
    expect(phone.complaints).toEqual([]);
  },
  230_000,
);

test.skipIf(missing)(
  "the sound follows the click, also while a telephone, a browser and a PBX share the machine",
  () => {
    console.log(`click → first sound ${Math.round(firstSoundMs)} ms`);
    expect(firstSoundMs).toBeLessThan(4000);
  },
);

/** The tone in what the callee's own phone recorded of a stretch. */
const inCalleesEar = (name: string) => {
  const { fromMs, toMs } = stretches[name]!;
  const line = lineMs(heard);
  const evidence = toneEvidence(heard, fromMs + line + ON_ITS_WAY_MS, toMs + line, SPEAKER_HZ);
  console.log(`${name}: tone ${evidence.tone.toFixed(1)}, noise around it ${evidence.noise.toFixed(1)}`);
  return evidence;
};

test.skipIf(missing)("in Listen and in Whisper the callee's phone records nothing of the supervisor", () => {
  for (const name of ["listen", "whisper", "given back"]) {
    const { tone, noise } = inCalleesEar(name);
    expect(tone).toBeLessThanOrEqual(noise + 1);
    expect(tone).toBeLessThan(60);
  }
});

test.skipIf(missing)(
  "the whisper was really said: the server took it, wrote it down and kept it in a file of its own",
  () => {
    const { fromMs, toMs } = stretches.whisper!;
    const { tone } = toneEvidence(supervisor, fromMs, toMs, SPEAKER_HZ);
    console.log(`the whisper in the file of supervisors: tone ${tone.toFixed(1)}`);
    expect(tone).toBeGreaterThan(3000);
    const whispers = transcript.filter(({ at_ms: atMs }) => atMs >= fromMs - 500 && atMs < toMs);
    expect(whispers.some(({ speaker, whispered }) => speaker === "supervisor" && whispered)).toBe(true);
  },
);

test.skipIf(missing)("in Barge, by the same measure, the tone is found", () => {
  const { tone, noise } = inCalleesEar("barge");
  expect(tone).toBeGreaterThan(20 * Math.max(60, noise / 20));
  expect(tone).toBeGreaterThan(3000);
});

test.skipIf(missing)("in Takeover the callee hears the supervisor, and the agent not from 40 ms after it on", () => {
  expect(inCalleesEar("takeover").tone).toBeGreaterThan(3000);
  const { toMs } = stretches.takeover!;
  const { right } = recording;
  const loud = toneAt(right, takenOverMs - 100, AGENT_HZ);
  expect(loud).toBeGreaterThan(HEARD);
  let lastMs = Number.NEGATIVE_INFINITY;
  // A frame that is half full of the tone ends 10 ms after the tone's last sound.
  for (let ms = Math.floor(takenOverMs) - 100; ms < toMs - 40; ms++) {
    if (toneAt(right, ms, AGENT_HZ) > loud / 2) lastMs = ms + 10;
  }
  console.log(`the agent's last sound ${Math.round(lastMs - takenOverMs)} ms after the takeover was in force`);
  expect(lastMs - takenOverMs).toBeLessThanOrEqual(40);
  const line = lineMs(heard);
  expect(toneEvidence(heard, takenOverMs + line + ON_ITS_WAY_MS, toMs + line, AGENT_HZ).tone).toBeLessThan(60);
});

test.skipIf(missing)("a tone in the microphone is on its way to the callee in less than 150 ms", () => {
  const line = lineMs(heard);
  const { fromMs, toMs } = stretches.barge!;
  // The call's own time begins a little after the answer was noted; by no more than it took to tell of a mode.
  const beginsMs = Math.min(...phone.confirmed.map(({ atMs, toldAt }) => toldAt - answeredAt - atMs));
  const sent: number[] = [];
  const inPhone: number[] = [];
  for (const onset of onsets) {
    const atMs = onset - answeredAt;
    if (atMs < fromMs + 1000 || atMs > toMs - 500) continue;
    // From the pause before this burst on; a frame is sent up to 20 ms after its place in the recording.
    sent.push(onsetMs(recording.right, atMs - 100, SPEAKER_HZ, HEARD) + 20 - atMs + beginsMs);
    inPhone.push(onsetMs(heard, atMs + line - 100, SPEAKER_HZ, HEARD) - line - atMs + beginsMs);
  }
  console.log(
    `microphone → sent to the carrier: at most ${sent.map(Math.round).join(", ")} ms (${Math.round(beginsMs) + 20} of them uncertain); ` +
      `→ the callee's phone, beyond what its line took for the opening: ${inPhone.map(Math.round).join(", ")} ms`,
  );
  expect(sent.length).toBeGreaterThanOrEqual(3);
  expect(sent.toSorted((a, b) => a - b)[sent.length >> 1]!).toBeLessThan(150);
});

test.skipIf(missing)("over 200 random changes no stretch of any mode holds a wrong voice", () => {
  const changes = phone.confirmed.filter(({ atMs }) => atMs >= randomFromMs - 200 && atMs <= randomToMs + 500);
  const { right } = recording;
  const wrong: string[] = [];
  const seen = { frames: 0, tone: 0, agent: 0 };
  for (const [i, { mode, atMs }] of changes.entries()) {
    const toMs = changes[i + 1]?.atMs ?? randomToMs;
    // The frame in which a change falls belongs to both.
    for (let ms = Math.ceil(atMs) + 40; ms + 40 <= toMs; ms += 20) {
      seen.frames++;
      const speaker = toneAt(right, ms, SPEAKER_HZ) > HEARD;
      const agent = toneAt(right, ms, AGENT_HZ) > HEARD;
      if (speaker) seen.tone++;
      if (agent) seen.agent++;
      if (speaker && (mode === "listen" || mode === "whisper")) wrong.push(`the supervisor at ${ms} ms in ${mode}`);
      if (agent && mode === "takeover") wrong.push(`the agent at ${ms} ms in ${mode}`);
    }
  }
  console.log(
    `${changes.length} changes, ${seen.frames} frames: ${seen.tone} with the supervisor, ${seen.agent} with the agent`,
  );
  expect(changes.length).toBeGreaterThanOrEqual(CHANGES);
  expect(seen.tone).toBeGreaterThan(200);
  expect(seen.agent).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});
