import type { Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Call } from "../core/store/call-record.ts";
import type { TransferFailure } from "../core/transfer.ts";
import type { CarrierControl, CarrierEvent } from "../media/carriers/control.ts";
import type { MediaMessage } from "../media/engine/handle.ts";
import type { MediaCommand, VoiceSettings, VoiceUsage } from "../media/engine/protocol.ts";
import {
  CONSULT_START,
  type ConsultEffect,
  type ConsultInput,
  type ConsultState,
  stepConsult,
} from "./consult-machine.ts";

/** How long leg and voice may take to be opened, in ms. */
const OPEN_TIMEOUT_MS = 15_000;
/** How long their phone may ring, in ms. */
const RING_TIMEOUT_MS = 30_000;
/** How long the media thread may take to tell that a consult is closed, in ms; usage still comes until then. */
const CLOSE_TIMEOUT_MS = 5000;

/** The consults of this process by their id: what media thread and carrier say about them is handed to them. */
export type Consults = Map<string, Consult>;

/** What a consult stands on. */
export interface ConsultDeps {
  /** Its id in the media thread and the carrier: letters, digits and _ only, no start of another one. */
  id: string;
  /** The call whose callee is to be handed over. */
  call: Call;
  /** E.164, with `+`. */
  phone: string;
  carrier: CarrierControl;
  /** The voice that briefs them. */
  openVoice: () => Promise<VoiceSettings>;
  /** Where the carrier sends their packets. */
  rtpHost: string;
  send: (command: MediaCommand) => void;
  schedule: Schedule;
  log: Log;
  consults: Consults;
  /** They answered, and are briefed from now on. */
  onAnswer: () => void;
  /** What came of it, once; nothing after `giveUp` and `stop`. */
  onOutcome: (outcome: "joined" | TransferFailure) => void;
  onUsage: (usage: VoiceUsage) => void;
}

/**
 * A private word with somebody before a callee is handed to them: a call of its own in carrier and media thread, which
 * is neither stored nor recorded. Feeds the rules of `consult-machine` and carries out what they ask for. It keeps
 * itself in `consults` from `start` until nothing of it is left.
 */
export class Consult {
  readonly #deps: ConsultDeps;
  #state: ConsultState = CONSULT_START;
  #stopWaiting = (): void => {};

  constructor(deps: ConsultDeps) {
    this.#deps = deps;
  }

  /** Opens media and voice, then rings. */
  start(): void {
    const { consults, id, log } = this.#deps;
    consults.set(id, this);
    this.#wait(OPEN_TIMEOUT_MS);
    inBackground(log, "open a consult", this.#open());
  }

  async #open(): Promise<void> {
    const { id: callId, openVoice, send, log } = this.#deps;
    try {
      const voice = await openVoice();
      if (this.#state.at !== "opening") return;
      // A voice that only plays sentences cannot brief anybody.
      if (voice.kind === "scripted") return this.#input({ type: "open-failed", why: "no-consult" });
      const leg = { kind: "rtp" } as const;
      send({ type: "open", call: { callId, leg, voice, recordingPath: null, supervisorPath: null } });
    } catch (thrown) {
      log.error({ problem: messageOf(thrown) }, "a consult could not be opened");
      this.#input({ type: "open-failed", why: "failed" });
    }
  }

  /** The callee has gone, or goes another way: whoever is being briefed is told and let go. */
  giveUp(): void {
    this.#input({ type: "give-up" });
  }

  /** Ends everything at once. */
  stop(): void {
    this.#input({ type: "stop" });
  }

  /** What the carrier says about it. */
  onCarrier(event: CarrierEvent): void {
    switch (event.type) {
      case "ringing":
      case "answered":
        return this.#input({ type: event.type });
      case "media":
        return this.#input({ type: "carrier-media", host: event.host, port: event.port });
      case "ended":
        return this.#input({ type: "ended", why: unreached(event.disposition) });
    }
  }

  /** What the media thread says about it. */
  onMedia(event: MediaMessage): void {
    switch (event.type) {
      case "opened":
        return this.#input({ type: "opened", port: event.port });
      case "open-failed":
        this.#input({ type: "open-failed", why: "failed" });
        return this.#forget();
      case "voice-lost":
        return event.recovered ? undefined : this.#input({ type: "voice-lost" });
      case "media-lost":
        return this.#input({ type: "media-lost" });
      case "drained":
        return this.#input({ type: "drained" });
      case "usage":
        return this.#deps.onUsage(event.usage);
      case "tool-call":
        return this.#decided(event.name, event.toolCallId);
      case "closed":
        this.#input({ type: "media-lost" });
        return this.#forget();
      case "media-died":
        this.stop();
        return this.#forget();
    }
  }

  #decided(name: string, toolCallId: string): void {
    if (this.#state.at !== "talking") return this.#reply(toolCallId, "That is decided already.", false);
    if (name === "accept_call") return this.#input({ type: "accept", toolCallId });
    if (name === "decline_call") return this.#input({ type: "decline", toolCallId });
    this.#reply(toolCallId, "There is no such tool.", true);
  }

  #input(input: ConsultInput): void {
    const [state, effects] = stepConsult(this.#state, input);
    this.#state = state;
    if (state.at === "over") this.#stopWaiting();
    for (const effect of effects) {
      try {
        this.#perform(effect);
      } catch (thrown) {
        // What follows, the outcome above all, is still to be told.
        this.#deps.log.error({ step: effect.do, problem: messageOf(thrown) }, "a step of a consult failed");
      }
    }
  }

  #perform(effect: ConsultEffect): void {
    const { id: callId, send, log, carrier, onAnswer, onOutcome } = this.#deps;
    switch (effect.do) {
      case "originate":
        return inBackground(log, "ring somebody for a consult", this.#originate(effect.port));
      case "prepare":
        return send({ type: "prepare", callId });
      case "set-remote":
        return send({ type: "remote", callId, host: effect.host, port: effect.port });
      case "answer":
        send({ type: "answer", callId });
        return onAnswer();
      case "reply":
        return this.#reply(effect.toolCallId, REPLY[effect.decision], effect.decision === "decline");
      case "say":
        return send({ type: "say", callId, instructions: SAY[effect.why] });
      case "drain":
        return send({ type: "drain", callId, maxMs: effect.maxMs, expectSpeech: effect.expectSpeech });
      case "wait":
        return this.#wait(effect.ms);
      case "join":
        return inBackground(log, "hand a callee to somebody", this.#join());
      case "hang-up":
        return inBackground(log, "hang a consult up", carrier.hangUp(callId));
      case "close":
        return this.#close();
      case "tell":
        return onOutcome(effect.outcome);
    }
  }

  async #originate(mediaPort: number): Promise<void> {
    const { id: callId, call, phone: to, carrier, rtpHost: mediaHost, log } = this.#deps;
    try {
      const answer = await carrier.originate({
        callId,
        to,
        timeoutMs: RING_TIMEOUT_MS,
        mediaHost,
        mediaPort,
        ...(call.from === null ? {} : { from: call.from }),
        ...(call.organization === "" ? {} : { callerName: call.organization }),
      });
      if (!answer.ok) this.#input({ type: "ended", why: unreached(answer.disposition) });
    } catch (thrown) {
      log.error({ problem: messageOf(thrown) }, "somebody could not be rung for a consult");
      this.#input({ type: "ended", why: "failed" });
    }
  }

  async #join(): Promise<void> {
    const { id, call, carrier, log } = this.#deps;
    try {
      const answer = await carrier.join?.(id, call.id);
      this.#input({ type: answer?.ok ? "joined" : "join-failed" });
    } catch (thrown) {
      log.error({ problem: messageOf(thrown) }, "somebody could not be connected with the callee");
      this.#input({ type: "join-failed" });
    }
  }

  #reply(toolCallId: string, output: string, respond: boolean): void {
    this.#deps.send({ type: "tool-result", callId: this.#deps.id, toolCallId, output, respond });
  }

  #wait(ms: number): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#deps.schedule(() => this.#input({ type: "time-limit" }), ms);
  }

  #close(): void {
    const { id: callId, send, schedule } = this.#deps;
    this.#stopWaiting = schedule(() => this.#forget(), CLOSE_TIMEOUT_MS);
    send({ type: "close", callId });
  }

  #forget(): void {
    const { consults, id } = this.#deps;
    this.#stopWaiting();
    if (consults.get(id) === this) consults.delete(id);
  }
}

/** Why somebody was not reached by telephone. */
export const unreached = (disposition: NonNullable<Call["disposition"]>): TransferFailure =>
  WHY[disposition] ?? "failed";

const WHY: Partial<Record<NonNullable<Call["disposition"]>, TransferFailure>> = {
  busy: "busy",
  "no-answer": "no-answer",
  rejected: "no-answer",
  cancelled: "call-over",
};
const REPLY = {
  accept: "They are being connected with the caller. Say nothing more.",
  decline: "Thank them in a few words and say goodbye, nothing else. The line is cut after it.",
} as const;
const SAY = {
  "no-decision":
    "They did not say in time whether they take the caller. Say that you stay with the caller yourself, thank them and say goodbye, nothing else. The line is cut after it.",
  "callee-left":
    "The caller is not on the line any more. Tell them so, thank them and say goodbye, nothing else. The line is cut after it.",
} as const;
