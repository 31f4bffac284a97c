import type { TransferTarget } from "../core/transfer.ts";
import type { CarrierEvent } from "../media/carriers/control.ts";
import { Attempt, type AttemptDeps } from "./attempt-run.ts";
import type { Consults } from "./consult.ts";

/** Somebody whom a supervisor connects a callee with; `warm` lets the agent speak with them in private first. */
export interface ConnectWish {
  to: TransferTarget;
  brief: string;
  warm: boolean;
  userId: string;
}

/** The live attempts of this process. */
export interface Attempts {
  /** Runs the attempt of a created call; resolves when it is over and settled. Never rejects. */
  start(tenantId: string, callId: string): Promise<void>;
  /** Hears the carrier. Events of calls that do not run here are ignored. */
  onCarrierEvent(event: CarrierEvent): void;
  /** Hangs up on a person's wish, `politely` once the agent has said goodbye; false when the call is not live. */
  hangUp(tenantId: string, callId: string, politely?: boolean): boolean;
  /** Presses keys on a person's wish, 0–9, * and #; false when the call is not live. */
  sendKeys(tenantId: string, callId: string, digits: string): boolean;
  /** Whether callees on this kind of carrier can be connected with somebody. */
  canConnect(carrier: string): boolean;
  /** Connects the callee with somebody on a supervisor's wish; false when the call is not live, or its carrier cannot. */
  connect(tenantId: string, callId: string, wish: ConnectWish): boolean;
  /** Hands the owner's answer to the call that asked; false when it does not run here or asks no more. */
  ownerAnswered(tenantId: string, callId: string, answer: { questionId: string; answer: string }): boolean;
  /** Language of a call that runs here, BCP 47; `en` for others. */
  languageOf(callId: string): string;
  /** Ids of the calls that run. */
  live(): string[];
  /** Hangs all calls up and waits until they are settled. */
  closeAll(): Promise<void>;
}

/** Joins scheduler, carrier, media thread and store into attempts that always end in a settled call. */
export const createAttempts = (deps: AttemptDeps): Attempts => {
  const running = new Map<string, Attempt>();
  const consults: Consults = new Map();
  deps.media.subscribe((message) => {
    if (message.type === "media-died") {
      for (const attempt of [...running.values()]) attempt.input(message);
      for (const consult of [...consults.values()]) consult.onMedia(message);
    } else if (message.type !== "log") {
      running.get(message.callId)?.onMedia(message);
      consults.get(message.callId)?.onMedia(message);
    }
  });
  return {
    start: async (tenantId, callId) => {
      const call = await deps.store.calls.get(tenantId, callId);
      if (!call || running.has(callId)) return;
      const attempt = new Attempt(deps, call, consults);
      running.set(callId, attempt);
      deps.metrics.callsStarted.inc({ carrier: call.carrier });
      deps.metrics.liveCalls.set(running.size);
      try {
        await attempt.run();
      } finally {
        running.delete(callId);
        deps.metrics.liveCalls.set(running.size);
      }
    },
    onCarrierEvent: (event) => {
      running.get(event.callId)?.onCarrier(event);
      consults.get(event.callId)?.onCarrier(event);
    },
    hangUp: (tenantId, callId, politely = false) => {
      if (running.get(callId)?.tenantId !== tenantId) return false;
      return deps.commands.send(callId, { type: "hang_up", politely });
    },
    sendKeys: (tenantId, callId, digits) => {
      if (running.get(callId)?.tenantId !== tenantId) return false;
      return deps.commands.send(callId, { type: "send_dtmf", digits, toolCallId: null });
    },
    canConnect: (kind) => deps.carrierFor(kind).connect !== undefined,
    connect: (tenantId, callId, wish) => {
      const attempt = running.get(callId);
      if (attempt?.tenantId !== tenantId || !attempt.canConnect) return false;
      return deps.commands.send(callId, { type: "connect", ...wish });
    },
    ownerAnswered: (tenantId, callId, answer) => {
      if (running.get(callId)?.tenantId !== tenantId) return false;
      return deps.commands.send(callId, { type: "owner_answered", ...answer });
    },
    languageOf: (callId) => running.get(callId)?.language ?? "en",
    live: () => [...running.keys()],
    closeAll: async () => {
      const open = [...running.values()];
      for (const attempt of open) attempt.input({ type: "shut-down" });
      for (const consult of [...consults.values()]) consult.stop();
      await Promise.all(open.map((attempt) => attempt.over));
    },
  };
};
