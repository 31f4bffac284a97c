import { BROWSER_CARRIER } from "../../../core/call.ts";
import type { Schedule } from "../../../core/clock.ts";
import { assert, messageOf, OutsideError } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import type { RtpLegSettings } from "../../engine/protocol.ts";
import type {
  CarrierControl,
  CarrierEvent,
  CarrierHealth,
  CarrierListener,
  Originated,
  OriginateRequest,
} from "../control.ts";
import type { BrowserLine } from "./line.ts";

/** The page at the far end of a call. */
export interface BrowserPage {
  /** Both hear each other from now on. */
  answered(): void;
  /** The call is over; once. `why` is one sentence, empty where there is nothing to say. */
  over(why: string): void;
}

/** How long a browser may take to connect its sound once all is ready for it, in ms. */
const CONNECT_TIMEOUT_MS = 15_000;

const NOT_CONNECTED = "The browser's sound did not connect. Check that its network lets UDP through.";

type End = Pick<Extract<CarrierEvent, { type: "ended" }>, "cause" | "disposition" | "detail">;

interface BrowserCall {
  readonly line: BrowserLine;
  readonly page: BrowserPage;
  /** `seated` the page waits for the attempt · `placed` the attempt waits for the page · `talking` both are there. */
  at: "seated" | "placed" | "talking";
  isThrough: boolean;
  cancelTimer: () => void;
}

/** The carrier of calls between an agent and the person who tries it out in a browser. */
export interface BrowserControl extends CarrierControl {
  /** The line of a page that wants to talk becomes the callee's end of this call; before its attempt starts. */
  seat(callId: string, line: BrowserLine, page: BrowserPage): void;
  /** The person hung up, the page is gone, or there is no attempt any more, `why`. Unknown calls are ignored. */
  leave(callId: string, why?: string): void;
}

/** What it stands on. */
export interface BrowserDeps {
  /** Whether WebRTC can work at all. */
  health: () => CarrierHealth;
  callCapacity: number;
  onEvent: CarrierListener;
  schedule: Schedule;
  log: Log;
}

/**
 * Makes the carrier. Nothing is dialed and nothing rings: the page is there first. Its call is answered as soon as sound
 * can go both ways, and ends with the page.
 */
export const browserControl = (deps: BrowserDeps): BrowserControl => {
  const { schedule, log } = deps;
  const calls = new Map<string, BrowserCall>();
  let closed = false;

  const emit = (event: CarrierEvent): void => {
    try {
      deps.onEvent(event);
    } catch (thrown) {
      log.error({ callId: event.callId, problem: messageOf(thrown) }, "a listener of carrier events threw");
    }
  };

  /** Ends the call for all: the page is told, the line freed, and whoever placed it hears why. */
  const end = (callId: string, { cause, disposition, detail }: End): void => {
    const call = calls.get(callId);
    if (!call) return;
    calls.delete(callId);
    call.cancelTimer();
    call.line.close();
    call.page.over(detail);
    if (call.at !== "seated") emit({ type: "ended", callId, cause, disposition, detail });
  };

  const answerIfReady = (callId: string): void => {
    const call = calls.get(callId);
    if (call?.at !== "placed" || !call.isThrough) return;
    call.at = "talking";
    call.cancelTimer();
    call.page.answered();
    emit({ type: "answered", callId });
  };

  const talked = (callId: string): boolean => calls.get(callId)?.at === "talking";
  const CANCELLED: End = { cause: "cancelled", disposition: "cancelled", detail: "" };

  const leave = (callId: string, why = ""): void =>
    end(callId, {
      ...(talked(callId) ? ({ cause: "callee-hung-up", disposition: "answered" } as const) : CANCELLED),
      detail: why,
    });

  return {
    kind: BROWSER_CARRIER,
    start: async () => {},
    close: async () => {
      closed = true;
      for (const callId of [...calls.keys()]) end(callId, CANCELLED);
    },
    health: deps.health,
    capacity: () => deps.callCapacity,

    seat: (callId, line, page) => {
      assert(!calls.has(callId), "a call has one browser");
      calls.set(callId, { line, page, at: "seated", isThrough: false, cancelTimer: () => {} });
      line.listen({
        through: () => {
          const call = calls.get(callId);
          if (call) call.isThrough = true;
          answerIfReady(callId);
        },
        left: () => leave(callId),
        lost: (detail) =>
          end(callId, { cause: "carrier-lost", disposition: "failed", detail: `The sound was lost: ${detail}.` }),
      });
    },

    leave,

    legFor: async ({ callId }): Promise<RtpLegSettings> => {
      const call = calls.get(callId);
      if (!call) throw new OutsideError("the browser has left", { retryable: false });
      return { kind: "rtp", ssrc: call.line.ssrc };
    },

    originate: async ({ callId, mediaHost, mediaPort, timeoutMs }: OriginateRequest): Promise<Originated> => {
      const call = calls.get(callId);
      if (closed || !call) return { ok: false, ...CANCELLED, detail: "The browser has left." };
      assert(call.at === "seated", "a call is placed once");
      const remote = await call.line.connectLeg(mediaHost, mediaPort).catch((thrown) => {
        log.warn({ callId, problem: messageOf(thrown) }, "a browser could not be joined to its call");
        return null;
      });
      if (remote === null || calls.get(callId) !== call) {
        end(callId, CANCELLED);
        return { ok: false, ...CANCELLED, detail: "The browser has left." };
      }
      call.at = "placed";
      call.cancelTimer = schedule(
        () => end(callId, { cause: "no-answer", disposition: "no-answer", detail: NOT_CONNECTED }),
        Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
      );
      emit({ type: "media", callId, ...remote });
      answerIfReady(callId);
      return { ok: true };
    },

    hangUp: async (callId) =>
      end(callId, talked(callId) ? { cause: "user-hung-up", disposition: "answered", detail: "" } : CANCELLED),

    sendDtmf: async () => {
      throw new OutsideError("A browser takes no key presses.", { retryable: false });
    },
  };
};
