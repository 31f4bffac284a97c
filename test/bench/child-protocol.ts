/** What the load asks a host or a floor to do; each ask is answered once, by the result of its type. */
export type Ask =
  /** Opens all calls up to the point where they can be answered. */
  | { type: "open"; calls: number; voiceUrl: string; carrierPorts: number[]; directory: string }
  /** The phones ring: the openings are made. */
  | { type: "prepare" }
  /** These calls are answered; the result comes when frames flow. */
  | { type: "answer"; calls: number[] }
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

/** How a host's calls ended. */
export interface Closed {
  /** Frames whose sending was more than 5 ms after its deadline by the host's own count, and all frames. */
  lateFrames: number;
  framesSent: number;
  /** Turns that were stored. */
  turns: number;
}

/** The result of each ask. */
export interface Results {
  /** Where each call takes packets. */
  open: { ports: number[] };
  prepare: null;
  answer: null;
  begin: null;
  end: Usage;
  close: Closed;
}

export type AskMessage = { id: number; ask: Ask };
export type AnswerMessage = { id: number; result: unknown } | { id: number; failed: string };
