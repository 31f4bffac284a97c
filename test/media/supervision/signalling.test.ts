import { afterEach, describe, expect, test } from "bun:test";
import { systemSchedule } from "../../../src/core/clock.ts";
import { createLog } from "../../../src/core/log.ts";
import {
  createSupervision,
  type Supervision,
  type SupervisionDeps,
} from "../../../src/media/supervision/signalling.ts";

const eva = { tenantId: "ten_1", userId: "usr_eva", name: "Eva", roles: ["owner"] };
let supervision: Supervision | null = null;
afterEach(() => supervision?.close());

const open = (deps: Partial<SupervisionDeps> = {}, actor = eva) => {
  supervision = createSupervision({
    log: createLog({ level: "silent" }),
    media: { send: () => {}, subscribe: () => () => {} },
    schedule: systemSchedule,
    webrtc: { listenIp: "127.0.0.1", withLoopback: true, announcedAddress: null, ports: { from: 41_500, to: 41_520 } },
    workerBin: () => null,
    speakerPort: () => 0,
    callInfo: async (tenantId, callId) =>
      tenantId === "ten_1" && callId !== "unknown"
        ? { live: callId !== "done", answered: callId !== "ringing", who: "Dental clinic" }
        : null,
    transcriber: async () => null,
    holdPhrase: () => null,
    hangUp: () => false,
    sendKeys: () => false,
    note: () => {},
    ...deps,
  });
  const sent: Record<string, unknown>[] = [];
  const closed: number[] = [];
  const line = supervision.attach(
    { send: (text) => sent.push(JSON.parse(text)), close: (code) => closed.push(code) },
    actor,
  );
  /** Says something and waits for its answer. */
  const ask = async (message: Record<string, unknown>): Promise<Record<string, unknown>> => {
    line.message(JSON.stringify(message));
    for (let turn = 0; turn < 50; turn++) {
      const reply = sent.find((one) => one.reply === message.id);
      if (reply) return reply;
      await Promise.resolve();
    }
    throw new Error("no answer");
  };
  return { line, sent, closed, ask };
};

describe("softphone socket", () => {
  test("a call of another tenant is as unknown as one that never was", async () => {
    const { ask } = open({}, { ...eva, tenantId: "ten_2" });
    const reply = await ask({ id: 1, type: "join", callId: "live" });
    expect(reply).toMatchObject({ ok: false, reason: "no-such-call" });
  });

  test("a call that is over cannot be joined", async () => {
    const { ask } = open();
    expect(await ask({ id: 1, type: "join", callId: "done" })).toMatchObject({ reason: "call-over" });
  });

  test("without a mediasoup worker the refusal says what is missing and the fix", async () => {
    const { ask } = open();
    const reply = await ask({ id: 1, type: "join", callId: "live" });
    expect(reply.reason).toBe("unavailable");
    expect(reply.why).toContain("bun run setup");
    expect(supervision?.health()).toMatchObject({ ok: false });
    expect(supervision?.listeners("live")).toEqual([]);
  });

  test("what is no request, too large or out of range is refused as malformed", async () => {
    const { ask } = open();
    for (const message of [
      { id: 1, type: "mode", mode: "shout" },
      { id: 2, type: "produce", kind: "audio" },
      { id: 3, type: "produce", rtpParameters: { codecs: [] } },
      { id: 4, type: "dtmf", digits: "12x" },
      { id: 5, type: "whisper", text: " ".repeat(9) },
    ])
      expect(await ask(message)).toMatchObject({ ok: false, reason: "bad-message" });
  });

  test("requests before a join are refused", async () => {
    const { ask } = open();
    expect(await ask({ id: 1, type: "resume" })).toMatchObject({ reason: "no-seat" });
    expect(await ask({ id: 2, type: "reclaim", seatId: "seat_of_someone" })).toMatchObject({ reason: "no-seat" });
    expect(await ask({ id: 3, type: "ping" })).toMatchObject({ ok: true });
  });

  test("too long a message, too many bad ones, or a flood closes the socket", () => {
    const long = open();
    long.line.message(`"${"x".repeat(70_000)}"`);
    expect(long.closed).toEqual([1009]);
    const bad = open();
    for (let i = 0; i < 6; i++) bad.line.message("not json");
    expect(bad.closed).toEqual([1008]);
    const flood = open();
    for (let i = 0; i < 100; i++) flood.line.message(JSON.stringify({ id: i, type: "ping" }));
    expect(flood.closed).toEqual([1008]);
  });

  test("a softphone that left while its call was looked up leaves nothing behind", async () => {
    let answer: (call: { live: boolean; answered: boolean; who: string }) => void = () => {};
    const { line, sent } = open({
      callInfo: () =>
        new Promise((told) => {
          answer = told;
        }),
    });
    line.message(JSON.stringify({ id: 1, type: "join", callId: "live" }));
    await Promise.resolve();
    line.closed();
    answer({ live: true, answered: true, who: "Dental clinic" });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(sent).toEqual([]);
    expect(supervision?.listeners("live")).toEqual([]);
  });
});
