import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeUlaw, ulawDecode } from "../../src/media/audio/g711.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { toneSpan } from "../support/likeness.ts";
import { type Json, OpenDeep, type PlacedCall } from "../support/open-deep.ts";
import type { ConnectionScript, Reply } from "../support/realtime-server/script.ts";
import { RealtimeServer } from "../support/realtime-server/server.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { CALLEE_SPEECH, samplesOf } from "../support/telephone.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = !hasAsterisk() || !hasSipCallee();

/** Numbers by who answers. */
const BUSY = "+12025550121";
const AWAY = "+12025550122";
const REJECTS = "+12025550123";
const RINGS = "+12025550124";
const HANGS_UP = "+12025550125";
/** Three people who talk for as long as they are talked to, so that no number is called more often than allowed. */
const TALKERS = ["+12025550131", "+12025550132", "+12025550133"];

const OPENING_HZ = 700;
const GOODBYE_HZ = 1300;
const GOODBYE_MS = 1500;
const opening: Reply = { text: "Hello, this is an AI assistant.", seconds: 0.6, toneHz: OPENING_HZ };
const goodbye: Reply = { text: "Thank you and goodbye.", seconds: GOODBYE_MS / 1000, toneHz: GOODBYE_HZ };
const endCall = { name: "end_call", arguments: { reason: "goal_reached" } };

/** A second of the callee's speech. */
const words = Uint8Array.from(samplesOf(CALLEE_SPEECH).subarray(0, 8000), (sample) => encodeUlaw(sample));

let pbx: TestAsterisk;
let callees: SipCallees;
let callee: CalleeMedia;
let model: RealtimeServer;
let openDeep: OpenDeep;
let talks = 0;
let talker = "";

beforeAll(async () => {
  if (missing) return;
  callee = await CalleeMedia.open();
  const talks = { does: "answer", ringMs: 100, mediaPort: callee.port } as const;
  callees = await SipCallees.start({
    "0121": { does: "refuse", ringMs: 200, code: 486, reason: "Busy Here" },
    "0122": { does: "refuse", ringMs: 600, code: 480, reason: "Temporarily Unavailable" },
    "0123": { does: "refuse", ringMs: 300, code: 603, reason: "Decline" },
    "0124": { does: "ring" },
    "0125": { ...talks, byeAfterMs: 1200 },
    "013[0-9]": talks,
  });
  pbx = await TestAsterisk.start({ trunkPort: callees.port });
  model = new RealtimeServer();
  openDeep = await OpenDeep.start({
    CARRIER: "asterisk",
    ARI_URL: pbx.ari.url,
    ARI_USERNAME: pbx.ari.username,
    ARI_PASSWORD: pbx.ari.password,
    ARI_APP: pbx.app,
    VOICE: "openai-realtime",
    OPENAI_API_KEY: "sk-only-for-tests",
    OPENAI_BASE_URL: model.url,
  });
});

afterAll(async () => {
  await openDeep?.close();
  await Promise.all([pbx?.close(), callees?.close(), model?.stop()]);
  callee?.close();
});

/** Whatever a call came to, nobody holds on to anything of it, and the process never noticed. */
afterEach(async () => {
  if (missing) return;
  for (const { id } of (await openDeep.get("/api/v1/calls?live=true")).calls) {
    await openDeep.post(`/api/v1/calls/${id}/hangup`);
  }
  await pbx.empty();
  await until("the media thread has no call", async () => (await openDeep.metric("opendeep_live_calls")) === 0);
  await until("no voice is open", () => model.connections.every((each) => !each.isOpen));
  expect(openDeep.isRunning).toBe(true);
  expect(await openDeep.metric("opendeep_unhandled_errors_total")).toBe(0);
  expect(openDeep.log()).not.toContain("unhandled");
});

/** Calls someone who talks and waits until the opening was heard. */
const talk = async (script: ConnectionScript): Promise<PlacedCall> => {
  model.script = script;
  talker = TALKERS[talks++ % TALKERS.length]!;
  callee.packets.length = 0;
  const placed = await openDeep.placeCall(talker);
  await openDeep.answered(placed.callId);
  await until("the opening was heard", () => toneSpan(heard(), OPENING_HZ).soundMs >= 560);
  return placed;
};

const heard = (): Int16Array => Int16Array.from(callee.sound(), (byte) => ulawDecode[byte] ?? 0);
const speak = (): Promise<void> => callee.say(words, callees.soundPorts(talker.slice(-4)).at(-1)!);

/** How the call ended, once it has, and its task with it. */
const ending = async ({ callId, taskId }: PlacedCall): Promise<Json> => {
  const { status, disposition, hangup_cause: cause } = await openDeep.over(callId);
  return { status, disposition, cause, task: openDeep.handedTo(taskId) };
};

const unreached = (disposition: string) => ({
  status: "failed_attempt",
  disposition,
  cause: disposition,
  task: "pending_analysis",
});

describe.skipIf(missing)("a call that nobody takes", () => {
  test.each([
    ["a busy line", BUSY, "busy"],
    ["a phone that rings and is not picked up", AWAY, "no-answer"],
    ["a callee who declines", REJECTS, "rejected"],
    ["a number that the network does not know", "+12025550129", "invalid-number"],
  ])("%s is told as %s: %s", async (_who, number, disposition) => {
    model.script = { replies: [opening] };
    const placed = await openDeep.placeCall(number);
    expect(await ending(placed)).toEqual(unreached(disposition));
    expect((await openDeep.call(placed.callId)).duration_ms).toBe(0);
  });

  test("we hang up while it rings: the phone stops ringing", async () => {
    model.script = { replies: [opening] };
    const placed = await openDeep.placeCall(RINGS);
    await until("it rings", async () =>
      (await openDeep.events(placed.callId)).some((event) => event.type === "call.ringing"),
    );
    await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
    expect(await ending(placed)).toEqual(unreached("cancelled"));
    await until("the callee's phone was told", () => callees.messages().includes("CANCEL sip:"));
  });
});

describe.skipIf(missing)("a conversation", () => {
  const completed = (cause: string) => ({
    status: "completed_attempt",
    disposition: "answered",
    cause,
    task: "pending_analysis",
  });

  test("the callee hangs up", async () => {
    model.script = { replies: [opening] };
    const placed = await openDeep.placeCall(HANGS_UP);
    expect(await ending(placed)).toEqual(completed("callee-hung-up"));
    const { duration_ms: durationMs } = await openDeep.call(placed.callId);
    expect(Math.abs(durationMs - 1200)).toBeLessThan(300);
  });

  test("we hang up by the API, and a second time is refused in words", async () => {
    const placed = await talk({ replies: [opening] });
    await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
    expect(await ending(placed)).toEqual(completed("user-hung-up"));
    await expect(openDeep.post(`/api/v1/calls/${placed.callId}/hangup`)).rejects.toThrow("409");
  });

  test("the agent says goodbye and ends the call: all of the goodbye is heard", async () => {
    const placed = await talk({ replies: [opening, { ...goodbye, tools: [endCall] }] });
    await speak();
    expect(await ending(placed)).toEqual(completed("agent-hung-up"));
    const { soundMs } = toneSpan(heard(), GOODBYE_HZ);
    console.log(`goodbye heard for ${soundMs} of ${GOODBYE_MS} ms`);
    expect(soundMs).toBeGreaterThanOrEqual(GOODBYE_MS - 20);
    const { transcript } = await openDeep.call(placed.callId);
    expect(transcript.at(-1)).toMatchObject({ speaker: "agent", text: goodbye.text, interrupted: false });
  });

  test("an agent that ends the call without a word is made to say goodbye first", async () => {
    const placed = await talk({ replies: [opening, { seconds: 0, tools: [endCall] }, goodbye] });
    await speak();
    expect(await ending(placed)).toEqual(completed("agent-hung-up"));
    expect(toneSpan(heard(), GOODBYE_HZ).soundMs).toBeGreaterThanOrEqual(GOODBYE_MS - 20);
  });
});

test.skipIf(missing)(
  "keys that the agent presses, with a pause between them, reach the callee, and the callee's reach us",
  async () => {
    const keys = { name: "send_dtmf", arguments: { digits: "1w2#" } };
    const placed = await talk({ replies: [opening, { seconds: 0, tools: [keys] }] });
    await speak();
    await until("the callee heard the keys", () => callee.keys() === "12#");
    const [one, two] = ["1", "2"].map(
      (key) =>
        callee.packets.find(({ payloadType, payload }) => payloadType === 101 && String(payload[0]) === key)!.atMs,
    );
    expect(two! - one!).toBeGreaterThan(500);
    await callee.press("5", callees.soundPorts(talker.slice(-4)).at(-1)!);
    const told = async (type: string) =>
      (await openDeep.events(placed.callId)).find((event) => event.type === type)?.data;
    await until("the key was told", async () => (await told("dtmf.received"))?.digit === "5");
    expect(await told("dtmf.sent")).toMatchObject({ digits: "1w2#" });
    expect(JSON.stringify(model.connections.at(-1)!.eventsOf("conversation.item.create"))).toContain("were pressed");
  },
);

describe.skipIf(missing)("a voice that is lost in the middle of a call", () => {
  test("comes back with the conversation so far, and the callee hears it go on", async () => {
    const placed = await talk({ replies: [opening, { thinkMs: 60_000 }], hears: ["We open at nine."] });
    const first = model.connections.at(-1)!;
    model.script = { replies: [goodbye] };
    await speak();
    await openDeep.callWhen(placed.callId, "had the callee's words", (call) =>
      call.transcript.some((turn: Json) => turn.text === "We open at nine."),
    );
    first.drop(1006);
    const lostAt = performance.now();
    await until("another session took over", () => model.connections.length > first.number);
    const second = model.connections[first.number]!;
    await until("the answer is heard", () => toneSpan(heard(), GOODBYE_HZ).soundMs >= 40);
    console.log(`the answer was heard ${Math.round(performance.now() - lostAt)} ms after the session was cut`);
    const restored = JSON.stringify(second.eventsOf("conversation.item.create"));
    expect(restored).toContain(opening.text!);
    expect(restored).toContain("We open at nine.");
    await until("it is heard whole", () => toneSpan(heard(), GOODBYE_HZ).soundMs >= GOODBYE_MS - 20);
    expect((await openDeep.events(placed.callId)).find((event) => event.type === "voice.lost")?.data).toMatchObject({
      recovered: true,
    });
    await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
    expect(await ending(placed)).toMatchObject({ status: "completed_attempt", cause: "user-hung-up" });
  });

  test("and does not come back: the callee hears an apology, then the call ends", async () => {
    const placed = await talk({ replies: [opening] });
    const lastHeardMs = heard().length / 8;
    model.script = { handshake: 503 };
    model.connections.at(-1)!.drop(1006);
    expect(await ending(placed)).toEqual({
      status: "dropped_connection",
      disposition: "failed",
      cause: "voice-lost",
      task: "pending_analysis",
    });
    const apology = heard().subarray(8 * lastHeardMs);
    const loudMs = apology.filter((sample) => Math.abs(sample) > 500).length / 8;
    console.log(`apology: ${Math.round(loudMs)} ms of loud sound in ${apology.length / 8} ms`);
    expect(loudMs).toBeGreaterThan(300);
    expect((await openDeep.call(placed.callId)).transcript.at(-1).text).toContain("technical problem");
  });
});

describe.skipIf(missing)("an Asterisk that is lost in the middle of a call", () => {
  const lost = (cause: string) => ({
    status: "dropped_connection",
    disposition: "failed",
    cause,
    task: "pending_analysis",
  });

  /** Calls work again. */
  const callAgain = async (): Promise<void> => {
    const isUp = (): Promise<boolean> => openDeep.get("/api/phone/health").then(Boolean, () => false);
    await until("the carrier is up", isUp);
    const placed = await talk({ replies: [opening] });
    await openDeep.post(`/api/v1/calls/${placed.callId}/hangup`);
    expect(await ending(placed)).toMatchObject({ status: "completed_attempt", cause: "user-hung-up" });
  };

  test("killed: the call is told as dropped, and the next one works on a new Asterisk", async () => {
    const placed = await talk({ replies: [opening] });
    await pbx.kill();
    const killedAt = performance.now();
    const how = await ending(placed);
    console.log(`told ${Math.round(performance.now() - killedAt)} ms after Asterisk was killed`);
    await pbx.startAgain();
    // Packets are refused at once; the connection of ARI is given some time to come back.
    expect(how).toEqual(lost("media-lost"));
    await callAgain();
  });

  test("stopped and started again: the call is told as dropped, and the next one works", async () => {
    const placed = await talk({ replies: [opening] });
    await pbx.stop();
    await pbx.startAgain();
    expect(await ending(placed)).toEqual(lost("carrier-lost"));
    await callAgain();
  });
});
