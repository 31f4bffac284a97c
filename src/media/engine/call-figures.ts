import { FRAME_MS } from "../audio/frame.ts";
import { levelDbov } from "../audio/level.ts";
import type { LegCounters } from "../carriers/leg.ts";
import { METER, type Meters } from "./meters.ts";
import type { CallStats } from "./protocol.ts";

/** How fast a level falls back, per frame. */
const LEVEL_FALL = 0.6;
/** Turn latencies kept per call; later ones are told but not kept. */
const MAX_LATENCIES = 2000;

/** What is measured on one call while it runs: for the shared meters, ten times a second, and for its end. */
export class CallFigures {
  framesSent = 0;
  lateFrames = 0;
  maxQueueMs = 0;
  bargeIns = 0;
  readonly #meters: Meters;
  readonly #slot: number;
  #calleeLevel = 0;
  #agentLevel = 0;
  #lastCalleeVoicedMs = -1;
  #awaitingReply = false;
  #firstWordMs: number | null = null;
  readonly #latencies: number[] = [];

  constructor(meters: Meters, slot: number) {
    this.#meters = meters;
    this.#slot = slot;
  }

  /** One frame of the callee, as its mean square. */
  callee(energy: number, voiced: boolean, nowMs: number): void {
    this.#calleeLevel = Math.max(energy, this.#calleeLevel * LEVEL_FALL);
    if (!voiced) return;
    this.#lastCalleeVoicedMs = nowMs;
    this.#awaitingReply = true;
  }

  /** One frame of the agent, as its mean square. */
  agent(energy: number): void {
    this.#agentLevel = Math.max(energy, this.#agentLevel * LEVEL_FALL);
  }

  /** The agent's frame was voiced. Returns how long the callee waited for this answer in ms, or −1 if it is none. */
  reply(nowMs: number, atMs: number): number {
    if (this.#firstWordMs === null) this.#firstWordMs = atMs;
    if (!this.#awaitingReply) return -1;
    this.#awaitingReply = false;
    const ms = nowMs - this.#lastCalleeVoicedMs;
    // Less than two frames apart is talking at the same time, not an answer.
    if (ms < 2 * FRAME_MS) return -1;
    if (this.#latencies.length < MAX_LATENCIES) this.#latencies.push(ms);
    return ms;
  }

  /** Somebody else answers the callee: what the agent says next is no answer. */
  noReply(): void {
    this.#awaitingReply = false;
  }

  /** Writes the call's row in the meters. */
  show(queueMs: number, calleeVoiced: boolean, agentSpeaks: boolean, counters: LegCounters | undefined): void {
    const meters = this.#meters;
    const slot = this.#slot;
    meters.set(slot, METER.calleeLevelDbov, levelDbov(this.#calleeLevel));
    meters.set(slot, METER.agentLevelDbov, levelDbov(this.#agentLevel));
    meters.set(slot, METER.calleeVoiced, calleeVoiced ? 1 : 0);
    meters.set(slot, METER.agentVoiced, agentSpeaks ? 1 : 0);
    meters.set(slot, METER.queueMs, queueMs);
    meters.set(slot, METER.framesSent, this.framesSent);
    meters.set(slot, METER.lateFrames, this.lateFrames);
    if (!counters) return;
    meters.set(slot, METER.jitterMs, counters.jitterMs);
    meters.set(slot, METER.packetsReceived, counters.packetsReceived);
    meters.set(slot, METER.packetsLost, counters.packetsLost);
  }

  /** The call is over: its row is free. */
  clear(): void {
    this.#meters.clear(this.#slot);
  }

  /** All that was measured. */
  stats(counters: LegCounters | undefined, droppedSpeechMs: number): CallStats {
    return {
      lateFrames: this.lateFrames,
      framesSent: this.framesSent,
      packetsReceived: counters?.packetsReceived ?? 0,
      packetsLost: counters?.packetsLost ?? 0,
      packetsLate: counters?.packetsLate ?? 0,
      packetsReordered: counters?.packetsReordered ?? 0,
      packetsDuplicate: counters?.packetsDuplicate ?? 0,
      framesConcealed: counters?.framesConcealed ?? 0,
      jitterMs: counters?.jitterMs ?? 0,
      maxQueueMs: this.maxQueueMs,
      droppedSpeechMs,
      bargeIns: this.bargeIns,
      turnLatenciesMs: this.#latencies,
      firstWordMs: this.#firstWordMs,
    };
  }
}
