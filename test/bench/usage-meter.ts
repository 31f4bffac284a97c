import { heapStats } from "bun:jsc";
import type { Heap, Usage } from "./child-protocol.ts";

/** The live heap of this thread after a forced collection. */
export const liveHeap = (): Heap => {
  Bun.gc(true);
  const { heapSize, objectCount } = heapStats();
  return { bytes: heapSize, objects: objectCount };
};

/**
 * Processor time and memory of this process over a window. Collections are forced outside the window, so that they cost
 * nobody's time. `heap` looks at the thread that carries the calls.
 */
export class UsageMeter {
  readonly #heap: () => Promise<Heap>;
  #before: { rss: number; heap: Heap } | null = null;
  #begin: { rss: number; heap: Heap; cpu: NodeJS.CpuUsage; atMs: number } | null = null;

  constructor(heap: () => Promise<Heap>) {
    this.#heap = heap;
  }

  /** Nothing is open yet. */
  async before(): Promise<void> {
    const heap = await this.#heap();
    this.#before = { rss: process.memoryUsage.rss(), heap };
  }

  async begin(): Promise<void> {
    const heap = await this.#heap();
    this.#begin = { rss: process.memoryUsage.rss(), heap, cpu: process.cpuUsage(), atMs: performance.now() };
  }

  async end(): Promise<Usage> {
    const before = this.#before;
    const begin = this.#begin;
    if (!before || !begin) throw new Error("the window has not begun");
    const { user, system } = process.cpuUsage(begin.cpu);
    const wallMs = performance.now() - begin.atMs;
    const heapEnd = await this.#heap();
    return {
      cpuMs: (user + system) / 1000,
      wallMs,
      rssBefore: before.rss,
      rssBegin: begin.rss,
      rssEnd: process.memoryUsage.rss(),
      heapBefore: before.heap,
      heapBegin: begin.heap,
      heapEnd,
    };
  }
}
