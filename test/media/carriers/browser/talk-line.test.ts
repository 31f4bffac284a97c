import { expect, test } from "bun:test";
import { createLog } from "../../../../src/core/log.ts";
import type { BrowserLine } from "../../../../src/media/carriers/browser/line.ts";
import { type Begun, TalkLine } from "../../../../src/media/carriers/browser/talk-line.ts";

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

const open = (changes: { begun?: Begun; noLine?: string } = {}) => {
  const sent: Record<string, unknown>[] = [];
  const closedWith: number[] = [];
  const done: string[] = [];
  const line = { offer: { routerRtpCapabilities: {}, hear: {}, speak: {} }, close: () => done.push("line closed") };
  let end = (_why: string): void => {};
  const talk = new TalkLine({
    socket: { send: (text) => sent.push(JSON.parse(text)), close: (code) => closedWith.push(code) },
    control: {
      seat: (callId) => done.push(`seat ${callId}`),
      leave: (callId, why = "") => done.push(`leave ${callId} ${why}`.trim()),
    },
    openLine: async () =>
      changes.noLine ? { ok: false, why: changes.noLine } : { ok: true, line: line as unknown as BrowserLine },
    begin: async ({ agentId }) => {
      done.push(`begin ${agentId}`);
      return changes.begun ?? { ok: true, callId: "c1" };
    },
    run: (callId) => {
      done.push(`run ${callId}`);
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    log: createLog({ level: "silent" }),
  });
  const say = async (message: unknown): Promise<void> => {
    talk.message(typeof message === "string" ? message : JSON.stringify(message));
    await settle();
  };
  const start = (id = 1) => say({ id, type: "start", agentId: "agt_1", action: "", callee: "" });
  return { talk, sent, closedWith, done, say, start, end: (why: string) => end(why) };
};

test("a call begins with its line, is given its seat before its attempt runs, and ends with it", async () => {
  const { sent, done, start, end } = open();
  await start();
  expect(done).toEqual(["begin agt_1", "seat c1", "run c1"]);
  expect(sent).toEqual([
    { reply: 1, ok: true, data: { callId: "c1", routerRtpCapabilities: {}, hear: {}, speak: {} } },
  ]);
  end("the voice could not be opened");
  await settle();
  expect(done.at(-1)).toBe("leave c1 the voice could not be opened");
});

test("one socket has one call", async () => {
  const { sent, start } = open();
  await start(1);
  await start(2);
  expect(sent[1]).toMatchObject({ reply: 2, ok: false, reason: "not-now" });
});

test("a refused call frees its line, and another may be asked for", async () => {
  const begun = { ok: false, reason: "no-room", why: "All lines are in use." } as const;
  const { sent, done, start } = open({ begun });
  await start(1);
  await start(2);
  expect(sent).toEqual([1, 2].map((reply) => ({ reply, ok: false, reason: "no-room", why: begun.why })));
  expect(done).toEqual(["begin agt_1", "line closed", "begin agt_1", "line closed"]);
});

test("without the media worker no call is made, and the page is told what is missing", async () => {
  const { sent, done, start } = open({ noLine: "It is not installed." });
  await start();
  expect(sent).toEqual([{ reply: 1, ok: false, reason: "unavailable", why: "It is not installed." }]);
  expect(done).toEqual([]);
});

test("a socket that closes ends its call, also one that was just being made", async () => {
  const running = open();
  await running.start();
  running.talk.closed();
  expect(running.done.at(-1)).toBe("leave c1");
  const making = open();
  making.talk.message(JSON.stringify({ id: 1, type: "start", agentId: "agt_1", action: "", callee: "" }));
  making.talk.closed();
  await settle();
  expect(making.done).toEqual(["line closed"]);
  expect(making.sent).toEqual([]);
});

test("sound before a call is refused", async () => {
  const { sent, say } = open();
  await say({ id: 3, type: "resume" });
  expect(sent).toEqual([{ reply: 3, ok: false, reason: "not-now", why: "There is no call." }]);
});

test("what is no request is refused, and again and again closes the socket", async () => {
  const { sent, closedWith, say } = open();
  await say({ id: 1, type: "start", agentId: "agt_1", action: "x".repeat(2001), callee: "" });
  expect(sent).toEqual([{ reply: 1, ok: false, reason: "bad-message", why: "The page sent something unexpected." }]);
  for (const junk of ["{", "[]", "null", '{"id":-1}', '{"id":1e9}', "7"]) await say(junk);
  expect(closedWith).toEqual([1008]);
});

test("a message that is too long, and a flood, close the socket", async () => {
  const long = open();
  await long.say(`"${"x".repeat(65_536)}"`);
  expect(long.closedWith).toEqual([1009]);
  const flood = open();
  for (let id = 0; id < 31; id++) await flood.say({ id, type: "ping" });
  expect(flood.closedWith).toEqual([1008]);
  expect(flood.sent.length).toBe(30);
});
