import { assert } from "../errors.ts";
import type { MoodReading } from "../mood.ts";
import { timelineOf } from "./call-events.ts";
import type { Ledger } from "./ledger.ts";

/** A model's impression of a call at a moment (epoch ms). */
export interface CallMood extends MoodReading {
  at: number;
}

/** Most impressions told of one call: a call of two hours, read four times a minute. */
const MOST = 500;

/** How the mood of calls went, as a model read it. */
export interface CallMoods {
  /** Keeps an impression, announced as `mood.read`, and its `line` for the timeline. The call must be there. */
  add(tenantId: string, callId: string, mood: CallMood & { line: string | null }): Promise<void>;
  /** In order of time, the first 500. */
  of(tenantId: string, callId: string): Promise<CallMood[]>;
}

/** The impressions of a database. They are events and nothing else. */
export const callMoodsOf = (ledger: Ledger): CallMoods => {
  const addLine = timelineOf(ledger);
  const call = ledger.db.query<{ found: number }, { tenantId: string; callId: string }>(
    "SELECT 1 AS found FROM calls WHERE tenant_id = $tenantId AND id = $callId",
  );
  const of = ledger.db.query<{ at: number; data: string }, { tenantId: string; callId: string; most: number }>(
    `SELECT at, data FROM events
     WHERE tenant_id = $tenantId AND call_id = $callId AND type = 'mood.read' ORDER BY id LIMIT $most`,
  );
  return {
    async add(tenantId, callId, { at, mood, offPlan, reason, line }) {
      ledger.commit((append) => {
        assert(call.get({ tenantId, callId }) !== null, "a mood is that of a call of its tenant");
        if (line !== null) addLine(tenantId, callId, at, "mood.read", line);
        append(tenantId, { type: "mood.read", callId, mood, offPlan, reason }, at);
      });
    },
    async of(tenantId, callId) {
      return of.all({ tenantId, callId, most: MOST }).map(({ at, data }) => {
        // Only `add` writes these events.
        const { mood, offPlan, reason } = JSON.parse(data) as MoodReading;
        return { at, mood, offPlan, reason };
      });
    },
  };
};
