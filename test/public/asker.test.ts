import { describe, expect, test } from "bun:test";
import { Asker } from "../../public/softphone/asker.ts";
import { type Happening, INITIAL, type Mode, next, type State } from "../../public/softphone/machine.ts";
import type { Microphone } from "../../public/softphone/microphone.ts";
import { Refused } from "../../public/softphone/signal.ts";

const call = { id: "c1", who: "Dental clinic" };

/** A phone without a browser: what it did is written down, what it waits for is answered by the test. */
const phone = () => {
  const did: string[] = [];
  const answers: { done: () => void; fail: (error: Error) => void }[] = [];
  const timers = new Set<() => void>();
  let track: object | null = null;
  let last = "shut";
  let device: Promise<void> = Promise.resolve();
  const waits = (): Promise<void> => new Promise((done, fail) => answers.push({ done, fail }));
  const microphone = {
    get track() {
      return track;
    },
    hold: async () => {
      did.push("hold");
      await device;
      track = {};
      return track;
    },
    setOpen: (isOpen: boolean) => {
      const word = isOpen ? "open" : "shut";
      if (last !== word) did.push(word);
      last = word;
    },
    release: () => {
      did.push("release");
      track = null;
    },
  };
  let state: State = { ...INITIAL, owner: true };
  const happen = (event: Happening): void => {
    const before = state;
    state = next(before, event);
    if (state !== before) asker.follow(before, state);
  };
  const asker = new Asker({
    microphone: microphone as unknown as Microphone,
    link: {
      speak: async () => void did.push("speak"),
      mode: (mode: Mode, note: string) => {
        did.push(`mode ${mode}${note && ` (${note})`}`);
        return waits();
      },
      hush: () => void did.push("hush"),
      tell: async (type, fields) => void did.push(`${type} ${JSON.stringify(fields)}`),
    },
    happen,
    state: () => state,
    device: () => null,
    held: () => {},
    overdue: () => did.push("overdue"),
    after: (_, run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await null;
  };
  happen({ type: "ask", call, mode: "listen" });
  const rights = ["listen", "whisper", "barge", "takeover"] as const;
  happen({ type: "joined", callId: "c1", who: "", seatId: "s", rights, waits: false, noticeTone: "off", now: 0 });
  did.length = 0;
  return {
    did,
    happen,
    settle,
    state: () => state,
    noDevice: (error: Error) => {
      device = Promise.reject(error);
      device.catch(() => {});
    },
    ask: async (mode: Mode, note = "") => {
      happen({ type: "ask", call, mode, note });
      await settle();
    },
    answer: async (error?: Error) => {
      const { done, fail } = answers.shift()!;
      if (error) fail(error);
      else done();
      await settle();
    },
    timeOut: async () => {
      for (const run of [...timers]) run();
      await settle();
    },
  };
};

describe("asking for a mode", () => {
  test("the first speaking mode takes a device, sends it silent, asks, and opens only on the answer", async () => {
    const { did, ask, answer, state } = phone();
    await ask("barge");
    expect(did).toEqual(["hold", "speak", "mode barge"]);
    expect(state().mic).toBe("muted");
    await answer();
    expect(did).toEqual(["hold", "speak", "mode barge", "open"]);
  });

  test("a narrower mode shuts before the server is told, and listening lets the device go after its answer", async () => {
    const { did, ask, answer } = phone();
    await ask("takeover");
    await answer();
    did.length = 0;
    await ask("listen", "Thursday");
    expect(did).toEqual(["shut", "mode listen (Thursday)"]);
    await answer();
    expect(did).toEqual(["shut", "mode listen (Thursday)", "release", "hush"]);
  });

  test("a refusal leaves the microphone shut and shows the server's words", async () => {
    const { did, ask, answer, state } = phone();
    await ask("barge");
    await answer(new Refused("taken", "Eva is already speaking on this call."));
    expect(state()).toMatchObject({
      mic: "off",
      problem: "Eva is already speaking on this call.",
      place: { mode: "listen" },
    });
    expect(did).not.toContain("open");
  });

  test("without an answer in time the old mode stays, the user is told, and so is the server", async () => {
    const { did, ask, answer, timeOut, state } = phone();
    await ask("whisper");
    await answer();
    did.length = 0;
    await ask("barge");
    await timeOut();
    expect(state()).toMatchObject({ mic: "muted", place: { mode: "whisper", wish: null } });
    expect(did).toEqual(["speak", "mode barge", "mode whisper", "overdue"]);
    await answer();
    expect(state().place).toMatchObject({ mode: "whisper" });
    expect(did).not.toContain("open");
  });

  test("what is taken back before the answer is taken back on the server too", async () => {
    const { did, ask, answer, state } = phone();
    await ask("barge");
    await ask("listen");
    expect(did.slice(-3)).toEqual(["release", "hush", "mode listen"]);
    await answer();
    expect(state()).toMatchObject({ mic: "off", place: { mode: "listen" } });
    expect(did).not.toContain("open");
  });

  test("a microphone that cannot be had is said, and the server is not asked", async () => {
    const { did, ask, noDevice, state } = phone();
    noDevice(new DOMException("no", "NotAllowedError"));
    await ask("whisper");
    expect(did).toEqual(["hold"]);
    expect(state()).toMatchObject({ mic: "denied", place: { mode: "listen", wish: null } });
  });

  test("a device that comes after the call was left is let go", async () => {
    const { did, happen, settle, state } = phone();
    happen({ type: "ask", call, mode: "barge" });
    await null;
    happen({ type: "leave" });
    await settle();
    expect(state()).toMatchObject({ mic: "off", place: { at: "idle" } });
    expect(did).not.toContain("open");
    expect(did.filter((one) => one.startsWith("mode"))).toEqual([]);
  });

  test("the server hears of every press and release of the talk button, in whisper alone", async () => {
    const { did, ask, answer, happen } = phone();
    await ask("whisper");
    await answer();
    did.length = 0;
    happen({ type: "talk", on: true });
    happen({ type: "talk", on: false });
    expect(did).toEqual(["open", 'talk {"on":true}', "shut", 'talk {"on":false}']);
    await ask("barge");
    await answer();
    expect(did.filter((one) => one.startsWith("talk"))).toHaveLength(2);
  });
});
