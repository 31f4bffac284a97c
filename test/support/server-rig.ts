import { scriptedModel } from "../../src/agents/models/scripted.ts";
import { scriptedPlanner } from "../../src/agents/models/scripted-planner.ts";
import { createOrchestrator } from "../../src/agents/orchestrator.ts";
import { createPlanner } from "../../src/agents/planner.ts";
import { scriptedLookUps } from "../../src/agents/tools/scripted-look-ups.ts";
import { createBus } from "../../src/core/bus.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/core/metrics.ts";
import type { Call } from "../../src/core/store/call-record.ts";
import { openStore, type Store } from "../../src/core/store/open.ts";
import type { NewTask, Task } from "../../src/core/store/task-record.ts";
import { Meters } from "../../src/media/engine/meters.ts";
import type { MediaEvent } from "../../src/media/engine/protocol.ts";
import { storeProbe } from "../../src/server/api/health.ts";
import { createApp } from "../../src/server/app.tsx";
import type { AppParts } from "../../src/server/app-parts.ts";
import { AttentionWatch } from "../../src/server/attention-watch.ts";
import { UNDO_MS } from "../../src/server/planning.ts";
import { ManualSchedule } from "./manual-schedule.ts";

/** What the fake scheduler does with due tasks when it is woken. */
export type Dialing = "dials" | "waits" | { refuses: string; nextActionAt: number | null };

/** A number that the numbering plan has and nobody owns. */
export const PHONE = "+12025550100";

/** Lets promises and streams that are ready go on. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
};

/** The whole server over a fresh store, with a scheduler, attempts, media and supervision that only remember. */
export const openServer = async (changes: Partial<AppParts> & { dialing?: Dialing } = {}) => {
  const clock = new ManualClock();
  const timers = new ManualSchedule();
  const lines: string[] = [];
  const log = createLog({ level: "debug", destination: { write: (line) => lines.push(line) } });
  const bus = createBus(log);
  const store = await openStore({ path: ":memory:", clock, bus });
  const tenant = await store.tenants.ensureDefault();
  const owner = await store.users.ensureOwner(tenant.id);
  const { dialing: firstDialing = "dials", ...overrides } = changes;
  const state = {
    dialing: firstDialing as Dialing,
    kicks: 0,
    hungUp: [] as string[],
    ownerAnswers: [] as string[],
    canConnect: true,
    connected: [] as string[],
    whispers: [] as string[],
    attached: 0,
  };

  const dialDue = async (): Promise<void> => {
    if (state.dialing === "waits") return;
    for (const task of await store.tasks.claimDue(tenant.id, { now: clock.now(), leaseMs: 1000, limit: 10 })) {
      if (state.dialing === "dials") await newCall(store, clock, task, task.leaseToken);
      else {
        const { refuses: reason, nextActionAt } = state.dialing;
        const status = nextActionAt === null ? "failed_conclusive" : "pending";
        await store.tasks.refuse(tenant.id, task.id, task.leaseToken, { reason, nextActionAt, status });
      }
    }
  };

  const listeners = new Set<(event: MediaEvent | { type: "media-died" }) => void>();
  const planner = createPlanner({
    store,
    model: scriptedModel({ roles: { planner: scriptedPlanner } }),
    lookUps: scriptedLookUps(clock),
    clock,
    log,
    zone: "Europe/Prague",
  });
  const orchestrator = createOrchestrator({ store, clock, log, model: null, undoMs: UNDO_MS });
  const media: AppParts["media"] = {
    meters: new Meters(),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const { supervision } = overrides;
  const isSupervised = (callId: string): boolean => (supervision?.present(callId).length ?? 0) > 0;
  const parts: AppParts = {
    planning: {
      planner,
      schedule: (tenantId, confirmed) => orchestrator.execute(tenantId, confirmed),
      hours: { window: { from: 0, to: 1440 }, onHolidays: true },
      usdPerMinute: 0,
      isScripted: true,
      from: null,
      zone: "Europe/Prague",
    },
    readCommand: null,
    store,
    bus,
    log,
    metrics: createMetrics(),
    clock,
    schedule: timers.schedule,
    owner: { tenantId: tenant.id, userId: owner.id, name: owner.name, roles: owner.roles },
    secret: "a secret of this test",
    endedSessions: new Set(),
    authToken: null,
    isLoopback: true,
    publicUrl: null,
    dataDir: "/nonexistent",
    carrier: { kind: "scripted", health: () => ({ state: "up", detail: "Plays." }), capacity: () => 10 },
    voice: "scripted",
    attempts: {
      hangUp: (_tenantId, callId, politely) => {
        state.hungUp.push(politely ? `${callId} after a goodbye` : callId);
        return true;
      },
      canConnect: () => state.canConnect,
      connect: (_tenantId, callId, { to, warm, brief }) => {
        const first = warm ? `, told first: ${brief}` : "";
        if (state.canConnect) state.connected.push(`${callId}: ${to.name} ${to.phone}${first}`);
        return state.canConnect;
      },
      ownerAnswered: (_tenantId, callId, { answer }) => {
        state.ownerAnswers.push(`${callId}: ${answer}`);
        return true;
      },
    },
    scheduler: {
      kick: () => {
        state.kicks++;
        dialDue().catch((thrown) => lines.push(String(thrown)));
      },
    },
    media,
    attention: new AttentionWatch({ media, bus, store, clock, schedule: timers.schedule, log, isSupervised }),
    talk: { attach: () => ({ message() {}, closed() {} }), missing: () => null },
    supervision: {
      attach: () => {
        state.attached++;
        return { message() {}, closed() {} };
      },
      present: () => [],
    },
    whisper: async (_actor, callId, { text, now }) => {
      state.whispers.push(`${callId}: ${text}${now ? " (now)" : ""}`);
      return { ok: true };
    },
    probes: [storeProbe(store)],
    assets: { url: (path) => path, respond: () => new Response("asset") },
    decisionMs: 3000,
    pace: { gapMs: 250, beatMs: 15_000 },
    ...overrides,
  };
  const app = createApp(parts);
  return {
    app,
    parts,
    store,
    bus,
    clock,
    timers,
    state,
    lines,
    tenantId: tenant.id,
    /** Says something as the media thread. */
    media: (event: MediaEvent | { type: "media-died" }) => {
      for (const listener of listeners) listener(event);
    },
    /** A GET as a person's browser sends it. */
    page: (path: string, headers: Record<string, string> = {}) =>
      app.request(path, { headers: { accept: "text/html", ...headers } }),
    /** A POST of JSON as a client without a browser sends it. */
    json: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    /** A form posted by one of our own pages. */
    form: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      app.request(path, {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          accept: "text/html",
          origin: "http://localhost",
          "sec-fetch-site": "same-origin",
          ...headers,
        },
        body: new URLSearchParams(fields).toString(),
      }),
    /** A task and its call, created but not begun. */
    call: async (task: Partial<NewTask> = {}): Promise<Call> => {
      await store.tasks.create(tenant.id, { phone: PHONE, action: "Ask for the opening hours.", ...task });
      const [claimed] = await store.tasks.claimDue(tenant.id, { now: clock.now(), leaseMs: 1000, limit: 1 });
      if (!claimed) throw new Error("the task was not due");
      return newCall(store, clock, claimed, claimed.leaseToken);
    },
  };
};

/** A server of a test. */
export type ServerRig = Awaited<ReturnType<typeof openServer>>;

const newCall = async (store: Store, clock: ManualClock, task: Task, leaseToken: number): Promise<Call> => {
  const created = await store.calls.create(task.tenantId, {
    taskId: task.id,
    leaseToken,
    carrier: "scripted",
    voice: "scripted",
    to: task.phone,
    at: clock.now(),
  });
  if (!created.ok) throw new Error(created.reason);
  return created.call;
};

/** Brings a call from its creation to talking. */
export const answerCall = async ({ store, tenantId }: ServerRig, callId: string): Promise<void> => {
  await store.calls.initiating(tenantId, callId);
  await store.calls.dialing(tenantId, callId);
  await store.calls.ringing(tenantId, callId);
  await store.calls.answer(tenantId, callId);
};

/** Ends a call that talks, 42 s after its answer. */
export const endCall = async ({ store, tenantId, clock }: ServerRig, callId: string): Promise<void> => {
  clock.advance(42_000);
  await store.calls.settle(tenantId, callId, {
    cause: "agent-hung-up",
    disposition: "answered",
    at: clock.now(),
  });
};
