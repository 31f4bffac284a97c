import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ulawDecode } from "../../src/media/audio/g711.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { findSound, matchText, stereo, toneSpan } from "../support/likeness.ts";
import { type Json, OpenDeep, type PlacedCall } from "../support/open-deep.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { hasSipCallee } from "../support/sip-callee.ts";
import { together } from "../support/start-up.ts";
import { Telephone } from "../support/telephone.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = !hasAsterisk() || !hasSipCallee();

/** What the agent says, in words and as tones. */
const OPENING = "Hello, this is an AI assistant.";
const OPENING_HZ = 700;
const OPENING_MS = 1200;
const ANSWER = "Thank you, goodbye.";
const ANSWER_HZ = 1100;
const ANSWER_MS = 1500;
const CALLEE_WORDS = "Hello, city dental office. How may I help you today?";
/** The callee waits for the opening to end. */
const SPEECH_AFTER_MS = 2000;
/** A machine with other work lets any of the four processes of a call stand still for so long, and loses sound by it. */
const STALL_MS = 250;
/** Share of the speech that arrives untouched all the same. */
const MOST = 0.7;
const API_KEY = "sk-only-for-tests";

let pbx: TestAsterisk;
let phone: Telephone;
let model: RealtimeProcess;
let openDeep: OpenDeep;
let placed: PlacedCall;
/** The call as it stood when it was over, and what was captured of it. */
let over: Json;
let heardByCallee: Int16Array;
let heardByVoice: Int16Array;
let recording: ReturnType<typeof stereo>;

/** What the callee says. */
const speech = (): Int16Array => phone.spoken.subarray(8 * SPEECH_AFTER_MS, 8 * (SPEECH_AFTER_MS + 3300));
const fromUlaw = (bytes: Uint8Array): Int16Array => Int16Array.from(bytes, (byte) => ulawDecode[byte] ?? 0);

/** One whole call; every test below looks at another side of it. */
beforeAll(async () => {
  if (missing) return;
  phone = await Telephone.start({ ringMs: 400, speechAfterMs: SPEECH_AFTER_MS });
  [pbx, model] = await together(
    TestAsterisk.start({ trunkPort: phone.port }),
    RealtimeProcess.start({
      replies: [{ text: OPENING, seconds: OPENING_MS / 1000, toneHz: OPENING_HZ }],
      otherwise: { text: ANSWER, seconds: ANSWER_MS / 1000, toneHz: ANSWER_HZ },
      hears: [CALLEE_WORDS],
    }),
  );
  openDeep = await OpenDeep.start({
    CARRIER: "asterisk",
    ARI_URL: pbx.ari.url,
    ARI_USERNAME: pbx.ari.username,
    ARI_PASSWORD: pbx.ari.password,
    ARI_APP: pbx.app,
    VOICE: "openai-realtime",
    OPENAI_API_KEY: API_KEY,
    OPENAI_BASE_URL: model.url,
  });
  placed = await openDeep.placeCall("+12025550117", { callee_name: "City Dental", organization: "Example Org" });
  await openDeep.callWhen(placed.callId, "had both sides' words", (call) => call.transcript.length >= 3);
  // Words are stored when their last sound is sent; the callee's phone buffers a little more.
  const hasHeardAll = (): boolean => toneSpan(phone.heard(), ANSWER_HZ).soundMs >= ANSWER_MS - 40;
  await until("the callee has heard the answer", hasHeardAll);
  await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
  over = await openDeep.over(placed.callId);
  heardByVoice = fromUlaw(await model.heard(1));
  heardByCallee = phone.heard();
  recording = stereo(await openDeep.recording(placed.callId));
});

afterAll(async () => {
  await openDeep?.close();
  await Promise.all([phone?.close(), model?.close(), pbx?.close()]);
});

test.skipIf(missing)("the recorded speech of the callee reaches the voice as it was spoken", () => {
  const match = findSound(heardByVoice, speech());
  console.log(`callee → voice: ${matchText(match)}`);
  expect(match.likeness).toBeGreaterThan(0.98);
  expect(match.whole).toBeGreaterThanOrEqual(MOST);
  expect(match.slipMs).toBeLessThanOrEqual(STALL_MS);
  for (const hz of [OPENING_HZ, ANSWER_HZ]) expect(toneSpan(heardByVoice, hz).soundMs).toBeLessThan(60);
});

test.skipIf(missing)("all that the voice says reaches the callee, the opening with the answer of the phone", () => {
  const opening = toneSpan(heardByCallee, OPENING_HZ);
  const answer = toneSpan(heardByCallee, ANSWER_HZ);
  console.log(`voice → callee: opening at ${opening.fromMs} ms for ${opening.soundMs} ms, answer ${answer.soundMs} ms`);
  expect(opening.fromMs).toBeLessThan(300);
  expect(opening.soundMs).toBeGreaterThanOrEqual(OPENING_MS - 60);
  expect(answer.soundMs).toBeGreaterThanOrEqual(ANSWER_MS - 60);
  expect(opening.toMs - opening.fromMs).toBeLessThanOrEqual(OPENING_MS + STALL_MS);
  expect(answer.toMs - answer.fromMs).toBeLessThanOrEqual(ANSWER_MS + STALL_MS);
  expect(findSound(heardByCallee, speech()).likeness).toBeLessThan(0.3);
});

test.skipIf(missing)("both sides stand in the transcript, in order, at the times they were heard", () => {
  const turns = over.transcript as { speaker: string; text: string; at_ms: number; end_ms: number }[];
  expect(turns.map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual([
    `agent: ${OPENING}`,
    `callee: ${CALLEE_WORDS}`,
    `agent: ${ANSWER}`,
  ]);
  const [opening, words, answer] = turns;
  expect(opening!.at_ms).toBeLessThan(100);
  expect(Math.abs(opening!.end_ms - opening!.at_ms - OPENING_MS)).toBeLessThan(100);
  expect(Math.abs(words!.at_ms - SPEECH_AFTER_MS)).toBeLessThan(400);
  expect(answer!.at_ms).toBeGreaterThan(words!.end_ms);
  expect(Math.abs(answer!.end_ms - answer!.at_ms - ANSWER_MS)).toBeLessThan(100);
});

test.skipIf(missing)("the recording has the callee left and the agent right, as long as the call", () => {
  const { left, right, headerMs } = recording;
  const callee = findSound(left, speech());
  const opening = toneSpan(right, OPENING_HZ);
  const answer = toneSpan(right, ANSWER_HZ);
  console.log(
    `recording ${headerMs} ms of ${over.duration_ms} ms: callee left with ${matchText(callee)}, ` +
      `opening right at ${opening.fromMs} ms, answer at ${answer.fromMs} ms`,
  );
  expect(callee.likeness).toBeGreaterThan(0.98);
  expect(callee.whole).toBeGreaterThanOrEqual(MOST);
  expect(opening.soundMs).toBeGreaterThanOrEqual(OPENING_MS - 40);
  expect(answer.soundMs).toBeGreaterThanOrEqual(ANSWER_MS - 40);
  for (const hz of [OPENING_HZ, ANSWER_HZ]) expect(toneSpan(left, hz).soundMs).toBeLessThan(60);
  expect(findSound(right, speech()).likeness).toBeLessThan(0.3);
  expect(Math.abs(headerMs - over.duration_ms)).toBeLessThan(500);
  // The channels run together: the agent answers after the callee has spoken.
  expect(answer.fromMs).toBeGreaterThan(callee.atMs + speech().length / 8);
  expect(Math.abs(answer.fromMs - over.transcript[2].at_ms)).toBeLessThan(100);
});

test.skipIf(missing)("status, disposition, latency, cost and the task's state are there", async () => {
  const { status, disposition, hangup_cause: cause, carrier, voice } = over;
  expect({ status, disposition, cause, carrier, voice }).toEqual({
    status: "completed_attempt",
    disposition: "answered",
    cause: "user-hung-up",
    carrier: "asterisk",
    voice: "openai-realtime",
  });
  console.log(`latency ${over.latency.p50_ms} ms, cost ${over.cost_usd} USD`);
  expect(over.latency.turns).toBe(1);
  // The service waits for half a second of silence before it takes the turn.
  expect(over.latency.p50_ms).toBeGreaterThan(400);
  expect(over.latency.p50_ms).toBeLessThan(500 + 2 * STALL_MS);
  expect(over.cost_usd).toBeGreaterThan(0);
  expect(openDeep.handedTo(placed.taskId)).toBe("pending_analysis");
  expect((await openDeep.events(placed.callId)).map((event) => event.type)).toEqual([
    "call.created",
    "call.initiating",
    "call.dialing",
    "call.ringing",
    "call.answered",
    "turn.stored",
    "turn.stored",
    "turn.stored",
    "supervisor.hung-up",
    "recording.closed",
    "call.ended",
  ]);
});

test.skipIf(missing)("the voice was told who calls, for whom and what for, and nobody was told its key", async () => {
  const { received } = await model.events(1);
  const setup = received.find(({ event }) => event.type === "session.update").event.session;
  expect(setup.instructions).toContain("on behalf of Example Org");
  expect(setup.instructions).toContain("City Dental");
  expect(setup.instructions).toContain("Ask for the opening hours.");
  expect(setup.instructions).not.toMatch(/You are ,| {2}/);
  expect(openDeep.log()).not.toContain(API_KEY);
  expect(openDeep.log()).not.toContain("2025550117");
});

test.skipIf(missing)("nothing of the call is left in Asterisk, in the media thread or at the voice", async () => {
  await pbx.empty();
  await until("the callee's phone is free", () => phone.events.includes("CALL_CLOSED"));
  expect((await model.connections()).map((each) => each.isOpen)).toEqual([false]);
  expect(await openDeep.metric("opendeep_live_calls")).toBe(0);
  expect(await openDeep.metric("opendeep_unhandled_errors_total")).toBe(0);
});
