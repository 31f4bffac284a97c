import { beforeEach, describe, expect, test } from "bun:test";
import { OutsideError } from "../../../../src/core/errors.ts";
import type { Log } from "../../../../src/core/log.ts";
import type { Ari, AriListener } from "../../../../src/media/carriers/asterisk/ari.ts";
import { asteriskControl } from "../../../../src/media/carriers/asterisk/control.ts";
import { type AriChannel, type AriEvent, parseAriEvent } from "../../../../src/media/carriers/asterisk/events.ts";
import type { CarrierControl, CarrierEvent } from "../../../../src/media/carriers/control.ts";
import { recordedEvents } from "../../../support/asterisk-events.ts";
import { ManualSchedule } from "../../../support/manual-schedule.ts";

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const settle = () => Bun.sleep(0);

/** An Asterisk that does what it is asked, unless it is told to refuse; it remembers every request. */
class FakeAri implements Ari {
  readonly asked: string[] = [];
  readonly there = new Map<string, string>();
  readonly bridges = new Set<string>();
  refuses = new Set<string>();
  up = true;
  /** Channels come into the app by themselves; off when a test wants to say when. */
  starts = true;
  listener: AriListener | undefined;

  async start() {}
  close() {}
  isUp = () => this.up;
  health = () => ({ state: this.up ? ("up" as const) : ("down" as const), detail: "Asterisk is away." });

  async createMedia(id: string) {
    await this.#ask(`media ${id}`);
    this.#appears(id, "Up");
    return { host: "127.0.0.1", port: 14_000 };
  }
  async createCall(id: string, endpoint: string) {
    await this.#ask(`call ${endpoint}`);
    this.#appears(id, "Down");
  }
  async createBridge(id: string) {
    await this.#ask("bridge");
    this.bridges.add(id);
  }
  addToBridge = (_: string, ids: string[]) => this.#ask(`join ${ids.length}`);
  dial = (_: string, timeoutMs: number) => this.#ask(`dial ${timeoutMs}`);
  sendDtmf = (_: string, digits: string) => this.#ask(`dtmf ${digits}`);
  async hangUp(id: string) {
    await this.#ask(`hangup ${id}`);
    const state = this.there.get(id);
    if (state === undefined) return;
    this.there.delete(id);
    this.tell({ type: "ChannelDestroyed", channel: { id, state }, cause: 16 });
  }
  async destroyBridge(id: string) {
    await this.#ask("unbridge");
    this.bridges.delete(id);
  }
  channels = async (): Promise<AriChannel[]> => [...this.there].map(([id, state]) => ({ id, state }));
  bridgeIds = async () => [...this.bridges];

  tell(raw: unknown): void {
    const event = parseAriEvent(raw);
    if (event) this.listener?.onEvent(event);
  }

  #appears(id: string, state: string): void {
    this.there.set(id, state);
    if (this.starts) this.tell({ type: "StasisStart", channel: { id, state } });
  }

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    await Promise.resolve();
    const [word = ""] = what.split(" ");
    if (!this.up || this.refuses.has(word)) throw new OutsideError("refused", { retryable: true });
  }
}

describe("the Asterisk carrier", () => {
  let ari: FakeAri;
  let time: ManualSchedule;
  let events: CarrierEvent[];
  let carrier: CarrierControl;

  beforeEach(() => {
    ari = new FakeAri();
    time = new ManualSchedule();
    events = [];
    carrier = control();
  });

  const control = (onEvent: (event: CarrierEvent) => void = (event) => events.push(event)) =>
    asteriskControl({
      ari: {
        url: "http://127.0.0.1:8088",
        username: "u",
        password: "p",
        app: "opendeep",
        dialEndpoint: "PJSIP/{number}@trunk",
      },
      callCapacity: 2,
      log,
      onEvent,
      schedule: time.schedule,
      connect: (listener) => {
        ari.listener = listener;
        return ari;
      },
    });

  const dial = (callId = "call_1", to = "+12025550100") =>
    carrier.originate({ callId, to, timeoutMs: 20_000, mediaHost: "127.0.0.1", mediaPort: 20_000 });
  const callee = (callId = "call_1") => `od-opendeep-${callId}-callee`;
  const media = (callId = "call_1") => `od-opendeep-${callId}-media`;
  const play = (title: string, callId = "call_1", only: (event: AriEvent) => boolean = () => true) => {
    for (const event of recordedEvents(callee(callId)).get(title) ?? []) if (only(event)) ari.tell(event);
  };
  const answered = async (callId = "call_1") => {
    expect(await dial(callId)).toEqual({ ok: true });
    ari.there.set(callee(callId), "Up");
    ari.tell({ type: "ChannelStateChange", channel: { id: callee(callId), state: "Up" } });
  };
  const types = () => events.map((event) => event.type);
  const nothingLeft = () => {
    expect([...ari.there.keys()]).toEqual([]);
    expect([...ari.bridges]).toEqual([]);
  };

  test("everything is made before it rings, and two members join one bridge", async () => {
    expect(await dial()).toEqual({ ok: true });
    expect(ari.asked.slice(0, 3).sort()).toEqual(["bridge", "call PJSIP/+12025550100@trunk", `media ${media()}`]);
    expect(ari.asked.slice(3)).toEqual(["join 2", "dial 20000"]);
    expect(events).toEqual([{ type: "media", callId: "call_1", host: "127.0.0.1", port: 14_000 }]);
  });

  test("no channel joins the bridge before it came into our app", async () => {
    ari.starts = false;
    const placing = dial();
    await settle();
    expect(ari.asked).not.toContain("join 2");
    ari.tell({ type: "StasisStart", channel: { id: media(), state: "Up" } });
    await settle();
    expect(ari.asked).not.toContain("join 2");
    ari.tell({ type: "StasisStart", channel: { id: callee(), state: "Down" } });
    expect(await placing).toEqual({ ok: true });
    expect(ari.asked).toContain("join 2");
  });

  test("a channel that never comes gives the call up and leaves nothing", async () => {
    ari.starts = false;
    const placing = dial();
    await settle();
    time.advance(5000);
    expect(await placing).toMatchObject({ ok: false, disposition: "trunk-failure" });
    expect(events).toEqual([]);
    nothingLeft();
  });

  test.each(["media", "call", "bridge", "join"])(
    "when the %s is refused nothing stays, and no event is told",
    async (step) => {
      ari.refuses.add(step);
      expect(await dial()).toMatchObject({ ok: false, disposition: "trunk-failure" });
      expect(events).toEqual([]);
      nothingLeft();
      expect(time.waiting).toBe(0);
    },
  );

  test("when dialling is refused the call ends with an event, and nothing stays", async () => {
    ari.refuses.add("dial");
    expect(await dial()).toEqual({ ok: true });
    await settle();
    expect(types()).toEqual(["media", "ended"]);
    nothingLeft();
  });

  test("it is told once that it rings and once that it is answered, in any order of Asterisk's events", async () => {
    await dial();
    play("answered, we hang up", "call_1", (event) => event.type === "Dial" || event.type === "ChannelStateChange");
    play("answered, we hang up", "call_1", (event) => event.type === "Dial" || event.type === "ChannelStateChange");
    expect(types()).toEqual(["media", "ringing", "answered"]);
  });

  test("early media is ringing, not an answer", async () => {
    await dial();
    ari.tell({ type: "Dial", dialstatus: "PROGRESS", peer: { id: callee(), state: "Down" } });
    expect(types()).toEqual(["media", "ringing"]);
  });

  test("the end is told once, last, and takes media and bridge with it", async () => {
    await dial();
    play("answered, callee hangs up without a reason");
    ari.there.delete(callee());
    play("answered, callee hangs up without a reason");
    await settle();
    expect(types()).toEqual(["media", "ringing", "answered", "ended"]);
    expect(events.at(-1)).toMatchObject({ cause: "callee-hung-up", disposition: "answered" });
    nothingLeft();
  });

  test("our hang-up is told when the channel is gone", async () => {
    await answered();
    await carrier.hangUp("call_1");
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "agent-hung-up" });
    nothingLeft();
    await carrier.hangUp("call_1");
    await carrier.hangUp("call_unknown");
    expect(events.filter((event) => event.type === "ended")).toHaveLength(1);
  });

  test("a channel that does not want to go is given up after 5 s, and removed by a later look", async () => {
    await answered();
    ari.refuses.add("hangup");
    await carrier.hangUp("call_1");
    time.advance(4999);
    expect(types()).not.toContain("ended");
    time.advance(1);
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "agent-hung-up" });
    await settle();
    ari.refuses.clear();
    time.advance(1000);
    await settle();
    nothingLeft();
  });

  test("Asterisk's own time-out lost, ringing ends 5 s after it should have", async () => {
    await dial();
    time.advance(24_999);
    expect(types()).not.toContain("ended");
    time.advance(1);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "no-answer" });
    nothingLeft();
  });

  test("an answered call has no time-out of ringing", async () => {
    await answered();
    time.advance(600_000);
    expect(types()).toEqual(["media", "answered"]);
  });

  test("never more calls than capacity; a line is free again when its call is removed", async () => {
    expect(await dial("call_1")).toEqual({ ok: true });
    expect(await dial("call_2")).toEqual({ ok: true });
    expect(await dial("call_3")).toMatchObject({ ok: false, disposition: "failed", detail: "All lines are taken." });
    expect(ari.asked.filter((what) => what.startsWith("media"))).toHaveLength(2);
    await carrier.hangUp("call_1");
    await settle();
    expect(await dial("call_3")).toEqual({ ok: true });
  });

  test.each(["+1202555@evil", "12025550100", "+12025550100&PJSIP/x"])("%p never reaches Asterisk", async (to) => {
    expect(await dial("call_1", to)).toMatchObject({ ok: false, disposition: "invalid-number" });
    expect(ari.asked).toEqual([]);
  });

  test("without a connection a call is refused with what is wrong", async () => {
    ari.up = false;
    expect(await dial()).toMatchObject({ ok: false, disposition: "trunk-failure", detail: "Asterisk is away." });
  });

  test("a call survives a short loss of the connection, and what was missed is made up", async () => {
    await dial();
    ari.up = false;
    ari.listener?.onDown();
    time.advance(2000);
    ari.there.set(callee(), "Up");
    ari.up = true;
    ari.listener?.onUp();
    time.advance(0);
    await settle();
    expect(types()).toEqual(["media", "answered"]);
    time.advance(5000);
    expect(types()).toEqual(["media", "answered"]);
  });

  test("calls of an Asterisk that stays away are lost after 3 s", async () => {
    await answered();
    ari.up = false;
    ari.listener?.onDown();
    time.advance(2999);
    expect(types()).not.toContain("ended");
    time.advance(1);
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "carrier-lost", disposition: "answered" });
  });

  test("calls that a restarted Asterisk does not know are lost", async () => {
    await answered("call_1");
    ari.listener?.onDown();
    ari.there.clear();
    ari.bridges.clear();
    ari.listener?.onUp();
    time.advance(0);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "carrier-lost" });
  });

  test("a hang-up without a connection ends the call at once, and its channels when Asterisk is back", async () => {
    await answered();
    ari.up = false;
    ari.listener?.onDown();
    await carrier.hangUp("call_1");
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "agent-hung-up" });
    await settle();
    ari.up = true;
    ari.listener?.onUp();
    time.advance(0);
    await settle();
    nothingLeft();
  });

  test("an end whose event was lost is found by the next look", async () => {
    await answered();
    ari.listener?.onUp();
    time.advance(0);
    await settle();
    ari.there.delete(callee());
    time.advance(30_000);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "carrier-lost" });
    nothingLeft();
  });

  test("what no call owns is removed on connecting, what others own is left", async () => {
    for (const id of [callee("call_9"), media("call_9"), "1795.18", "od-other-call_9-media"]) ari.there.set(id, "Up");
    ari.bridges.add("od-opendeep-call_9").add("theirs");
    await answered("call_1");
    ari.listener?.onUp();
    time.advance(0);
    await settle();
    expect([...ari.there.keys()].sort()).toEqual(["1795.18", callee(), media(), "od-other-call_9-media"].sort());
    expect([...ari.bridges].sort()).toEqual(["od-opendeep-call_1", "theirs"]);
    expect(types()).not.toContain("ended");
  });

  test("a call that comes in is turned away", async () => {
    ari.tell({ type: "StasisStart", channel: { id: "1795.18", state: "Ring" } });
    await settle();
    expect(ari.asked).toEqual(["hangup 1795.18"]);
  });

  test("a call whose media channel went is ended", async () => {
    await answered();
    ari.there.delete(media());
    ari.tell({ type: "ChannelDestroyed", channel: { id: media(), state: "Up" }, cause: 16 });
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "ended", cause: "carrier-lost", disposition: "answered" });
    nothingLeft();
  });

  test("keys go to an answered call only, and only real keys", async () => {
    await dial();
    expect(carrier.sendDtmf("call_1", "1")).rejects.toThrow("during a call");
    ari.tell({ type: "ChannelStateChange", channel: { id: callee(), state: "Up" } });
    await carrier.sendDtmf("call_1", "12#w*d");
    expect(ari.asked.at(-1)).toBe("dtmf 12#w*D");
    expect(carrier.sendDtmf("call_1", "1&x=2")).rejects.toThrow("keys");
  });

  test("keys of the callee are told, not those of other channels", async () => {
    await answered();
    ari.tell({ type: "ChannelDtmfReceived", digit: "5", channel: { id: callee(), state: "Up" } });
    ari.tell({ type: "ChannelDtmfReceived", digit: "6", channel: { id: media(), state: "Up" } });
    expect(events.filter((event) => event.type === "dtmf")).toEqual([{ type: "dtmf", callId: "call_1", digit: "5" }]);
  });

  test("a listener that throws does not disturb the call", async () => {
    const seen: string[] = [];
    carrier = control((event) => {
      seen.push(event.type);
      throw new Error("listener");
    });
    await dial();
    play("answered, callee hangs up with cause 16");
    expect(seen).toEqual(["media", "ringing", "answered", "ended"]);
  });

  test("closing hangs up every call, then takes no more", async () => {
    await answered("call_1");
    await answered("call_2");
    await carrier.close();
    expect(types().filter((type) => type === "ended")).toHaveLength(2);
    nothingLeft();
    expect(await dial("call_3")).toMatchObject({ ok: false, cause: "cancelled" });
  });
});
