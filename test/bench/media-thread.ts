/** The media thread as it is, with one more message: a `probe` is answered by the thread's live heap. */
import "../../src/media/engine/worker.ts";
import type { Heap } from "./child-protocol.ts";
import { liveHeap } from "./usage-meter.ts";

declare const self: Worker;

/** Asked of the thread; the engine takes it for a command about no call of its own. */
export interface Probe {
  type: "probe";
  /** Without it the answer only tells that all earlier messages have been taken. */
  collect: boolean;
}
export interface Probed {
  type: "probed";
  heap: Heap;
}

self.addEventListener("message", ({ data }: MessageEvent<Probe>) => {
  if (data.type !== "probe") return;
  const heap = data.collect ? liveHeap() : { bytes: 0, objects: 0 };
  self.postMessage({ type: "probed", heap } satisfies Probed);
});
