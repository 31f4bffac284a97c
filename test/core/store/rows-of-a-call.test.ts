import { expect, test } from "bun:test";
import { answered, freshStore, newTask } from "./fresh-store.ts";

const TURN = {
  key: "a1",
  speaker: "agent",
  text: "Good mor",
  atMs: 10.4,
  endMs: 900,
  interrupted: false,
  whispered: false,
} as const;

const withCall = async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const { id } = await answered(fresh);
  fresh.heard.length = 0;
  return { ...fresh, id };
};

test("a turn with a known key replaces the words and keeps its id; only new words are announced", async () => {
  const { store, heard, id } = await withCall();
  const first = await store.transcripts.put("default", id, TURN);
  const corrected = await store.transcripts.put("default", id, { ...TURN, text: "Good morning", interrupted: true });
  await store.transcripts.put("default", id, { ...TURN, text: "Good morning", endMs: 950 });
  expect(corrected).toEqual({ ...first, text: "Good morning", interrupted: true });
  expect(await store.transcripts.of("default", id)).toEqual([{ ...first, text: "Good morning", endMs: 950 }]);
  expect(await store.transcripts.get("default", first.id)).toMatchObject({ text: "Good morning" });
  expect(heard.map((event) => event.type)).toEqual(["turn.stored", "turn.stored"]);
});

test("turns come in the order they began, those of the same ms in the order they came", async () => {
  const { store, id } = await withCall();
  for (const [key, atMs] of [
    ["z", 50],
    ["b", 20],
    ["a", 20],
    ["c", 10.2],
  ] as const) {
    await store.transcripts.put("default", id, { ...TURN, key, atMs });
  }
  const turns = await store.transcripts.of("default", id);
  expect(turns.map((turn) => [turn.key, turn.atMs])).toEqual([
    ["c", 10],
    ["b", 20],
    ["a", 20],
    ["z", 50],
  ]);
});

test("a turn is stored after the end of its call too", async () => {
  const { store, clock, id } = await withCall();
  await store.calls.settle("default", id, { cause: "callee-hung-up", disposition: "answered", at: clock.now() });
  await store.transcripts.put("default", id, TURN);
  expect(await store.transcripts.of("default", id)).toHaveLength(1);
});

test("a recording is unfinished until it is closed, and closes once", async () => {
  const { store, clock, heard, id } = await withCall();
  const opened = await store.recordings.open("default", id, { path: "recordings/a.wav" });
  expect(await store.recordings.open("default", id, { path: "recordings/b.wav" })).toEqual(opened);
  expect(await store.recordings.unfinished("default")).toEqual([opened]);
  clock.advance(10);
  const closed = await store.recordings.close("default", id, { durationMs: 1234.5, bytes: 99 });
  expect(closed).toEqual({
    ok: true,
    recording: { ...opened, closedAt: clock.now(), durationMs: 1235, bytes: 99 },
  });
  expect(await store.recordings.close("default", id, { durationMs: 1, bytes: 1 })).toEqual({
    ok: false,
    reason: "not-open",
  });
  expect(await store.recordings.unfinished("default")).toEqual([]);
  expect(await store.recordings.of("default", id)).toMatchObject({ bytes: 99 });
  expect(heard.map((event) => event.type)).toEqual(["recording.closed"]);
});

test("a recording outside the data folder is our own mistake and throws", async () => {
  const { store, id } = await withCall();
  await expect(store.recordings.open("default", id, { path: "../a.wav" })).rejects.toThrow("inside the data folder");
  await expect(store.recordings.open("default", id, { path: "/a.wav" })).rejects.toThrow("inside the data folder");
});

test("timeline lines come in order of time, those of the same ms in the order they came", async () => {
  const { store, clock, id } = await withCall();
  const at = clock.now() + 10;
  for (const [kind, when] of [
    ["later", at + 1],
    ["first", at],
    ["second", at],
  ] as const) {
    await store.callEvents.add("default", id, { at: when, kind, detail: "" });
  }
  const lines = await store.callEvents.of("default", id);
  expect(lines.slice(-3).map((line) => line.kind)).toEqual(["first", "second", "later"]);
});

test("what was whispered is kept as whispered, and a correction of its words does not make it heard", async () => {
  const { store, id } = await withCall();
  const whisper = { ...TURN, key: "s1", speaker: "supervisor", text: "offer ten per cent", whispered: true } as const;
  await store.transcripts.put("default", id, whisper);
  await store.transcripts.put("default", id, TURN);
  await store.transcripts.put("default", id, { ...whisper, text: "Offer 10 %" });
  const turns = await store.transcripts.of("default", id);
  expect(turns.map(({ speaker, text, whispered }) => [speaker, text, whispered])).toEqual([
    ["supervisor", "Offer 10 %", true],
    ["agent", "Good mor", false],
  ]);
});
