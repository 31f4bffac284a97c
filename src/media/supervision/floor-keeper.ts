import type { Schedule } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { SupervisionMode } from "../../core/supervision.ts";
import type { MediaMessage } from "../engine/handle.ts";
import type { MediaCommand, SpokenLine, TranscriberSettings } from "../engine/protocol.ts";
import {
  type FloorAnswer,
  type FloorEffect,
  type FloorEvent,
  type FloorState,
  FREE_FLOOR,
  type Holder,
  type ModeCause,
  modeAt,
  speakerOf,
  stepFloor,
} from "./floor.ts";

/** How long the engine may take to confirm a mode, in ms; it needs one tick. */
const CONFIRM_MS = 3_000;
/** How often a caller is asked to wait, in ms: whoever hears nothing for much longer hangs up. */
const ASK_AGAIN_MS = 7_000;

/** What came of asking for a mode. `over`: the call ended meanwhile. */
export type KeeperAnswer = FloorAnswer | { ok: false; reason: "call-over"; why: string };

/** What the keeper needs. */
export interface FloorKeeperDeps {
  send(command: MediaCommand): void;
  schedule: Schedule;
  log: Log;
  /** Longest wait of a caller whose speaker was lost, in ms. */
  holdMs: number;
  /** Said to such a caller every few seconds; null while there is no sound for it. */
  holdPhrase(callId: string): SpokenLine | null;
  /** SSRC of this place's stream as the engine gets it; null without a microphone. */
  ssrcOf(seatId: string): number | null;
  /** A mode began or ended for a person. */
  note(callId: string, by: Holder, change: { from: SupervisionMode; to: SupervisionMode; why: ModeCause }): void;
  /** To one place, or with null to everybody on the call. */
  tell(callId: string, seatId: string | null, mode: SupervisionMode, why: string): void;
  /** Somebody's mode, or who is heard, is another. */
  changed(callId: string): void;
}

interface KeptFloor {
  state: FloorState;
  transcriber: TranscriberSettings | null;
  waiting: Map<number, (answer: KeeperAnswer) => void>;
  stopConfirming: () => void;
  stopHolding: () => void;
}

const nothing = (): void => {};
const CALL_OVER: KeeperAnswer = { ok: false, reason: "call-over", why: "This call is over." };

/** Keeps the floor of every supervised call: carries out what `stepFloor` asks for, and times it. */
export class FloorKeeper {
  readonly #deps: FloorKeeperDeps;
  readonly #floors = new Map<string, KeptFloor>();
  #tickets = 0;

  constructor(deps: FloorKeeperDeps) {
    this.#deps = deps;
  }

  /** How this place is on the call. */
  modeAt(callId: string, seatId: string): SupervisionMode {
    return modeAt(this.#floors.get(callId)?.state ?? FREE_FLOOR, seatId);
  }

  /** The place that is heard on this call; null when nobody's is. */
  speakerOf(callId: string): string | null {
    return speakerOf(this.#floors.get(callId)?.state ?? FREE_FLOOR);
  }

  /** The mode in which this person's floor waits for them, `takeover` after a loss, else `listen`. */
  waitingFor(callId: string, userId: string): SupervisionMode {
    const floor = this.#floors.get(callId)?.state.floor;
    return floor?.at === "lost" && floor.by.userId === userId ? "takeover" : "listen";
  }

  /** Asks for a mode; answered when the engine has confirmed it. `note` is for the agent that gets the call back. */
  ask(
    callId: string,
    by: Holder,
    wish: { mode: SupervisionMode; note: string; transcriber: TranscriberSettings | null },
  ): Promise<KeeperAnswer> {
    const kept = this.#floors.get(callId) ?? this.#keep(callId);
    const ticket = ++this.#tickets;
    if (wish.transcriber) kept.transcriber = wish.transcriber;
    return new Promise((answered) => {
      kept.waiting.set(ticket, answered);
      const hasMicrophone = this.#deps.ssrcOf(by.seatId) !== null;
      this.#step(callId, { type: "asked", ticket, by, mode: wish.mode, note: wish.note, hasMicrophone });
    });
  }

  /** The way from this place's microphone is closed. */
  microphoneLost(callId: string, seatId: string): void {
    this.#step(callId, { type: "microphone-lost", seatId });
  }

  /** The person at this place went on purpose. */
  left(callId: string, seatId: string): void {
    this.#step(callId, { type: "left", seatId });
  }

  /** The call is over. */
  callEnded(callId: string): void {
    const kept = this.#floors.get(callId);
    if (!kept) return;
    this.#floors.delete(callId);
    kept.stopConfirming();
    kept.stopHolding();
    for (const answer of kept.waiting.values()) answer(CALL_OVER);
  }

  /** What the media thread says; other events are ignored. */
  onMedia(event: MediaMessage): void {
    switch (event.type) {
      case "supervised":
        return this.#step(event.callId, { type: "confirmed", request: event.request, atMs: event.atMs });
      case "speaker-lost":
      case "speaker-back":
      case "transcriber-lost":
        return this.#step(event.callId, { type: event.type });
      case "media-died":
        this.close();
    }
  }

  /** Forgets all calls; whoever waits is told that the call is over. */
  close(): void {
    for (const callId of [...this.#floors.keys()]) this.callEnded(callId);
  }

  #keep(callId: string): KeptFloor {
    const kept: KeptFloor = {
      state: FREE_FLOOR,
      transcriber: null,
      waiting: new Map(),
      stopConfirming: nothing,
      stopHolding: nothing,
    };
    this.#floors.set(callId, kept);
    return kept;
  }

  #step(callId: string, event: FloorEvent): void {
    const kept = this.#floors.get(callId);
    if (!kept) return;
    const [state, effects] = stepFloor(kept.state, event);
    const isMoved = state.floor !== kept.state.floor;
    kept.state = state;
    if (state.change === null) kept.stopConfirming();
    for (const effect of effects) this.#perform(callId, kept, effect);
    if (isMoved) this.#deps.changed(callId);
  }

  #perform(callId: string, kept: KeptFloor, effect: FloorEffect): void {
    const { send, schedule, ssrcOf, holdPhrase, holdMs, note, tell, log } = this.#deps;
    switch (effect.do) {
      case "supervise": {
        const { request, mode, by } = effect;
        const transcriber = mode === "listen" ? null : kept.transcriber;
        const ssrc = by === null ? null : ssrcOf(by.seatId);
        send({ type: "supervise", callId, request, mode, ssrc, transcriber, note: effect.note });
        if (!effect.watched) return;
        kept.stopConfirming();
        kept.stopConfirming = schedule(() => {
          log.warn({ callId, mode }, "a mode of supervision was not confirmed");
          this.#step(callId, { type: "unconfirmed", request });
        }, CONFIRM_MS);
        return;
      }
      case "answer":
        kept.waiting.get(effect.ticket)?.(effect.answer);
        kept.waiting.delete(effect.ticket);
        return;
      case "hold-caller": {
        const askToWait = (): void => {
          const line = holdPhrase(callId);
          if (line) send({ type: "hold-phrase", callId, line });
        };
        kept.stopHolding();
        const timers = [schedule(() => this.#step(callId, { type: "waited-too-long" }), holdMs)];
        for (let ms = ASK_AGAIN_MS; ms < holdMs; ms += ASK_AGAIN_MS) timers.push(schedule(askToWait, ms));
        kept.stopHolding = () => {
          for (const stop of timers) stop();
        };
        return askToWait();
      }
      case "release-caller":
        return kept.stopHolding();
      case "note":
        return note(callId, effect.by, { from: effect.from, to: effect.to, why: effect.why });
      case "tell":
        return tell(callId, effect.seatId, effect.mode, effect.why);
    }
  }
}
