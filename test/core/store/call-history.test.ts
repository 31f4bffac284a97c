import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createBus } from "../../../src/core/bus.ts";
import { ManualClock } from "../../../src/core/clock.ts";
import { createLog } from "../../../src/core/log.ts";
import { readSearch } from "../../../src/core/search-words.ts";
import { CALL_SORTS, type CallFilter } from "../../../src/core/store/call-history.ts";
import type { Call } from "../../../src/core/store/call-record.ts";
import { migrate, readMigrations } from "../../../src/core/store/migrate.ts";
import { openStore } from "../../../src/core/store/open.ts";
import type { NewTask } from "../../../src/core/store/task-record.ts";
import { answered, type FreshStore, freshStore, newTask } from "./fresh-store.ts";

const TENANT = "default";

const turn = (key: string, text: string, whispered = false) => ({
  key,
  speaker: "agent" as const,
  text,
  atMs: 1000,
  endMs: 2000,
  interrupted: false,
  whispered,
});

/** A call that is over and in which this was said. */
const callWith = async (
  fresh: FreshStore,
  said: readonly string[],
  {
    task = {},
    talkMs = 10_000,
    tenantId = TENANT,
  }: { task?: Partial<NewTask>; talkMs?: number; tenantId?: string } = {},
): Promise<Call> => {
  const { store, clock } = fresh;
  await newTask(store, task, tenantId);
  const call = await answered(fresh, tenantId);
  for (const [i, text] of said.entries()) await store.transcripts.put(tenantId, call.id, turn(`t${i}`, text));
  clock.advance(talkMs);
  await store.calls.settle(tenantId, call.id, { cause: "callee-hung-up", disposition: "answered", at: clock.now() });
  return call;
};

/** Ids of the calls that a filter leaves. */
const found = async ({ store }: FreshStore, filter: CallFilter, tenantId = TENANT): Promise<string[]> => {
  const ids = (await store.history.find(tenantId, filter, { limit: 100 })).map(({ id }) => id);
  expect(await store.history.count(tenantId, filter)).toBe(ids.length);
  return ids;
};
const saying = (fresh: FreshStore, typed: string, more: CallFilter = {}, tenantId = TENANT): Promise<string[]> =>
  found(fresh, { ...more, search: readSearch(typed) }, tenantId);

test("a call is found by words of different turns, by the beginning of the last one, and by name and number", async () => {
  const fresh = await freshStore();
  const dentist = await callWith(fresh, ["We have a slot on Thursday.", "An appointment at 9:30 then."], {
    task: { calleeName: "Šimon's Dental", phone: "+12025550177" },
  });
  const bakery = await callWith(fresh, ["We open at 9 on Thursday."], { task: { calleeName: "Bakery" } });
  expect(await saying(fresh, "thursday")).toEqual([bakery.id, dentist.id]);
  expect(await saying(fresh, "slot appoint")).toEqual([dentist.id]);
  expect(await saying(fresh, "9:30")).toEqual([dentist.id]);
  expect(await saying(fresh, '"thursday we"')).toEqual([]);
  expect(await saying(fresh, '"open at"')).toEqual([bakery.id]);
  expect(await saying(fresh, "simon")).toEqual([dentist.id]);
  expect(await saying(fresh, "+12025550177")).toEqual([dentist.id]);
  expect(await saying(fresh, "nobody said this")).toEqual([]);
});

test("no phrase runs from one turn into the next", async () => {
  const fresh = await freshStore();
  await callWith(fresh, ["next Monday", "Thursday morning"]);
  expect(await saying(fresh, '"monday thursday"')).toEqual([]);
});

test("a search follows lines that come, are corrected, become a whisper or go after the end", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "opendeep-")), "calls.sqlite");
  const fresh = await freshStore(path);
  const { transcripts } = fresh.store;
  const call = await callWith(fresh, ["The price is fifty."]);
  await transcripts.put(TENANT, call.id, turn("t0", "The price is fifteen."));
  expect(await saying(fresh, "fifty")).toEqual([]);
  expect(await saying(fresh, "fifteen")).toEqual([call.id]);
  await transcripts.put(TENANT, call.id, turn("late", "Goodbye."));
  expect(await saying(fresh, "goodbye fifteen")).toEqual([call.id]);
  await transcripts.put(TENANT, call.id, turn("late", "Goodbye.", true));
  expect(await saying(fresh, "goodbye")).toEqual([]);
  expect(await saying(fresh, "goodbye", { withWhispers: true })).toEqual([call.id]);
  const db = new Database(path);
  db.run("DELETE FROM call_transcripts WHERE key = 't0'");
  db.close();
  expect(await saying(fresh, "fifteen")).toEqual([]);
  expect(await saying(fresh, "goodbye", { withWhispers: true })).toEqual([call.id]);
  fresh.store.close();
  await rm(join(path, ".."), { recursive: true });
});

test("a call under way is not searched, and is once it ends", async () => {
  const fresh = await freshStore();
  await newTask(fresh.store);
  const call = await answered(fresh);
  await fresh.store.transcripts.put(TENANT, call.id, turn("t0", "A rare word: quokka."));
  expect(await saying(fresh, "quokka")).toEqual([]);
  await fresh.store.settleDead(TENANT, fresh.clock.now());
  expect(await saying(fresh, "quokka")).toEqual([call.id]);
});

test("whispers are found by those alone who may read them", async () => {
  const fresh = await freshStore();
  const call = await callWith(fresh, ["The regular price."]);
  await fresh.store.transcripts.put(TENANT, call.id, turn("w", "Offer a discount.", true));
  expect(await saying(fresh, "discount")).toEqual([]);
  expect(await saying(fresh, "discount price", { withWhispers: true })).toEqual([call.id]);
});

test("nobody finds what another tenant's calls say", async () => {
  const fresh = await freshStore();
  await fresh.store.tenants.create({ id: "other", name: "Other" });
  const theirs = await callWith(fresh, ["A secret word."], { tenantId: "other", task: { agentName: "Ours" } });
  expect(await saying(fresh, "secret")).toEqual([]);
  expect(await saying(fresh, "secret", {}, "other")).toEqual([theirs.id]);
  expect(await fresh.store.history.agentNames(TENANT, 10)).toEqual([]);
  expect(await fresh.store.history.agentNames("other", 10)).toEqual(["Ours"]);
});

test("no text that is typed makes a search fail", async () => {
  const fresh = await freshStore();
  await callWith(fresh, ['Hello, it\'s me: "quoted" AND 😀 NEAR(x) 日本語.']);
  const unit = fc.constantFrom(..."\"'*():^-+{} aé\0,%_日\ue000", "\ud83d", "😀", "AND ", " OR ", " NOT ", "NEAR(");
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 300 }), async (typed) => {
      await found(fresh, { search: readSearch(typed), withWhispers: true });
    }),
    { numRuns: 200 },
  );
  expect(await saying(fresh, "AND")).toHaveLength(1);
  expect(await saying(fresh, "OR")).toEqual([]);
});

test("every filter leaves the calls it names", async () => {
  const fresh = await freshStore();
  const { store, clock } = fresh;
  const userId = (await store.users.ensureOwner(TENANT)).id;
  const first = await callWith(fresh, ["one"], { task: { agentName: "Eva" }, talkMs: 5_000 });
  clock.advance(60_000);
  const secondAt = clock.now();
  const second = await callWith(fresh, ["two"], { task: { agentName: "Adam" }, talkMs: 90_000 });
  await store.callNotes.tag(TENANT, second.id, { userId, tag: "angry", at: clock.now() });
  await newTask(store);
  const live = await answered(fresh);
  expect(await found(fresh, {})).toEqual([live.id, second.id, first.id]);
  expect(await found(fresh, { live: true })).toEqual([live.id]);
  expect(await found(fresh, { live: false })).toEqual([second.id, first.id]);
  expect(await found(fresh, { agentName: "Eva" })).toEqual([first.id]);
  expect(await found(fresh, { tag: "angry" })).toEqual([second.id]);
  expect(await found(fresh, { minMs: 5_000, maxMs: 90_000 })).toEqual([first.id]);
  expect(await found(fresh, { fromAt: secondAt, live: false })).toEqual([second.id]);
  expect(await found(fresh, { toAt: secondAt })).toEqual([first.id]);
  expect(await found(fresh, { status: "completed_attempt", disposition: "answered", taskId: first.taskId })).toEqual([
    first.id,
  ]);
  expect(await found(fresh, { disposition: "busy" })).toEqual([]);
  expect(await found(fresh, { campaignId: "cmp_none" })).toEqual([]);
});

test("pages of any order give every call once", async () => {
  const fresh = await freshStore();
  // Two of the same length: their order is still one.
  for (const talkMs of [30_000, 10_000, 20_000, 10_000, 40_000]) await callWith(fresh, ["word"], { talkMs });
  const lengths: Record<string, number[]> = {};
  for (const sort of CALL_SORTS) {
    const seen: Call[] = [];
    for (let before: string | undefined; ; before = seen.at(-1)!.id) {
      const page = await fresh.store.history.find(
        TENANT,
        { live: false, search: readSearch("word") },
        { sort, limit: 2, ...(before === undefined ? {} : { before }) },
      );
      seen.push(...page);
      if (page.length < 2) break;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
    lengths[sort] = seen.map(({ durationMs }) => durationMs! / 1000);
  }
  expect(lengths).toEqual({
    newest: [40, 10, 20, 10, 30],
    oldest: [30, 10, 20, 10, 40],
    longest: [40, 30, 20, 10, 10],
    shortest: [10, 10, 20, 30, 40],
  });
  expect(await fresh.store.history.find(TENANT, {}, { sort: "longest", limit: 9, before: "call_gone" })).toEqual([]);
});

test("calls of before there was a search are found after the upgrade", async () => {
  const folder = await mkdtemp(join(tmpdir(), "opendeep-"));
  const path = join(folder, "calls.sqlite");
  const migrations = await readMigrations();
  const search = migrations.findIndex(({ name }) => name === "call-search");
  const db = new Database(path, { create: true, strict: true });
  migrate(db, migrations.slice(0, search), 0);
  db.run(`INSERT INTO tenants (id, name, created_at) VALUES ('default', 'Default', 0)`);
  db.run(`INSERT INTO tasks (tenant_id, id, phone, callee_name, organization, agent_name, action, context, language, status,
            attempts, max_attempts, created_at, updated_at)
          VALUES ('default', 'task_1', '+12025550100', 'Old friend', '', '', 'ask', '', 'en', 'completed', 1, 3, 0, 0)`);
  db.run(`INSERT INTO calls (tenant_id, id, task_id, attempt, carrier, voice, to_phone, status, disposition, hangup_cause,
            created_at, ended_at, duration_ms)
          VALUES ('default', 'call_1', 'task_1', 1, 'scripted', 'scripted', '+12025550100', 'completed_attempt',
            'answered', 'busy', 0, 1, 1)`);
  db.run(`INSERT INTO call_transcripts (tenant_id, call_id, id, key, speaker, text, at_ms, end_ms, interrupted)
          VALUES ('default', 'call_1', 'turn_1', 'a', 'agent', 'Said long ago', 0, 1, 0)`);
  db.close();
  const clock = new ManualClock();
  const log = createLog({ level: "silent" });
  const store = await openStore({ path, clock, bus: createBus(log) });
  const calls = await store.history.find(TENANT, { search: readSearch("long friend") }, { limit: 5 });
  expect(calls.map(({ id }) => id)).toEqual(["call_1"]);
  store.close();
  await rm(folder, { recursive: true });
});
