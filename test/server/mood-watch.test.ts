import { expect, test } from "bun:test";
import type { Model } from "../../src/agents/models/model.ts";
import { scriptedModel } from "../../src/agents/models/scripted.ts";
import { SCRIPTED_MOOD_ROLE } from "../../src/agents/models/scripted-mood.ts";
import { createMoodReader } from "../../src/agents/mood-reader.ts";
import { moodProbe } from "../../src/server/api/health.ts";
import { startMoodWatch } from "../../src/server/mood-watch.ts";
import { answerCall, endCall, openServer, type ServerRig, settle } from "../support/server-rig.ts";
import { modelThat, modelThatFails, modelThatHangs } from "../support/test-model.ts";

const EVIL = `<script>alert(1)</script>`;
const ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;";
let keys = 0;

const open = async (model: Model) => {
  const server = await openServer();
  const { parts, tenantId } = server;
  const watch = startMoodWatch({ ...parts, read: createMoodReader({ ...parts, model }) });
  const say = (callId: string, text: string, speaker: "callee" | "supervisor" = "callee"): void => {
    const turn = { key: `k${keys++}`, speaker, text, atMs: 0, endMs: 1, interrupted: false };
    server.media({ type: "turn", callId, turn: { ...turn, whispered: speaker === "supervisor" } });
  };
  const talking = async (calleeName = "Front desk"): Promise<string> => {
    const { id } = await server.call({ calleeName });
    await answerCall(server, id);
    return id;
  };
  const moods = async (callId: string) =>
    (await server.store.callMoods.of(tenantId, callId)).map(({ mood, reason }) => [mood, reason]);
  const lines = async (callId: string) =>
    (await server.store.callEvents.of(tenantId, callId)).filter(({ kind }) => kind === "mood.read");
  return { server, watch, say, talking, moods, lines };
};

const later = async ({ clock, timers }: ServerRig, ms: number): Promise<void> => {
  for (let i = 0; i < ms; i += 1000) {
    clock.advance(1000);
    timers.advance(1000);
    await settle();
  }
};

const scripted = () => scriptedModel({ roles: SCRIPTED_MOOD_ROLE });

test("what a callee says moves the mood on the board, on the call's page and in its history", async () => {
  const { server, say, talking, moods, lines } = await open(scripted());
  const callId = await talking();
  say(callId, "Good morning.");
  await later(server, 15_000);
  say(callId, "This is outrageous!");
  await later(server, 15_000);
  say(callId, "You idiot!");
  await later(server, 15_000);
  expect(await moods(callId)).toEqual([
    ["calm", ""],
    ["angry", "insults, threatens or says so"],
    ["angry", "insults, threatens or says so"],
  ]);
  // Each impression is an event; the timeline tells the changes.
  expect((await lines(callId)).map(({ detail }) => detail)).toEqual([
    "The model thinks: calm",
    "The model thinks: angry (insults, threatens or says so)",
  ]);
  const board = await (await server.page("/calls")).text();
  expect(board).toMatch(/icons\.svg#angry"><\/use><\/svg> <span class="vh">The model&#39;s impression: <\/span>Angry/);
  expect(board).toContain("Sounds angry, the model thinks: insults, threatens or says so");
  expect(board).toContain("The caller sounds angry");
  await endCall(server, callId);
  const over = await (await server.page(`/calls/${callId}`)).text();
  expect(over).toContain("<dt>Mood</dt>");
  expect(over).toMatch(
    /Calm<\/span> <span class="num muted">0:15<\/span>.*Angry<\/span> <span class="num muted">0:30/s,
  );
  expect(over).not.toContain("The model&#39;s impression: ");
});

test("a call that no model reads shows no mood at all", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  const html = (await (await server.page("/calls")).text()) + (await (await server.page(`/calls/${call.id}`)).text());
  expect(html).not.toMatch(/mood/i);
});

test("a whisper about the callee is no sign of their mood and asks nobody", async () => {
  const model = modelThat(() => ({ mood: "calm", off_plan: false, reason: "" }));
  const { server, say, talking } = await open(model);
  const callId = await talking();
  say(callId, "They are furious!", "supervisor");
  await later(server, 60_000);
  expect(model.asked).toBe(0);
});

test("what a model writes is shown as text", async () => {
  const model = modelThat(() => ({ mood: "upset", off_plan: true, reason: EVIL }));
  const { server, say, talking } = await open(model);
  const callId = await talking();
  say(callId, "Well.");
  await later(server, 15_000);
  for (const path of ["/calls", `/calls/${callId}`]) {
    const html = await (await server.page(path)).text();
    expect(html).toContain(ESCAPED);
    expect(html).not.toContain(EVIL);
  }
  expect(server.lines.join()).not.toContain("alert(1)");
});

test("an impression takes no reason of a rule off the board", async () => {
  const model = modelThat(() => ({ mood: "angry", off_plan: true, reason: "shouts" }));
  const { server, say, talking } = await open(model);
  const callId = await talking();
  await later(server, 15_000);
  say(callId, "You have the wrong number. How many times, leave me alone!");
  await settle();
  const html = await (await server.page("/calls")).text();
  for (const reason of [
    "This may be the wrong person",
    "The caller sounds annoyed",
    "Sounds angry, the model thinks",
  ]) {
    expect(html).toContain(reason);
  }
});

test("a call that ended keeps no impression of an answer that came too late", async () => {
  let answer = (): void => {};
  const model = modelThat(
    () =>
      new Promise((resolve) => {
        answer = () => resolve({ mood: "angry", off_plan: false, reason: "" });
      }),
  );
  const { server, say, talking, moods } = await open(model);
  const callId = await talking();
  say(callId, "Hello?");
  await later(server, 15_000);
  expect(model.asked).toBe(1);
  await endCall(server, callId);
  answer();
  await settle();
  expect(await moods(callId)).toEqual([]);
});

test("figures tell requests, failures and time; settings tell what is wrong and that it mends itself", async () => {
  const failing = modelThatFails("rate-limited");
  const { server, watch, say, talking } = await open(failing);
  const { parts } = server;
  parts.probes = [moodProbe({ model: failing, trouble: watch.trouble })];
  expect(await (await server.page("/settings")).text()).toContain("The mood of live calls is read by test-1");
  say(await talking(), "Hello?");
  await later(server, 15_000);
  const text = await parts.metrics.text();
  expect(text).toContain('opendeep_mood_requests_total{outcome="rate-limited"} 1\n');
  expect(text).toContain("opendeep_mood_seconds_count 1\n");
  const html = await (await server.page("/settings")).text();
  expect(html).toContain("The test model has had too many requests for now.");
  expect(html).toContain("It is asked again by itself.");
  expect(server.lines.join()).not.toContain("Hello?");
});

test("requests that were given up are counted by why, and closing the watch leaves no timer of its own", async () => {
  const { server, watch, say, talking } = await open(modelThatHangs());
  const [slow, over] = [await talking("Slow"), await talking("Over")];
  say(slow, "Hello?");
  say(over, "Hello?");
  await later(server, 15_000);
  const end = { cause: "agent-hung-up", disposition: "answered", at: server.clock.now() } as const;
  await server.store.calls.settle(server.tenantId, over, end);
  await later(server, 10_000);
  const text = await server.parts.metrics.text();
  expect(text).toContain('opendeep_mood_requests_total{outcome="stopped"} 1\n');
  expect(text).toContain('opendeep_mood_requests_total{outcome="timed-out"} 1\n');
  watch.close();
  say(slow, "Still there?");
  await later(server, 60_000);
  expect(await server.parts.metrics.text()).toContain("opendeep_mood_seconds_count 2\n");
});
