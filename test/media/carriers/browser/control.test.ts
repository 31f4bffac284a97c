import { expect, test } from "bun:test";
import { createLog } from "../../../../src/core/log.ts";
import { type BrowserControl, browserControl } from "../../../../src/media/carriers/browser/control.ts";
import type { BrowserLine, LineEvents } from "../../../../src/media/carriers/browser/line.ts";
import type { CarrierEvent } from "../../../../src/media/carriers/control.ts";
import { ManualSchedule } from "../../../support/manual-schedule.ts";

/** A line that does what it is told, and says what was done with it. */
const fakeLine = () => {
  const line = {
    ssrc: 4711,
    events: null as LineEvents | null,
    leg: "",
    closed: 0,
    listen(events: LineEvents) {
      line.events = events;
    },
    async connectLeg(host: string, port: number) {
      line.leg = `${host}:${port}`;
      return { host: "127.0.0.1", port: 50_001 };
    },
    close() {
      line.closed++;
    },
  };
  return line;
};

const open = () => {
  const heard: CarrierEvent[] = [];
  const schedule = new ManualSchedule();
  const control: BrowserControl = browserControl({
    health: () => ({ state: "up", detail: "" }),
    callCapacity: 5,
    onEvent: (event) => heard.push(event),
    schedule: schedule.schedule,
    log: createLog({ level: "silent" }),
  });
  const told: string[] = [];
  const line = fakeLine();
  control.seat("c1", line as unknown as BrowserLine, {
    answered: () => told.push("answered"),
    over: (why) => told.push(`over ${why}`.trim()),
  });
  const place = () =>
    control.originate({ callId: "c1", to: "", timeoutMs: 45_000, mediaHost: "127.0.0.1", mediaPort: 20_000 });
  return { control, heard, told, line, schedule, place };
};

test("the call is answered once sound goes both ways and the attempt has placed it, whichever is first", async () => {
  for (const soundFirst of [true, false]) {
    const { control, heard, told, line, place } = open();
    expect(await control.legFor({ callId: "c1", to: "" })).toEqual({ kind: "rtp", ssrc: 4711 });
    if (soundFirst) line.events?.through();
    expect(told).toEqual([]);
    expect(await place()).toEqual({ ok: true });
    if (!soundFirst) line.events?.through();
    expect(line.leg).toBe("127.0.0.1:20000");
    expect(heard).toEqual([
      { type: "media", callId: "c1", host: "127.0.0.1", port: 50_001 },
      { type: "answered", callId: "c1" },
    ]);
    expect(told).toEqual(["answered"]);
  }
});

test("a person who hangs up ends the call once, for the attempt and for the page", async () => {
  const { control, heard, told, line, place } = open();
  await place();
  line.events?.through();
  control.leave("c1");
  control.leave("c1");
  line.events?.lost("late");
  await control.hangUp("c1");
  expect(heard.slice(2)).toEqual([
    { type: "ended", callId: "c1", cause: "callee-hung-up", disposition: "answered", detail: "" },
  ]);
  expect(told).toEqual(["answered", "over"]);
  expect(line.closed).toBe(1);
});

test("a page that left before its call was placed makes it a cancelled one", async () => {
  const { control, heard, told, place } = open();
  control.leave("c1");
  expect(await place()).toMatchObject({ ok: false, cause: "cancelled" });
  expect(heard).toEqual([]);
  expect(told).toEqual(["over"]);
  expect(control.legFor({ callId: "c1", to: "" })).rejects.toThrow("the browser has left");
});

test("a page that leaves while the media thread is being joined makes it a cancelled one", async () => {
  const { control, heard, line, place } = open();
  const connect = line.connectLeg;
  line.connectLeg = async (host, port) => {
    control.leave("c1");
    return await connect(host, port);
  };
  expect(await place()).toMatchObject({ ok: false, cause: "cancelled" });
  expect(heard).toEqual([]);
});

test("a browser whose sound never connects is given up, with a word on what to check", async () => {
  const { heard, told, schedule, line, place } = open();
  await place();
  schedule.advance(15_000);
  expect(heard.at(-1)).toMatchObject({ type: "ended", cause: "no-answer", disposition: "no-answer" });
  expect(told.at(-1)).toContain("did not connect");
  expect(line.closed).toBe(1);
});

test("lost sound ends the call as one that was cut off, and the page is told why", async () => {
  const { heard, told, line, place } = open();
  await place();
  line.events?.through();
  line.events?.lost("the media worker ended");
  expect(heard.at(-1)).toMatchObject({ type: "ended", cause: "carrier-lost", disposition: "failed" });
  expect(told.at(-1)).toBe("over The sound was lost: the media worker ended.");
});

test("a listener that throws keeps neither the page nor the line from ending", async () => {
  const line = fakeLine();
  const told: string[] = [];
  const control = browserControl({
    health: () => ({ state: "up", detail: "" }),
    callCapacity: 5,
    onEvent: () => {
      throw new Error("listener");
    },
    schedule: new ManualSchedule().schedule,
    log: createLog({ level: "silent" }),
  });
  control.seat("c1", line as unknown as BrowserLine, { answered: () => {}, over: () => told.push("over") });
  await control.originate({ callId: "c1", to: "", timeoutMs: 1000, mediaHost: "127.0.0.1", mediaPort: 1 });
  await control.close();
  expect([told, line.closed]).toEqual([["over"], 1]);
});
