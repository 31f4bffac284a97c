/** Most calls one engine holds; each has one row in the shared meters. */
export const MAX_ENGINE_CALLS = 1024;

/** Columns of a call's row. Levels are dBov (−127 silence … 0 clipping), times are ms, the rest are counts. */
export const METER = {
  calleeLevelDbov: 0,
  agentLevelDbov: 1,
  calleeVoiced: 2,
  agentVoiced: 3,
  queueMs: 4,
  jitterMs: 5,
  packetsReceived: 6,
  packetsLost: 7,
  framesSent: 8,
  lateFrames: 9,
} as const;

const COLUMNS = 12;
/** Rows before the calls': figures of the tick itself. */
const TICK_COLUMNS = 12;

/** Columns of the tick's own row. */
export const TICK = { ticks: 0, lateTicks: 1, lastLatenessMs: 2, maxLatenessMs: 3, busyMs: 4, calls: 5 } as const;

/**
 * Figures the media thread writes and the main thread reads whenever it likes, without a message: one row of 64-bit
 * floats a call in shared memory, updated ten times a second. A reader may see a row half updated; each figure by itself
 * is whole.
 */
export class Meters {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Float64Array;
  constructor(buffer = new SharedArrayBuffer((TICK_COLUMNS + MAX_ENGINE_CALLS * COLUMNS) * 8)) {
    this.buffer = buffer;
    this.#cells = new Float64Array(buffer);
  }
  get(slot: number, column: number): number {
    return this.#cells[TICK_COLUMNS + slot * COLUMNS + column] ?? 0;
  }
  set(slot: number, column: number, value: number): void {
    this.#cells[TICK_COLUMNS + slot * COLUMNS + column] = value;
  }
  tick(column: number): number {
    return this.#cells[column] ?? 0;
  }
  setTick(column: number, value: number): void {
    this.#cells[column] = value;
  }
  /** Zeroes a row before its next call. */
  clear(slot: number): void {
    const from = TICK_COLUMNS + slot * COLUMNS;
    this.#cells.fill(0, from, from + COLUMNS);
  }
}
