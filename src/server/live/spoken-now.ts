import { REACH } from "../../core/supervision.ts";
import { METER, type Meters } from "../../media/engine/meters.ts";
import type { MediaEvent } from "../../media/engine/protocol.ts";
import type { PartialTurn } from "../components/transcript.tsx";

/** Unfinished turns kept for one call; the oldest goes first. Two people rarely have more than two. */
const MAX_PARTIALS = 6;
/** Longest unfinished turn kept, in characters; its end is what is new. */
const MAX_CHARS = 4000;

/** Loudness of both parties in dBov, −127 silence … 0. */
export interface Levels {
  callee: number;
  agent: number;
}

interface Spoken {
  slot: number;
  /** Whether the callee hears what a supervisor says; without that knowledge nobody may take it for heard. */
  supervisorIsHeard: boolean;
  partials: Map<string, PartialTurn>;
  listeners: Set<() => void>;
}

/** What the server hears of the media thread. */
export interface MediaNews {
  readonly meters: Meters;
  subscribe(listener: (event: MediaEvent | { type: "media-died" }) => void): () => void;
}

/**
 * What is being said on live calls at this moment: words of turns that are not stored yet, and loudness. Kept for pages
 * only and forgotten when the call closes.
 */
export class SpokenNow {
  readonly #meters: Meters;
  readonly #calls = new Map<string, Spoken>();
  readonly #stop: () => void;
  constructor(media: MediaNews) {
    this.#meters = media.meters;
    this.#stop = media.subscribe((event) => this.#hear(event));
  }
  /** Unfinished turns of a call, by their beginning. */
  partials(callId: string): PartialTurn[] {
    return [...(this.#calls.get(callId)?.partials.values() ?? [])].sort((a, b) => a.atMs - b.atMs);
  }
  /** Loudness now; null for calls whose media is not open. */
  levels(callId: string): Levels | null {
    const slot = this.#calls.get(callId)?.slot ?? -1;
    if (slot < 0) return null;
    return {
      callee: this.#meters.get(slot, METER.calleeLevelDbov),
      agent: this.#meters.get(slot, METER.agentLevelDbov),
    };
  }
  /** Calls `changed` when unfinished words of a call change; the answer stops it. */
  listen(callId: string, changed: () => void): () => void {
    const spoken = this.#of(callId);
    spoken.listeners.add(changed);
    return () => {
      spoken.listeners.delete(changed);
      this.#forgetIfIdle(callId, spoken);
    };
  }
  /** Stops hearing the media thread. */
  close(): void {
    this.#stop();
    this.#calls.clear();
  }
  #of(callId: string): Spoken {
    let spoken = this.#calls.get(callId);
    if (!spoken) {
      spoken = { slot: -1, supervisorIsHeard: false, partials: new Map(), listeners: new Set() };
      this.#calls.set(callId, spoken);
    }
    return spoken;
  }
  #forgetIfIdle(callId: string, spoken: Spoken): void {
    if (spoken.slot < 0 && spoken.partials.size === 0 && spoken.listeners.size === 0) this.#calls.delete(callId);
  }
  #hear(event: MediaEvent | { type: "media-died" }): void {
    switch (event.type) {
      case "opened":
        this.#of(event.callId).slot = event.slot;
        return;
      case "partial": {
        const { partials, supervisorIsHeard } = this.#of(event.callId);
        // A turn stays what it was begun as: a mode that changes meanwhile is about what comes after it.
        const whispered = partials.get(event.key)?.whispered ?? (event.speaker === "supervisor" && !supervisorIsHeard);
        const text = event.text.length > MAX_CHARS ? `…${event.text.slice(-MAX_CHARS)}` : event.text;
        partials.set(event.key, { key: event.key, speaker: event.speaker, text, atMs: event.atMs, whispered });
        if (partials.size > MAX_PARTIALS) partials.delete(partials.keys().next().value as string);
        return this.#ring(event.callId);
      }
      case "turn":
        this.#calls.get(event.callId)?.partials.delete(event.turn.key);
        return this.#ring(event.callId);
      case "supervised": {
        const spoken = this.#calls.get(event.callId);
        if (spoken) spoken.supervisorIsHeard = REACH[event.mode] >= REACH.barge;
        return;
      }
      case "closed":
        return this.#over(event.callId);
      case "media-died":
        for (const callId of [...this.#calls.keys()]) this.#over(callId);
        return;
      default:
        return;
    }
  }
  #over(callId: string): void {
    const spoken = this.#calls.get(callId);
    if (!spoken) return;
    spoken.slot = -1;
    spoken.partials.clear();
    this.#ring(callId);
    this.#forgetIfIdle(callId, spoken);
  }
  #ring(callId: string): void {
    for (const changed of this.#calls.get(callId)?.listeners ?? []) changed();
  }
}
