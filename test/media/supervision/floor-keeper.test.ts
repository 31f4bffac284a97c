import { expect, test } from "bun:test";
import { createLog } from "../../../src/core/log.ts";
import type { MediaCommand } from "../../../src/media/engine/protocol.ts";
import type { Holder } from "../../../src/media/supervision/floor.ts";
import { FloorKeeper } from "../../../src/media/supervision/floor-keeper.ts";
import { ManualSchedule } from "../../support/manual-schedule.ts";

const eva: Holder = { seatId: "seat_eva", tenantId: "ten_1", userId: "usr_eva", name: "Eva" };

/** Eva has taken the call over. */
const takenOver = () => {
  const time = new ManualSchedule();
  const sent: MediaCommand[] = [];
  const keeper = new FloorKeeper({
    send: (command) => sent.push(command),
    schedule: time.schedule,
    log: createLog({ level: "silent" }),
    holdMs: 20_000,
    holdPhrase: () => ({ text: "One moment, please.", audio: new Uint8Array(160) }),
    ssrcOf: () => 1,
    note() {},
    tell() {},
    changed() {},
  });
  const confirm = (): void => {
    const last = sent.findLast((command) => command.type === "supervise");
    if (last) keeper.onMedia({ type: "supervised", callId: "c", request: last.request, mode: last.mode, atMs: 0 });
  };
  void keeper.ask("c", eva, { mode: "takeover", note: "", transcriber: null });
  confirm();
  const asked = (): number => sent.filter(({ type }) => type === "hold-phrase").length;
  return { time, keeper, asked, modes: () => sent.flatMap((one) => (one.type === "supervise" ? [one.mode] : [])) };
};

// Symptom: whoever was asked to wait heard nothing more for 17 s, until the agent spoke. The phrase was said once.
test("a caller whose speaker is lost is asked to wait every seven seconds, until the agent goes on", () => {
  const { time, keeper, asked, modes } = takenOver();
  keeper.onMedia({ type: "speaker-lost", callId: "c" });
  const counts = [0, 6_999, 1, 6_999, 1, 5_999].map((ms) => {
    time.advance(ms);
    return asked();
  });
  expect(counts).toEqual([1, 1, 2, 2, 3, 3]);
  expect(modes()).toEqual(["takeover"]);
  time.advance(1);
  expect(modes()).toEqual(["takeover", "listen"]);
  time.advance(60_000);
  expect(asked()).toBe(3);
});

test("a caller whose speaker is back, or whose call is over, is not asked to wait again", () => {
  for (const end of ["back", "over"]) {
    const { time, keeper, asked } = takenOver();
    keeper.onMedia({ type: "speaker-lost", callId: "c" });
    if (end === "back") keeper.onMedia({ type: "speaker-back", callId: "c" });
    else keeper.callEnded("c");
    time.advance(60_000);
    expect(asked()).toBe(1);
  }
});
