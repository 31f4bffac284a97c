import { expect, test } from "bun:test";
import { answered, freshStore, newTask } from "./fresh-store.ts";

const CALM = { mood: "calm", offPlan: false, reason: "", line: null } as const;
const UPSET = { mood: "upset", offPlan: true, reason: "waits for a refund", line: "upset" } as const;

test("impressions come back in order, each is announced, and those with words are lines of the timeline", async () => {
  const fresh = await freshStore();
  const { store, heard } = fresh;
  await newTask(store);
  const { id } = await answered(fresh);
  await store.callMoods.add("default", id, { ...CALM, at: 1_000 });
  await store.callMoods.add("default", id, { ...UPSET, at: 2_000 });
  expect(await store.callMoods.of("default", id)).toEqual([
    { at: 1_000, mood: "calm", offPlan: false, reason: "" },
    { at: 2_000, mood: "upset", offPlan: true, reason: "waits for a refund" },
  ]);
  expect(heard.slice(-2)).toMatchObject([
    { type: "mood.read", callId: id, mood: "calm", at: 1_000 },
    { type: "mood.read", callId: id, mood: "upset", reason: "waits for a refund" },
  ]);
  const lines = (await store.callEvents.of("default", id)).filter(({ kind }) => kind === "mood.read");
  expect(lines).toMatchObject([{ at: 2_000, detail: "upset" }]);
});

test("only the tenant of a call is told its moods", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await answered(fresh);
  await fresh.store.callMoods.add("default", id, { ...CALM, at: 1_000 });
  expect(await fresh.store.callMoods.of("other", id)).toEqual([]);
});

test("an impression of a call that is not there, or another tenant's, leaves neither line nor event", async () => {
  const fresh = await freshStore();
  const { store, heard } = fresh;
  await newTask(store);
  const { id } = await answered(fresh);
  for (const mood of [CALM, UPSET]) {
    await expect(store.callMoods.add("default", "call_none", { ...mood, at: 1_000 })).rejects.toThrow();
    await expect(store.callMoods.add("other", id, { ...mood, at: 1_000 })).rejects.toThrow();
  }
  expect(heard.filter(({ type }) => type === "mood.read")).toEqual([]);
});
