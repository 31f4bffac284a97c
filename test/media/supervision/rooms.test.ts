import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mediasoupWorkerBin } from "../../../scripts/paths.ts";
import { systemSchedule } from "../../../src/core/clock.ts";
import { createLog } from "../../../src/core/log.ts";
import type { MediaCommand } from "../../../src/media/engine/protocol.ts";
import { createSupervision, type Supervision } from "../../../src/media/supervision/signalling.ts";
import { until } from "../../support/until.ts";

const missing = !existsSync(mediasoupWorkerBin());
let supervision: Supervision | null = null;
afterEach(() => supervision?.close());

type Said = Record<string, unknown> & { reply?: number; event?: string; data?: { seatId: string } };

const house = (seatHoldMs?: number) => {
  const commands: MediaCommand[] = [];
  const came: string[] = [];
  const made = createSupervision({
    log: createLog({ level: "silent" }),
    media: { send: (command) => commands.push(command), subscribe: () => () => {} },
    schedule: systemSchedule,
    webrtc: { listenIp: "127.0.0.1", withLoopback: true, announcedAddress: null, ports: { from: 41_500, to: 41_520 } },
    workerBin: mediasoupWorkerBin,
    speakerPort: () => 0,
    callInfo: async () => ({ live: true, answered: true, who: "Dental clinic" }),
    transcriber: async () => null,
    holdPhrase: () => null,
    hangUp: () => false,
    sendKeys: () => false,
    note: (by, { type }) => {
      if (type === "supervisor.joined") came.push(`+${by.userId}`);
      if (type === "supervisor.left") came.push(`-${by.userId}`);
    },
    ...(seatHoldMs === undefined ? {} : { seatHoldMs }),
  });
  supervision = made;
  const come = (userId: string) => {
    const sent: Said[] = [];
    const line = made.attach(
      { send: (text) => sent.push(JSON.parse(text)), close: () => {} },
      { tenantId: "ten_1", userId, name: userId, roles: ["supervisor"] },
    );
    let lastId = 0;
    const ask = (type: string, fields: Record<string, unknown> = {}): Promise<Said> => {
      const id = ++lastId;
      line.message(JSON.stringify({ id, type, ...fields }));
      return until(`${type} was answered`, () => sent.find((one) => one.reply === id));
    };
    return { line, sent, ask, join: () => ask("join", { callId: "c1" }) };
  };
  const taps = (): number =>
    commands.reduce((sum, { type }) => sum + (type === "tap" ? 1 : type === "untap" ? -1 : 0), 0);
  return { made, commands, came, come, taps };
};

test.skipIf(missing)("the first listener opens one room with both parties, the last closes it", async () => {
  const { commands, come, taps, came } = house();
  const eva = come("eva");
  const tom = come("tom");
  const [joined] = await Promise.all([eva.join(), tom.join()]);
  expect(joined).toMatchObject({ ok: true, data: { who: "Dental clinic" } });
  expect(taps()).toBe(1);
  const tap = commands.find((command) => command.type === "tap");
  expect(tap?.target.host).toBe("127.0.0.1");
  expect(tap?.target.calleePort).not.toBe(tap?.target.agentPort);
  expect(tap?.target.calleeSsrc).not.toBe(tap?.target.agentSsrc);
  await until("both are on the roster", () =>
    eva.sent.some((one) => one.event === "roster" && Array.isArray(one.present) && one.present.length === 2),
  );
  await eva.ask("leave");
  expect(taps()).toBe(1);
  await tom.ask("leave");
  await until("the copies stopped", () => taps() === 0);
  expect(came.slice(0, 2).sort()).toEqual(["+eva", "+tom"]);
  expect(came.slice(2)).toEqual(["-eva", "-tom"]);
});

test.skipIf(missing)("a place outlives its socket, only for the same person, and only for a while", async () => {
  const { come, came, taps } = house(150);
  const eva = come("eva");
  const seatId = (await eva.join()).data?.seatId;
  eva.line.closed();
  expect(await come("tom").ask("reclaim", { seatId })).toMatchObject({ ok: false, reason: "no-seat" });
  const again = come("eva");
  expect(await again.ask("reclaim", { seatId })).toMatchObject({ ok: true, data: { callId: "c1" } });
  expect(came).toEqual(["+eva"]);
  again.line.closed();
  await until("the place was given up", () => came.length === 2);
  expect(came).toEqual(["+eva", "-eva"]);
  await until("the copies stopped", () => taps() === 0);
});

test.skipIf(missing)("a dead worker asks every softphone to join again, and the places are kept", async () => {
  const { made, come, came, taps } = house();
  const eva = come("eva");
  const seatId = (await eva.join()).data?.seatId;
  const pid = made.workerPid();
  if (!pid) throw new Error("no worker runs");
  process.kill(pid, "SIGKILL");
  await until("the softphone is asked", () => eva.sent.some((one) => one.event === "rejoin"));
  await until("the old copies stopped", () => taps() === 0);
  const joined = await eva.join();
  expect(joined).toMatchObject({ ok: true, data: { seatId } });
  expect(made.workerPid()).not.toBe(pid);
  expect(taps()).toBe(1);
  expect(came).toEqual(["+eva"]);
});

test.skipIf(missing)("the end of a call tells its listeners and closes the room", async () => {
  const { made, come, came, taps } = house();
  const eva = come("eva");
  await eva.join();
  made.callEnded("c1");
  expect(eva.sent.at(-1)).toEqual({ event: "call-ended", callId: "c1" });
  await until("the copies stopped", () => taps() === 0);
  expect(came).toEqual(["+eva", "-eva"]);
});
