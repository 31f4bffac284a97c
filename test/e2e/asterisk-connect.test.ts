import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createLog } from "../../src/core/log.ts";
import { encodeUlaw, ulawDecode } from "../../src/media/audio/g711.ts";
import { asteriskControl } from "../../src/media/carriers/asterisk/control.ts";
import type { CarrierControl, CarrierEvent, Originated } from "../../src/media/carriers/control.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { toneSpan } from "../support/likeness.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const CALLEE_HZ = 400;
const PARTY_HZ = 700;
const AGENT_HZ = 1000;

/** A second of a sine in µ-law. */
const tone = (hz: number): Uint8Array =>
  Uint8Array.from({ length: 8000 }, (_, i) => encodeUlaw(Math.round(6000 * Math.sin((2 * Math.PI * hz * i) / 8000))));

/** How long a tone was heard there, in ms; more than a fifth of what was sent is heard through any mixing. */
const heardMs = (at: CalleeMedia, hz: number): number =>
  toneSpan(
    Int16Array.from(at.sound(), (code) => ulawDecode[code]!),
    hz,
  ).soundMs;

describe.skipIf(!hasAsterisk() || !hasSipCallee())(
  "connecting the callee with somebody through a real Asterisk",
  () => {
    let callee: CalleeMedia;
    let colleague: CalleeMedia;
    let engine: CalleeMedia;
    let people: SipCallees;
    let pbx: TestAsterisk;
    let carrier: CarrierControl;
    let events: CarrierEvent[];
    let calls = 0;

    beforeAll(async () => {
      [callee, colleague] = await Promise.all([CalleeMedia.open(), CalleeMedia.open()]);
      people = await SipCallees.start({
        "0101": { does: "answer", ringMs: 50, mediaPort: callee.port },
        "0102": { does: "refuse", ringMs: 100, code: 486, reason: "Busy Here" },
        "0104": { does: "ring" },
        "0106": { does: "answer", ringMs: 150, mediaPort: colleague.port },
        "0107": { does: "answer", ringMs: 50, mediaPort: colleague.port, byeAfterMs: 400 },
        "0108": { does: "answer", ringMs: 50, mediaPort: callee.port, byeAfterMs: 700 },
      });
      pbx = await TestAsterisk.start({ trunkPort: people.port });
    });

    afterAll(async () => {
      await pbx?.close();
      await people?.close();
      callee?.close();
      colleague?.close();
    });

    beforeEach(async () => {
      engine = await CalleeMedia.open();
      events = [];
      callee.packets.length = 0;
      colleague.packets.length = 0;
      carrier = asteriskControl({
        ari: pbx.ari,
        callCapacity: 3,
        log: createLog({ level: "silent" }),
        onEvent: (event) => events.push(event),
      });
      await carrier.start();
    });

    afterEach(async () => {
      await carrier.close();
      await pbx.empty();
      engine.close();
    });

    const told = (type: CarrierEvent["type"]) => until(type, () => events.find((event) => event.type === type));
    const call = async (ending = "0101"): Promise<string> => {
      const callId = `call_c${++calls}`;
      const to = `+1202555${ending}`;
      const media = { mediaHost: "127.0.0.1", mediaPort: engine.port };
      expect(await carrier.originate({ callId, to, timeoutMs: 5000, ...media })).toEqual({ ok: true });
      await told("answered");
      return callId;
    };
    const connect = (callId: string, ending: string, timeoutMs = 5000): Promise<Originated> =>
      carrier.connect!({ callId, to: `+1202555${ending}`, from: "+12025550199", callerName: "Acme", timeoutMs });
    const members = async (): Promise<number> => ((await pbx.bridges())[0]?.channels ?? []).length;

    test("callee and colleague hear each other, and the engine hears both and is heard by both", async () => {
      const id = await call();
      const media = events.find((event) => event.type === "media");
      const startedAt = performance.now();
      expect(await connect(id, "0106")).toEqual({ ok: true });
      console.log(`connected ${Math.round(performance.now() - startedAt)} ms after the request, 150 of them ringing`);
      expect(await members()).toBe(3);
      expect(people.messages()).toContain('From: "Acme" <sip:+12025550199@');
      for (const at of [callee, colleague, engine]) at.packets.length = 0;
      await callee.say(tone(CALLEE_HZ), people.soundPorts("0101").at(-1) ?? 0);
      await colleague.say(tone(PARTY_HZ), people.soundPorts("0106").at(-1) ?? 0);
      await engine.say(tone(AGENT_HZ), media?.type === "media" ? media.port : 0);
      await Bun.sleep(200);
      const table = [callee, colleague, engine].map((at) =>
        [CALLEE_HZ, PARTY_HZ, AGENT_HZ].map((hz) => heardMs(at, hz) > 600),
      );
      expect(table).toEqual([
        [false, true, true],
        [true, false, true],
        [true, true, false],
      ]);
      await carrier.hangUp(id);
      await told("ended");
      expect(events.map(({ type }) => type)).not.toContain("party-left");
    });

    test("nobody hears anybody before the answer", async () => {
      const id = await call();
      const connecting = connect(id, "0104", 1000);
      await Bun.sleep(300);
      expect(await members()).toBe(2);
      await callee.say(tone(CALLEE_HZ).subarray(0, 1600), people.soundPorts("0101").at(-1) ?? 0);
      expect(colleague.packets).toEqual([]);
      expect(await connecting).toMatchObject({ ok: false, disposition: "no-answer" });
      expect(await members()).toBe(2);
    });

    test.each([
      ["0102", "busy"],
      ["0199", "invalid-number"],
    ] as const)("a colleague at %s is %s: the callee was with the agent all the time", async (ending, disposition) => {
      const id = await call();
      expect(await connect(id, ending)).toMatchObject({ ok: false, disposition });
      expect((await pbx.bridges())[0]).toMatchObject({ technology: "simple_bridge" });
      expect(await connect(id, "0106")).toEqual({ ok: true });
    });

    test("a colleague who hangs up leaves the callee with the agent", async () => {
      const id = await call();
      expect(await connect(id, "0107")).toEqual({ ok: true });
      await told("party-left");
      await until("two are left", async () => (await members()) === 2);
      expect((await pbx.bridges())[0]).toMatchObject({ technology: "simple_bridge" });
      expect(events.map(({ type }) => type)).not.toContain("ended");
      await carrier.hangUp(id);
      await told("ended");
    });

    test("a callee who hangs up takes the colleague with them, ringing or connected", async () => {
      for (const ending of ["0104", "0106"]) {
        const id = await call("0108");
        const connecting = connect(id, ending);
        await told("ended");
        if (ending === "0104") expect(await connecting).toMatchObject({ ok: false, disposition: "cancelled" });
        else expect(await connecting).toEqual({ ok: true });
        await pbx.empty();
        events.length = 0;
      }
    });

    test("what was begun can be taken back, ringing or connected", async () => {
      const id = await call();
      const ringing = connect(id, "0104");
      await Bun.sleep(300);
      expect(await connect(id, "0106")).toMatchObject({ ok: false });
      await carrier.disconnect!(id);
      expect(await ringing).toMatchObject({ ok: false, disposition: "cancelled" });
      expect(await connect(id, "0106")).toEqual({ ok: true });
      await carrier.disconnect!(id);
      await told("party-left");
      expect(await members()).toBe(2);
    });

    test("parties take lines as calls do, and a call without a callee connects nobody", async () => {
      const first = await call();
      events.length = 0;
      const second = await call();
      expect(await connect(first, "0106")).toEqual({ ok: true });
      expect(await connect(second, "0106")).toMatchObject({ ok: false, detail: "All lines are taken." });
      expect(await connect("call_nobody", "0106")).toMatchObject({ ok: false });
    });

    describe("somebody who was spoken with on a call of their own", () => {
      let first: string;
      let other: string;
      let privately: CalleeMedia;

      beforeEach(async () => {
        privately = await CalleeMedia.open();
        first = await call();
        events.length = 0;
        other = `call_c${++calls}`;
        const media = { mediaHost: "127.0.0.1", mediaPort: privately.port };
        await carrier.originate({ callId: other, to: "+12025550106", timeoutMs: 5000, ...media });
        await told("answered");
        events.length = 0;
      });
      afterEach(() => privately.close());

      test("is moved to the callee and leaves nothing of that call", async () => {
        expect(await carrier.join!(other, first)).toEqual({ ok: true });
        await until("one bridge is left", async () => (await pbx.bridges()).length === 1);
        expect([await members(), (await pbx.channels()).length]).toEqual([3, 3]);
        for (const at of [callee, colleague, privately]) at.packets.length = 0;
        await colleague.say(tone(PARTY_HZ), people.soundPorts("0106").at(-1) ?? 0);
        await callee.say(tone(CALLEE_HZ), people.soundPorts("0101").at(-1) ?? 0);
        await Bun.sleep(200);
        expect([heardMs(callee, PARTY_HZ) > 600, heardMs(colleague, CALLEE_HZ) > 600]).toEqual([true, true]);
        expect([privately.packets.length, events]).toEqual([0, []]);
        expect(await carrier.join!(other, first)).toMatchObject({ ok: false });
        expect(await connect(first, "0106")).toMatchObject({ ok: false });
      });

      test("is hung up with the callee, or for itself, which leaves the callee with the agent", async () => {
        expect(await carrier.join!(other, first)).toEqual({ ok: true });
        await carrier.disconnect!(first);
        await told("party-left");
        expect(events.map(({ type, callId }) => `${type} ${callId}`)).toEqual([
          `ended ${other}`,
          `party-left ${first}`,
        ]);
        await until("two are left", async () => (await members()) === 2);
        expect(await connect(first, "0106")).toEqual({ ok: true });
      });

      test("goes when the callee goes", async () => {
        expect(await carrier.join!(other, first)).toEqual({ ok: true });
        await carrier.hangUp(first);
        await until("both calls are over", () => events.length === 2);
        expect(events.map(({ type }) => type)).toEqual(["ended", "ended"]);
        await pbx.empty();
      });

      test("is not moved to a callee who has gone", async () => {
        await carrier.hangUp(first);
        await told("ended");
        expect(await carrier.join!(other, first)).toMatchObject({ ok: false });
        expect(await members()).toBe(2);
      });
    });

    test("closing leaves nobody behind", async () => {
      const id = await call();
      expect(await connect(id, "0106")).toEqual({ ok: true });
      await carrier.close();
      await pbx.empty();
    });
  },
);
