import { afterEach, expect, jest, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { types } from "mediasoup-client";
import { Hearing, Unheard } from "../../public/softphone/hearing.ts";
import type { Signal } from "../../public/softphone/signal.ts";
import type { Heard, TransportOffer } from "../../src/media/supervision/messages.ts";

afterEach(() => void jest.useRealTimers());

/** A way to the sound whose transport does what the test says. */
const makeHearing = async ({ hears = true } = {}) => {
  const consume = async () => ({ track: {}, close: () => {} });
  const transport = Object.assign(new EventEmitter(), { closed: false, close: () => {}, consume });
  const hearing = new Hearing({
    signal: {} as Signal,
    device: { createRecvTransport: () => transport } as unknown as types.Device,
    offer: {} as TransportOffer,
    heard: () => {},
    gone: () => {},
    state: () => {},
  });
  const heard: Heard = { party: "callee", id: "1", producerId: "p", kind: "audio", rtpParameters: { codecs: [] } };
  if (hears) await hearing.add(heard);
  const outcome = hearing.connected().then(
    () => "connected",
    (error: unknown) => error,
  );
  return { hearing, transport, outcome };
};

test("a way that is connected in time is one", async () => {
  jest.useFakeTimers();
  const { transport, outcome } = await makeHearing();
  jest.advanceTimersByTime(9_000);
  transport.emit("connectionstatechange", "connecting");
  transport.emit("connectionstatechange", "connected");
  expect(await outcome).toBe("connected");
});

/*
 * Firefox finds no address of its own that fits a server on 127.0.0.1. A transport that only receives then stays at `new`
 * without a word, and the dock said "Nobody hears you" over a call that was never heard.
 */
test("a way of which the browser never says anything is given up after ten seconds", async () => {
  jest.useFakeTimers();
  const { outcome } = await makeHearing();
  jest.advanceTimersByTime(10_000);
  expect(await outcome).toBeInstanceOf(Unheard);
});

test("a way that is closed is waited for no longer", async () => {
  const { hearing, outcome } = await makeHearing();
  hearing.close();
  expect(await outcome).toBeInstanceOf(Unheard);
});

test("a call on which there is nothing to hear yet needs no way", async () => {
  const { outcome } = await makeHearing({ hears: false });
  expect(await outcome).toBe("connected");
});
