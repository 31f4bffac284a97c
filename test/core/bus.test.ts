import { expect, test } from "bun:test";
import { createBus } from "../../src/core/bus.ts";
import type { StoredEvent } from "../../src/core/events.ts";
import { createLog } from "../../src/core/log.ts";

const event = (id: number): StoredEvent => ({ type: "call.ringing", callId: "c", id, tenantId: "default", at: 0 });

const busWithLog = () => {
  const lines: string[] = [];
  return {
    bus: createBus(createLog({ level: "warn", destination: { write: (line) => void lines.push(line) } })),
    lines,
  };
};

test("all listeners hear all events in order", () => {
  const { bus } = busWithLog();
  const heard: string[] = [];
  bus.subscribe(({ id }) => heard.push(`a${id}`));
  bus.subscribe(({ id }) => heard.push(`b${id}`));
  bus.publish([event(1), event(2)]);
  expect(heard).toEqual(["a1", "b1", "a2", "b2"]);
});

test("a listener that throws is logged and the others still hear", () => {
  const { bus, lines } = busWithLog();
  const heard: number[] = [];
  bus.subscribe(() => {
    throw new Error("broken listener");
  });
  bus.subscribe(({ id }) => heard.push(id));
  bus.publish([event(1), event(2)]);
  expect(heard).toEqual([1, 2]);
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0]!)).toMatchObject({ event: "call.ringing", eventId: 1, problem: "broken listener" });
});

test("what a listener publishes is heard by everybody after what is being told", () => {
  const { bus } = busWithLog();
  const heard: string[] = [];
  bus.subscribe(({ id }) => {
    heard.push(`a${id}`);
    if (id === 1) bus.publish([event(3)]);
  });
  bus.subscribe(({ id }) => heard.push(`b${id}`));
  bus.publish([event(1), event(2)]);
  expect(heard).toEqual(["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("a listener that left hears nothing more, also when it leaves while events are told", () => {
  const { bus } = busWithLog();
  const heard: number[] = [];
  const listener = ({ id }: StoredEvent) => {
    heard.push(id);
    leave();
  };
  const leave = bus.subscribe(listener);
  bus.publish([event(1), event(2)]);
  leave();
  expect(heard).toEqual([1]);
});

test("the same function subscribed twice is two listeners", () => {
  const { bus } = busWithLog();
  let count = 0;
  const listener = () => {
    count++;
  };
  const leave = bus.subscribe(listener);
  bus.subscribe(listener);
  leave();
  bus.publish([event(1)]);
  expect(count).toBe(1);
});
