/** The host under test: the media thread as the server runs it, recording to disk, with its turns stored in a database. */
import { join } from "node:path";
import { createLog, inBackground } from "../../src/core/log.ts";
import type { Store } from "../../src/core/store/open.ts";
import { Meters } from "../../src/media/engine/meters.ts";
import type { MediaCommand, MediaEvent } from "../../src/media/engine/protocol.ts";
import type { MediaThreadSettings, ThreadMessage } from "../../src/media/engine/worker.ts";
import { openBenchStore, storeAnsweredCalls } from "./call-rows.ts";
import { answerAsks } from "./child.ts";
import type { Ask, Closed, Heap, Results } from "./child-protocol.ts";
import type { Probe, Probed } from "./media-thread.ts";
import { UsageMeter } from "./usage-meter.ts";

const TENANT = "default";
const RTP_FROM = 30_000;
const RTP_TO = 39_999;

type Heard = MediaEvent | Probed | Exclude<ThreadMessage, MediaEvent[]>;

const log = createLog({ level: "error" });
const thread = new Worker(new URL("./media-thread.ts", import.meta.url).href);
const post = (message: MediaCommand | MediaThreadSettings | Probe): void => thread.postMessage(message);
let store: Store | null = null;
let callIds: string[] = [];
const ports = new Map<string, number>();
const closed: Closed = { lateFrames: 0, framesSent: 0, turns: 0 };
let probes: ((heap: Heap) => void)[] = [];

/** Resolves when `count` events of a type have come from now on. */
const waiting = new Map<string, { left: number; done: () => void }>();
const comes = (type: Heard["type"], count: number): Promise<void> =>
  new Promise((done) => waiting.set(type, { left: count, done }));

const hear = (event: Heard): void => {
  if (event.type === "probed") {
    for (const settle of probes) settle(event.heap);
    probes = [];
  } else if (event.type === "opened") ports.set(event.callId, event.port);
  else if (event.type === "turn") {
    closed.turns++;
    if (store) inBackground(log, "store a turn", store.transcripts.put(TENANT, event.callId, event.turn));
  } else if (event.type === "closed") {
    closed.lateFrames += event.stats.lateFrames;
    closed.framesSent += event.stats.framesSent;
  } else if (event.type === "open-failed" || event.type === "media-lost" || event.type === "voice-lost") {
    log.error({ detail: event.detail }, event.type);
  } else if (event.type === "log" && event.level !== "info")
    log.error({ detail: event.message }, "the media thread says");
  const awaited = waiting.get(event.type);
  if (awaited && --awaited.left === 0) awaited.done();
};
thread.onmessage = ({ data }: MessageEvent<ThreadMessage | Probed>) => {
  if (!Array.isArray(data)) return hear(data);
  for (const event of data) hear(event);
};
thread.onerror = (event) => log.error({ detail: event.message }, "the media thread failed");

const probe = (collect: boolean): Promise<Heap> =>
  new Promise((settle) => {
    probes.push(settle);
    post({ type: "probe", collect });
  });

const meter = new UsageMeter(async () => {
  Bun.gc(true);
  return await probe(true);
});

const open = async (ask: Extract<Ask, { type: "open" }>): Promise<Results["open"]> => {
  const started = comes("started", 1);
  post({ meters: new Meters().buffer, rtpHost: "127.0.0.1", rtpFrom: RTP_FROM, rtpTo: RTP_TO });
  await started;
  store = await openBenchStore(join(ask.directory, "bench.sqlite"));
  callIds = await storeAnsweredCalls(store, ask.calls);
  await meter.before();
  const ready = comes("voice-ready", ask.calls);
  const opened = comes("opened", ask.calls);
  for (const [i, callId] of callIds.entries()) {
    post({
      type: "open",
      call: {
        callId,
        leg: { kind: "rtp" },
        voice: {
          kind: "openai-realtime",
          apiKey: "none",
          baseUrl: ask.voiceUrl,
          model: `bench-${i}`,
          voice: "marin",
          brief: { instructions: "Be brief.", opening: "Say who calls.", language: "en", tools: [] },
          safetyId: "bench",
        },
        recordingPath: join(ask.directory, `${i}.wav`),
      },
    });
  }
  await opened;
  await ready;
  for (const [i, callId] of callIds.entries()) {
    post({ type: "remote", callId, host: "127.0.0.1", port: ask.carrierPorts[i] ?? 0 });
  }
  return { ports: callIds.map((callId) => ports.get(callId) ?? 0) };
};

const obey = async (ask: Ask): Promise<Results[Ask["type"]]> => {
  switch (ask.type) {
    case "open":
      return await open(ask);
    case "prepare":
      for (const callId of callIds) post({ type: "prepare", callId });
      return null;
    case "answer":
      for (const i of ask.calls) post({ type: "answer", callId: callIds[i] ?? "" });
      await probe(false);
      return null;
    case "begin":
      await meter.begin();
      return null;
    case "end":
      return await meter.end();
    case "close": {
      const all = comes("closed", callIds.length);
      for (const callId of callIds) post({ type: "close", callId });
      await all;
      store?.close();
      return closed;
    }
  }
};
answerAsks(obey);
