import type { ConnectWish } from "../agents/attempts.ts";
import type { CommandReader } from "../agents/command-reader.ts";
import type { Bus } from "../core/bus.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Store } from "../core/store/open.ts";
import type { CarrierControl } from "../media/carriers/control.ts";
import type { Supervision } from "../media/supervision/signalling.ts";
import type { HealthProbe } from "./api/health.ts";
import type { Assets } from "./assets.ts";
import type { AttentionBoard } from "./attention-watch.ts";
import type { Actor } from "./auth/actor.ts";
import type { EndedSessions } from "./auth/ended-sessions.ts";
import type { LivePace } from "./live/live-stream.ts";
import type { MediaNews } from "./live/spoken-now.ts";
import type { Planning } from "./planning.ts";
import type { Talk } from "./talk.ts";

/** What the server is built from. Everything that lives longer than a request is handed in. */
export interface AppParts {
  store: Store;
  bus: Bus;
  log: Log;
  metrics: Metrics;
  clock: Clock;
  schedule: Schedule;
  /** The local owner: who asks until accounts exist. */
  owner: Actor;
  /** Signs sessions and form tokens; kept over restarts, or open pages and sessions end with the process. */
  secret: string;
  /** Sessions that were signed out. */
  endedSessions: EndedSessions;
  authToken: string | null;
  /** Whether only this machine can reach us. */
  isLoopback: boolean;
  publicUrl: string | null;
  /** Absolute path of the folder that recordings are relative to. */
  dataDir: string;
  carrier: Pick<CarrierControl, "kind" | "health" | "capacity">;
  /** Kind of voice that speaks, such as `scripted`. */
  voice: string;
  attempts: {
    /** `politely`: the agent says goodbye first. */
    hangUp(tenantId: string, callId: string, politely: boolean): boolean | Promise<boolean>;
    /** Whether callees on this kind of carrier can be connected with somebody. */
    canConnect(carrier: string): boolean;
    /** Connects the callee with somebody; false when the call does not run here or its carrier cannot. */
    connect(tenantId: string, callId: string, wish: ConnectWish): boolean;
    /** Hands an answer in time to the call that asked; false when it asks no more. */
    ownerAnswered(tenantId: string, callId: string, answer: { questionId: string; answer: string }): boolean;
  };
  scheduler: { kick(): void };
  planning: Planning;
  /** Reads commands that the rules do not understand; null without a text model. */
  readCommand: CommandReader | null;
  media: MediaNews;
  talk: Pick<Talk, "attach" | "missing">;
  supervision: Pick<Supervision, "attach" | "present">;
  /** Guidance in text for the agent of a live call. */
  whisper: Supervision["whisper"];
  /** How much live calls need a person. */
  attention: AttentionBoard;
  /** Parts that health pages ask, most important first. */
  probes: readonly HealthProbe[];
  assets: Pick<Assets, "url" | "respond">;
  /** Longest wait for the scheduler's decision on a new task, in ms. */
  decisionMs: number;
  pace: LivePace;
}
