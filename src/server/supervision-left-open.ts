import type { StoredEvent } from "../core/events.ts";
import type { Store } from "../core/store/open.ts";
import type { SupervisionMode } from "../core/supervision.ts";
import type { SupervisorEvent } from "../media/supervision/signalling.ts";
import { supervisorLine } from "./supervisor-notes.ts";

/** Events read at a time. */
const PAGE = 500;

interface Present {
  places: number;
  mode: SupervisionMode;
}

/** Who joined a call and never left it, by its events, with the mode each was in. */
const stillOn = (events: readonly StoredEvent[], people: Map<string, Present>): void => {
  for (const event of events) {
    if (event.type === "supervisor.joined") {
      const present = people.get(event.userId) ?? { places: 0, mode: "listen" };
      people.set(event.userId, { ...present, places: present.places + 1 });
    } else if (event.type === "supervisor.mode") {
      const present = people.get(event.userId);
      if (present) present.mode = event.to;
    } else if (event.type === "supervisor.left") {
      const present = people.get(event.userId);
      if (present && --present.places === 0) people.delete(event.userId);
    }
  }
};

/** Ends what supervisors of a call were doing when its process died: on record nobody is on a call that is over. */
export const closeSupervision = async (
  store: Pick<Store, "callEvents" | "events" | "users">,
  tenantId: string,
  callId: string,
  at: number,
): Promise<void> => {
  const people = new Map<string, Present>();
  for (let last = 0; ; ) {
    const events = await store.events.ofCall(tenantId, callId, last, PAGE);
    stillOn(events, people);
    if (events.length < PAGE) break;
    last = events.at(-1)?.id ?? last;
  }
  for (const [userId, { places, mode }] of people) {
    const name = (await store.users.get(tenantId, userId))?.name ?? "A supervisor";
    const closing: SupervisorEvent[] = Array.from({ length: places }, () => ({
      type: "supervisor.left",
      callId,
      userId,
    }));
    if (mode !== "listen") {
      closing.unshift({ type: "supervisor.mode", callId, userId, from: mode, to: "listen", why: "link-lost" });
    }
    for (const event of closing) {
      await store.callEvents.add(tenantId, callId, {
        at,
        kind: "supervisor",
        detail: supervisorLine(name, event),
        event,
      });
    }
  }
};
