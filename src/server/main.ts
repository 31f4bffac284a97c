import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createAnalyst } from "../agents/analyzer.ts";
import { type Attempts, createAttempts } from "../agents/attempts.ts";
import { CallCommands } from "../agents/call-commands.ts";
import { createCommandReader } from "../agents/command-reader.ts";
import { createMoodReader } from "../agents/mood-reader.ts";
import { createOrchestrator } from "../agents/orchestrator.ts";
import { createPlanner } from "../agents/planner.ts";
import { phraseLanguage } from "../agents/prompts/spoken-phrases.ts";
import { DEMO_RETRY_DELAYS, RETRY_DELAYS } from "../agents/retry-policy.ts";
import { createSummarizer } from "../agents/summarizer.ts";
import { createBus } from "../core/bus.ts";
import { BROWSER_CARRIER, callIsOver } from "../core/call.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "../core/clock.ts";
import { type Config, ConfigError, loadConfig } from "../core/config.ts";
import { messageOf, OutsideError } from "../core/errors.ts";
import { createLog } from "../core/log.ts";
import { createMetrics } from "../core/metrics.ts";
import { claimFolder } from "../core/store/folder-claim.ts";
import { openStore } from "../core/store/open.ts";
import { browserControl } from "../media/carriers/browser/control.ts";
import { startMedia } from "../media/engine/handle.ts";
import type { SpokenLine } from "../media/engine/protocol.ts";
import { createSupervision } from "../media/supervision/signalling.ts";
import { findWorkerBinary } from "../media/supervision/worker-binary.ts";
import { spokenAnswer } from "../media/voices/demo-script.ts";
import { usdPerMinuteAbout } from "../media/voices/openai-prices.ts";
import { createSpeaker } from "../media/voices/speech.ts";
import { createDialGate, createPartyGate } from "../scheduler/dial-gate.ts";
import { createScheduler } from "../scheduler/scheduler.ts";
import { carrierProbe, mediaProbe, moodProbe, storeProbe, supervisionProbe, voiceProbe } from "./api/health.ts";
import { createApp } from "./app.tsx";
import { buildAssets } from "./assets.ts";
import { AttentionWatch } from "./attention-watch.ts";
import { keptEndedSessions } from "./auth/ended-sessions.ts";
import { openCarrier } from "./carrier-choice.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { keptSecret } from "./kept-secret.ts";
import { listen } from "./listen.ts";
import { LIVE_PACE } from "./live/live-stream.ts";
import { startMoodWatch } from "./mood-watch.ts";
import { PhraseBook } from "./phrase-book.ts";
import { UNDO_MS } from "./planning.ts";
import { guardProcess } from "./process-guard.ts";
import { settleDead } from "./settle-dead.ts";
import { createSupervisorNotes } from "./supervisor-notes.ts";
import { createTalk } from "./talk.ts";
import { createTextParts } from "./text-parts.ts";
import { createVoiceChoice, transcriberFor } from "./voice-choice.ts";

/** Calls to one number a day on carriers that reach real people. */
const CALLS_PER_NUMBER_A_DAY = 5;
/** How long a new call waits for the scheduler's decision before it is answered, in ms. */
const DECISION_MS = 2000;

/** Where set-up keeps what it got; `OPENDEEP_CACHE_DIR` belongs to set-up, which then names the worker itself. */
const CACHE_DIR = join(import.meta.dir, "../../.cache");

/** A running OpenDeep. */
export interface OpenDeep {
  /** Where it answers. */
  url: string;
  /** Hangs all calls up, settles them and closes everything. May be called twice. */
  close(): Promise<void>;
}

/** How time passes for all of it. Only scripted calls can live with another speed than 1. */
export interface Time {
  clock: Clock;
  schedule: Schedule;
  /** Ms of the clock in one ms of the machine. */
  speed: number;
}

const REAL_TIME: Time = { clock: systemClock, schedule: systemSchedule, speed: 1 };

/** Builds and connects all parts. @throws ConfigError on a wrong environment; OutsideError when a part cannot start. */
export const startOpenDeep = async (
  env: Record<string, string | undefined>,
  { clock, schedule, speed }: Time = REAL_TIME,
): Promise<OpenDeep> => {
  const config = loadConfig(env);
  const certificate = config.tls && readCertificate(config.tls);
  const log = createLog({ level: config.logLevel });
  const metrics = createMetrics();
  const stopGuarding = guardProcess(log, () => metrics.unhandledErrors.inc({ thread: "main" }));
  mkdirSync(join(config.dataDir, "recordings"), { recursive: true });
  const release = claimFolder(config.dataDir);
  const secret = keptSecret(config.dataDir);

  const bus = createBus(log);
  const store = await openStore({ path: join(config.dataDir, "opendeep.sqlite"), clock, bus });
  const tenant = await store.tenants.ensureDefault();
  const user = await store.users.ensureOwner(tenant.id);
  await settleDead({ store, dataDir: config.dataDir, now: clock.now(), log });

  const { from, to } = config.rtpPorts;
  const onStray = () => metrics.unhandledErrors.inc({ thread: "media" });
  const media = await startMedia({
    rtp: { host: config.rtpHost, from, to },
    noticeTone: config.noticeTone,
    log,
    onStray,
    speed,
  });
  const speaker = createSpeaker({ log });
  const speak = async (text: string, who: "agent" | "callee", language = "en"): Promise<SpokenLine> => ({
    text,
    audio: await speaker.speak(text, who, phraseLanguage(language)),
  });

  const phrases = new PhraseBook({ speaker, log });
  phrases.prepare("en");
  const voiceFor = createVoiceChoice({ config, speak, secret });

  // Carrier and attempts know each other; events before the attempts exist are about no call of ours.
  let attempts: Attempts | null = null;
  const carrier = openCarrier({ config, log, schedule, speak, onEvent: (event) => attempts?.onCarrierEvent(event) });
  const browser = browserControl({
    health: () =>
      talk.missing() === null ? { state: "up", detail: "" } : { state: "down", detail: talk.missing() ?? "" },
    callCapacity: config.maxConcurrentCalls,
    onEvent: (event) => attempts?.onCarrierEvent(event),
    schedule,
    log,
  });
  attempts = createAttempts({
    store,
    media,
    carrierFor: (kind) => (kind === BROWSER_CARRIER ? browser : carrier),
    mayConnect: createPartyGate({ store }),
    commands: new CallCommands(),
    voiceFor: (wanted) => {
      phrases.prepare(wanted.brief.language);
      return voiceFor(wanted);
    },
    apology: (language) => phrases.line("apology", language),
    ...(config.voice === "scripted"
      ? {
          answerLine: (answer) => speak(spokenAnswer(answer), "agent"),
          farewellLine: (farewell, language) => speak(farewell, "agent", language),
        }
      : {}),
    rtpHost: config.rtpHost,
    recordingPath: (callId) => {
      const relative = join("recordings", `${callId}.wav`);
      return { relative, absolute: join(config.dataDir, relative) };
    },
    supervisorPath: (callId) =>
      config.recordSupervisors ? join(config.dataDir, "recordings", `${callId}.supervisors.wav`) : null,
    clock,
    schedule,
    log,
    metrics,
  });
  const { start: startAttempt } = attempts;

  const scripted = carrier.kind === "scripted";
  const scheduler = createScheduler({
    store,
    clock,
    schedule,
    log,
    metrics,
    limits: { concurrent: config.maxConcurrentCalls, perSecond: config.dialRate },
    gate: createDialGate({
      store,
      limits: {
        window: config.callingWindow,
        onHolidays: scripted,
        perNumberPerDay: scripted ? null : CALLS_PER_NUMBER_A_DAY,
      },
    }),
    trunks: [
      {
        carrier: carrier.kind,
        voice: config.voice,
        from: null,
        maxConcurrent: carrier.capacity(),
        canDial: () => media.isUp() && carrier.health().state === "up",
      },
    ],
    startAttempt,
  });

  const supervision = createSupervision({
    log,
    media,
    schedule,
    webrtc: config.webrtc,
    noticeTone: config.noticeTone,
    workerBin: () => findWorkerBinary({ configured: config.mediasoupWorkerBin, cacheDir: CACHE_DIR }),
    speakerPort: () => media.supervisorPort(),
    callInfo: async (tenantId, callId) => {
      const call = await store.calls.get(tenantId, callId);
      if (!call) return null;
      const answered = call.status === "in-progress";
      return { live: !callIsOver(call.status), answered, who: call.calleeName || call.to || "a browser" };
    },
    transcriber: async (tenantId, callId) => {
      const call = await store.calls.get(tenantId, callId);
      const task = call && (await store.tasks.get(tenantId, call.taskId));
      return transcriberFor({ config, secret }, { tenantId, language: task?.language ?? "" });
    },
    holdPhrase: (callId) => phrases.line("hold", attempts.languageOf(callId)),
    hangUp: (tenantId, callId, politely) => attempts.hangUp(tenantId, callId, politely),
    sendKeys: (tenantId, callId, digits) => attempts.sendKeys(tenantId, callId, digits),
    note: createSupervisorNotes({ store, clock, log }),
  });
  bus.subscribe((event) => {
    if (event.type === "call.ended") supervision.callEnded(event.callId);
  });
  const attention = new AttentionWatch({
    media,
    bus,
    store,
    clock,
    schedule,
    log,
    isSupervised: (callId) => supervision.present(callId).length > 0,
  });

  const text = createTextParts(config, { clock, schedule, random: Math.random });
  const readMood = createMoodReader({ store, clock, log, model: text.model });
  const mood = config.liveMood
    ? startMoodWatch({ media, bus, store, read: readMood, clock, schedule, log, metrics })
    : null;
  const zone = Temporal.Now.timeZoneId();
  // Rules would only repeat the plan: without a real model it is scheduled as it stands.
  const orchestrator = createOrchestrator({
    store,
    clock,
    log,
    model: text.isScripted ? null : text.model,
    undoMs: UNDO_MS,
  });
  const planner = createPlanner({ ...text, store, clock, log, zone });
  const afterCalls = { store, bus, model: text.model, clock, schedule, log };
  const analyst = createAnalyst({
    ...afterCalls,
    hours: { window: config.callingWindow, onHolidays: scripted },
    delays: scripted ? DEMO_RETRY_DELAYS : RETRY_DELAYS,
  });
  const summarizer = createSummarizer(afterCalls);

  const talk = createTalk({
    store,
    worker: supervision.worker,
    control: browser,
    rtpHost: config.rtpHost,
    voice: config.voice,
    concurrent: config.maxConcurrentCalls,
    startAttempt,
    freed: () => scheduler.kick(),
    clock,
    log,
  });

  const assets = await buildAssets({ dev: config.logLevel === "debug" });
  const app = createApp({
    store,
    bus,
    log,
    metrics,
    clock,
    schedule,
    owner: { tenantId: tenant.id, userId: user.id, name: user.name, roles: user.roles },
    secret,
    endedSessions: keptEndedSessions(config.dataDir),
    authToken: config.authToken,
    isLoopback: config.isLoopback,
    publicUrl: config.publicUrl,
    dataDir: config.dataDir,
    carrier,
    voice: config.voice,
    attempts,
    scheduler,
    planning: {
      planner,
      schedule: (tenantId, confirmed) => orchestrator.execute(tenantId, confirmed),
      hours: { window: config.callingWindow, onHolidays: scripted },
      usdPerMinute: config.voice === "scripted" ? 0 : config.openai && usdPerMinuteAbout(config.openai.realtimeModel),
      isScripted: text.isScripted,
      from: null,
      zone,
    },
    readCommand: text.isScripted ? null : createCommandReader({ store, clock, log, model: text.model }),
    media,
    supervision,
    whisper: supervision.whisper,
    attention,
    talk,
    probes: [
      storeProbe(store),
      carrierProbe(carrier),
      voiceProbe(config),
      mediaProbe(media),
      supervisionProbe(supervision),
      ...(mood === null ? [] : [moodProbe({ model: text.model, trouble: mood.trouble })]),
    ],
    assets,
    decisionMs: DECISION_MS,
    pace: LIVE_PACE,
  });
  const server = openServer(config, app, certificate);
  await carrier.start();
  supervision.prepare();
  scheduler.start();
  analyst.start();
  summarizer.start();
  const url = `${certificate ? "https" : "http"}://${addressToOpen(config)}:${server.port}`;
  log.info({ url, carrier: carrier.kind, voice: config.voice }, "OpenDeep is up");

  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    scheduler.stop();
    const steps: [string, () => unknown][] = [
      ["planner", () => planner.close()],
      ["talking", () => talk.close()],
      ["calls", () => attempts.closeAll()],
      ["analyst", () => analyst.stop()],
      ["summarizer", () => summarizer.stop()],
      ["listening", () => supervision.close()],
      ["attention", () => attention.close()],
      ["mood", () => mood?.close()],
      ["server", () => server.stop(true)],
      ["carrier", () => carrier.close()],
      ["media", () => media.close()],
      ["speech", () => speaker.close()],
      ["store", () => store.close()],
      ["data folder", release],
    ];
    // A part that cannot be closed must not keep the others open, nor the process alive.
    for (const [what, step] of steps) {
      try {
        await step();
      } catch (thrown) {
        log.error({ what, problem: messageOf(thrown) }, "a part could not be closed");
      }
    }
    stopGuarding();
  };
  return {
    url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};

const openServer = (
  config: Config,
  app: ReturnType<typeof createApp>,
  certificate: Certificate | null,
): Bun.Server<unknown> => {
  try {
    return listen(app, config, certificate);
  } catch (cause) {
    throw new OutsideError(`port ${config.port} cannot be opened: another program uses it, or choose another PORT`, {
      retryable: false,
      cause,
    });
  }
};

/** What to type into a browser on this machine: "every address" is none. */
const addressToOpen = ({ isLoopback, host }: Config): string => {
  if (isLoopback || host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
};

if (import.meta.main) {
  try {
    const openDeep = await startOpenDeep(process.env);
    console.log(`\n  OpenDeep is ready: ${openDeep.url}\n`);
    const stop = async (): Promise<void> => {
      await openDeep.close();
      process.exit(0);
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  } catch (thrown) {
    console.error(thrown instanceof ConfigError || thrown instanceof OutsideError ? thrown.message : thrown);
    process.exit(1);
  }
}
