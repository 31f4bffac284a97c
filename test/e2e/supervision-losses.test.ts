import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { browserMissing, launchBrowser } from "../support/browser.ts";
import { CuttableLine } from "../support/cuttable-line.ts";
import { DroppablePath } from "../support/droppable-path.ts";
import { stereo } from "../support/likeness.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { freePort } from "../support/ports.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { together } from "../support/start-up.ts";
import { SupervisingPage } from "../support/supervising-page.ts";
import { CALLEE_SPEECH, samplesOf, wavOf } from "../support/telephone.ts";
import { toneEvidence } from "../support/tone-evidence.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { WatchfulCallee } from "../support/watchful-callee.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin()) || !hasAsterisk() || !hasSipCallee();

const MODES = ["listen", "whisper", "barge", "takeover"] as const;
type Mode = (typeof MODES)[number];

/** Who is heard is known by the pitch. */
const TONES = { opening: 700, agent: 500, supervisor: 2150 };
const OPENING_MS = 1200;
const ANSWER_MS = 1200;
const SENTENCE_MS = 1600;
/** A caller whose speaker was lost waits at most so long, in ms; and so long until a loss is noticed and words have come. */
const HOLD_MS = 20_000;
const NOTICED_MS = 1500;
const OWED_MS = 1500;
/** What a busy machine may add to anything, in ms. */
const SLACK_MS = 4000;
/** Within this, what needs no waiting has happened on a busy machine, in ms. */
const SOON_MS = PATIENCE_MS;
/** A page is asked this often where it need not be quick, in ms. */
const OFTEN_MS = 100;
const NAP_MS = 6000;
const SLEEP_MS = 23_000;
const OPENING = "Hello, this is an AI assistant.";
/** So much of the hold phrase is certainly words. */
const WORDS_MS = 800;
/** How the hold phrase and the agent's note that it has the call again begin. */
const HOLD_PHRASE = "One moment";
const HAND_BACK = "A human colleague spoke with the callee in your place";

/** One call, who is called, and the supervisor's browser page. */
interface Line {
  name: string;
  mode: Mode;
  callId: string;
  callee: WatchfulCallee;
  wire: CuttableLine;
  phone: SupervisingPage;
  /** `performance.now()` at which the supervisor had the mode last. */
  enteredMs: number;
  /** Modes that stood in the call's story then. */
  told: number;
  /** `performance.now()` at its end. */
  endedMs: number;
}

let folder: string;
let pbx: TestAsterisk;
let people: SipCallees;
let model: RealtimeProcess;
let openDeep: OpenDeep;
let awake: Browser;
let sleeper: Browser;
/** Process groups of both. */
let awakeGroup: number;
let sleeperGroup: number;
/** The way of the sound of the call beside the others. */
let path: DroppablePath;
/** Requests of that call's phone. */
const asked: string[] = [];
let speech: Int16Array;
const lines: Line[] = [];
const stories = new Map<string, Promise<void>>();
/** Resolves when all has happened and every call has been hung up. */
let over: Promise<unknown>;

/** The name of a call: who supervises it there, and how. */
const lineOf = (name: string): Line => {
  const line = lines.find((one) => one.name === name);
  if (!line) throw new Error(`there is no line ${name}`);
  return line;
};

/** Tones of 0.6 s in every second, as what the fake microphone hears. */
const microphoneTones = (): Uint8Array =>
  wavOf(
    Int16Array.from({ length: 80_000 }, (_, i) =>
      i % 8000 < 4800 ? Math.round(12_000 * Math.sin((2 * Math.PI * TONES.supervisor * i) / 8000)) : 0,
    ),
  );

/** Runs in the page: a microphone without the processing that takes a tone for noise. */
const plainMicrophone = (): void => {
  const { mediaDevices } = navigator;
  const { getUserMedia } = mediaDevices;
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  mediaDevices.getUserMedia = () => getUserMedia.call(mediaDevices, { audio });
};

/** Runs in the page: sound goes to this port instead of the one that the server names. */
const soundVia = (port: number): void => {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (
    this: RTCPeerConnection,
    given: RTCSessionDescriptionInit,
  ) {
    const { type, sdp = "" } = given;
    const lines = sdp.split("\r\n").filter((line) => !/^a=candidate:\S+ \d tcp /i.test(line));
    const moved = lines.map((line) => line.replace(/^(a=candidate:\S+ \d udp \d+ \S+) \d+/i, `$1 ${port}`));
    return setRemoteDescription.call<RTCPeerConnection, [RTCSessionDescriptionInit], Promise<void>>(this, {
      type,
      sdp: moved.join("\r\n"),
    });
  } as typeof setRemoteDescription;
};

/** The process group of the one browser that was started with this flag. */
const groupOf = (flag: string): number => {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!words.includes(flag) || words.some((word) => word.startsWith("--type="))) continue;
      // The group follows the state and the parent, after the name in brackets (proc_pid_stat(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      return Number(fields[2]);
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error("the browser does not run");
};

const signalSleeper = (signal: "SIGSTOP" | "SIGCONT"): void => void process.kill(-sleeperGroup, signal);

/** Starts what a test waits for later, whose failure is that test's; gives when it is over. */
const tell = (name: string, story: () => Promise<void>): Promise<unknown> => {
  const told = story();
  stories.set(name, told);
  return settled([told]);
};
const settled = (told: readonly Promise<unknown>[]): Promise<unknown> => Promise.allSettled(told);

beforeAll(async () => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), "od-losses-"));
  const microphone = join(folder, "microphone.wav");
  await Bun.write(microphone, microphoneTones());
  speech = samplesOf(CALLEE_SPEECH).subarray(0, 8 * SENTENCE_MS);
  const names = [...MODES, "beside"];
  const callees = await Promise.all(names.map(() => WatchfulCallee.open(TONES)));
  const ending = (n: number): string => `01${10 + n}`;
  people = await SipCallees.start(
    Object.fromEntries(callees.map(({ port }, n) => [ending(n), { does: "answer", ringMs: 100, mediaPort: port }])),
  );
  const flags = ["awake", "sleeper"].map((name) => `--od-${name}=${crypto.randomUUID()}`);
  const microphoneFlag = `--use-file-for-fake-audio-capture=${microphone}`;
  [pbx, model, awake, sleeper] = await together(
    TestAsterisk.start({ trunkPort: people.port }),
    RealtimeProcess.start({
      replies: [{ text: OPENING, seconds: OPENING_MS / 1000, toneHz: TONES.opening }],
      otherwise: { text: "And so on.", seconds: ANSWER_MS / 1000, toneHz: TONES.agent },
    }),
    launchBrowser([microphoneFlag, flags[0]!]),
    launchBrowser([microphoneFlag, flags[1]!]),
  );
  [awakeGroup, sleeperGroup] = [groupOf(flags[0]!), groupOf(flags[1]!)];
  const soundPort = await freePort();
  path = await DroppablePath.open(soundPort);
  openDeep = await OpenDeep.start({
    CARRIER: "asterisk",
    ARI_URL: pbx.ari.url,
    ARI_USERNAME: pbx.ari.username,
    ARI_PASSWORD: pbx.ari.password,
    ARI_APP: pbx.app,
    VOICE: "openai-realtime",
    TRANSCRIBER: "scripted",
    OPENAI_API_KEY: "sk-only-for-tests",
    OPENAI_BASE_URL: model.url,
    MEDIASOUP_WORKER_BIN: mediasoupWorkerBin(),
    WEBRTC_PORTS: `${soundPort}-${soundPort}`,
  });
  for (const [n, name] of names.entries()) {
    const { callId } = await openDeep.placeCall(`+1202555${ending(n)}`, { callee_name: name });
    const browser = name === "beside" ? awake : sleeper;
    const phone = await SupervisingPage.open(browser, {}, { isGated: false });
    await phone.page.addInitScript(plainMicrophone);
    if (name === "beside") {
      await phone.page.addInitScript(soundVia, path.port);
      phone.page.on("websocket", (socket) =>
        socket.on("framesent", ({ payload }) => asked.push(JSON.parse(String(payload)).type)),
      );
    }
    const wire = await CuttableLine.open(Number(new URL(openDeep.url).port));
    const mode = MODES.find((one) => one === name) ?? "takeover";
    lines.push({ name, mode, callId, callee: callees[n]!, wire, phone, enteredMs: 0, told: 0, endedMs: 0 });
  }
  for (const [n, { callId, callee }] of lines.entries()) {
    await openDeep.answered(callId, SOON_MS);
    callee.begin((await until("sound is offered", () => people.soundPorts(ending(n)).at(-1)))!);
  }
  over = run();
  over.catch(() => {});
});

afterAll(async () => {
  if (sleeperGroup) signalSleeper("SIGCONT");
  await Promise.all([awake?.close(), sleeper?.close()]);
  await openDeep?.close();
  await Promise.all([people?.close(), model?.close(), pbx?.close()]);
  for (const { callee, wire } of lines) {
    callee.close();
    wire.close();
  }
  path?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Everything that happens: one loss after the other on four calls at once, and one more call beside them. */
const run = (): Promise<unknown> => {
  const calls = MODES.map((mode) => lineOf(mode));
  const beside = lineOf("beside");
  const after = (what: string, before: Promise<unknown>, story: (line: Line) => Promise<void>): Promise<unknown> =>
    Promise.all(calls.map((line) => tell(`${what} ${line.mode}`, () => before.then(() => story(line)))));
  const begun = begin();
  const ready = tell("ready", () => begun);
  const killed = begun.then(killWorker);
  const back = after("worker", killed, afterWorkerDied);
  const cut = after("cut", enterAfter(back, calls), cutSocket);
  const napped = cut.then(() => nap(calls));
  const woken = after("nap", napped, async (line) => afterNap(line, await napped));
  const rested = after(
    "sleep",
    woken.then(() => sleep(calls)),
    afterSleep,
  );
  const closed = after("closed", enterAfter(rested, calls), closeTab);

  const besideBack = tell("worker beside", () => killed.then(() => afterWorkerDied(beside)));
  const healed = tell("path", () => besideBack.then(() => losePath(beside)));
  const givenUp = tell("long cut", () => healed.then(() => cutForGood(beside)));
  const alone = tell("browser killed", () => givenUp.then(() => killBrowser(beside)));
  return Promise.all([ready, closed, alone]).then(() => tell("ended", hangUpAll));
};

const enterAfter = (before: Promise<unknown>, all: readonly Line[]): Promise<void> => before.then(() => enterAll(all));

/** Everybody is on their calls, in their modes. */
const begin = async (): Promise<void> => {
  await Promise.all(lines.map((line) => until("the opening is over", () => opened(line), SOON_MS, OFTEN_MS)));
  for (const line of lines) await line.phone.openBoard(line.wire.url);
  for (const line of lines) await line.phone.join(line.callId);
  await enterAll(lines);
};

const opened = ({ callee }: Line): boolean => callee.heardMs("opening", 0) > 1000;

/** Waits until the phone is in this mode. */
const isAt = async ({ name, phone }: Line, mode: string): Promise<void> => {
  let last = "";
  const is = async (): Promise<boolean> => {
    last = await phone.mode();
    return last === mode;
  };
  await until(`${name}: the phone is at ${mode}`, is, SOON_MS, OFTEN_MS).catch(async ({ message }) => {
    throw new Error(`${message}: it is at ${last}, ${JSON.stringify(await phone.state())}`);
  });
};

/** Brings the supervisor into the line's mode; where the caller hears him, until he is heard. */
const enter = async (line: Line): Promise<void> => {
  const { phone, mode, callee, name } = line;
  await phone.turnTo(mode);
  const nowMs = performance.now();
  if (mode === "barge" || mode === "takeover")
    await until(`${name}: the supervisor is heard`, () => callee.heardMs("supervisor", nowMs) > 200, SOON_MS, OFTEN_MS);
};

const enterAll = async (all: readonly Line[]): Promise<void> => {
  for (const line of all) await enter(line);
  // What was said before a takeover is still on its way to the caller.
  await Bun.sleep(500);
  for (const line of all) {
    line.enteredMs = performance.now();
    line.told = (await allModes(line)).length;
  }
};

const killWorker = (): void => {
  const workers = [...openDeep.log().matchAll(/"pid":(\d+),"msg":"mediasoup worker started"/g)];
  process.kill(Number(workers.at(-1)?.[1]), "SIGKILL");
};

const allModes = async ({ callId }: Line): Promise<string[]> =>
  (await openDeep.events(callId))
    .filter(({ type }) => type === "supervisor.mode")
    .map(({ data }) => `${data.from} → ${data.to}, ${data.why}`);
/** What the call's story has told of modes since the supervisor had his. */
const modesSince = async (line: Line): Promise<string[]> => (await allModes(line)).slice(line.told);

/** Who speaks to the agent is answered: the caller is not left with nobody. */
const agentAnswers = async ({ name, callee }: Line): Promise<void> => {
  const saidMs = performance.now();
  callee.say(speech);
  await until(
    `${name}: the agent answers its callee`,
    () => callee.heardMs("agent", saidMs + SENTENCE_MS) > ANSWER_MS / 2,
    SOON_MS,
  );
};

const isHeardAgain = async ({ name, phone }: Line): Promise<void> => {
  const bytes = async (): Promise<number[]> => (await phone.received()).map((stream) => stream.bytes);
  const before = await bytes();
  await until(
    `${name}: both parties are heard`,
    async () => {
      const now = await bytes();
      return now.length === 2 && now.every((count, n) => count > (before[n] ?? 0));
    },
    SOON_MS,
  );
};

/** A loss in a mode other than takeover: the agent has the call at once, and the supervisor is told. */
const expectListenAgain = async (line: Line): Promise<void> => {
  const { mode, phone, name } = line;
  const expected = mode === "listen" ? [] : [`${mode} → listen, link-lost`];
  await until(`${name}: it is told`, async () => (await modesSince(line)).length >= expected.length, SOON_MS, OFTEN_MS);
  expect(await modesSince(line)).toEqual(expected);
  await isAt(line, "listen");
  expect(await phone.microphone()).toBeNull();
  await isHeardAgain(line);
};

/** Nobody waits for a listener or a whisperer to be heard: they stay what they are, or listen if the socket broke too. */
const expectSameOrListen = async (line: Line): Promise<void> => {
  const { phone, mode, name } = line;
  await until(`${name}: the phone is there`, async () => (await phone.state()).place.at === "in", SOON_MS, OFTEN_MS);
  await until(`${name}: the link is there`, async () => (await phone.mode()) !== "lost", SOON_MS, OFTEN_MS);
  const now = await phone.mode();
  expect([mode, "listen"]).toContain(now);
  expect(await modesSince(line)).toEqual(now === mode ? [] : [`${mode} → listen, link-lost`]);
  expect(await phone.microphone()).not.toBe(true);
};

/** The caller of a lost takeover is asked to wait, and the agent stays silent. */
const expectHoldPhrase = async ({ name, callee }: Line, lostMs: number): Promise<void> => {
  await until(
    `${name}: the caller is asked to wait`,
    () => callee.heardMs("words", lostMs) > WORDS_MS,
    SOON_MS,
    OFTEN_MS,
  );
  expect(callee.firstMs("words", lostMs) - lostMs).toBeLessThan(NOTICED_MS + SLACK_MS);
  expect(callee.heardMs("agent", lostMs)).toBe(0);
};

/** A lost takeover goes on: the caller hears the supervisor again, and never heard the agent. */
const expectTakeoverAgain = async (line: Line, backMs: number): Promise<void> => {
  const { name, phone, callee, enteredMs } = line;
  await isAt(line, "takeover");
  await until(
    `${name}: the supervisor is heard again`,
    () => callee.heardMs("supervisor", backMs) > 500,
    SOON_MS,
    OFTEN_MS,
  );
  expect(await phone.microphone()).toBe(true);
  expect(callee.heardMs("agent", enteredMs)).toBe(0);
  expect(await modesSince(line)).toEqual([]);
};

/** The agent speaks by itself when nobody came back in time. */
const expectAgentAfterHold = async (line: Line, lostMs: number): Promise<void> => {
  const { name, callee } = line;
  await until(
    `${name}: the agent speaks`,
    () => callee.heardMs("agent", lostMs) > ANSWER_MS / 2,
    NOTICED_MS + HOLD_MS + OWED_MS + SOON_MS,
    OFTEN_MS,
  );
  const afterMs = callee.firstMs("agent", lostMs) - lostMs;
  const silenceMs = callee.longestSilenceMs(lostMs, performance.now());
  console.log(
    `${name}: the agent speaks ${Math.round(afterMs)} ms after the loss; silence of at most ${Math.round(silenceMs)} ms`,
  );
  expect(afterMs).toBeWithin(HOLD_MS - 1000, NOTICED_MS + HOLD_MS + OWED_MS + SLACK_MS);
  // Asked to wait every seven seconds.
  expect(silenceMs).toBeLessThan(HOLD_MS / 2);
  expect(await modesSince(line)).toEqual(["takeover → listen, link-lost"]);
};

const isLive = async ({ callId }: Line): Promise<void> =>
  expect(await openDeep.call(callId)).toMatchObject({ status: "in-progress", ended_at: null });

const afterWorkerDied = async (line: Line): Promise<void> => {
  const killedMs = performance.now();
  if (line.mode === "takeover") {
    await expectHoldPhrase(line, killedMs);
    await expectTakeoverAgain(line, killedMs + 500);
  } else {
    await agentAnswers(line);
    await expectListenAgain(line);
  }
  await isLive(line);
};

const cutSocket = async (line: Line): Promise<void> => {
  const { phone, wire, mode } = line;
  const cutMs = performance.now();
  wire.cut();
  await isAt(line, "lost");
  expect(await phone.microphone()).not.toBe(true);
  expect(await phone.page.locator("od-phone .dock-who .badge").textContent()).toBe("Reconnecting");
  if (mode === "takeover") await expectHoldPhrase(line, cutMs);
  else await agentAnswers(line);
  await isLive(line);
  const backMs = performance.now();
  wire.mend();
  if (mode === "takeover") await expectTakeoverAgain(line, backMs);
  else await expectListenAgain(line);
};

const closeTab = async (line: Line): Promise<void> => {
  const { phone, mode, name, callee } = line;
  const closedMs = performance.now();
  await phone.page.close();
  const expected = mode === "listen" ? [] : [`${mode} → listen, left`];
  await until(
    `${name}: the supervisor has left`,
    async () => (await openDeep.events(line.callId)).some(({ type }) => type === "supervisor.left"),
    SOON_MS,
  );
  expect(await modesSince(line)).toEqual(expected);
  // Who goes on purpose gives the call back at once, and the agent goes on by itself.
  if (mode === "takeover")
    await until(
      `${name}: the agent speaks`,
      () => callee.heardMs("agent", closedMs) > ANSWER_MS / 2,
      SOON_MS,
      OFTEN_MS,
    );
  await agentAnswers(line);
  // Nobody was asked to wait; sound that begins or ends within a frame may pass for words.
  expect(callee.heardMs("words", closedMs)).toBeLessThan(WORDS_MS);
  await isLive(line);
};

/** The sound finds no way until the phone has asked for another one; the socket stays. */
const losePath = async (line: Line): Promise<void> => {
  await enterAll([line]);
  const asks = asked.length;
  const lostMs = performance.now();
  path.isDown = true;
  await until(
    "the phone asks for a restart of ICE",
    () => asked.slice(asks).includes("restart-ice"),
    SOON_MS,
    OFTEN_MS,
  );
  const backMs = performance.now();
  path.isDown = false;
  console.log(`a restart of ICE was asked for ${Math.round(backMs - lostMs)} ms after the path was lost`);
  await expectHoldPhrase(line, lostMs);
  await expectTakeoverAgain(line, backMs);
  await isHeardAgain(line);
  // Nothing was set up anew.
  expect(asked.slice(asks).filter((type) => type !== "ping")).toEqual(["restart-ice"]);
};

/** The socket is cut for longer than the caller may wait. */
const cutForGood = async (line: Line): Promise<void> => {
  const { phone, wire } = line;
  await enterAll([line]);
  const cutMs = performance.now();
  wire.cut();
  await expectHoldPhrase(line, cutMs);
  await expectAgentAfterHold(line, cutMs);
  wire.mend();
  await isAt(line, "listen");
  expect(await phone.microphone()).toBeNull();
  await isHeardAgain(line);
  await agentAnswers(line);
  await isLive(line);
};

/** A computer that loses its power. */
const killBrowser = async (line: Line): Promise<void> => {
  await enterAll([line]);
  const killedMs = performance.now();
  process.kill(-awakeGroup, "SIGKILL");
  await expectHoldPhrase(line, killedMs);
  await expectAgentAfterHold(line, killedMs);
  await agentAnswers(line);
  await isLive(line);
};

const nap = async (all: readonly Line[]): Promise<number> => {
  await enterAll(all);
  const sleptMs = performance.now();
  signalSleeper("SIGSTOP");
  await Bun.sleep(NAP_MS);
  signalSleeper("SIGCONT");
  return sleptMs;
};

const afterNap = async (line: Line, sleptMs: number): Promise<void> => {
  const { mode } = line;
  if (mode === "takeover") {
    await expectHoldPhrase(line, sleptMs);
    await expectTakeoverAgain(line, sleptMs + NAP_MS);
  } else if (mode === "barge") await expectListenAgain(line);
  else {
    await expectSameOrListen(line);
    await isHeardAgain(line);
  }
  await isLive(line);
};

const sleep = async (all: readonly Line[]): Promise<number> => {
  await enterAll(all);
  const sleptMs = performance.now();
  signalSleeper("SIGSTOP");
  const asleep = all.map(async (line) => {
    if (line.mode === "takeover") {
      await expectHoldPhrase(line, sleptMs);
      await expectAgentAfterHold(line, sleptMs);
    }
    await agentAnswers(line);
    await isLive(line);
  });
  try {
    await Promise.all([Bun.sleep(SLEEP_MS), ...asleep]);
  } finally {
    signalSleeper("SIGCONT");
  }
  return sleptMs;
};

const afterSleep = async (line: Line): Promise<void> => {
  const { phone, mode } = line;
  if (mode === "whisper") await expectSameOrListen(line);
  else {
    await isAt(line, "listen");
    expect(await phone.microphone()).toBeNull();
  }
  if (mode === "takeover") expect((await phone.state()).problem).toContain("The AI speaks with the caller again.");
  await isHeardAgain(line);
  await isLive(line);
};

/** Every call goes on until it is hung up. */
const hangUpAll = async (): Promise<void> => {
  for (const line of lines) {
    await isLive(line);
    await openDeep.post(`/api/v1/calls/${line.callId}/hangup`);
    line.endedMs = performance.now();
  }
  for (const { callId } of lines) {
    const call = await openDeep.over(callId);
    const { status, hangup_cause: cause } = call;
    expect({ status, cause }).toEqual({ status: "completed_attempt", cause: "user-hung-up" });
  }
  await pbx.empty(SOON_MS);
};

const heardOf = (name: string): Promise<void> =>
  stories.get(name) ?? Promise.reject(new Error(`nothing is told of ${name}`));

describe.skipIf(missing)("a loss leaves no caller with nobody", () => {
  test("before it, each supervisor has the mode, and where the caller hears him, is heard", () => heardOf("ready"));
  for (const mode of MODES) {
    test(`the mediasoup worker is killed in ${mode}`, async () => {
      await heardOf(`worker ${mode}`);
      if (mode === "takeover") await heardOf("worker beside");
    });
    test(`the socket is cut in ${mode}`, () => heardOf(`cut ${mode}`));
    test(`the tab is closed in ${mode}`, () => heardOf(`closed ${mode}`));
    test(`the browser is asleep for ${NAP_MS / 1000} s in ${mode}`, () => heardOf(`nap ${mode}`));
    test(`the browser is asleep for ${SLEEP_MS / 1000} s in ${mode}`, () => heardOf(`sleep ${mode}`));
  }
  test("the sound finds no way for a while in takeover: ICE is restarted, and it goes on", () => heardOf("path"));
  test("the socket is cut for longer than a caller waits in takeover", () => heardOf("long cut"));
  test("the browser is killed in takeover", () => heardOf("browser killed"));

  test("every call goes on until it is hung up, and its callee was sent sound all the time", async () => {
    await over;
    await heardOf("ended");
    for (const { name, callee, endedMs } of lines) {
      const carried = callee.carried(callee.firstMs("opening", 0), endedMs);
      // A busy machine leaves frames out; a dead line carries none for many seconds.
      expect(`${name} ${carried > 0.75}`).toBe(`${name} true`);
    }
  });

  test("the recording holds what was heard: one greeting, every hold phrase, the agent after it", async () => {
    await over;
    await heardOf("ended");
    for (const { name, mode, callId, callee } of lines) {
      const { right } = stereo(await openDeep.recording(callId));
      const turns: Json[] = (await openDeep.call(callId)).transcript;
      expect(turns.filter(({ text }) => text === OPENING)).toHaveLength(1);
      const first = turns.find(({ text }) => text === OPENING);
      expect(callee.heardMs("opening", 0)).toBeWithin(OPENING_MS - 200, OPENING_MS + 200);
      const asides = turns.filter(({ speaker, text }) => speaker === "agent" && text.startsWith(HOLD_PHRASE));
      console.log(
        `${name}: ${right.length / 8000} s, asked to wait ${asides.length} times, the agent was heard for ${callee.heardMs("agent", 0)} ms`,
      );
      // A machine that stands still for long enough loses the speaker once more.
      if (mode === "takeover") expect(asides.length).toBeGreaterThanOrEqual(4);
      else expect(asides).toEqual([]);
      for (const { at_ms: atMs, end_ms: endMs } of asides) {
        const said = right.subarray(8 * atMs, 8 * endMs);
        expect(said.reduce((sum, sample) => sum + sample ** 2, 0) / said.length).toBeGreaterThan(200 ** 2);
      }
      const agentFromMs = asides.at(-1)?.end_ms ?? first.end_ms;
      expect(toneEvidence(right, agentFromMs, right.length / 8, TONES.agent).tone).toBeGreaterThan(1000);
    }
  });

  test("the agent was told to greet once on each call, and of each time that it was given a call back", async () => {
    await over;
    await heardOf("ended");
    const told: number[] = [];
    for (let n = 1; n <= lines.length; n++) {
      const received = (await model.events(n)).received.map(({ event }) => event);
      const greetings = received.filter(({ type, response }) => type === "response.create" && response?.instructions);
      expect(greetings).toHaveLength(1);
      const notes = received.filter(({ item }) => JSON.stringify(item ?? null).includes(HAND_BACK));
      for (const note of notes) expect(JSON.stringify(note)).toContain("Do not greet or introduce yourself again.");
      told.push(notes.length);
    }
    expect(told.toSorted()).toEqual([0, 0, 0, 2, 2]);
  });
});
