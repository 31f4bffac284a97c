import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mediasoupWorkerBin } from "../../../scripts/paths.ts";
import type { SupervisionMode } from "../../../src/core/supervision.ts";
import { SEAT_HOLD_MS } from "../../../src/media/supervision/signalling.ts";
import { HASTE, openSpeakingRig, startTalker } from "../../support/speaking-rig.ts";
import { until } from "../../support/until.ts";

const missing = !existsSync(mediasoupWorkerBin());
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Eva speaks in `mode`; Tom listens. */
const speaking = async (mode: SupervisionMode) => {
  const rig = await openSpeakingRig();
  closing.push(rig.close);
  const eva = rig.come("Eva");
  const tom = rig.come("Tom");
  const seatId = (await eva.join()).data?.seatId;
  await tom.join();
  await eva.openMicrophone(1111);
  expect(await eva.ask("mode", { mode })).toMatchObject({ ok: true });
  const modes = (): string[] => rig.noted.filter((line) => line.includes(">"));
  const modesOfEngine = (): string[] =>
    rig.commands("supervise").map(({ mode, ssrc }) => `${mode} ${ssrc === null ? "nobody" : "Eva"}`);
  const isFree = (): boolean => rig.asked()?.mode === "listen";
  return { ...rig, eva, tom, seatId, modes, modesOfEngine, isFree };
};

test.skipIf(missing)(
  "a socket lost in a takeover: the caller is asked to wait, and it goes on when the same person is back",
  async () => {
    const { come, eva, tom, seatId, commands, modesOfEngine, asked, modes, tones } = await speaking("takeover");
    eva.line.closed();
    expect(modesOfEngine()).toEqual(["takeover Eva", "takeover nobody"]);
    expect(commands("hold-phrase")).not.toBeEmpty();
    expect(tom.roster()).toEqual(["Eva takeover", "Tom listen"]);
    await until("Tom hears her no longer", () => tom.notices("gone").length === 1);

    const again = come("Eva");
    expect(await again.ask("reclaim", { seatId })).toMatchObject({ ok: true, data: { mode: "takeover" } });
    expect(await again.ask("mode", { mode: "takeover" })).toMatchObject({ ok: false, reason: "not-now" });
    const way = await again.openMicrophone(1112);
    const talker = await startTalker(way.tuple.localPort, 1112);
    closing.push(talker.close);
    expect(await again.ask("mode", { mode: "takeover" })).toMatchObject({ ok: true });
    const ssrc = asked()?.ssrc ?? -1;
    await until("she is heard again", () => (tones.spoken.get(ssrc)?.packets ?? 0) > 5);
    expect(commands("hold-phrase")).not.toBeEmpty();
    expect(modes()).toEqual(["Eva: listen>takeover asked"]);
    // The time that was running is over.
    await Bun.sleep(SEAT_HOLD_MS / HASTE + 100);
    expect(asked()?.mode).toBe("takeover");
  },
  180_000,
);

test.skipIf(missing)(
  "a socket lost in a takeover for good: the agent has the call again, and everybody hears why",
  async () => {
    const { eva, tom, isFree, modes, noted } = await speaking("takeover");
    eva.line.closed();
    await until("the agent has the call", isFree);
    await until("her place is given up", () => noted.includes("Eva: left"));
    expect(tom.notices("mode")).toEqual([
      {
        event: "mode",
        callId: "c1",
        mode: "listen",
        why: "The connection to Eva was lost. The AI speaks with the caller again.",
      },
    ]);
    expect(tom.roster()).toEqual(["Tom listen"]);
    expect(modes()).toEqual(["Eva: listen>takeover asked", "Eva: takeover>listen link-lost"]);
  },
);

// Symptom: a connection that died without a word left the caller with the hold phrase while its supervisor was back at
// the desk. The server still had the old socket, so the microphone behind it stayed in, and the new one was told that
// nothing waits for it.
test.skipIf(missing)(
  "a place taken up again before its old socket was seen to be dead is a loss like any other",
  async () => {
    const { come, seatId, commands, modesOfEngine } = await speaking("takeover");
    const again = come("Eva");
    expect(await again.ask("reclaim", { seatId })).toMatchObject({ ok: true, data: { mode: "takeover" } });
    expect(modesOfEngine()).toEqual(["takeover Eva", "takeover nobody"]);
    expect(commands("hold-phrase")).not.toBeEmpty();
    await again.openMicrophone(1112);
    expect(await again.ask("mode", { mode: "takeover" })).toMatchObject({ ok: true });
  },
);

for (const mode of ["whisper", "barge"] as const)
  test.skipIf(missing)(
    `a socket lost in ${mode}: nobody hears them from then on, and no caller is asked to wait`,
    async () => {
      const { come, eva, seatId, commands, modesOfEngine, modes } = await speaking(mode);
      eva.line.closed();
      expect(modesOfEngine()).toEqual([`${mode} Eva`, "listen nobody"]);
      expect(commands("hold-phrase")).toEqual([]);
      expect(await come("Eva").ask("reclaim", { seatId })).toMatchObject({ ok: true, data: { mode: "listen" } });
      expect(modes()).toEqual([`Eva: listen>${mode} asked`, `Eva: ${mode}>listen link-lost`]);
    },
  );

for (const mode of ["whisper", "barge", "takeover"] as const) {
  test.skipIf(missing)(`leaving, or closing the page, in ${mode} gives the call back at once`, async () => {
    for (const go of ["leave", "close"] as const) {
      const { eva, commands, isFree, modes } = await speaking(mode);
      if (go === "leave") await eva.ask("leave");
      else eva.line.closed(true);
      expect(isFree()).toBe(true);
      expect(commands("hold-phrase")).toEqual([]);
      expect(modes()).toEqual([`Eva: listen>${mode} asked`, `Eva: ${mode}>listen left`]);
    }
  });

  test.skipIf(missing)(`a microphone whose transport or stream is closed in ${mode} is a loss`, async () => {
    const { eva, ways, commands, modesOfEngine } = await speaking(mode);
    ways.at(-1)?.close();
    const fallen = mode === "takeover" ? "takeover nobody" : "listen nobody";
    expect(modesOfEngine()).toEqual([`${mode} Eva`, fallen]);
    expect(commands("hold-phrase").length > 0).toBe(mode === "takeover");
    if (mode === "takeover") return;
    const news = await until("she is told", () => eva.notices("mode")[0]);
    expect(news).toMatchObject({ mode: "listen" });
  });

  test.skipIf(missing)(
    `a microphone that its browser closes in ${mode} is a loss unless its socket says more`,
    async () => {
      for (const says of ["nothing", "leave"] as const) {
        const { eva, ways, commands, isFree, modesOfEngine, modes } = await speaking(mode);
        ways.at(-1)?.emit("dtlsstatechange" as never, ...(["closed"] as never));
        expect(modesOfEngine()).toEqual([`${mode} Eva`]);
        if (says === "leave") {
          await eva.ask("leave");
          expect(commands("hold-phrase")).toEqual([]);
          expect(modes().at(-1)).toBe(`Eva: ${mode}>listen left`);
        } else if (mode === "takeover")
          await until("the caller is asked to wait", () => commands("hold-phrase").length > 0);
        else await until("the agent is alone again", isFree);
      }
    },
  );

  test.skipIf(missing)(`a mediasoup worker that dies in ${mode} leaves the caller with somebody`, async () => {
    const { supervision, eva, commands, modesOfEngine, isFree, plainInstead, modes } = await speaking(mode);
    const pid = supervision.workerPid();
    if (!pid) throw new Error("no worker runs");
    process.kill(pid, "SIGKILL");
    await until("she is asked to join again", () => eva.notices("rejoin").length > 0);
    const fallen = mode === "takeover" ? "takeover nobody" : "listen nobody";
    expect(modesOfEngine()).toEqual([`${mode} Eva`, fallen]);
    expect(commands("hold-phrase").length > 0).toBe(mode === "takeover");
    await plainInstead();
    const joined = await eva.join();
    expect(joined).toMatchObject({ ok: true, data: { mode: mode === "takeover" ? "takeover" : "listen" } });
    await eva.openMicrophone(1113);
    expect(await eva.ask("mode", { mode })).toMatchObject({ ok: true });
    expect(isFree()).toBe(false);
    expect(modesOfEngine().at(-1)).toBe(`${mode} Eva`);
    expect(modes().some((line) => line.includes("takeover>listen"))).toBe(false);
  });
}

test.skipIf(missing)(
  "a line that falls silent in a takeover is waited for, and goes on by itself",
  async () => {
    const { tones, commands, tom, modes, isFree } = await speaking("takeover");
    tones.emit({ type: "speaker-lost", callId: "c1" });
    expect(commands("hold-phrase")).not.toBeEmpty();
    tones.emit({ type: "speaker-back", callId: "c1" });
    await Bun.sleep(SEAT_HOLD_MS / HASTE + 100);
    expect(isFree()).toBe(false);
    expect(tom.notices("mode")).toEqual([]);
    tones.emit({ type: "speaker-lost", callId: "c1" });
    await until("the agent has the call", isFree);
    expect(modes().at(-1)).toBe("Eva: takeover>listen link-lost");
  },
  180_000,
);

test.skipIf(missing)("a call that ends while a mode is asked for answers the softphone and closes all", async () => {
  const { supervision, tones, eva, tom, commands } = await speaking("barge");
  tones.confirms = false;
  const asking = eva.ask("mode", { mode: "takeover" });
  await until("the engine was asked", () => commands("supervise").length === 2);
  supervision.callEnded("c1");
  expect(await asking).toMatchObject({ ok: false, reason: "call-over" });
  for (const one of [eva, tom]) expect(one.notices("call-ended")).toHaveLength(1);
  expect(supervision.present("c1")).toEqual([]);
  await until("the copies stopped", () => tones.liveTaps === 0);
  expect(commands("hold-phrase")).toEqual([]);
});

test.skipIf(missing)("a media thread that dies refuses what was asked of it", async () => {
  const { tones, eva, commands } = await speaking("listen");
  tones.confirms = false;
  const asking = eva.ask("mode", { mode: "takeover" });
  await until("the engine was asked", () => commands("supervise").length === 1);
  tones.emit({ type: "media-died" });
  expect(await asking).toMatchObject({ ok: false, reason: "call-over" });
});
