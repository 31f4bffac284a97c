import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CarrierEvent } from "../../../../src/media/carriers/control.ts";
import { RING_PERIOD_MS, scriptedControl } from "../../../../src/media/carriers/scripted/control.ts";
import { PERSONAS, personaOf } from "../../../../src/media/carriers/scripted/personas.ts";
import { ManualSchedule } from "../../../support/manual-schedule.ts";

const RING_TIMEOUT_MS = 30_000;

const network = async (options: { seed?: number; maxCalls?: number; onEvent?: (event: CarrierEvent) => void } = {}) => {
  const time = new ManualSchedule();
  const events: (CarrierEvent & { atMs: number })[] = [];
  const problems: string[] = [];
  const carrier = scriptedControl({
    seed: options.seed ?? 1,
    speak: async (text, who) => ({ text: `${who}: ${text}`, audio: new Uint8Array(8) }),
    schedule: time.schedule,
    onEvent: (event) => {
      events.push({ ...event, atMs: time.nowMs });
      options.onEvent?.(event);
    },
    log: { error: (_fields, message) => problems.push(message) },
    ...(options.maxCalls === undefined ? {} : { maxCalls: options.maxCalls }),
  });
  await carrier.start();
  const dial = (to: string, callId = "call_1", attempt = 1) =>
    carrier.originate({ callId, to, attempt, timeoutMs: RING_TIMEOUT_MS, mediaHost: "127.0.0.1", mediaPort: 0 });
  return { carrier, time, events, problems, dial, kinds: () => events.map(({ type }) => type) };
};

describe("the scripted network", () => {
  test("lets most numbers ring once or twice before they answer, and stays connected until somebody hangs up", async () => {
    const { carrier, time, events, dial, kinds } = await network();
    expect(await dial("+12025550100")).toEqual({ ok: true });
    time.advance(600_000);
    expect(kinds()).toEqual(["ringing", "answered"]);
    expect(events[1]!.atMs).toBeWithin(1000, 2 * RING_PERIOD_MS);
    await carrier.hangUp("call_1");
    time.advance(1000);
    expect(events[2]).toMatchObject({ type: "ended", cause: "agent-hung-up", disposition: "answered" });
  });

  test.each([
    ["+12025550111", ["ended"], "busy", "busy"],
    ["+12025550112", ["ringing", "ended"], "no-answer", "no-answer"],
    ["+12025550113", ["ringing", "ended"], "rejected", "rejected"],
  ] as const)("ends a call to %s with %p as %s", async (to, expected, cause, disposition) => {
    const { time, events, dial, kinds } = await network();
    await dial(to);
    time.advance(600_000);
    expect(kinds()).toEqual([...expected]);
    expect(events.at(-1)).toMatchObject({ type: "ended", cause, disposition });
  });

  test("is busy for the first call about a matter and answers the second, where the number says so", async () => {
    const { time, dial, kinds } = await network();
    await dial("+12025550118");
    time.advance(600_000);
    expect(kinds()).toEqual(["ended"]);
    await dial("+12025550118", "call_2", 2);
    time.advance(600_000);
    expect(kinds()).toEqual(["ended", "ringing", "answered"]);
  });

  test("lets a phone that nobody answers ring exactly as long as the caller wants", async () => {
    const { time, events, dial } = await network();
    await dial("+12025550112");
    time.advance(600_000);
    expect(events[1]!.atMs - events[0]!.atMs).toBe(RING_TIMEOUT_MS);
  });

  test.each(["+12025550117", "12", "+1202555abc0", ""])("knows no number %p", async (to) => {
    const { time, events, dial } = await network();
    expect(await dial(to)).toMatchObject({ ok: false, cause: "invalid-number", disposition: "invalid-number" });
    time.advance(600_000);
    expect(events).toEqual([]);
  });

  test("ends a call that is hung up while it rings as cancelled, without an answer later", async () => {
    const { carrier, time, kinds, events, dial } = await network();
    await dial("+12025550100");
    time.advance(750);
    await carrier.hangUp("call_1");
    time.advance(600_000);
    expect(kinds()).toEqual(["ringing", "ended"]);
    expect(events[1]).toMatchObject({ cause: "cancelled", disposition: "cancelled" });
  });

  test("does not put the end off when it is asked for again and again", async () => {
    const { carrier, time, kinds, dial } = await network();
    await dial("+12025550100");
    for (let i = 0; i < 10; i++) {
      await carrier.hangUp("call_1");
      time.advance(10);
    }
    expect(kinds()).toEqual(["ended"]);
  });

  test("ends each call exactly once and last, whenever it is hung up and however often", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PERSONAS.filter(({ network }) => network !== "unknown")),
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (persona, seed, waits, closes) => {
          const { carrier, time, kinds, dial } = await network({ seed });
          await dial(`+120255501${persona.digits || "00"}`);
          for (const wait of waits) {
            time.advance(wait);
            await carrier.hangUp("call_1");
          }
          if (closes) await carrier.close();
          time.advance(600_000);
          expect(kinds().filter((kind) => kind === "ended")).toHaveLength(1);
          expect(kinds().at(-1)).toBe("ended");
          expect(time.waiting).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("takes no more calls than it has lines, and takes one again when one is over", async () => {
    const { carrier, time, dial } = await network({ maxCalls: 1 });
    expect(carrier.capacity()).toBe(1);
    await dial("+12025550100");
    expect(await dial("+12025550100", "call_2")).toMatchObject({ ok: false, cause: "trunk-failure" });
    await carrier.hangUp("call_1");
    time.advance(1000);
    expect(await dial("+12025550100", "call_2")).toEqual({ ok: true });
  });

  test("ends its calls when it closes and takes no more", async () => {
    const { carrier, events, dial } = await network();
    await dial("+12025550100");
    await carrier.close();
    await carrier.close();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: "ended", cause: "cancelled" });
    expect(carrier.health().state).toBe("down");
    expect(await dial("+12025550100")).toMatchObject({ ok: false, cause: "trunk-failure" });
  });

  test("goes on when a listener throws, and says so", async () => {
    const { time, dial, kinds, problems } = await network({
      onEvent: () => {
        throw new Error("broken");
      },
    });
    await dial("+12025550113");
    time.advance(600_000);
    expect(kinds()).toEqual(["ringing", "ended"]);
    expect(problems).toHaveLength(2);
  });

  test("gives the same rings for the same seed and number", async () => {
    const times = async (seed: number) => {
      const { time, events, dial } = await network({ seed });
      await dial("+12025550100");
      time.advance(60_000);
      return events.map(({ atMs }) => atMs);
    };
    expect(await times(5)).toEqual(await times(5));
    expect(await times(5)).not.toEqual(await times(6));
  });

  test("plays a person whose words are about the task", async () => {
    const { carrier } = await network();
    const about = { action: "Cancel my order", context: "", calleeName: "", agentName: "", organization: "" };
    const leg = await carrier.legFor({ callId: "call_1", to: "+12025550114", about });
    expect(leg).toMatchObject({ kind: "scripted", persona: "voicemail" });
    const person = await carrier.legFor({ callId: "call_1", to: "+12025550100", about });
    if (person.kind !== "scripted") throw new Error("the leg must be scripted");
    expect(person.lines).toHaveLength(4);
    for (const line of person.lines) expect(line.text).toStartWith("callee: ");
  });
});

describe("personas", () => {
  test("are chosen by the last two digits, and each can be reached", () => {
    for (const persona of PERSONAS) expect(personaOf(`+44 20 7946 01${persona.digits || "00"}`)).toBe(persona);
    expect(personaOf("+12025550199").name).toBe("answers");
    expect(personaOf("").name).toBe("answers");
  });
});
