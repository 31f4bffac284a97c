import { afterEach, describe, expect, test } from "bun:test";
import { backOffMs, Refused, Signal, Unanswered } from "../../public/softphone/signal.ts";

let server: Bun.Server<undefined> | null = null;
afterEach(() => server?.stop(true));

/** A server that answers each message with what `answer` gives. */
const serve = (
  answer: (message: { id: number; type: string }, socket: Bun.ServerWebSocket) => string | null,
): string => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
    websocket: {
      message: (socket, text) => {
        const reply = answer(JSON.parse(String(text)), socket);
        if (reply) socket.send(reply);
      },
    },
  });
  return `ws://127.0.0.1:${server.port}`;
};

const signalTo = (url: string, lost: () => void = () => {}): Signal => new Signal({ url, notice: () => {}, lost });

describe("softphone signalling", () => {
  test("the wait before another try doubles from half a second to eight", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(backOffMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test("an answer goes to the request that asked, whatever the order", async () => {
    const kept: number[] = [];
    const signal = signalTo(
      serve(({ id }, socket) => {
        kept.push(id);
        if (kept.length === 2)
          for (const one of kept.reverse())
            socket.send(JSON.stringify({ reply: one, ok: true, data: { heard: [], one } }));
        return null;
      }),
    );
    await signal.open();
    const [first, second] = await Promise.all([signal.request("consume", {}), signal.request("consume", {})]);
    expect([first, second]).toEqual([
      { heard: [], one: 1 },
      { heard: [], one: 2 },
    ] as never);
    signal.close();
  });

  test("a refusal carries the server's words", async () => {
    const signal = signalTo(
      serve(({ id }) => JSON.stringify({ reply: id, ok: false, reason: "call-over", why: "This call is over." })),
    );
    await signal.open();
    const refused = await signal.request("join", {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ reason: "call-over", message: "This call is over." });
    signal.close();
  });

  test("when the socket closes, requests under way fail and the owner is told once", async () => {
    let lost = 0;
    const signal = signalTo(
      serve((_, socket) => {
        socket.close();
        return null;
      }),
      () => lost++,
    );
    await signal.open();
    expect(await signal.request("resume", {}).catch((error: unknown) => error)).toBeInstanceOf(Unanswered);
    expect(lost).toBe(1);
  });

  test("closing on purpose is no loss", async () => {
    let lost = 0;
    const signal = signalTo(
      serve(() => null),
      () => lost++,
    );
    await signal.open();
    signal.close();
    expect(await signal.request("ping", {}).catch((error: unknown) => error)).toBeInstanceOf(Unanswered);
    expect(lost).toBe(0);
  });
});
