import { expect, test } from "bun:test";
import { MAX_NOTES, MAX_TAGS, tagOf } from "../../../src/core/store/call-notes.ts";
import { answered, freshStore, newTask } from "./fresh-store.ts";

const withCall = async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await answered(fresh);
  const user = await fresh.store.users.ensureOwner("default");
  fresh.heard.length = 0;
  const by = { userId: user.id, at: fresh.clock.now() };
  return { ...fresh, id, user, by };
};

test("notes come oldest first with the name of their author, and each is announced without its words", async () => {
  const { store, heard, id, user, by } = await withCall();
  await store.callNotes.add("default", id, { ...by, text: "second", at: by.at + 5 });
  const first = await store.callNotes.add("default", id, { ...by, text: "first" });
  if (!first.ok) throw new Error(first.reason);
  expect(first.note).toEqual({
    id: first.note.id,
    tenantId: "default",
    callId: id,
    userId: user.id,
    author: user.name,
    text: "first",
    at: by.at,
  });
  expect((await store.callNotes.of("default", id)).map(({ text }) => text)).toEqual(["first", "second"]);
  expect(heard.map(({ type }) => type)).toEqual(["call.noted", "call.noted"]);
  expect(JSON.stringify(heard)).not.toContain("second");
});

test("a finished call takes notes and tags too", async () => {
  const { store, clock, id, by } = await withCall();
  await store.calls.settle("default", id, { cause: "callee-hung-up", disposition: "answered", at: clock.now() });
  expect(await store.callNotes.add("default", id, { ...by, text: "t" })).toMatchObject({ ok: true });
  expect(await store.callNotes.tag("default", id, { ...by, tag: "vip" })).toEqual({ ok: true, tags: ["vip"] });
});

test("a tag is put on once and taken off once; only what changed something is announced", async () => {
  const { store, heard, id, by } = await withCall();
  await store.callNotes.tag("default", id, { ...by, tag: "vip" });
  await store.callNotes.tag("default", id, { ...by, tag: "vip" });
  expect(await store.callNotes.tag("default", id, { ...by, tag: "angry" })).toEqual({
    ok: true,
    tags: ["angry", "vip"],
  });
  await store.callNotes.untag("default", id, { ...by, tag: "nothing" });
  expect(await store.callNotes.untag("default", id, { ...by, tag: "vip" })).toEqual({ ok: true, tags: ["angry"] });
  expect(heard.map((event) => event.type === "call.tagged" && [event.tag, event.on])).toEqual([
    ["vip", true],
    ["angry", true],
    ["vip", false],
  ]);
});

test("the tags in use come by how many calls have them", async () => {
  const { store, id, by, ...fresh } = await withCall();
  await newTask(store);
  const other = await answered({ store, ...fresh });
  for (const tag of ["rare", "common"]) await store.callNotes.tag("default", id, { ...by, tag });
  await store.callNotes.tag("default", other.id, { ...by, tag: "common" });
  expect(await store.callNotes.tagsInUse("default", 9)).toEqual(["common", "rare"]);
  expect(await store.callNotes.tagsInUse("default", 1)).toEqual(["common"]);
});

test("a call takes so many notes and tags and refuses more", async () => {
  const { store, id, by } = await withCall();
  for (let i = 0; i < MAX_TAGS; i++) await store.callNotes.tag("default", id, { ...by, tag: `t${i}` });
  expect(await store.callNotes.tag("default", id, { ...by, tag: "more" })).toEqual({ ok: false, reason: "too-many" });
  expect(await store.callNotes.tag("default", id, { ...by, tag: "t0" })).toMatchObject({ ok: true });
  for (let i = 0; i < MAX_NOTES; i++) await store.callNotes.add("default", id, { ...by, text: "n" });
  expect(await store.callNotes.add("default", id, { ...by, text: "n" })).toEqual({ ok: false, reason: "too-many" });
});

test("a tag is spelt one way however it is typed", () => {
  expect(tagOf("  Call\t BACK ")).toBe("call back");
  expect(tagOf("Cafe\u0301")).toBe("caf\u00e9");
  expect(tagOf(" \n ")).toBe("");
});
