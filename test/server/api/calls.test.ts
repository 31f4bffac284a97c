import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerCall, endCall, openServer, PHONE, type ServerRig } from "../../support/server-rig.ts";

const dataDir = mkdtempSync(join(tmpdir(), "opendeep-server-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const talked = async (server: ServerRig): Promise<string> => {
  const call = await server.call({ calleeName: "Front desk" });
  await answerCall(server, call.id);
  await server.store.transcripts.put(server.tenantId, call.id, {
    key: "a1",
    speaker: "agent",
    text: "Good morning.",
    atMs: 20,
    endMs: 900,
    interrupted: true,
    whispered: false,
  });
  await endCall(server, call.id);
  return call.id;
};

test("a finished call is told with its result, its words and how fast the agent answered", async () => {
  const server = await openServer();
  const id = await talked(server);
  await server.store.calls.setLatency(server.tenantId, id, { turns: 3, p50Ms: 410, p95Ms: 690 });
  const call = (await (await server.app.request(`/api/v1/calls/${id}`)).json()) as object;
  expect(call).toMatchObject({
    id,
    status: "completed_attempt",
    carrier: "scripted",
    voice: "scripted",
    duration_ms: 42_000,
    hangup_cause: "agent-hung-up",
    disposition: "answered",
    transcript: [{ speaker: "agent", text: "Good morning.", at_ms: 20, end_ms: 900, interrupted: true }],
    latency: { turns: 3, p50_ms: 410, p95_ms: 690 },
  });
});

test("a whisper never stands in a transcript without saying that it is one", async () => {
  const server = await openServer();
  const id = await talked(server);
  const whisper = { speaker: "supervisor", text: "Be brief.", interrupted: false, whispered: true } as const;
  await server.store.transcripts.put(server.tenantId, id, { ...whisper, key: "s1", atMs: 1000, endMs: 1900 });
  const { transcript } = (await (await server.app.request(`/api/v1/calls/${id}`)).json()) as { transcript: object[] };
  expect(transcript).toMatchObject([{ speaker: "agent", whispered: false }, whisper]);
  const html = await (await server.page(`/calls/${id}`)).text();
  expect(html.match(/The caller did not hear this/g)).toHaveLength(1);
  expect(html.indexOf("Be brief.")).toBeLessThan(html.indexOf("The caller did not hear this"));
});

test("lists come in pages that join without gap or repetition", async () => {
  const server = await openServer();
  const made: string[] = [];
  for (let i = 0; i < 5; i++) {
    made.push((await server.call()).id);
    server.clock.advance(1000);
  }
  const seen: string[] = [];
  for (let cursor: string | null = "", pages = 0; cursor !== null && pages < 5; pages++) {
    const response = await server.app.request(`/api/v1/calls?limit=2${cursor ? `&cursor=${cursor}` : ""}`);
    const page = (await response.json()) as { calls: { id: string }[]; next_cursor: string | null };
    seen.push(...page.calls.map((call) => call.id));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(made.toReversed());
});

test("lists are filtered by status, by what is live and by task", async () => {
  const server = await openServer();
  const over = await talked(server);
  const live = (await server.call()).id;
  const ids = async (query: string): Promise<string[]> =>
    ((await (await server.app.request(`/api/v1/calls?${query}`)).json()) as { calls: { id: string }[] }).calls.map(
      (call) => call.id,
    );
  expect(await ids("live=true")).toEqual([live]);
  expect(await ids("live=false")).toEqual([over]);
  expect(await ids("status=completed_attempt")).toEqual([over]);
  expect(await ids("task_id=tsk_none")).toEqual([]);
});

test("a call's events can be followed from where one left off", async () => {
  const server = await openServer();
  const id = await talked(server);
  const first = (await (await server.app.request(`/api/v1/calls/${id}/events?limit=2`)).json()) as {
    events: { id: number; type: string; data: object }[];
    last_id: number;
  };
  expect(first.events[0]).toMatchObject({ type: "call.created" });
  expect(first.events.every((event) => !("tenantId" in event.data))).toBe(true);
  const rest = (await (await server.app.request(`/api/v1/calls/${id}/events?after=${first.last_id}`)).json()) as {
    events: { type: string }[];
  };
  expect(rest.events.at(-1)?.type).toBe("call.ended");
});

test("hanging up reaches the running attempt, once it is over nothing is left to do", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  const hangup = (): Promise<Response> =>
    Promise.resolve(server.app.request(`/api/v1/calls/${call.id}/hangup`, { method: "POST" }));
  expect((await hangup()).status).toBe(202);
  expect(server.state.hungUp).toEqual([call.id]);
  await endCall(server, call.id);
  const late = await hangup();
  expect(late.status).toBe(409);
  expect(await late.json()).toMatchObject({ type: "/docs#problem-call-over" });
  expect(server.state.hungUp).toHaveLength(1);
});

test("a call can be ended once its agent has said goodbye, and a body that is left out ends it at once", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  const path = `/api/v1/calls/${call.id}/hangup`;
  expect((await server.json(path, { say_goodbye: true })).status).toBe(202);
  expect((await server.json(path, { say_goodbye: false })).status).toBe(202);
  expect((await server.json(path, {})).status).toBe(202);
  expect((await server.json(path, { say_goodbye: "yes" })).status).toBe(422);
  expect(server.state.hungUp).toEqual([`${call.id} after a goodbye`, call.id, call.id]);
  const { events } = (await (await server.app.request(`/api/v1/calls/${call.id}/events`)).json()) as {
    events: { type: string; data: { politely?: boolean } }[];
  };
  const ends = events.filter(({ type }) => type === "supervisor.hung-up").map(({ data }) => data.politely);
  expect(ends).toEqual([true, false, false]);
});

test("another tenant's calls and tasks do not exist", async () => {
  const server = await openServer();
  const id = await talked(server);
  const task = (await server.store.tasks.list(server.tenantId, { limit: 1 }))[0]!;
  const stranger = await openServer({
    store: server.store,
    bus: server.bus,
    owner: { tenantId: "other", userId: "usr_other", name: "Other", roles: ["owner"] },
  });
  const own = await server.app.request(`/api/v1/calls/${id}`);
  expect(own.status).toBe(200);
  for (const path of [
    `/api/v1/calls/${id}`,
    `/api/v1/calls/${id}/events`,
    `/api/v1/calls/${id}/recording.wav`,
    `/api/v1/tasks/${task.id}`,
    `/calls/${id}`,
    `/sse/calls/${id}`,
  ]) {
    expect([path, (await stranger.page(path)).status]).toEqual([path, 404]);
  }
  const hangup = await stranger.app.request(`/api/v1/calls/${id}/hangup`, { method: "POST" });
  expect(hangup.status).toBe(404);
  const cancel = await stranger.app.request(`/api/v1/tasks/${task.id}/cancel`, { method: "POST" });
  expect(cancel.status).toBe(404);
  expect(await (await stranger.app.request("/api/v1/calls")).json()).toEqual({ calls: [], next_cursor: null });
  for (const path of ["/", "/calls", "/tasks", "/dnd"]) {
    expect((await (await stranger.page(path)).text()).includes("Front desk")).toBe(false);
  }
});

test("drafts are released and waiting tasks withdrawn; what is over stays as it is", async () => {
  const server = await openServer();
  const body = { phone_number: PHONE, action: "Ask." };
  const made = (await (await server.json("/api/phone/register-call", body)).json()) as { task_id: string };
  const post = (verb: string): Promise<Response> =>
    Promise.resolve(server.app.request(`/api/v1/tasks/${made.task_id}/${verb}`, { method: "POST" }));
  server.state.dialing = "waits";
  expect(await (await post("release")).json()).toMatchObject({ status: "pending" });
  expect((await post("release")).status).toBe(409);
  expect(await (await post("cancel")).json()).toMatchObject({ status: "cancelled" });
  const again = await post("cancel");
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ type: "/docs#problem-task-state", task_status: "cancelled" });
});

const withRecording = async (bytes: Uint8Array): Promise<{ server: ServerRig; path: string }> => {
  const server = await openServer({ dataDir });
  const id = await talked(server);
  await Bun.write(join(dataDir, "recordings", `${id}.wav`), bytes);
  await server.store.recordings.open(server.tenantId, id, { path: `recordings/${id}.wav` });
  await server.store.recordings.close(server.tenantId, id, { durationMs: 42_000, bytes: bytes.length });
  return { server, path: `/api/v1/calls/${id}/recording.wav` };
};

test("a recording is served whole and in the ranges asked for", async () => {
  const { server, path } = await withRecording(new TextEncoder().encode("0123456789"));
  const whole = await server.app.request(path);
  expect(whole.status).toBe(200);
  expect(whole.headers.get("content-type")).toBe("audio/wav");
  expect(whole.headers.get("accept-ranges")).toBe("bytes");
  expect(await whole.text()).toBe("0123456789");
  for (const [range, text, said] of [
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
  ] as const) {
    const part = await server.app.request(path, { headers: { range } });
    expect([range, part.status, part.headers.get("content-range")]).toEqual([range, 206, said]);
    expect(await part.text()).toBe(text);
  }
  const outside = await server.app.request(path, { headers: { range: "bytes=10-" } });
  expect(outside.status).toBe(416);
  expect(outside.headers.get("content-range")).toBe("bytes */10");
});

test("a recording that was never made, is unfinished or is gone is not there", async () => {
  const server = await openServer({ dataDir });
  const none = await talked(server);
  const open = await talked(server);
  await server.store.recordings.open(server.tenantId, open, { path: "recordings/open.wav" });
  await Bun.write(join(dataDir, "recordings", "open.wav"), "RIFF, so far");
  const gone = await talked(server);
  await server.store.recordings.open(server.tenantId, gone, { path: "recordings/gone.wav" });
  await server.store.recordings.close(server.tenantId, gone, { durationMs: 1, bytes: 1 });
  for (const id of [none, open, gone]) {
    const response = await server.app.request(`/api/v1/calls/${id}/recording.wav`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: "/docs#problem-recording-not-ready" });
  }
});
