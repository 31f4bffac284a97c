import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { systemSchedule } from "../../src/core/clock.ts";
import type { Log } from "../../src/core/log.ts";
import { ConnectedAri } from "../../src/media/carriers/asterisk/ari.ts";
import { asteriskControl } from "../../src/media/carriers/asterisk/control.ts";
import type { CarrierControl, CarrierEvent, Originated } from "../../src/media/carriers/control.ts";
import { hasAsterisk, TestAsterisk, trunk } from "../support/asterisk.ts";
import { best } from "../support/best.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { Telephone } from "../support/telephone.ts";
import { PATIENCE_MS } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

/** Speech-like enough to be told apart: 160 µ-law bytes that no other frame of the test has. */
const frame = (n: number): Uint8Array => Uint8Array.from({ length: 160 }, (_, i) => (n * 7 + i * 3) & 0xff);

const complaints: string[] = [];
const log: Log = {
  debug() {},
  info() {},
  warn: (_, message) => void complaints.push(message),
  error: (_, message) => void complaints.push(message),
  child: () => log,
};

describe.skipIf(!hasAsterisk() || !hasSipCallee())("calls through a real Asterisk", () => {
  let callee: CalleeMedia;
  let engine: CalleeMedia;
  let people: SipCallees;
  let phone: Telephone;
  let pbx: TestAsterisk;
  let carrier: CarrierControl;
  let events: CarrierEvent[] = [];
  let atMs: number[] = [];
  let calls = 0;
  let atStart: string[];

  beforeAll(async () => {
    callee = await CalleeMedia.open();
    const answers = { does: "answer", mediaPort: callee.port } as const;
    people = await SipCallees.start({
      "0101": { ...answers, ringMs: 150 },
      "0102": { does: "refuse", ringMs: 100, code: 486, reason: "Busy Here" },
      "0103": { does: "refuse", ringMs: 0, code: 603, reason: "Decline" },
      "0104": { does: "ring" },
      "0105": { ...answers, ringMs: 50, byeAfterMs: 200 },
    });
    phone = await Telephone.start({ ringMs: 50 });
    pbx = await TestAsterisk.start({ trunkPort: people.port, morePjsip: trunk("phone", phone.port) });
    atStart = pbx.complaints();
  });

  afterAll(async () => {
    await pbx?.close();
    await people?.close();
    await phone?.close();
    callee?.close();
  });

  beforeEach(async () => {
    engine = await CalleeMedia.open();
    events = [];
    atMs = [];
    callee.packets.length = 0;
    carrier = dialler();
    await carrier.start();
    expect(carrier.health()).toMatchObject({ state: "up" });
  });

  afterEach(async () => {
    await pbx.empty();
    await carrier.close();
    engine.close();
  });

  const dialler = (more: Partial<TestAsterisk["ari"]> = {}): CarrierControl =>
    asteriskControl({
      ari: { ...pbx.ari, ...more },
      callCapacity: 40,
      log,
      onEvent: (event) => {
        events.push(event);
        atMs.push(performance.now());
      },
    });

  const call = async (ending: string, timeoutMs = 5000): Promise<string> => {
    const callId = `call_${++calls}`;
    expect(await dial(callId, ending, timeoutMs)).toEqual({ ok: true });
    return callId;
  };

  const dial = (callId: string, ending: string, timeoutMs = 5000): Promise<Originated> =>
    carrier.originate({
      callId,
      to: `+1202555${ending}`,
      from: "+12025550199",
      callerName: "Acme",
      timeoutMs,
      mediaHost: "127.0.0.1",
      mediaPort: engine.port,
    });

  const until = async <T>(what: string, look: () => T | undefined | false, withinMs = PATIENCE_MS): Promise<T> => {
    const end = performance.now() + withinMs;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) throw new Error(`${what} did not come; events: ${JSON.stringify(events)}`);
      await Bun.sleep(2);
    }
  };

  const heard = <T extends CarrierEvent["type"]>(callId: string, type: T) =>
    until(type, () =>
      events.find((e): e is Extract<CarrierEvent, { type: T }> => e.callId === callId && e.type === type),
    );

  const typesOf = (callId: string) => events.filter((e) => e.callId === callId).map((e) => e.type);

  test("an answered call carries sound both ways, unchanged, and ends when we hang up", async () => {
    const id = await call("0101");
    const media = await heard(id, "media");
    await heard(id, "answered");
    const atCallee = people.soundPorts("0101").at(-1) ?? 0;
    for (let n = 0; n < 10; n++) {
      engine.send(frame(n), media.port);
      callee.send(frame(100 + n), atCallee);
      await Bun.sleep(20);
    }
    await until("sound at the callee", () => callee.sound().length >= 1600);
    const said = Buffer.concat(Array.from({ length: 10 }, (_, n) => frame(100 + n)));
    // Before the answer Asterisk played us its ringing tone.
    await until("sound at the engine", () => Buffer.from(engine.sound()).includes(said));
    expect(callee.sound()).toEqual(Buffer.concat(Array.from({ length: 10 }, (_, n) => frame(n))));

    const [bridge, ...others] = await pbx.bridges();
    expect(others).toEqual([]);
    expect(bridge?.technology).toBe("simple_bridge");
    expect(bridge?.channels).toHaveLength(2);

    await carrier.hangUp(id);
    expect(await heard(id, "ended")).toMatchObject({ cause: "agent-hung-up", disposition: "answered" });
    expect(typesOf(id)).toEqual(["media", "ringing", "answered", "ended"]);
    expect(people.messages()).toContain('From: "Acme" <sip:+12025550199@');
  });

  test("the first packet is at the callee within 20 ms of the answer", async () => {
    const tookMs = await best(20, async () => {
      events.length = atMs.length = callee.packets.length = 0;
      const id = await call("0101");
      const media = await heard(id, "media");
      await heard(id, "answered");
      engine.send(frame(1), media.port);
      const first = await until("a packet", () => callee.packets[0]);
      const answeredAt = (await until("sipp's log", () => people.answeredAt() || undefined)) - performance.timeOrigin;
      const told = atMs[events.findIndex((e) => e.type === "answered")] ?? 0;
      console.info(
        `answer → told ${(told - answeredAt).toFixed(1)} ms → first packet at the callee ${(first.atMs - answeredAt).toFixed(1)} ms`,
      );
      await carrier.hangUp(id);
      await heard(id, "ended");
      return first.atMs - answeredAt;
    });
    expect(tookMs).toBeLessThan(20);
  });

  test.each([
    ["0102", "busy", ["media", "ringing", "ended"]],
    ["0103", "rejected", ["media", "ended"]],
    ["0199", "invalid-number", ["media", "ended"]],
  ] as const)("a call to %s ends as %s", async (ending, outcome, types) => {
    const id = await call(ending);
    expect(await heard(id, "ended")).toMatchObject({ cause: outcome, disposition: outcome });
    expect(typesOf(id)).toEqual([...types]);
  });

  test("nobody answers: the call ends by itself when it has rung long enough", async () => {
    const id = await call("0104", 1000);
    expect(await heard(id, "ended")).toMatchObject({ cause: "no-answer", disposition: "no-answer" });
  });

  test("a callee who hangs up ends the call", async () => {
    const id = await call("0105");
    expect(await heard(id, "ended")).toMatchObject({ cause: "callee-hung-up", disposition: "answered" });
    expect(typesOf(id)).toEqual(["media", "ringing", "answered", "ended"]);
  });

  test("a call is cancelled while it rings", async () => {
    const id = await call("0104");
    await heard(id, "ringing");
    await carrier.hangUp(id);
    expect(await heard(id, "ended")).toMatchObject({ cause: "cancelled", disposition: "cancelled" });
    expect(people.messages()).toContain("CANCEL sip:");
  });

  test("a call is cancelled while it is still being made, and nothing of it stays", async () => {
    const placing = dial("call_early", "0104");
    await carrier.hangUp("call_early");
    expect(await placing).toMatchObject({ ok: false, cause: "cancelled" });
    expect(typesOf("call_early")).toEqual([]);
    await pbx.empty();
  });

  test("keys travel both ways", async () => {
    const id = await call("0101");
    await heard(id, "answered");
    await carrier.sendDtmf(id, "1#a");
    await until("keys at the callee", () => callee.keys() === "1#A");
    await callee.press("7", people.soundPorts("0101").at(-1) ?? 0);
    expect(await heard(id, "dtmf")).toMatchObject({ digit: "7" });
    await carrier.hangUp(id);
    await heard(id, "ended");
  });

  test("a whole telephone talks, listens, presses keys and hangs up", async () => {
    await carrier.close();
    carrier = dialler({ dialEndpoint: "PJSIP/{number}@phone" });
    await carrier.start();
    const id = await call("0100");
    const media = await heard(id, "media");
    await heard(id, "answered");
    // Like the engine it never pauses: the telephone hears a key only between other packets.
    const talking = setInterval(() => engine.send(frame(3), media.port), 20);
    await until("its speech", () => engine.sound().some((byte) => (byte & 0x7f) < 0x50));
    await until("our sound in its ear", () => phone.heard().some((sample) => Math.abs(sample) > 10_000));
    await carrier.sendDtmf(id, "42");
    await until("our keys", () => phone.keys() === "42");
    phone.press("5");
    expect(await heard(id, "dtmf")).toMatchObject({ digit: "5" });
    clearInterval(talking);
    phone.hangUp();
    expect(await heard(id, "ended")).toMatchObject({ cause: "callee-hung-up" });
  });

  test("an unknown trunk is a failure of the trunk, and leaves nothing", async () => {
    await carrier.close();
    carrier = dialler({ dialEndpoint: "PJSIP/{number}@nowhere" });
    await carrier.start();
    expect(await dial("call_nowhere", "0101")).toMatchObject({ ok: false, disposition: "trunk-failure" });
    await pbx.empty();
  });

  test("thirty calls at once are all answered, and all leave", async () => {
    const startMs = performance.now();
    const ids = await Promise.all(Array.from({ length: 30 }, () => call("0101")));
    for (const id of ids) await heard(id, "answered");
    console.info(`30 calls answered ${(performance.now() - startMs).toFixed(0)} ms after the first request`);
    expect(await pbx.channels()).toHaveLength(60);
    const ports = new Set(events.flatMap((e) => (e.type === "media" ? [e.port] : [])));
    expect(ports.size).toBe(30);
    await Promise.all(ids.map((id) => carrier.hangUp(id)));
    for (const id of ids) expect(await heard(id, "ended")).toMatchObject({ cause: "agent-hung-up" });
    await pbx.empty();
    expect(events.filter((e) => e.type === "ended")).toHaveLength(30);
  });

  test("closing hangs up what is still up", async () => {
    const id = await call("0101");
    await heard(id, "answered");
    await carrier.close();
    expect(await heard(id, "ended")).toMatchObject({ disposition: "answered" });
    await pbx.empty();
  });

  test("a wrong password is a state with its remedy, and the process lives", async () => {
    const stranger = dialler({ password: "wrong" });
    await stranger.start();
    expect(stranger.health()).toMatchObject({ state: "down", detail: expect.stringContaining("ARI_PASSWORD") });
    expect(
      await stranger.originate({
        callId: "call_no",
        to: "+12025550101",
        timeoutMs: 1000,
        mediaHost: "127.0.0.1",
        mediaPort: 9,
      }),
    ).toMatchObject({ ok: false, disposition: "trunk-failure" });
    await stranger.close();
  });

  test("what an earlier run left is removed on connecting; other channels are not touched", async () => {
    await pbx.post("bridges/od-opendeep-call_dead?type=mixing");
    await pbx.post("bridges/other?type=mixing");
    const theirs = new WebSocket(
      `ws://127.0.0.1:${pbx.httpPort}/ari/events?app=theirs&api_key=opendeep:${pbx.ari.password}`,
    );
    await new Promise((resolve) => theirs.addEventListener("open", resolve));
    const media = "channels/externalMedia?external_host=127.0.0.1:9&format=ulaw";
    await pbx.post(`${media}&app=opendeep&channelId=od-opendeep-call_dead-media`);
    await pbx.post(`${media}&app=theirs&channelId=not-ours`);
    await carrier.close();
    carrier = dialler();
    await carrier.start();
    for (let n = 0; n < 200 && (await pbx.channels()).length + (await pbx.bridges()).length > 2; n++)
      await Bun.sleep(10);
    expect((await pbx.channels()).map((c) => c.id)).toEqual(["not-ours"]);
    expect((await pbx.bridges()).map((b) => b.id)).toEqual(["other"]);
    await pbx.delete("channels/not-ours");
    await pbx.delete("bridges/other");
    theirs.close();
  });

  test("another program that takes the app over is named, and nothing fights for it", async () => {
    const rival = dialler();
    await rival.start();
    await until("being replaced", () => carrier.health().state === "down");
    expect(carrier.health().detail).toContain("ARI_APP");
    expect(rival.health().state).toBe("up");
    await Bun.sleep(300);
    expect(rival.health().state).toBe("up");
    await rival.close();
  });

  test("Asterisk stopped during a call: the call is lost, then everything works again", async () => {
    const id = await call("0101");
    await heard(id, "answered");
    await pbx.stop();
    expect(await heard(id, "ended")).toMatchObject({ cause: "carrier-lost", disposition: "answered" });
    await until("noticing", () => carrier.health().state === "down");
    await pbx.startAgain();
    await until("reconnecting", () => carrier.health().state === "up", 6000);
    const again = await call("0105");
    expect(await heard(again, "ended")).toMatchObject({ cause: "callee-hung-up" });
  });

  test("Asterisk killed during a call: the call is lost, then everything works again", async () => {
    const id = await call("0101");
    await heard(id, "answered");
    await pbx.kill();
    await until("noticing", () => carrier.health().state === "down");
    await pbx.startAgain();
    expect(await heard(id, "ended")).toMatchObject({ cause: "carrier-lost", disposition: "answered" });
    await until("reconnecting", () => carrier.health().state === "up", 6000);
    await pbx.empty();
    const again = await call("0102");
    expect(await heard(again, "ended")).toMatchObject({ disposition: "busy" });
  });

  test("an Asterisk that stops answering is noticed by its missing pong, and found again", async () => {
    const told: string[] = [];
    const listener = { onUp: () => told.push("up"), onDown: () => told.push("down"), onEvent() {} };
    const settings = { ...pbx.ari, app: "pinged" };
    const ari = new ConnectedAri({ settings, listener, log, schedule: systemSchedule, pingEveryMs: 100 });
    await ari.start();
    await Bun.sleep(350);
    expect(told).toEqual(["up"]);
    process.kill(pbx.pid, "SIGSTOP");
    try {
      await until("noticing", () => told.length === 2);
      expect(ari.health().state).toBe("down");
      await expect(ari.channels()).rejects.toThrow("no connection");
    } finally {
      process.kill(pbx.pid, "SIGCONT");
    }
    await until("coming back", () => told.length === 3, 8000);
    expect(told).toEqual(["up", "down", "up"]);
    expect(await ari.channels()).toEqual([]);
    ari.close();
  });

  test("a user who may only read is told so", async () => {
    const etc = join(pbx.dir, "etc/ari.conf");
    await Bun.write(
      etc,
      `${await Bun.file(etc).text()}\n[reader]\ntype = user\nread_only = yes\npassword = ${pbx.ari.password}\n`,
    );
    await pbx.command("module reload res_ari.so");
    const settings = { ...pbx.ari, username: "reader", app: "reading" };
    const listener = { onUp() {}, onDown() {}, onEvent() {} };
    const ari = new ConnectedAri({ settings, listener, log, schedule: systemSchedule });
    await ari.start();
    expect(ari.health()).toMatchObject({ state: "down", detail: expect.stringContaining("read_only") });
    ari.close();
  });

  test("the trunk described for users loads without a warning", async () => {
    const theirs = await TestAsterisk.start({ trunkPort: people.port, shippedTrunk: true });
    const endpoints = await theirs.command("pjsip show endpoints");
    const complaints = theirs.complaints();
    await theirs.close();
    expect(complaints).toEqual([]);
    expect(endpoints).toMatch(/Endpoint: +trunk /);
  });

  test("the configuration loads without a warning, and listens on loopback only", async () => {
    expect(atStart).toEqual([]);
    const sockets = await new Response(Bun.spawn(["cat", "/proc/net/tcp", "/proc/net/udp"]).stdout).text();
    const http = pbx.httpPort.toString(16).toUpperCase().padStart(4, "0");
    const sip = pbx.sipPort.toString(16).toUpperCase().padStart(4, "0");
    expect(sockets).toContain(`0100007F:${http}`);
    expect(sockets).toContain(`0100007F:${sip}`);
    expect(sockets).not.toContain(`00000000:${sip}`);
  });
});
