import type { Clock } from "../core/clock.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import type { SupervisionMode } from "../core/supervision.ts";
import type { Doer, SupervisorEvent } from "../media/supervision/signalling.ts";

const IN_MODE: Readonly<Record<SupervisionMode, string>> = {
  listen: "listening",
  whisper: "whispering to the AI",
  barge: "speaking with both",
  takeover: "speaking in place of the AI",
};

const BEGINS: Readonly<Record<Exclude<SupervisionMode, "listen">, string>> = {
  whisper: "whispers to the AI",
  barge: "speaks with the caller and the AI",
  takeover: "took the call over; the AI is silent",
};

const WHY: Readonly<Record<Exclude<Extract<SupervisorEvent, { type: "supervisor.mode" }>["why"], "asked">, string>> = {
  "link-lost": "because the connection was lost",
  left: "on leaving",
  "not-written-down": "because speech could not be written down any more",
};

/** One line of a call's timeline about a supervisor: who did what, from which mode to which, and why. */
export const supervisorLine = (name: string, event: SupervisorEvent): string => {
  switch (event.type) {
    case "supervisor.joined":
      return `${name} joined, listening`;
    case "supervisor.left":
      return `${name} left`;
    case "supervisor.hung-up":
      return event.politely ? `${name} had the AI say goodbye and end the call` : `${name} ended the call`;
    case "supervisor.whispered":
      return `${name} whispered to the AI by ${event.by}`;
    case "supervisor.mode": {
      const { from, to, why } = event;
      if (to !== "listen") return `${name} ${BEGINS[to]} (was ${IN_MODE[from]})`;
      const cause = why === "asked" ? "" : ` ${WHY[why]}`;
      const what = from === "takeover" ? "gave the call back to the AI" : "listens again";
      return why === "asked" || why === "left"
        ? `${name} ${what}${cause} (was ${IN_MODE[from]})`
        : `${name} was set back to listening${cause} (was ${IN_MODE[from]})`;
    }
  }
};

/** Keeps what supervisors do: a line on the call's timeline and an event, in the order it happened. */
export const createSupervisorNotes = (deps: {
  store: Pick<Store, "callEvents">;
  clock: Clock;
  log: Log;
}): ((by: Doer, event: SupervisorEvent) => void) => {
  const { store, clock, log } = deps;
  return ({ tenantId, name }, event) => {
    const entry = { at: clock.now(), kind: "supervisor", detail: supervisorLine(name, event), event };
    inBackground(log, "note a supervisor", store.callEvents.add(tenantId, event.callId, entry));
  };
};
