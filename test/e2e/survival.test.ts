import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Attempts, createAttempts } from "../../src/agents/attempts.ts";
import { CallCommands } from "../../src/agents/call-commands.ts";
import { type Bus, createBus } from "../../src/core/bus.ts";
import { type Schedule, systemClock, systemSchedule } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/core/metrics.ts";
import type { Call } from "../../src/core/store/call-record.ts";
import { openStore, type Store } from "../../src/core/store/open.ts";
import type { CarrierControl } from "../../src/media/carriers/control.ts";
import { scriptedControl } from "../../src/media/carriers/scripted/control.ts";
import { type MediaHandle, startMedia } from "../../src/media/engine/handle.ts";
import { METER } from "../../src/media/engine/meters.ts";
import type { SpokenLine } from "../../src/media/engine/protocol.ts";
import { demoVoice } from "../../src/media/voices/demo-voice.ts";
import { toneBytes } from "../support/call-rig.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const TENANT = "default";
/** Numbers by what is broken about calls to them. */
const SOUND = "+12025550160";
const BROKEN_LEG = "+12025550161";
const BROKEN_VOICE = "+12025550162";
const SILENT_VOICE = "+12025550163";

const speak = async (text: string, who: "agent" | "callee"): Promise<SpokenLine> => ({
  text,
  audio: toneBytes(who === "agent" ? 440 : 300, 2000),
});

/** The parts of a process as `main.ts` joins them, the media thread real, around parts that break. */
describe("parts that throw, beside the real media thread,", () => {
  const threads: Worker[] = [];
  const RealWorker = globalThis.Worker;
  let lines: string[];
  let bus: Bus;
  let store: Store;
  let media: MediaHandle;
  let commands: CallCommands;
  let attempts: Attempts;
  let pressKeys: () => Promise<void>;
  let bystander: Call;
  let slots: Map<string, number>;

  beforeAll(() => {
    globalThis.Worker = class extends RealWorker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        threads.push(this);
      }
    };
  });
  afterAll(() => {
    globalThis.Worker = RealWorker;
  });

  /** One call is on when something breaks; whatever it is, that call must not notice. */
  beforeEach(async () => {
    lines = [];
    const log = createLog({ level: "info", destination: { write: (line) => lines.push(line) } });
    bus = createBus(log);
    store = await openStore({ path: ":memory:", clock: systemClock, bus });
    await store.tenants.ensureDefault();
    media = await startMedia({ rtp: { host: "127.0.0.1", from: 29_200, to: 29_260 }, log });
    slots = new Map();
    media.subscribe((event) => {
      if (event.type === "opened") slots.set(event.callId, event.slot);
    });
    const quick: Schedule = (run, delayMs) => systemSchedule(run, delayMs / 50);
    const network = scriptedControl({
      seed: 1,
      speak,
      schedule: quick,
      log,
      onEvent: (event) => attempts.onCarrierEvent(event),
    });
    await network.start();
    pressKeys = async () => {};
    const carrier: CarrierControl = {
      kind: "scripted",
      start: () => network.start(),
      close: () => network.close(),
      health: () => network.health(),
      capacity: () => network.capacity(),
      legFor: async (call) => (call.to === BROKEN_LEG ? { kind: "rtp" } : await network.legFor(call)),
      originate: async (request) => {
        const { callId, to } = request;
        // No socket sends there: its leg throws with its first packet.
        if (to === BROKEN_LEG) attempts.onCarrierEvent({ type: "media", callId, host: "nowhere", port: 70_000 });
        return await network.originate(request);
      },
      hangUp: (callId) => network.hangUp(callId),
      sendDtmf: () => pressKeys(),
    };
    commands = new CallCommands();
    attempts = createAttempts({
      store,
      media,
      carrierFor: () => carrier,
      commands,
      voiceFor: async ({ call, brief, about }) => {
        const voice = await demoVoice({ subject: about, to: call.to, seed: 1, brief, speak });
        const broken = { text: "Hello.", audio: null as unknown as Uint8Array };
        if (call.to === BROKEN_VOICE && voice.kind === "scripted") return { ...voice, lines: [broken, broken] };
        if (call.to !== SILENT_VOICE) return voice;
        return {
          kind: "openai-realtime",
          apiKey: "sk-only-for-tests",
          baseUrl: "no address at all",
          model: "m",
          voice: "v",
          brief,
          safetyId: "s",
        };
      },
      apology: () => null,
      rtpHost: "127.0.0.1",
      recordingPath: () => null,
      clock: systemClock,
      schedule: systemSchedule,
      log,
      metrics: createMetrics(),
    });
    bystander = await dial(SOUND);
    await isTalking(bystander);
  });

  afterEach(async () => {
    await attempts.closeAll();
    await media.close();
    store.close();
  });

  const dial = async (to: string): Promise<Call> => {
    await store.tasks.create(TENANT, { phone: to, action: "Ask for the opening hours." });
    const [task] = await store.tasks.claimDue(TENANT, { now: systemClock.now(), leaseMs: 1000, limit: 1 });
    const order = { taskId: task!.id, leaseToken: task!.leaseToken, carrier: "scripted", voice: "scripted" };
    const created = await store.calls.create(TENANT, { ...order, to, at: systemClock.now() });
    if (!created.ok) throw new Error(created.reason);
    void attempts.start(TENANT, created.call.id);
    return created.call;
  };

  const now = async ({ id }: Call): Promise<Call> => (await store.calls.get(TENANT, id))!;
  const isTalking = (call: Call) => until("it was answered", async () => (await now(call)).status === "in-progress");
  const ending = async (call: Call) => {
    await until("it was over", async () => (await now(call)).endedAt !== null);
    const { status, disposition, hangupCause: cause, taskId } = await now(call);
    return { status, disposition, cause, task: (await store.tasks.get(TENANT, taskId))!.status };
  };
  const framesSent = (call: Call): number => media.meters.get(slots.get(call.id)!, METER.framesSent);

  /** The call that was on is on, its sound flows, and it ends as its people want. */
  const expectUnharmed = async (): Promise<void> => {
    const sent = framesSent(bystander);
    await until("sound of the other call flows", () => framesSent(bystander) >= sent + 10);
    expect((await now(bystander)).status).toBe("in-progress");
    expect(attempts.hangUp(TENANT, bystander.id)).toBe(true);
    expect(await ending(bystander)).toEqual({
      status: "completed_attempt",
      disposition: "answered",
      cause: "user-hung-up",
      task: "pending_analysis",
    });
  };

  test("a listener of the bus: every other one hears, and calls go on", async () => {
    const heard: string[] = [];
    bus.subscribe(() => {
      throw new Error("a broken listener");
    });
    bus.subscribe((event) => heard.push(event.type));
    await expectUnharmed();
    expect(heard).toContain("call.ended");
    expect(lines.some((line) => line.includes("a bus listener threw"))).toBe(true);
  });

  test("a listener of the media thread: every other one hears, and calls go on", async () => {
    let heard = 0;
    media.subscribe(() => {
      throw new Error("a broken listener");
    });
    media.subscribe(() => heard++);
    await expectUnharmed();
    expect(heard).toBeGreaterThan(0);
  });

  test.each([
    [
      "at once",
      () => {
        throw new Error("no line");
      },
    ],
    ["later", () => Promise.reject(new Error("no line"))],
  ])("a tool, %s: the voice is told that it failed, and the call goes on", async (_when, press) => {
    pressKeys = press as () => Promise<void>;
    commands.send(bystander.id, { type: "send_dtmf", digits: "1", toolCallId: "t1" });
    await until("it was logged", () => lines.some((line) => line.includes("keys could not be sent")));
    await expectUnharmed();
  });

  test("the store, while a turn is noted: the call goes on and is settled", async () => {
    store.transcripts.put = () => Promise.reject(new Error("the disk is full"));
    await until("it was logged", () => lines.some((line) => line.includes("a call could not be stored")));
    await expectUnharmed();
  });

  test("a leg: its call ends, the other one does not notice", async () => {
    expect(await ending(await dial(BROKEN_LEG))).toEqual({
      status: "dropped_connection",
      disposition: "failed",
      cause: "media-lost",
      task: "pending_analysis",
    });
    await expectUnharmed();
  });

  test("a voice: its call ends, the other one does not notice", async () => {
    expect(await ending(await dial(BROKEN_VOICE))).toMatchObject({ disposition: "failed", task: "pending_analysis" });
    await expectUnharmed();
  });

  test("a voice that cannot even be opened: its call fails before it rings for long", async () => {
    expect(await ending(await dial(SILENT_VOICE))).toEqual({
      status: "failed_attempt",
      disposition: "failed",
      cause: "voice-lost",
      task: "pending_analysis",
    });
    await expectUnharmed();
  });

  test("the media thread as a whole: its calls are settled, and a new one takes calls", async () => {
    const second = await dial(SOUND);
    await isTalking(second);
    threads.at(-1)!.terminate();
    for (const call of [bystander, second]) {
      expect(await ending(call)).toEqual({
        status: "dropped_connection",
        disposition: "failed",
        cause: "media-lost",
        task: "pending_analysis",
      });
    }
    await until("a thread is up", () => media.isUp());
    bystander = await dial(SOUND);
    await isTalking(bystander);
    await expectUnharmed();
  });
});

describe("a process in which both threads throw where nobody catches", () => {
  let openDeep: OpenDeep;

  beforeAll(async () => {
    openDeep = await OpenDeep.start({ CARRIER: "scripted", VOICE: "scripted" }, "test/support/stumbling-open-deep.ts");
  });
  afterAll(async () => {
    await openDeep?.close();
  });

  const logged = (what: string): number => openDeep.log().split(what).length - 1;

  test("counts it, goes on, and its live call ends as its people want", async () => {
    const { callId } = await openDeep.placeCall("+12025550160");
    await openDeep.answered(callId);
    process.kill(openDeep.pid, "SIGUSR2");
    await until("the main thread logged both", () => logged("unhandled in the main thread") === 2);
    await until("the media thread logged it", () => logged("unhandled in the media thread") === 1);
    expect(openDeep.isRunning).toBe(true);
    expect(await openDeep.metric("opendeep_unhandled_errors_total", 'thread="main"')).toBe(2);
    expect(await openDeep.metric("opendeep_unhandled_errors_total", 'thread="media"')).toBe(1);
    await openDeep.post(`/api/v1/calls/${callId}/hangup`);
    expect(await openDeep.over(callId)).toMatchObject({ status: "completed_attempt", hangup_cause: "user-hung-up" });
  });

  test("and whose media thread dies says so on its health page, and calls again", async () => {
    const { callId, taskId } = await openDeep.placeCall("+12025550160");
    await openDeep.answered(callId);
    process.kill(openDeep.pid, "SIGHUP");
    expect(await openDeep.over(callId)).toMatchObject({ status: "dropped_connection", hangup_cause: "media-lost" });
    expect(openDeep.handedTo(taskId)).toBe("pending_analysis");
    const isUp = () => openDeep.get("/api/phone/health").then(Boolean, () => false);
    await until("the media thread is up", isUp);
    const next = await openDeep.placeCall("+12025550164");
    await openDeep.answered(next.callId);
    expect(openDeep.isRunning).toBe(true);
  });
});
