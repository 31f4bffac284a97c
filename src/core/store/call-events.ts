import type { DomainEvent } from "../events.ts";

/** One line of a call's timeline. */
export interface TimelineEntry {
  id: string;
  tenantId: string;
  callId: string;
  /** Epoch ms. */
  at: number;
  /** Short name, such as `answered`, `barge-in`, `tool`. */
  kind: string;
  /** One plain sentence or value; may be empty. */
  detail: string;
}

/** Events about a call that no row but the timeline holds. */
export type CallFact = Extract<
  DomainEvent,
  {
    type: "tool.called" | "dtmf.received" | "dtmf.sent" | "voice.lost" | "supervisor.joined" | "supervisor.left";
  }
>;

/** Verbs and questions on the timeline of a call. The verbs on calls add their own lines. */
export interface CallEvents {
  /** Adds a line, and with `event` announces it in the same transaction. The call must be there. */
  add(
    tenantId: string,
    callId: string,
    entry: { at: number; kind: string; detail: string; event?: CallFact },
  ): Promise<TimelineEntry>;
  /** In order of time. */
  of(tenantId: string, callId: string): Promise<TimelineEntry[]>;
}
