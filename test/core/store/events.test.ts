import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answered, dial, freshStore, newTask } from "./fresh-store.ts";

const folder = mkdtempSync(join(tmpdir(), "opendeep-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the bus hears an event when its rows are there to be read, and a listener may use verbs itself", async () => {
  const { store, bus } = await freshStore();
  const seen: Promise<unknown>[] = [];
  bus.subscribe((event) => {
    if (event.type !== "task.created" || seen.length > 0) return;
    seen.push(store.tasks.get("default", event.taskId), newTask(store, { action: "made by a listener" }));
  });
  const task = await newTask(store);
  expect((await Promise.all(seen))[0]).toEqual(task);
  expect(await store.events.after("default", 0, 9)).toHaveLength(2);
});

test("a verb that throws leaves neither rows nor events, and tells nobody", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  const told = fresh.heard.length;
  const last = await fresh.store.events.lastId("default");
  const event = { type: "dtmf.received", callId: "call_other", digit: "1" } as const;
  const line = { at: fresh.clock.now(), kind: "key", detail: "1", event };
  await expect(fresh.store.callEvents.add("default", id, line)).rejects.toThrow("about its call");
  await expect(
    fresh.store.transcripts.put("default", "call_nobody", {
      key: "k",
      speaker: "agent",
      text: "t",
      atMs: 0,
      endMs: 1,
      interrupted: false,
      whispered: false,
    }),
  ).rejects.toThrow("FOREIGN KEY");
  expect(await fresh.store.callEvents.of("default", id)).toHaveLength(1);
  expect(await fresh.store.events.lastId("default")).toBe(last);
  expect(fresh.heard.length).toBe(told);
  // The next verb tells its own events only.
  await newTask(fresh.store);
  expect(fresh.heard.length).toBe(told + 1);
});

test("events have rising ids and survive closing and opening the file", async () => {
  const path = join(folder, "deep", "events.sqlite");
  const first = await freshStore(path);
  await newTask(first.store);
  const call = await answered(first);
  first.store.close();
  first.store.close();

  const second = await freshStore(path, first.clock);
  expect(await second.store.events.after("default", 0, 99)).toEqual(first.heard);
  const lastId = await second.store.events.lastId("default");
  await newTask(second.store);
  expect(second.heard.map((event) => event.id)).toEqual([lastId + 1]);
  expect(await second.store.calls.get("default", call.id)).toEqual(call);
  second.store.close();
});

test("the database file is readable by its owner alone", async () => {
  const path = join(folder, "private.sqlite");
  const { store } = await freshStore(path);
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(statSync(`${path}-wal`).mode & 0o077).toBe(0);
  store.close();
});

test("rows are there for another process at once, without closing", async () => {
  const path = join(folder, "shared.sqlite");
  const first = await freshStore(path);
  const second = await freshStore(path, first.clock);
  const task = await newTask(first.store);
  expect(await second.store.tasks.get("default", task.id)).toEqual(task);
  first.store.close();
  second.store.close();
});

test("the feed of one call holds its events alone, from an id on, in pages", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const call = await answered(fresh);
  await newTask(fresh.store);
  await dial(fresh);
  const feed = await fresh.store.events.ofCall("default", call.id, 0, 99);
  expect(feed.map((event) => event.type)).toEqual([
    "call.created",
    "call.initiating",
    "call.dialing",
    "call.ringing",
    "call.answered",
  ]);
  expect(await fresh.store.events.ofCall("default", call.id, feed[1]!.id, 2)).toEqual(feed.slice(2, 4));
});

test("a timeline line may announce an event in the same transaction", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await dial(fresh);
  const event = { type: "dtmf.sent", callId: id, digits: "42#" } as const;
  const at = fresh.clock.now() + 5;
  await fresh.store.callEvents.add("default", id, { at, kind: "keys", detail: "42#", event });
  expect(fresh.heard.at(-1)).toMatchObject({ ...event, at });
  expect((await fresh.store.callEvents.of("default", id)).at(-1)).toMatchObject({ kind: "keys", detail: "42#", at });
});
