import type { SupervisionMode } from "../../src/core/supervision.ts";

/** What the load asks a host or a floor to do; each ask is answered once, by the result of its type. */
export type Ask =
  /** Opens all calls up to the point where they can be answered. */
  | { type: "open"; calls: number; voiceUrl: string; carrierPorts: number[]; directory: string }
  /** The phones ring: the openings are made. */
  | { type: "prepare" }
  /** These calls are answered; the result comes when frames flow. */
  | { type: "answer"; calls: number[] }
  /** A supervisor's mode on one call; the result comes when it is in force. */
  | { type: "supervise"; call: number; mode: SupervisionMode; ssrc: number | null }
  /** So many listeners on one call, whose packets go to this port. */
  | { type: "listen"; call: number; listeners: number; port: number }
  /** Frames that were late so far. */
  | { type: "late" }
  /** The measuring window begins. */
  | { type: "begin" }
  /** It ends. */
  | { type: "end" }
  /** All calls end. */
  | { type: "close" };

/** What a process has used since the window began, and what its calls take. */
export interface Usage {
  cpuMs: number;
  wallMs: number;
  /** Memory of the process, in bytes: before the calls were opened, at the start and at the end of the window. */
  rssBefore: number;
  rssBegin: number;
  rssEnd: number;
  /** Live heap after a forced collection, in bytes and objects, at the same three moments. */
  heapBefore: Heap;
  heapBegin: Heap;
  heapEnd: Heap;
}

export interface Heap {
  bytes: number;
  objects: number;
}

/** Frames whose sending was more than 5 ms after its deadline by the host's own count, and all frames. */
export interface Lateness {
  lateFrames: number;
  framesSent: number;
}

/** How a host's calls ended. */
export interface Closed extends Lateness {
  /** Turns that were stored. */
  turns: number;
}

/** The result of each ask. */
export interface Results {
  /** Where each call takes packets, and where supervisors' voices are taken. */
  open: { ports: number[]; supervisorPort: number };
  prepare: null;
  answer: null;
  supervise: null;
  listen: null;
  late: Lateness;
  begin: null;
  end: Usage;
  close: Closed;
}

export type AskMessage = { id: number; ask: Ask };
export type AnswerMessage = { id: number; result: unknown } | { id: number; failed: string };
