import { expect, test } from "bun:test";
import { Outbox } from "../../../src/media/engine/outbox.ts";
import type { MediaEvent } from "../../../src/media/engine/protocol.ts";

const partial = (text: string): MediaEvent => ({
  type: "partial",
  callId: "call",
  key: "agent-1",
  speaker: "agent",
  text,
  atMs: 0,
});
const ready: MediaEvent = { type: "voice-ready", callId: "call" };

const outbox = (): { box: Outbox; posts: MediaEvent[][] } => {
  const posts: MediaEvent[][] = [];
  return { box: new Outbox((events) => posts.push([...events])), posts };
};

test("an event that somebody acts on leaves with the next tick, behind all that came before it", () => {
  const { box, posts } = outbox();
  box.add(partial("first"));
  box.tick();
  box.add(ready);
  box.add(partial("last"));
  expect(posts).toEqual([]);
  box.tick();
  expect(posts).toEqual([[partial("first"), ready, partial("last")]]);
});

test("events for records and pages leave together, 100 ms after the first", () => {
  const { box, posts } = outbox();
  for (let tick = 1; tick <= 4; tick++) {
    box.add(partial(`${tick}`));
    box.tick();
  }
  expect(posts).toEqual([]);
  box.tick();
  expect(posts).toEqual([["1", "2", "3", "4"].map(partial)]);
});

test("waiting begins anew after each post, and nothing is posted where nothing waits", () => {
  const { box, posts } = outbox();
  for (let tick = 0; tick < 10; tick++) box.tick();
  expect(posts).toEqual([]);
  box.add(ready);
  box.tick();
  box.add(partial("later"));
  for (let tick = 0; tick < 4; tick++) box.tick();
  expect(posts).toEqual([[ready]]);
  box.tick();
  expect(posts).toEqual([[ready], [partial("later")]]);
});

test("the last events of a thread that ends are posted without a tick", () => {
  const { box, posts } = outbox();
  box.add(partial("last words"));
  box.flush();
  box.flush();
  expect(posts).toEqual([[partial("last words")]]);
});
