import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type CallFacts,
  NO_FACTS,
  observe,
  observeMedia,
  outcomeOf,
  outcomeOfLost,
} from "../../../../src/media/carriers/asterisk/causes.ts";
import type { AriEvent } from "../../../../src/media/carriers/asterisk/events.ts";
import { recordedEvents } from "../../../support/asterisk-events.ts";

/** What must come of each recorded call: disposition and cause. */
const EXPECTED: Record<string, [string, string]> = {
  "answered, callee hangs up without a reason": ["answered", "callee-hung-up"],
  "answered, callee hangs up with cause 16": ["answered", "callee-hung-up"],
  "answered, network drops with cause 38": ["answered", "carrier-lost"],
  "answered, hung up at the PBX": ["answered", "carrier-lost"],
  "Asterisk stopped during the call": ["answered", "carrier-lost"],
  "not answered in time": ["no-answer", "no-answer"],
  "busy without ringing": ["busy", "busy"],
  "408 without ringing": ["trunk-failure", "trunk-failure"],
  "refused with 302": ["failed", "failed"],
  "refused with 401": ["trunk-failure", "trunk-failure"],
  "refused with 402": ["trunk-failure", "trunk-failure"],
  "refused with 403": ["rejected", "rejected"],
  "refused with 404": ["invalid-number", "invalid-number"],
  "refused with 408": ["no-answer", "no-answer"],
  "refused with 410": ["invalid-number", "invalid-number"],
  "refused with 429": ["trunk-failure", "trunk-failure"],
  "refused with 480": ["no-answer", "no-answer"],
  "refused with 484": ["invalid-number", "invalid-number"],
  "refused with 486": ["busy", "busy"],
  "refused with 487": ["cancelled", "cancelled"],
  "refused with 488": ["failed", "failed"],
  "refused with 500": ["trunk-failure", "trunk-failure"],
  "refused with 502": ["trunk-failure", "trunk-failure"],
  "refused with 503": ["trunk-failure", "trunk-failure"],
  "refused with 504": ["trunk-failure", "trunk-failure"],
  "refused with 600": ["busy", "busy"],
  "refused with 603": ["rejected", "rejected"],
  "refused with 604": ["invalid-number", "invalid-number"],
  "refused with 607": ["rejected", "rejected"],
};

/** Calls whose end we asked for. */
const ASKED: Record<string, [string, string]> = {
  "answered, we hang up": ["answered", "agent-hung-up"],
  "cancelled while ringing": ["cancelled", "cancelled"],
};

const recorded = recordedEvents();
const factsOf = (events: AriEvent[], start: CallFacts = NO_FACTS): CallFacts => events.reduce(observe, start);

describe("the end of a call", () => {
  test("every recorded call has a verdict here", () => {
    expect([...recorded.keys()].sort()).toEqual([...Object.keys(EXPECTED), ...Object.keys(ASKED)].sort());
  });

  test.each(Object.entries(EXPECTED))("%s", (title, [disposition, cause]) => {
    expect(outcomeOf(factsOf(recorded.get(title) ?? []))).toMatchObject({ disposition, cause });
  });

  test.each(Object.entries(ASKED))("%s", (title, [disposition, cause]) => {
    const facts = factsOf(recorded.get(title) ?? [], { ...NO_FACTS, askedToEnd: true });
    expect(outcomeOf(facts)).toMatchObject({ disposition, cause });
  });

  test("does not depend on the order in which events arrive", () => {
    const titles = fc.constantFrom(...recorded.keys());
    const shuffled = titles.chain((title) =>
      fc
        .shuffledSubarray(recorded.get(title) ?? [], { minLength: recorded.get(title)?.length ?? 0 })
        .map((events) => ({ title, events })),
    );
    fc.assert(
      fc.property(shuffled, ({ title, events }) => {
        expect(outcomeOf(factsOf(events))).toEqual(outcomeOf(factsOf(recorded.get(title) ?? [])));
      }),
    );
  });

  test("events that come twice change nothing", () => {
    for (const events of recorded.values()) {
      expect(factsOf([...events, ...events])).toEqual(factsOf(events));
    }
  });

  test("a callee who hangs up is not blamed on the exchange when a soft request follows", () => {
    const events = recorded.get("answered, callee hangs up without a reason") ?? [];
    const soft = recorded.get("answered, hung up at the PBX")?.find((e) => e.type === "ChannelHangupRequest");
    expect(outcomeOf(factsOf([...events, soft!])).cause).toBe("callee-hung-up");
  });

  test("our own time-out of ringing counts as nobody answering, although we asked for the end", () => {
    const facts = factsOf(recorded.get("cancelled while ringing") ?? [], { ...NO_FACTS, timedOut: true });
    expect(outcomeOf(facts).disposition).toBe("no-answer");
  });

  test("a media channel that goes first makes it the exchange's doing", () => {
    const up = factsOf((recorded.get("answered, we hang up") ?? []).filter((e) => e.type !== "ChannelHangupRequest"));
    const gone = observeMedia(up, { type: "ChannelDestroyed", channel: { id: "media", state: "Up" }, cause: 16 });
    expect(outcomeOf(up).cause).toBe("callee-hung-up");
    expect(outcomeOf(gone).cause).toBe("carrier-lost");
  });

  test("a call that Asterisk no longer knows was lost, unless we had asked for its end", () => {
    const up = { ...NO_FACTS, reachedUp: true };
    expect(outcomeOfLost(up)).toMatchObject({ disposition: "answered", cause: "carrier-lost" });
    expect(outcomeOfLost(NO_FACTS)).toMatchObject({ disposition: "trunk-failure", cause: "carrier-lost" });
    expect(outcomeOfLost({ ...up, askedToEnd: true }).cause).toBe("agent-hung-up");
  });

  test("causes without a SIP code are read as Q.850", () => {
    const ended = (cause: number) => outcomeOf({ ...NO_FACTS, cause, destroyed: true }).disposition;
    expect([17, 19, 21, 1, 34, 58, 0].map(ended)).toEqual([
      "busy",
      "no-answer",
      "rejected",
      "invalid-number",
      "trunk-failure",
      "failed",
      "failed",
    ]);
  });
});
