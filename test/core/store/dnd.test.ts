import { expect, test } from "bun:test";
import { freshStore, PHONE } from "./fresh-store.ts";

const ENTRY = { phone: PHONE, reason: "asked on a call", source: "callee" };

test("a number is listed once, keeps its first reason, and is announced without the number", async () => {
  const { store, heard } = await freshStore();
  const entry = await store.dnd.add("default", ENTRY);
  expect(await store.dnd.add("default", { ...ENTRY, reason: "again" })).toEqual(entry);
  expect(await store.dnd.has("default", PHONE)).toBe(true);
  expect(await store.dnd.has("default", "+12025550101")).toBe(false);
  expect(heard).toMatchObject([{ type: "dnd.added", dndId: entry.id, source: "callee" }]);
  expect(JSON.stringify(heard)).not.toContain(PHONE);
});

test("a number taken off may be dialed and may be listed anew", async () => {
  const { store, heard } = await freshStore();
  const first = await store.dnd.add("default", ENTRY);
  expect(await store.dnd.remove("default", PHONE, "consent given")).toEqual({ ok: true });
  expect(await store.dnd.remove("default", PHONE, "again")).toEqual({ ok: false, reason: "not-listed" });
  expect(await store.dnd.has("default", PHONE)).toBe(false);
  const second = await store.dnd.add("default", ENTRY);
  expect(second.id).not.toBe(first.id);
  expect(heard.map((event) => event.type)).toEqual(["dnd.added", "dnd.removed", "dnd.added"]);
});

test("the list for all tenants counts for each of them, and none can take a number off it", async () => {
  const { store } = await freshStore();
  const common = await store.dnd.addForAll(ENTRY);
  expect(common.tenantId).toBeNull();
  expect(await store.dnd.has("default", PHONE)).toBe(true);
  expect(await store.dnd.remove("default", PHONE, "please")).toEqual({ ok: false, reason: "not-listed" });
  expect(await store.dnd.remove("", PHONE, "please")).toEqual({ ok: false, reason: "not-listed" });
  expect(await store.dnd.has("default", PHONE)).toBe(true);
  await store.dnd.add("default", ENTRY);
  expect(await store.dnd.list("default", { limit: 9 })).toHaveLength(2);
});

test("the list is newest first and in pages", async () => {
  const { store, clock } = await freshStore();
  const ids: string[] = [];
  for (const phone of ["+12025550101", "+12025550102", "+12025550103"]) {
    clock.advance(1);
    ids.unshift((await store.dnd.add("default", { ...ENTRY, phone })).id);
  }
  const page = await store.dnd.list("default", { limit: 2 });
  expect(page.map((entry) => entry.id)).toEqual(ids.slice(0, 2));
  expect((await store.dnd.list("default", { limit: 2, before: ids[1]! })).map((entry) => entry.id)).toEqual([ids[2]!]);
});
